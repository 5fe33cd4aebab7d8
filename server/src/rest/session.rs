//! A connection on loan to one request, returned only when it is surely clean.
//!
//! Dropped midway (the caller left, the deadline passed) the connection is taken
//! out of the pool, its statement cancelled and its socket closed: PostgreSQL then
//! rolls back, and no later request can meet a transaction or a role of this one.

use std::time::Duration;

use deadpool::managed::Object;

use super::connection::Connection;
use super::pool::Loan;

/// How long cancelling a statement may take.
const CANCEL: Duration = Duration::from_secs(5);

/// The loan.
pub(super) struct Session {
    loan: Option<Loan>,
    clean: bool,
}

impl Session {
    pub(super) fn new(loan: Loan) -> Self {
        Self {
            loan: Some(loan),
            clean: false,
        }
    }

    pub(super) fn connection(&mut self) -> Option<&mut Connection> {
        self.loan.as_deref_mut()
    }

    /// Gives the connection back: its transaction has ended, and nothing of it is left.
    pub(super) fn give_back(mut self) {
        self.clean = true;
    }

    /// Throws the connection away: what is left on it is in doubt.
    pub(super) fn discard(mut self, reason: &'static str) {
        self.close(reason, false);
    }

    fn close(&mut self, reason: &'static str, under_way: bool) {
        let Some(loan) = self.loan.take() else { return };
        if let Some(pool) = Object::pool(&loan) {
            pool.manager().metrics().connection_discarded(reason);
            if under_way {
                // It may have ended by itself meanwhile, and a database that says nothing would keep this for ever.
                let cancel = loan.wire.cancel();
                tokio::spawn(tokio::time::timeout(CANCEL, cancel.send()));
            }
        }
        drop(Object::take(loan));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.clean {
            self.close("dropped", true);
        }
    }
}
