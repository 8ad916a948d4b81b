//! The layer round all services that lets in who may call.

use super::Authenticator;
use crate::Fault;
use futures::future::{Either, Ready, ok};
use http::{Request, Response};
use std::task::{Context, Poll};
use tonic::{Status, body::Body};
use tower::{Layer, Service};

/// Asks an [`Authenticator`] about every call; without one, everybody may do everything.
#[derive(Debug, Clone)]
pub struct AuthLayer(Option<Authenticator>);

impl AuthLayer {
    /// The layer of [`Authenticator::load`].
    pub fn new(authenticator: Option<Authenticator>) -> Self {
        Self(authenticator)
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = AuthService<S>;

    fn layer(&self, inner: S) -> AuthService<S> {
        AuthService { authenticator: self.0.clone(), inner }
    }
}

/// A service behind an [`AuthLayer`].
#[derive(Debug, Clone)]
pub struct AuthService<S> {
    authenticator: Option<Authenticator>,
    inner: S,
}

impl<S> AuthService<S> {
    /// Lets the request know its caller, if it may pass.
    fn admit(&self, request: &mut Request<Body>) -> Result<(), Fault> {
        let Some(authenticator) = &self.authenticator else {
            return Ok(());
        };
        if let Some(principal) = authenticator.authorize(request)? {
            request.extensions_mut().insert(principal);
        }
        Ok(())
    }
}

impl<S> Service<Request<Body>> for AuthService<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        match self.admit(&mut request) {
            Ok(()) => Either::Left(self.inner.call(request)),
            Err(fault) => Either::Right(ok(Status::from(fault).into_http())),
        }
    }
}
