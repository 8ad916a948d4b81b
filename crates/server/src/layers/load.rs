//! Turns calls away when too many are being served, so that those being served stay quick. The
//! outermost layer: a call that is turned away has no span and is counted, not measured.

use super::{
    kind::Kind,
    middleware::{Middleware, Next},
    open::{Ending, OpenBody},
    paced::Paced,
};
use crate::{Fault, config, fault, method, telemetry::metrics, tls::Peer};
use http::{HeaderMap, Request, Response};
use opentelemetry::{KeyValue, metrics::UpDownCounter};
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Status, body::Body};

/// Counts the calls and streams of a process.
#[derive(Debug, Clone)]
pub struct Load {
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    probes: Arc<Semaphore>,
    longest: Duration,
    refusals: Arc<[HeaderMap]>,
}

impl Load {
    /// Under the limits of the settings.
    pub fn new(limits: &config::Server) -> Self {
        metrics::server().max_calls.record(limits.max_calls.into(), &[]);
        metrics::server().max_streams.record(limits.max_streams.into(), &[]);
        Self {
            calls: semaphore(limits.max_calls),
            streams: semaphore(limits.max_streams),
            probes: semaphore(limits.max_probes),
            longest: limits.slow_client_timeout,
            refusals: refusals(),
        }
    }

    /// A place for the call at `path`, kept to the end of its answer; `None` for what needs none.
    fn place(&self, path: &str) -> Result<Option<Place>, Full> {
        let Some(kind) = Kind::of(path) else { return Ok(None) };
        let (semaphore, counter) = match kind {
            Kind::Stream => (&self.streams, Some(&metrics::server().open_streams)),
            Kind::Probe => (&self.probes, None),
            Kind::Call | Kind::Bytes => (&self.calls, Some(&metrics::server().active_calls)),
        };
        let method = [KeyValue::new("rpc.method", method::name(path))];
        let Ok(permit) = semaphore.clone().try_acquire_owned() else {
            metrics::server().shed_calls.add(1, &method);
            return Err(Full);
        };
        if let Some(counter) = counter {
            counter.add(1, &method);
        }
        Ok(Some(Place { counter, method, _permit: permit }))
    }

    /// The answer made before that says so.
    fn refuse(&self, peer: Option<&Peer>) -> Response<Body> {
        let refused = peer.map(Peer::refuse).unwrap_or_default();
        let mut answer = Response::new(Body::empty());
        *answer.headers_mut() = self.refusals[fault::step(refused)].clone();
        answer
    }
}

/// There is no place.
struct Full;

/// The headers of the answers that turn a call away, by how often that was done before.
fn refusals() -> Arc<[HeaderMap]> {
    let refusal = |refused| {
        let answer: Response<Body> = Status::from(Fault::Overloaded { refused }).into_http();
        answer.into_parts().0.headers
    };
    fault::steps().map(refusal).collect()
}

fn semaphore(permits: u32) -> Arc<Semaphore> {
    let permits = usize::try_from(permits).unwrap_or(Semaphore::MAX_PERMITS);
    Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)))
}

/// A call that counts among those being served, until this is dropped.
struct Place {
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
        let peer = request.extensions().get::<Peer>();
        let Ok(place) = self.place(request.uri().path()) else {
            return self.refuse(peer);
        };
        let peer = peer.cloned();
        let answer = next.run(request).await;
        if http_body::Body::is_end_stream(answer.body()) {
            return answer;
        }
        answer.map(|body| {
            let body = Body::new(OpenBody::new(body, place, Ending::Never));
            Body::new(Paced::new(body, self.longest, peer))
        })
    }
}
