//! Documents: what is kept as JSON, with the number of its format.
//!
//! A text is `[format, reader, document]`: the format that it was written in, and the oldest
//! format that a program must know to read it. During a rolling upgrade programs of two releases
//! share a database, so each must read what the other writes:
//!
//! - of an older format: it is [upgraded](Document::upgrade);
//! - of a format to come whose `reader` is known: what is added may be passed over, and is;
//! - of one whose `reader` is not known: [`Error::NewerFormat`], and the work on it is left to
//!   the programs that can read it.
//!
//! So who adds a field that may be passed over raises [`Document::FORMAT`] alone, and who changes
//! what a document means raises [`Document::READER`] with it. What people send is not read here,
//! and is read strictly.

mod lenient;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::Error;

/// What is kept as JSON.
pub trait Document: Serialize + DeserializeOwned {
    /// What it is, for people: `scorecard`.
    const NAME: &'static str;

    /// The format that this program writes and knows.
    const FORMAT: u32 = 1;

    /// The oldest format that a program must know to read what this one writes.
    const READER: u32 = 1;

    /// A document of the older format `format`, as it is in [`Self::FORMAT`].
    fn upgrade(_format: u32, document: Value) -> Value {
        document
    }
}

/// What is said where there is nothing to say.
impl Document for () {
    const NAME: &'static str = "nothing";
}

/// The text that is kept.
pub fn write<D: Document>(document: &D) -> String {
    let text = serde_json::to_string(document);
    let text = text.expect("every key is a text, and writing to memory cannot fail");
    format!("{}{text}]", head::<D>())
}

fn head<D: Document>() -> String {
    format!("[{},{},", D::FORMAT, D::READER)
}

/// What a text that was kept says. [`Error::NewerFormat`] when only programs of a later release
/// can tell.
pub fn read<D: Document>(text: &str) -> Result<D, Error> {
    let corrupt = |why: String| Error::Corrupt(format!("a {} cannot be read: {why}", D::NAME));
    let own = text.strip_prefix(&head::<D>()).and_then(|rest| rest.strip_suffix(']'));
    if let Some(own) = own {
        return serde_json::from_str(own).map_err(|error| corrupt(error.to_string()));
    }
    let (format, reader, document): (u32, u32, Value) =
        serde_json::from_str(text).map_err(|error| corrupt(error.to_string()))?;
    if reader > D::FORMAT {
        return Err(Error::NewerFormat {
            what: D::NAME.to_owned(),
            needed: reader,
            known: D::FORMAT,
        });
    }
    let document = if format < D::FORMAT { D::upgrade(format, document) } else { document };
    if format > D::FORMAT {
        return lenient::read(document).map_err(corrupt);
    }
    serde_json::from_value(document).map_err(|error| corrupt(error.to_string()))
}

/// Whether two texts that were kept for the same purpose say the same, as far as that can be
/// told: texts of two formats are taken to.
pub fn is_same(left: &str, right: &str) -> bool {
    let format = |text: &str| serde_json::from_str::<(u32, u32, IgnoredAny)>(text).ok();
    match (format(left), format(right)) {
        _ if left == right => true,
        (Some(left), Some(right)) => (left.0, left.1) != (right.0, right.1),
        _ => false,
    }
}
