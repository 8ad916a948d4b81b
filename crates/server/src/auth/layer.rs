//! The layer round all services that lets in who may call.

use super::Authenticator;
use crate::{
    Fault,
    layers::middleware::{Middleware, Next},
    telemetry::metrics,
};
use http::{Request, Response};
use opentelemetry::KeyValue;
use tonic::{Status, body::Body};

/// Asks an [`Authenticator`] about every call; without one, everybody may do everything.
#[derive(Debug, Clone)]
pub struct Auth(pub Option<Authenticator>);

impl Auth {
    /// Lets the request know its caller, if it may pass.
    fn admit(&self, request: &mut Request<Body>) -> Result<(), Fault> {
        let Some(authenticator) = &self.0 else {
            return Ok(());
        };
        if let Some(principal) = authenticator.authorize(request)? {
            request.extensions_mut().insert(principal);
        }
        Ok(())
    }
}

impl Middleware for Auth {
    async fn handle(self, mut request: Request<Body>, next: Next) -> Response<Body> {
        match self.admit(&mut request) {
            Ok(()) => next.run(request).await,
            Err(fault) => {
                count(&fault);
                Status::from(fault).into_http()
            }
        }
    }
}

fn count(fault: &Fault) {
    let why = match fault {
        Fault::Unauthenticated(problem) => problem.word(),
        Fault::PermissionDenied { .. } => "missing_scope",
        _ => return,
    };
    metrics::server().sign_on_failures.add(1, &[KeyValue::new("error.type", why)]);
}
