//! Counters that stand at 0 from the start: one that first appears when something has gone wrong shows
//! no increase, and an alert on it would not go off.

use super::metrics::{self, SERVER_BROKEN, SERVER_LEFT};
use crate::{auth::CredentialProblem, method, tls};
use opentelemetry::KeyValue;

/// Has every counter of the server stand at 0; `services` are those of the process.
pub fn count_from_zero(services: &[String]) {
    let server = metrics::server();
    for service in services {
        for method in method::of_service(service) {
            let name = [KeyValue::new("rpc.method", method.name.as_str())];
            server.shed_calls.add(0, &name);
            let open = if method.unary { &server.active_calls } else { &server.open_streams };
            open.add(0, &name);
        }
    }
    tls::count_from_zero();
    let problems = CredentialProblem::ALL.map(CredentialProblem::word);
    for why in problems.into_iter().chain(["missing_scope"]) {
        server.sign_on_failures.add(0, &[KeyValue::new("error.type", why)]);
    }
    SERVER_LEFT.counter().add(0, &[]);
    SERVER_BROKEN.counter().add(0, &[]);
}
