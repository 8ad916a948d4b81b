//! Answers for a process that cannot serve yet.

use super::middleware::{Middleware, Next};
use crate::Fault;
use http::{Request, Response};
use tokio::sync::watch;
use tonic::{Status, body::Body};

/// Answers every call but those for health with what the process waits for.
#[derive(Debug, Clone)]
pub struct Starting(pub watch::Receiver<String>);

impl Middleware for Starting {
    async fn handle(self, request: Request<Body>, next: Next) -> Response<Body> {
        if request.uri().path().starts_with("/grpc.health.v1.Health/") {
            return next.run(request).await;
        }
        let why = self.0.borrow().clone();
        Status::from(Fault::NotReady { why }).into_http()
    }
}
