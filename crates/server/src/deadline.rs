//! How long a call may take: the header that says so, and what is left of the call being served,
//! so that the calls it makes in turn end with it.

use http::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;
use tokio::time::Instant;

/// The header in which a caller says how long it waits.
pub const HEADER: HeaderName = HeaderName::from_static("grpc-timeout");

/// Largest number that the header can hold: eight digits.
const MAX_COUNT: u128 = 99_999_999;

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Runs `future`, a call being served, under its deadline: everything that [`remaining`] is asked
/// for inside is measured against it. Ends nothing by itself.
pub async fn scope<F: Future>(deadline: Instant, future: F) -> F::Output {
    DEADLINE.scope(deadline, future).await
}

/// What is left for the call being served, zero when its deadline has passed; `None` outside of
/// [`scope`], which is also so in a task that the call spawned.
pub fn remaining() -> Option<Duration> {
    DEADLINE.try_with(|deadline| deadline.saturating_duration_since(Instant::now())).ok()
}

/// How long the caller waits, by its header; `None` without one or when it makes no sense.
pub fn read(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(HEADER)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

/// Writes the header: `timeout` in the finest unit that holds it, microseconds at the finest. More
/// than three years are three years.
pub fn write(headers: &mut HeaderMap, timeout: Duration) {
    let text = if timeout.as_micros() <= MAX_COUNT {
        format!("{}u", timeout.as_micros())
    } else if timeout.as_millis() <= MAX_COUNT {
        format!("{}m", timeout.as_millis())
    } else {
        format!("{}S", u128::from(timeout.as_secs()).min(MAX_COUNT))
    };
    let value = HeaderValue::try_from(text).expect("digits and a letter are a header value");
    headers.insert(HEADER, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_as_it_is_written() {
        let cases = [
            (Duration::ZERO, "0u"),
            (Duration::from_micros(99_999_999), "99999999u"),
            (Duration::from_secs(100), "100000m"),
            (Duration::from_secs(100_000), "100000S"),
        ];
        for (timeout, text) in cases {
            let mut headers = HeaderMap::new();
            write(&mut headers, timeout);
            assert_eq!(headers[HEADER], text);
            assert_eq!(read(&headers), Some(timeout));
        }
    }

    #[test]
    fn every_unit_is_read_and_nonsense_is_not() {
        let read = |text: &'static str| {
            read(&HeaderMap::from_iter([(HEADER, HeaderValue::from_static(text))]))
        };
        assert_eq!(read("2H"), Some(Duration::from_secs(7200)));
        assert_eq!(read("2M"), Some(Duration::from_secs(120)));
        assert_eq!(read("2n"), Some(Duration::from_nanos(2)));
        for nonsense in ["", "S", "1", "1x", "-1S", "+1S", "123456789S"] {
            assert_eq!(read(nonsense), None, "{nonsense:?}");
        }
    }

    #[tokio::test]
    async fn what_remains_is_known_only_while_serving() {
        assert_eq!(remaining(), None);
        let left = scope(Instant::now() + Duration::from_secs(60), async { remaining() }).await;
        assert!(left.is_some_and(|left| left > Duration::from_secs(55)));
        assert_eq!(scope(Instant::now(), async { remaining() }).await, Some(Duration::ZERO));
    }
}
