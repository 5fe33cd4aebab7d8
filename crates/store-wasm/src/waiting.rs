//! What waits, without the machinery that would wait for anything: one thing at a time waits for a database to open.
//!
//! The usual way to a promise brings a queue, a task, and closures for both of its ends. Here whoever is woken goes on at
//! once, in the event that woke them.

use core::cell::RefCell;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::sync::Arc;
use std::task::Wake;

type Work = Pin<Box<dyn Future<Output = ()>>>;

thread_local! {
    /// What waits, by the numbers that its wakers know.
    static WAITING: RefCell<Vec<Option<Work>>> = const { RefCell::new(Vec::new()) };
}

struct Number(usize);

impl Wake for Number {
    fn wake(self: Arc<Self>) {
        go_on(self.0);
    }
}

/// Begins at once, and goes on whenever it is woken.
pub(crate) fn begin(work: Work) {
    let number = WAITING.with_borrow_mut(|waiting| {
        waiting.push(Some(work));
        waiting.len() - 1
    });
    go_on(number);
}

fn go_on(number: usize) {
    let place = |waiting: &mut Vec<Option<Work>>| waiting.get_mut(number).and_then(Option::take);
    let Some(mut work) = WAITING.with_borrow_mut(place) else {
        return;
    };
    let waker = Waker::from(Arc::new(Number(number)));
    if work.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Pending {
        WAITING.with_borrow_mut(|waiting| {
            if let Some(place) = waiting.get_mut(number) {
                *place = Some(work);
            }
        });
    }
}
