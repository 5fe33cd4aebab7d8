//! Stages around a service, as one layer.
//!
//! A layer of the library's own clones everything further in for each request, so that the cost of a stack grows
//! with the square of its height. Here what is further in is put together once, and a stage costs one allocation
//! for what it awaits. A stage is `async fn(App, Request, Next) -> Response`.
//!
//! Most of what is done to a request waits for nothing: that is a [`door`](super::door), which costs no allocation
//! and moves no request. Doors belong to the stage that they stand before.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::Response;
use tower::{Layer, Service, ServiceExt as _};

use super::door::{Door, Doors};
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

/// A chain that is being put together, with the doors that wait for their stage.
pub(super) struct Linking<D> {
    stages: Stages,
    doors: D,
}

impl Chain {
    /// A chain of no stage yet.
    pub(super) fn of(app: &App) -> Linking<()> {
        let (app, stages) = (app.clone(), Vec::new());
        Linking {
            stages: Stages { app, stages },
            doors: (),
        }
    }
}

impl<D: Doors> Linking<D> {
    /// A door further in, before the next stage.
    pub(super) fn door<E, L, K>(self, enter: E, leave: L) -> Linking<(D, Door<E, L, K>)>
    where
        E: Fn(&App, &mut Request) -> ControlFlow<Response, K> + Clone + Send + Sync + 'static,
        L: Fn(&App, K, &mut Response) + Clone + Send + Sync + 'static,
        K: Send + 'static,
    {
        Linking {
            stages: self.stages,
            doors: (self.doors, Door::new(enter, leave)),
        }
    }

    /// One stage further in, behind its doors.
    pub(super) fn then<F, A>(self, stage: F) -> Linking<()>
    where
        F: Fn(App, Request, Next) -> A + Send + Sync + 'static,
        A: Future<Output = Response> + Send + 'static,
    {
        let Self { mut stages, doors } = self;
        stages.stages.push(Box::new(move |app, mut request, next| {
            match doors.enter(&app, &mut request) {
                ControlFlow::Break(refusal) => Box::pin(std::future::ready(refusal)),
                ControlFlow::Continue(kept) => {
                    let (doors, answering) = (doors.clone(), stage(app.clone(), request, next));
                    Box::pin(async move {
                        let mut response = answering.await;
                        doors.leave(&app, kept, &mut response);
                        response
                    })
                }
            }
        }));
        Linking { stages, doors: () }
    }

    /// Doors before what the chain stands around.
    pub(super) fn last(self) -> Chain {
        self.then(|_, request, next| next.run(request)).done()
    }
}

impl Linking<()> {
    /// One stage further in, where it is wanted.
    pub(super) fn then_if<F, A>(self, wanted: bool, stage: F) -> Self
    where
        F: Fn(App, Request, Next) -> A + Send + Sync + 'static,
        A: Future<Output = Response> + Send + 'static,
    {
        if wanted { self.then(stage) } else { self }
    }

    pub(super) fn done(self) -> Chain {
        Chain(Arc::new(self.stages))
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

impl Chain {
    /// The chain around what answers.
    pub(super) fn around<F, A>(self, answer: F) -> Around
    where
        F: Fn(Request) -> A + Send + Sync + 'static,
        A: Future<Output = Response> + Send + 'static,
    {
        Around(Arc::new(Whole {
            chain: self,
            innermost: Box::new(move |request| Box::pin(answer(request))),
        }))
    }
}

impl<S> Layer<S> for Chain
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    type Service = Around;

    fn layer(&self, inner: S) -> Around {
        self.clone().around(move |request| {
            let answering = inner.clone().oneshot(request);
            async {
                match answering.await {
                    Ok(response) => response,
                    Err(never) => match never {},
                }
            }
        })
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

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::{HeaderValue, StatusCode};

    use super::*;
    use crate::config::{Config, Source};
    use crate::middleware::door::as_it_is;

    fn app() -> App {
        let pairs = [("DATABASE_URL", "postgres://u@127.0.0.1/x")];
        App::new(Config::load(Source::from_pairs(pairs)).unwrap()).unwrap()
    }

    fn outer(_: &App, request: &mut Request) -> ControlFlow<Response, &'static str> {
        request
            .headers_mut()
            .append("way", HeaderValue::from_static("outer"));
        ControlFlow::Continue("outer")
    }

    fn inner(_: &App, request: &mut Request) -> ControlFlow<Response, &'static str> {
        if request.uri().path() == "/refused" {
            return ControlFlow::Break(status(StatusCode::FORBIDDEN));
        }
        request
            .headers_mut()
            .append("way", HeaderValue::from_static("inner"));
        ControlFlow::Continue("inner")
    }

    fn out(_: &App, kept: &'static str, response: &mut Response) {
        response
            .headers_mut()
            .append("way", HeaderValue::from_static(kept));
    }

    async fn stage(_: App, mut request: Request, next: Next) -> Response {
        request
            .headers_mut()
            .append("way", HeaderValue::from_static("stage"));
        let mut response = next.run(request).await;
        response
            .headers_mut()
            .append("way", HeaderValue::from_static("stage"));
        response
    }

    async fn echo(request: Request) -> Response {
        let mut response = Response::default();
        *response.headers_mut() = request.headers().clone();
        response
    }

    fn status(status: StatusCode) -> Response {
        let mut response = Response::default();
        *response.status_mut() = status;
        response
    }

    async fn way(chain: Chain, path: &str) -> (StatusCode, String) {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = chain.around(echo).answer(request).await;
        let way = response.headers().get_all("way").iter();
        let way: Vec<&str> = way.map(|step| step.to_str().unwrap()).collect();
        (response.status(), way.join(" "))
    }

    #[tokio::test]
    async fn a_request_goes_in_by_the_doors_in_their_order_and_its_answer_comes_out_by_them() {
        let doors = Chain::of(&app()).door(outer, out).door(inner, out).then(stage);
        let (status, way) = way(doors.done(), "/").await;
        assert_eq!(
            (status, way.as_str()),
            (StatusCode::OK, "outer inner stage stage inner outer")
        );
    }

    #[tokio::test]
    async fn a_door_that_answers_lets_nothing_in_and_those_before_it_see_its_answer() {
        let doors = Chain::of(&app()).door(outer, out).door(inner, out).then(stage);
        let refused = way(doors.done(), "/refused").await;
        assert_eq!(refused, (StatusCode::FORBIDDEN, "outer".to_owned()));
    }

    #[tokio::test]
    async fn doors_may_stand_last_and_have_no_way_out_of_their_own() {
        let doors = Chain::of(&app())
            .then_if(false, stage)
            .then_if(true, stage)
            .door(outer, as_it_is);
        let (_, way) = way(doors.last(), "/").await;
        assert_eq!(way, "stage outer stage");
    }
}
