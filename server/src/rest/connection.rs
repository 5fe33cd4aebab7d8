//! One connection, and the statements prepared on it.

use std::collections::HashMap;
use std::time::Instant;

use seawall_pgrest::sql::Statement;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{CancelToken, Client, Error, Row};

use super::value::Text;

/// Statements remembered on one connection. PostgreSQL keeps each one's plan in memory.
const MOST_STATEMENTS: usize = 256;

/// A connection with its memory.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) cancel: CancelToken,
    pub(super) born: Instant,
    prepared: HashMap<Sighting, Seen>,
    /// The schema cache the prepared statements belong to.
    generation: u64,
}

/// A statement as one role sees it: names are resolved under the role's own privileges.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Sighting {
    pub(super) role: String,
    pub(super) text: String,
}

#[derive(Clone)]
enum Seen {
    Once,
    /// It could not be prepared outside the pre-request function's effects.
    Unpreparable,
    Prepared(tokio_postgres::Statement),
}

/// How a statement is to be sent.
#[derive(Clone)]
pub(super) enum Way {
    /// Parsed, bound and run at once, and forgotten.
    OneShot,
    /// To be prepared now, since it comes back.
    Prepare,
    /// Already prepared.
    Prepared(tokio_postgres::Statement),
}

impl Connection {
    pub(super) fn new(client: Client) -> Self {
        let cancel = client.cancel_token();
        Self {
            client,
            cancel,
            born: Instant::now(),
            prepared: HashMap::new(),
            generation: 0,
        }
    }

    /// Forgets what was prepared for another schema cache.
    pub(super) fn belong_to(&mut self, generation: u64) {
        if self.generation != generation {
            self.generation = generation;
            self.forget();
        }
    }

    /// Forgets everything that was prepared.
    pub(super) fn forget(&mut self) {
        self.prepared.clear();
    }

    /// Decides how to send a statement: the first time at once, from the second on prepared.
    pub(super) fn way(&mut self, sighting: &Sighting) -> Way {
        match self.prepared.get(sighting) {
            Some(Seen::Prepared(statement)) => Way::Prepared(statement.clone()),
            Some(Seen::Once) => Way::Prepare,
            Some(Seen::Unpreparable) => Way::OneShot,
            None => {
                if self.prepared.len() >= MOST_STATEMENTS {
                    self.prepared.clear();
                }
                self.prepared.insert(sighting.clone(), Seen::Once);
                Way::OneShot
            }
        }
    }

    /// Remembers a statement that was prepared, or that it cannot be.
    pub(super) fn remember(&mut self, sighting: Sighting, statement: Option<tokio_postgres::Statement>) {
        self.prepared
            .insert(sighting, statement.map_or(Seen::Unpreparable, Seen::Prepared));
    }
}

/// Sends a statement and collects its rows. Everything is sent at the first poll.
pub(super) async fn query(client: &Client, way: &Way, statement: &Statement) -> Result<Vec<Row>, Error> {
    let values: Vec<Text<'_>> = statement.binds.iter().map(Text).collect();
    match way {
        Way::Prepared(prepared) => {
            let binds: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
            client.query(prepared, &binds).await
        }
        Way::OneShot | Way::Prepare => {
            let binds: Vec<(&(dyn ToSql + Sync), Type)> =
                values.iter().map(|value| (value as _, Type::UNKNOWN)).collect();
            client.query_typed(&statement.text, &binds).await
        }
    }
}
