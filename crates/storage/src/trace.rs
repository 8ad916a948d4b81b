//! The trace that rows come from, so that the work they lead to can go on in it.

use std::collections::HashMap;

use opentelemetry::{Context, global};

/// The current trace as a W3C `traceparent`; `None` outside a trace.
pub(crate) fn traceparent() -> Option<String> {
    let mut carrier = HashMap::new();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&Context::current(), &mut carrier);
    });
    carrier.remove("traceparent")
}
