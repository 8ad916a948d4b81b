//! Settings read as what they are, with everything that is wrong collected.

use super::sources::Layered;
use serde::de::DeserializeOwned;
use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

/// The longest duration; beyond it a time cannot be reckoned with.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Reads settings by key. A setting that is wrong is noted and read as nothing.
pub(super) struct Reader {
    layered: Layered,
    asked: BTreeSet<&'static str>,
}

impl Reader {
    pub(super) fn new(layered: Layered) -> Self {
        Self { layered, asked: BTreeSet::new() }
    }

    /// Notes what is wrong with a setting, and where it came from.
    pub(super) fn problem(&mut self, key: &str, message: &str) {
        let origin = self.layered.settings.get(key).map(|given| given.origin.as_str());
        let problem = format!("{key} (from {}): {message}", origin.unwrap_or("nowhere"));
        self.layered.problems.push(problem);
    }

    /// Notes what is wrong with a file that settings name.
    pub(super) fn fault(&mut self, fault: String) {
        self.layered.problems.push(fault);
    }

    pub(super) fn text(&mut self, key: &'static str) -> String {
        self.asked.insert(key);
        let given = self.layered.settings.get(key).map(|given| given.value.clone());
        match given.map(config::Value::into_string) {
            Some(Ok(text)) => text,
            _ => {
                self.problem(key, "must be a text");
                String::new()
            }
        }
    }

    /// The text, or `None` when it is empty.
    pub(super) fn optional(&mut self, key: &'static str) -> Option<String> {
        Some(self.text(key)).filter(|text| !text.is_empty())
    }

    /// Whether a setting was given on the command line, which others on the machine can see.
    pub(super) fn is_seen(&self, key: &str) -> bool {
        self.layered.settings.get(key).is_some_and(|given| given.origin.starts_with("--"))
    }

    pub(super) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        self.optional(key).map(PathBuf::from)
    }

    pub(super) fn flag(&mut self, key: &'static str) -> bool {
        self.parse(key, "must be true or false").unwrap_or_default()
    }

    /// A whole number from one on.
    pub(super) fn count(&mut self, key: &'static str) -> u32 {
        let count = self.parse(key, "must be a whole number").unwrap_or(1);
        if count == 0 {
            self.problem(key, "must be 1 or more");
        }
        count
    }

    /// A number from zero to one.
    pub(super) fn ratio(&mut self, key: &'static str) -> f64 {
        let message = "must be a number from 0 to 1";
        let ratio = self.parse(key, message).unwrap_or_default();
        if !(0.0..=1.0).contains(&ratio) {
            self.problem(key, message);
        }
        ratio
    }

    pub(super) fn duration(&mut self, key: &'static str) -> Duration {
        self.duration_from(key, Duration::ZERO)
    }

    /// A duration that is longer than nothing.
    pub(super) fn time_limit(&mut self, key: &'static str) -> Duration {
        self.duration_from(key, Duration::from_nanos(1))
    }

    fn duration_from(&mut self, key: &'static str, shortest: Duration) -> Duration {
        let parsed = humantime::parse_duration(&self.text(key));
        let good = parsed.ok().filter(|found| (shortest..=LONGEST).contains(found));
        good.unwrap_or_else(|| {
            let more = if shortest.is_zero() { "" } else { ", longer than nothing" };
            let text = format!("must be a duration such as 500ms, 30s or 5m{more}, at most a year");
            self.problem(key, &text);
            shortest
        })
    }

    /// An address that must be there.
    pub(super) fn listen(&mut self, key: &'static str) -> SocketAddr {
        let count = self.layered.problems.len();
        let address = self.address(key);
        if address.is_none() && self.layered.problems.len() == count {
            self.problem(key, "must be an address with a port such as 127.0.0.1:7400");
        }
        address.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    pub(super) fn address(&mut self, key: &'static str) -> Option<SocketAddr> {
        let text = self.optional(key)?;
        let address = text.parse().ok();
        if address.is_none() {
            self.problem(key, "must be an address with a port such as 127.0.0.1:7400");
        }
        address
    }

    pub(super) fn list<T: DeserializeOwned>(&mut self, key: &'static str, item: &str) -> Vec<T> {
        self.asked.insert(key);
        let given = self.layered.settings.get(key).map(|given| given.value.clone());
        given.and_then(|value| value.try_deserialize().ok()).unwrap_or_else(|| {
            self.problem(key, &format!("must be a list of {item}"));
            Vec::new()
        })
    }

    fn parse<T: FromStr>(&mut self, key: &'static str, message: &str) -> Option<T> {
        let parsed = self.text(key).parse().ok();
        if parsed.is_none() {
            self.problem(key, message);
        }
        parsed
    }

    /// The settings that were asked for, all that hold, and what is wrong.
    pub(super) fn finish(self) -> (BTreeSet<&'static str>, Layered) {
        (self.asked, self.layered)
    }
}
