//! The way a call takes: over a connection to one of the addresses, or to a service in the process.

use super::{Local, addresses::Addresses, server::Server};
use crate::Fault;
use http::{Request, Response};
use std::{error::Error, sync::Arc};
use tonic::{ConnectError, Status, TimeoutExpired, body::Body, codegen::StdError};
use tower::ServiceExt;

pub(super) enum Transport {
    Network(Addresses),
    Local(Local),
}

/// How a call was lost on its way.
#[derive(Debug)]
pub(super) enum Broken {
    /// Its time passed.
    Late,
    /// No server has seen it.
    Unsent(StdError),
    /// Nobody knows what became of it.
    Lost(StdError),
}

impl Transport {
    /// Over the network.
    pub(super) async fn network(servers: Vec<Server>) -> Self {
        Self::Network(Addresses::of(servers).await)
    }

    /// Makes sure that a server can be reached.
    pub(super) async fn connect(&self) -> Result<(), super::Error> {
        let Self::Network(addresses) = self else { return Ok(()) };
        match addresses.next(None).await {
            Ok(_) => Ok(()),
            Err(source) => Err(super::Error::Unreachable { urls: addresses.urls(), source }),
        }
    }

    /// Sends a call and waits for the head of its answer.
    pub(super) async fn send(&self, request: Request<Body>) -> Result<Response<Body>, Broken> {
        let addresses = match self {
            Self::Network(addresses) => addresses,
            Self::Local(service) => {
                let Ok(response) = service.clone().oneshot(request).await;
                return Ok(response);
            }
        };
        let service = request.uri().path().split('/').nth(1).map(str::to_owned);
        let next = addresses.next(service.as_deref()).await;
        let (address, connection) = next.map_err(Broken::Unsent)?;
        let error = match connection.channel.clone().oneshot(request).await {
            Ok(response) => return Ok(response),
            Err(error) => Broken::from(StdError::from(error)),
        };
        if !matches!(error, Broken::Late) {
            address.broke(&connection).await;
        }
        Err(error)
    }
}

impl From<StdError> for Broken {
    fn from(error: StdError) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error.as_ref());
        while let Some(found) = cause {
            if found.is::<TimeoutExpired>() {
                return Self::Late;
            }
            let cancelled = found.downcast_ref().is_some_and(hyper::Error::is_canceled);
            if cancelled || found.is::<ConnectError>() {
                return Self::Unsent(error);
            }
            cause = found.source();
        }
        Self::Lost(error)
    }
}

impl From<Broken> for Status {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Late => Fault::DeadlineExceeded.into(),
            Broken::Unsent(error) | Broken::Lost(error) => {
                let mut status = Self::from(Fault::Unavailable);
                status.set_source(Arc::from(error));
                status
            }
        }
    }
}
