//! Says which services this process has when it is asked for another's.

use super::Answer;
use crate::{Fault, method};
use http::{Request, Response};
use std::{
    collections::BTreeSet,
    sync::Arc,
    task::{Context, Poll},
};
use tonic::{Status, body::Body};
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
            None => Box::pin(self.inner.call(request)),
        }
    }
}
