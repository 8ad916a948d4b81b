//! Answers for what no service is asked: one of another process, no method, no message.

use super::middleware::{Middleware, Next};
use crate::{Fault, fault, method};
use http::{Request, Response};
use std::{collections::BTreeSet, sync::Arc};
use tonic::{Code, Status, body::Body};

/// Refuses calls of services of the contract that the process does not serve.
#[derive(Debug, Clone)]
pub struct Served {
    services: Arc<BTreeSet<String>>,
}

impl Served {
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
    let unknown = status.code() == Code::Unimplemented && status.message().is_empty();
    let fault = fault::of_message(&status).or(unknown.then_some(Fault::UnknownMethod));
    fault.map_or(answer, |fault| Status::from(fault).into_http())
}

impl Middleware for Served {
    async fn handle(self, request: Request<Body>, next: Next) -> Response<Body> {
        match self.refusal(request.uri().path()) {
            Some(fault) => Status::from(fault).into_http(),
            None => in_our_words(next.run(request).await),
        }
    }
}
