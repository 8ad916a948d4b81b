//! What one caller may take at once of what all share, so that it cannot take the others' place.

use super::{
    kind::Kind,
    middleware::{Middleware, Next},
    open::{Ending, OpenBody},
};
use crate::{Fault, auth::Principal, config, method, telemetry::metrics, tls::Peer};
use http::{Extensions, Request, Response};
use opentelemetry::KeyValue;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tonic::{Status, body::Body};

/// Counts the calls and streams of each caller. It stands behind sign-on, which says who calls.
#[derive(Debug, Clone)]
pub struct Share {
    calls: u32,
    streams: u32,
    probes: u32,
    taken: Taken,
}

/// How many of each kind each caller has; nobody who has none is in it.
#[derive(Debug, Clone, Default)]
struct Taken(Arc<Mutex<HashMap<(Caller, Kind), u32>>>);

/// Whose share it is. Who signs on has one share over all its connections; where nobody does, and
/// of what needs no token, each connection has one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Caller {
    Subject(String),
    Connection(Option<u64>),
}

/// A part of a caller's share, until this is dropped.
struct Part {
    taken: Taken,
    whose: (Caller, Kind),
}

impl Share {
    /// Under the limits of the settings.
    pub fn new(limits: &config::Server) -> Self {
        Self {
            calls: limits.max_calls_per_caller,
            streams: limits.max_streams_per_caller,
            probes: limits.max_probes_per_connection,
            taken: Taken::default(),
        }
    }

    /// A part of the share of whoever makes this call; `None` for what needs none.
    fn take(&self, request: &Request<Body>) -> Result<Option<Part>, Fault> {
        let path = request.uri().path();
        let Some(kind) = Kind::of(path) else { return Ok(None) };
        let most = match kind {
            Kind::Call => self.calls,
            Kind::Stream => self.streams,
            Kind::Probe => self.probes,
        };
        let part = self.taken.take((Caller::of(request.extensions()), kind), most);
        if part.is_none() {
            let method = [KeyValue::new("rpc.method", method::name(path))];
            metrics::server().shed_calls.add(1, &method);
        }
        part.map(Some).ok_or(Fault::OverShare { of: kind.word() })
    }
}

impl Caller {
    fn of(extensions: &Extensions) -> Self {
        match extensions.get::<Principal>() {
            Some(principal) => Self::Subject(principal.subject.clone()),
            None => Self::Connection(extensions.get::<Peer>().map(|peer| peer.connection)),
        }
    }
}

impl Taken {
    /// One more, if there are fewer than `most`.
    fn take(&self, whose: (Caller, Kind), most: u32) -> Option<Part> {
        let mut counts = self.counts();
        let count = counts.get(&whose).copied().unwrap_or_default();
        if count >= most {
            return None;
        }
        counts.insert(whose.clone(), count + 1);
        drop(counts);
        Some(Part { taken: self.clone(), whose })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<(Caller, Kind), u32>> {
        // Whoever panicked in between left a count of its own at most.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut counts = self.taken.counts();
        match counts.get_mut(&self.whose) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counts.remove(&self.whose)),
        }
    }
}

impl Middleware for Share {
    async fn handle(self, request: Request<Body>, next: Next) -> Response<Body> {
        match self.take(&request) {
            Ok(None) => next.run(request).await,
            Ok(part) => {
                let answer = next.run(request).await;
                answer.map(|body| Body::new(OpenBody::new(body, part, Ending::Never)))
            }
            Err(fault) => Status::from(fault).into_http(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_comes_back_and_is_forgotten() {
        let taken = Taken::default();
        let whose = |subject: &str| (Caller::Subject(subject.to_owned()), Kind::Call);
        let first = taken.take(whose("a"), 2);
        let second = taken.take(whose("a"), 2);
        assert!(first.is_some() && second.is_some());
        assert!(taken.take(whose("a"), 2).is_none());
        assert!(taken.take((whose("a").0, Kind::Stream), 2).is_some(), "streams are apart");
        let other = taken.take(whose("b"), 2);
        assert!(other.is_some());
        drop(first);
        assert!(taken.take(whose("a"), 2).is_some());
        drop((second, other));
        assert!(taken.counts().is_empty());
    }
}
