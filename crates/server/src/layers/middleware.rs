//! The one way in which a layer stands round a service.

use futures::{FutureExt, future::BoxFuture};
use http::{Request, Response};
use std::{
    convert::Infallible,
    task::{Context, Poll},
};
use tonic::body::Body;
use tower::{Layer, Service};

/// What is done round every call of a service; a layer as [`Layered`].
pub trait Middleware: Clone + Send + 'static {
    /// Answers a call: as a rule by what `next` answers to it.
    fn handle(
        self,
        request: Request<Body>,
        next: Next,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// The rest of the layers, and the service behind them.
pub struct Next(Box<dyn FnOnce(Request<Body>) -> BoxFuture<'static, Response<Body>> + Send>);

impl Next {
    fn new<S>(mut inner: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Send + 'static,
        S::Future: Send + 'static,
    {
        Self(Box::new(move |request| {
            let answer = async move { inner.call(request).await };
            answer.map(|Ok(response)| response).boxed()
        }))
    }

    /// What they answer.
    pub async fn run(self, request: Request<Body>) -> Response<Body> {
        (self.0)(request).await
    }
}

/// A layer that does what its middleware says.
#[derive(Debug, Clone)]
pub struct Layered<M>(pub M);

impl<M: Clone, S> Layer<S> for Layered<M> {
    type Service = Surrounded<M, S>;

    fn layer(&self, inner: S) -> Surrounded<M, S> {
        Surrounded { middleware: self.0.clone(), inner }
    }
}

/// A service with a middleware round it.
#[derive(Debug, Clone)]
pub struct Surrounded<M, S> {
    middleware: M,
    inner: S,
}

impl<M, S> Service<Request<Body>> for Surrounded<M, S>
where
    M: Middleware,
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // This one has said that it is ready; the clone is for the next call.
        let clone = self.inner.clone();
        let next = Next::new(std::mem::replace(&mut self.inner, clone));
        self.middleware.clone().handle(request, next).map(Ok).boxed()
    }
}
