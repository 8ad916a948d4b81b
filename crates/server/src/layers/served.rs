//! Answers for what no service is asked: one of another process, no method, no message.

use super::Answer;
use crate::{Fault, method};
use http::{Request, Response};
use std::{
    collections::BTreeSet,
    sync::Arc,
    task::{Context, Poll},
};
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};

/// Refuses calls of services of the contract that the process does not serve.
#[derive(Debug, Clone)]
pub struct ServedLayer {
    services: Arc<BTreeSet<String>>,
}

impl ServedLayer {
    /// `services` are those of the process, by full name.
    pub fn new(services: impl IntoIterator<Item = String>) -> Self {
        Self { services: Arc::new(services.into_iter().collect()) }
    }

    fn refusal(&self, path: &str) -> Option<Fault> {
        let method = method::find(path).filter(|method| method.is_ours)?;
        let (service, _) = method.name.split_once('/')?;
        let elsewhere = !self.services.contains(service);
        elsewhere.then(|| Fault::NotServed { service: service.to_owned() })
    }
}

/// What tonic says by itself, with a reason of ours: a caller acts on reasons.
fn in_our_words(answer: Response<Body>) -> Response<Body> {
    let told = Status::from_header_map(answer.headers());
    let Some(status) = told.filter(|status| status.details().is_empty()) else { return answer };
    let fault = match status.code() {
        Code::Internal if status.message().starts_with("failed to decode") => Fault::Malformed,
        Code::OutOfRange if status.message().contains("message length too large") => {
            Fault::TooLarge
        }
        Code::Unimplemented if status.message().is_empty() => Fault::UnknownMethod,
        _ => return answer,
    };
    Status::from(fault).into_http()
}

impl<S> Layer<S> for ServedLayer {
    type Service = Served<S>;

    fn layer(&self, inner: S) -> Served<S> {
        Served { layer: self.clone(), inner }
    }
}

/// The service of a [`ServedLayer`].
#[derive(Debug, Clone)]
pub struct Served<S> {
    layer: ServedLayer,
    inner: S,
}

impl<S> Service<Request<Body>> for Served<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Error: Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Answer<S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.layer.refusal(request.uri().path()) {
            Some(fault) => Box::pin(async { Ok(Status::from(fault).into_http()) }),
            None => {
                let answer = self.inner.call(request);
                Box::pin(async move { Ok(in_our_words(answer.await?)) })
            }
        }
    }
}
