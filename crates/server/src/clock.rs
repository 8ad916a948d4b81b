//! The one place that reads the clock. Everything else is handed the time.

use chrono::{DateTime, SubsecRound, Utc};

/// Now, in whole microseconds: what the databases keep and hand back unchanged.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
