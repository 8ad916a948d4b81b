//! The settings that hold, for people: each with where it came from, secrets hidden.

use super::{
    Faulty,
    reader::Reader,
    sources::{Layered, Sources},
};
use config::{Value, ValueKind};

/// A setting as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Shown {
    /// Its key: `server.listen`.
    pub key: String,
    /// Its value; of a URL with a password only what is no secret.
    pub value: String,
    /// Where it came from: `default`, a file, a variable or a flag.
    pub origin: String,
}

impl Shown {
    /// Every setting that holds under `sources`, by key, and what is wrong with them if anything
    /// is.
    pub fn all(sources: &Sources) -> (Vec<Self>, Option<Faulty>) {
        let mut reader = Reader::new(Layered::new(sources));
        super::read(&mut reader);
        let (_, layered) = reader.finish();
        let mut shown = Vec::with_capacity(layered.settings.len());
        for (key, given) in layered.settings {
            let text = text(&given.value);
            let value = if key == "storage.database_url" { hide_password(&text) } else { text };
            shown.push(Self { key, value, origin: given.origin });
        }
        let faulty = Some(layered.problems).filter(|problems| !problems.is_empty());
        (shown, faulty.map(Faulty))
    }
}

fn text(value: &Value) -> String {
    match &value.kind {
        ValueKind::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| item.to_string()).collect();
            format!("[{}]", items.join(", "))
        }
        _ => value.to_string(),
    }
}

/// The URL without password and parameters, which may hold one too.
fn hide_password(url: &str) -> String {
    if url.is_empty() {
        return String::new();
    }
    let Ok(mut parsed) = url::Url::parse(url) else { return "(hidden: no URL)".to_owned() };
    let hidden = parsed.password().is_none() || parsed.set_password(Some("***")).is_ok();
    parsed.set_query(parsed.query().map(|_| "***"));
    if hidden { parsed.to_string() } else { "(hidden)".to_owned() }
}
