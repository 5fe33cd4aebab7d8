//! Stages around a service, as one layer.
//!
//! A layer of the library's own clones everything further in for each request, so that the cost of a stack grows
//! with the square of its height. Here the service is cloned once, and a stage costs one allocation for what it
//! awaits. A stage is `async fn(App, Request, Next) -> Response`.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::Response;
use tower::util::{BoxCloneSyncService, Oneshot};
use tower::{Layer, Service, ServiceExt as _};

use crate::app::App;

type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;
type Stage = Box<dyn Fn(App, Request, Next) -> Answering + Send + Sync>;

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

/// What is further in than a stage.
pub(crate) struct Next {
    chain: Chain,
    at: usize,
    inner: Inner,
}

type Inner = BoxCloneSyncService<Request, Response, Infallible>;

impl Next {
    /// Passes the request on.
    pub(crate) fn run(self, request: Request) -> Answering {
        let Self { chain, at, inner } = self;
        let Stages { app, stages } = &*Arc::clone(&chain.0);
        match stages.get(at) {
            Some(stage) => {
                let next = Self {
                    chain,
                    at: at + 1,
                    inner,
                };
                stage(app.clone(), request, next)
            }
            None => Box::pin(answered(inner.oneshot(request))),
        }
    }
}

async fn answered(answering: Oneshot<Inner, Request>) -> Response {
    match answering.await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

impl<S> Layer<S> for Chain {
    type Service = Around<S>;

    fn layer(&self, inner: S) -> Around<S> {
        Around {
            chain: self.clone(),
            inner,
        }
    }
}

/// A service behind a chain.
#[derive(Clone)]
pub(super) struct Around<S> {
    chain: Chain,
    inner: S,
}

impl<S> Service<Request> for Around<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The one that was polled is the one that is ready.
        let fresh = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, fresh);
        let next = Next {
            chain: self.chain.clone(),
            at: 0,
            inner: BoxCloneSyncService::new(ready),
        };
        Box::pin(async move { Ok(next.run(request).await) })
    }
}
