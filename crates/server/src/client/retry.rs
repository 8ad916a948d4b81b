//! How often, and after how long, a call is repeated.

use std::time::Duration;
use tokio::time::Instant;
use tower::retry::budget::{Budget, TpsBudget};

/// The longest wait before the second try.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait before any try.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// Calls of the last so many seconds count for the budget.
const BUDGET_WINDOW: Duration = Duration::from_secs(10);
/// Retries in a second that are always allowed, so that a client with few calls has any.
const BUDGET_PER_SECOND: u32 = 10;
/// Retries for each call beyond those: a server that is down does not get several times its load.
const BUDGET_SHARE: f32 = 0.2;

/// The rules, with the budget that the calls of a client share.
pub(super) struct Retries {
    tries: u32,
    budget: TpsBudget,
}

impl Retries {
    /// Allows `tries` for a call, the first one included.
    pub(super) fn new(tries: u32) -> Self {
        Self { tries, budget: TpsBudget::new(BUDGET_WINDOW, BUDGET_PER_SECOND, BUDGET_SHARE) }
    }

    /// Counts a new call.
    pub(super) fn start(&self) {
        self.budget.deposit();
    }

    /// How long to wait after `tried` tries: as long as the server asked for and a random part of
    /// it more, or a random part of a time that doubles. `None` when there is no further try: all
    /// were made, the budget is spent, or the deadline would pass first.
    pub(super) fn wait(
        &self,
        tried: u32,
        asked: Option<Duration>,
        deadline: Instant,
    ) -> Option<Duration> {
        if tried >= self.tries {
            return None;
        }
        let wait = match asked {
            // Not all at once: as long again, at random.
            Some(asked) => asked.mul_f64(1.0 + fastrand::f64()),
            None => ceiling(tried).mul_f64(fastrand::f64()),
        };
        if Instant::now() + wait >= deadline {
            return None;
        }
        self.budget.withdraw().then_some(wait)
    }
}

/// The longest wait after `tried` tries.
fn ceiling(tried: u32) -> Duration {
    let doublings = tried.saturating_sub(1);
    FIRST_WAIT.saturating_mul(2_u32.saturating_pow(doublings)).min(LAST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn far() -> Instant {
        Instant::now() + Duration::from_secs(3600)
    }

    #[test]
    fn waits_double_up_to_five_seconds() {
        let waits: Vec<_> = (1..9).map(|tried| ceiling(tried).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(ceiling(u32::MAX), LAST_WAIT);
    }

    #[test]
    fn waits_are_spread_over_all_of_their_time() {
        let retries = Retries::new(2);
        let waits: Vec<_> = (0..60).filter_map(|_| retries.wait(1, None, far())).collect();
        assert_eq!(waits.len(), 60);
        assert!(waits.iter().all(|wait| *wait <= FIRST_WAIT));
        assert!(waits.iter().any(|wait| *wait < FIRST_WAIT / 3));
        assert!(waits.iter().any(|wait| *wait > FIRST_WAIT * 2 / 3));
    }

    #[test]
    fn the_server_says_how_long_unless_the_deadline_is_sooner() {
        let retries = Retries::new(4);
        let asked = Some(Duration::from_secs(7));
        let wait = retries.wait(1, asked, far());
        assert!(wait >= asked && wait < asked.map(|asked| asked * 2), "{wait:?}");
        assert_eq!(retries.wait(1, asked, Instant::now() + Duration::from_secs(6)), None);
        assert_eq!(retries.wait(4, asked, far()), None);
    }
}
