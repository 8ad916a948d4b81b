//! Turns calls away when too many are being served, so that those being served stay quick, and
//! ends streams when the process stops.

use super::{
    kind::Kind,
    middleware::{Middleware, Next},
    open::{Ending, IdleBody, OpenBody},
};
use crate::{Fault, config, method, telemetry::metrics};
use futures::FutureExt;
use http::{Request, Response};
use opentelemetry::{KeyValue, metrics::UpDownCounter};
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tonic::{Status, body::Body};

/// Counts the calls and streams of a process.
#[derive(Debug, Clone)]
pub struct Load {
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    probes: Arc<Semaphore>,
    longest_silence: Duration,
    drain: CancellationToken,
}

impl Load {
    /// Under the limits of the settings; streams end when `drain` fires.
    pub fn new(limits: &config::Server, drain: CancellationToken) -> Self {
        metrics::server().max_calls.record(limits.max_calls.into(), &[]);
        metrics::server().max_streams.record(limits.max_streams.into(), &[]);
        Self {
            calls: semaphore(limits.max_calls),
            streams: semaphore(limits.max_streams),
            probes: semaphore(limits.max_probes),
            longest_silence: limits.stream_idle_timeout,
            drain,
        }
    }

    /// The answer of a call that has a place; of a stream one that may be ended.
    fn keep(&self, body: Body, place: Option<Place>, is_stream: bool) -> Body {
        if !is_stream {
            return Body::new(OpenBody::new(body, place, Ending::Never));
        }
        let drained = self.drain.clone().cancelled_owned().map(|()| Fault::Draining);
        let body = Body::new(IdleBody::new(body, self.longest_silence));
        Body::new(OpenBody::new(body, place, Ending::When(drained.boxed())))
    }

    /// A place for the call at `path`, kept to the end of its answer; `None` for what needs none.
    fn place(&self, path: &str) -> Result<Option<Place>, Fault> {
        let Some(kind) = Kind::of(path) else { return Ok(None) };
        let (semaphore, counter) = match kind {
            Kind::Call => (&self.calls, Some(&metrics::server().active_calls)),
            Kind::Stream => (&self.streams, Some(&metrics::server().open_streams)),
            Kind::Probe => (&self.probes, None),
        };
        let method = [KeyValue::new("rpc.method", method::name(path))];
        let Ok(permit) = semaphore.clone().try_acquire_owned() else {
            metrics::server().shed_calls.add(1, &method);
            return Err(Fault::Overloaded);
        };
        if let Some(counter) = counter {
            counter.add(1, &method);
        }
        Ok(Some(Place { counter, method, _permit: permit }))
    }
}

fn semaphore(permits: u32) -> Arc<Semaphore> {
    let permits = usize::try_from(permits).unwrap_or(Semaphore::MAX_PERMITS);
    Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)))
}

/// A call that counts among those being served, until this is dropped.
pub(super) struct Place {
    counter: Option<&'static UpDownCounter<i64>>,
    method: [KeyValue; 1],
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(counter) = self.counter {
            counter.add(-1, &self.method);
        }
    }
}

impl Middleware for Load {
    async fn handle(self, request: Request<Body>, next: Next) -> Response<Body> {
        let path = request.uri().path();
        let place = match self.place(path) {
            Ok(place) => place,
            Err(fault) => return Status::from(fault).into_http(),
        };
        let is_stream = matches!(Kind::of(path), Some(Kind::Stream | Kind::Probe));
        next.run(request).await.map(|body| self.keep(body, place, is_stream))
    }
}
