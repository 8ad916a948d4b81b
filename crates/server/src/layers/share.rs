//! What one caller may take at once of what all share, so that it cannot take the others' place.

use super::{
    kind::{Caller, Kind},
    middleware::{Middleware, Next},
    open::{Ending, OpenBody},
    received::{Held, Received},
};
use crate::{
    Fault, config, method,
    shares::{Part, Shares},
    telemetry::metrics,
    tls::Peer,
};
use http::{Request, Response};
use opentelemetry::KeyValue;
use std::time::Duration;
use tonic::{Status, body::Body};

/// Counts the calls and streams of each caller and the bytes of its messages, which must come in
/// time. It stands behind sign-on, which says who calls.
#[derive(Debug, Clone)]
pub struct Share {
    calls: u32,
    streams: u32,
    probes: u32,
    bytes: u64,
    longest: Duration,
    taken: Shares<(Caller, Kind)>,
}

/// What a call has of its caller's share.
struct Taken {
    _place: Part<(Caller, Kind)>,
    held: Held,
}

impl Share {
    /// Under the limits of the settings.
    pub fn new(limits: &config::Server) -> Self {
        Self {
            calls: limits.max_calls_per_caller,
            streams: limits.max_streams_per_caller,
            probes: limits.max_probes_per_connection,
            bytes: u64::from(limits.max_mib_per_caller) << 20,
            longest: limits.slow_client_timeout,
            taken: Shares::default(),
        }
    }

    /// A part of the share of whoever makes this call; `None` for what needs none.
    fn take(&self, request: &Request<Body>) -> Result<Option<Taken>, Fault> {
        let Some(kind) = Kind::of(request.uri().path()) else { return Ok(None) };
        let most = match kind {
            Kind::Call => self.calls.into(),
            Kind::Stream => self.streams.into(),
            Kind::Probe => self.probes.into(),
            Kind::Bytes => self.bytes,
        };
        let caller = Caller::of(request.extensions());
        let bytes = self.taken.take((caller.clone(), Kind::Bytes), 0, self.bytes);
        let Some((place, bytes)) = self.taken.take((caller, kind), 1, most).zip(bytes) else {
            return Err(refuse(request, kind));
        };
        Ok(Some(Taken { _place: place, held: Held::new(bytes, self.bytes) }))
    }

    /// The request, whose messages count while they are held and must come in time.
    fn receive(&self, request: Request<Body>, held: Option<Held>) -> Request<Body> {
        let unary = method::find(request.uri().path()).is_none_or(|method| method.unary);
        request.map(|body| Body::new(Received::new(body, unary, self.longest, held)))
    }
}

fn refuse(request: &Request<Body>, kind: Kind) -> Fault {
    let method = [KeyValue::new("rpc.method", method::name(request.uri().path()))];
    metrics::server().shed_calls.add(1, &method);
    let refused = request.extensions().get::<Peer>().map(Peer::refuse).unwrap_or_default();
    Fault::OverShare { of: kind.word(), refused }
}

impl Middleware for Share {
    async fn handle(self, request: Request<Body>, next: Next) -> Response<Body> {
        let taken = match self.take(&request) {
            Ok(taken) => taken,
            Err(fault) => return Status::from(fault).into_http(),
        };
        if let Some(peer) = request.extensions().get::<Peer>() {
            peer.admit();
        }
        let held = taken.as_ref().map(|taken| taken.held.clone());
        let answer = next.run(self.receive(request, held)).await;
        if taken.is_none() {
            return answer;
        }
        answer.map(|body| Body::new(OpenBody::new(body, taken, Ending::Never)))
    }
}
