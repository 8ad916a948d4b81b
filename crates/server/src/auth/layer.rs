//! The layer round all services that lets in who may call.

use super::{Authenticator, caller};
use crate::{
    Fault,
    layers::middleware::{Middleware, Next},
    method,
    telemetry::metrics,
};
use http::{Request, Response};
use opentelemetry::KeyValue;
use tonic::{Status, body::Body};
use tracing::Span;

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
            Ok(()) => {
                note(&request);
                next.run(request).await
            }
            Err(fault) => {
                count(&fault);
                Status::from(fault).into_http()
            }
        }
    }
}

/// Comes once a record, which is too often for a line of the log.
const UPSERT: &str = "kehu.ingestion.v1.CustomerService/UpsertCustomer";

/// Puts the caller into the span of the call, and so beside whatever is logged of it, and logs who
/// asks for a write.
fn note(request: &Request<Body>) {
    let caller = caller(request.extensions());
    if let Some(caller) = &caller {
        Span::current().record("enduser.id", caller);
    }
    let Some(method) = method::find(request.uri().path()) else { return };
    if method.is_ours && method.writes && method.name != UPSERT {
        let caller = caller.as_deref().unwrap_or("anybody");
        tracing::info!(caller, method = method.name, "write asked for");
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
