//! What is done to a request as it goes in and to its answer as it comes out, with nothing awaited.
//!
//! A door is two functions: `enter(&App, &mut Request)` gives what is kept for the way back, or an answer that goes
//! back at once; `leave(&App, kept, &mut Response)` gets it. A caller who goes away takes what is kept with him: what
//! must be undone is undone by its `Drop`. Doors in a row are one type, so that a row of them costs no more than one.

use std::marker::PhantomData;
use std::ops::ControlFlow;

use axum::extract::Request;
use axum::response::Response;

use crate::app::App;

/// Doors in a row, outermost first.
pub(super) trait Doors: Clone + Send + Sync + 'static {
    /// What is kept until the answer comes out.
    type Kept: Send + 'static;

    /// Lets a request in, or answers it.
    fn enter(&self, app: &App, request: &mut Request) -> ControlFlow<Response, Self::Kept>;

    /// Lets an answer out.
    fn leave(&self, app: &App, kept: Self::Kept, response: &mut Response);
}

/// One door.
pub(super) struct Door<E, L, K> {
    enter: E,
    leave: L,
    kept: PhantomData<fn() -> K>,
}

impl<E, L, K> Door<E, L, K> {
    pub(super) fn new(enter: E, leave: L) -> Self {
        Self {
            enter,
            leave,
            kept: PhantomData,
        }
    }
}

impl<E: Clone, L: Clone, K> Clone for Door<E, L, K> {
    fn clone(&self) -> Self {
        Self::new(self.enter.clone(), self.leave.clone())
    }
}

/// The way out of a door that looks at requests alone.
pub(super) fn as_it_is<K>(_: &App, _: K, _: &mut Response) {}

impl<E, L, K> Doors for Door<E, L, K>
where
    E: Fn(&App, &mut Request) -> ControlFlow<Response, K> + Clone + Send + Sync + 'static,
    L: Fn(&App, K, &mut Response) + Clone + Send + Sync + 'static,
    K: Send + 'static,
{
    type Kept = K;

    fn enter(&self, app: &App, request: &mut Request) -> ControlFlow<Response, K> {
        (self.enter)(app, request)
    }

    fn leave(&self, app: &App, kept: K, response: &mut Response) {
        (self.leave)(app, kept, response);
    }
}

impl Doors for () {
    type Kept = ();

    fn enter(&self, _: &App, _: &mut Request) -> ControlFlow<Response, ()> {
        ControlFlow::Continue(())
    }

    fn leave(&self, _: &App, (): (), _: &mut Response) {}
}

impl<A: Doors, B: Doors> Doors for (A, B) {
    type Kept = (A::Kept, B::Kept);

    fn enter(&self, app: &App, request: &mut Request) -> ControlFlow<Response, Self::Kept> {
        let outer = self.0.enter(app, request)?;
        match self.1.enter(app, request) {
            ControlFlow::Continue(inner) => ControlFlow::Continue((outer, inner)),
            ControlFlow::Break(mut refusal) => {
                self.0.leave(app, outer, &mut refusal);
                ControlFlow::Break(refusal)
            }
        }
    }

    fn leave(&self, app: &App, (outer, inner): Self::Kept, response: &mut Response) {
        self.1.leave(app, inner, response);
        self.0.leave(app, outer, response);
    }
}
