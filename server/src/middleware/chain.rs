//! Stages around a service, as one layer.
//!
//! A layer of the library's own clones everything further in for each request, so that the cost of a stack grows
//! with the square of its height. Here what is further in is put together once, and a stage costs one allocation
//! for what it awaits. A stage is `async fn(App, Request, Next) -> Response`.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::Response;
use tower::{Layer, Service, ServiceExt as _};

use crate::app::App;

type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;
type Stage = Box<dyn Fn(App, Request, Next) -> Answering + Send + Sync>;
type Innermost = Box<dyn Fn(Request) -> Answering + Send + Sync>;

/// Stages, outermost first.
#[derive(Clone)]
pub(super) struct Chain(Arc<Stages>);

struct Stages {
    app: App,
    stages: Vec<Stage>,
}

/// A chain that is being put together.
pub(super) struct Linking(Stages);

impl Chain {
    /// A chain of no stage yet.
    pub(super) fn of(app: &App) -> Linking {
        Linking(Stages {
            app: app.clone(),
            stages: Vec::new(),
        })
    }
}

impl Linking {
    /// One stage further in.
    pub(super) fn then<F, A>(mut self, stage: F) -> Self
    where
        F: Fn(App, Request, Next) -> A + Send + Sync + 'static,
        A: Future<Output = Response> + Send + 'static,
    {
        self.0.stages.push(Box::new(move |app, request, next| {
            Box::pin(stage(app, request, next))
        }));
        self
    }

    pub(super) fn done(self) -> Chain {
        Chain(Arc::new(self.0))
    }
}

/// Stages, and the service that they stand around.
struct Whole {
    chain: Chain,
    innermost: Innermost,
}

/// What is further in than a stage.
pub(crate) struct Next {
    whole: Arc<Whole>,
    at: usize,
}

impl Next {
    /// Passes the request on.
    pub(crate) fn run(self, request: Request) -> Answering {
        let Self { whole, at } = self;
        let Stages { app, stages } = &*Arc::clone(&whole.chain.0);
        match stages.get(at) {
            Some(stage) => stage(app.clone(), request, Self { whole, at: at + 1 }),
            None => (whole.innermost)(request),
        }
    }
}

impl<S> Layer<S> for Chain
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    type Service = Around;

    fn layer(&self, inner: S) -> Around {
        let innermost = move |request| -> Answering {
            let answering = inner.clone().oneshot(request);
            Box::pin(async {
                match answering.await {
                    Ok(response) => response,
                    Err(never) => match never {},
                }
            })
        };
        Around(Arc::new(Whole {
            chain: self.clone(),
            innermost: Box::new(innermost),
        }))
    }
}

/// A service behind a chain.
#[derive(Clone)]
pub(crate) struct Around(Arc<Whole>);

impl Around {
    /// Answers a request.
    pub(crate) fn answer(&self, request: Request) -> Answering {
        let whole = Arc::clone(&self.0);
        Next { whole, at: 0 }.run(request)
    }
}

impl Service<Request> for Around {
    type Response = Response;
    type Error = Infallible;
    type Future = Answered;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // What is further in is asked when its turn comes.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Answered {
        Answered(self.answer(request))
    }
}

/// An answer as services give it.
pub(crate) struct Answered(Answering);

impl Future for Answered {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context).map(Ok)
    }
}
