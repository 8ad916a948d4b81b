//! Digests of records: equal when everything that is kept of them is equal.

use sha2::{Digest, Sha256};

/// Bytes of a SHA-256 that are kept: enough to tell the versions of one record apart.
const KEPT: usize = 16;

/// What is kept of a record, as bytes. The amounts in the base currency are no part of it: the
/// store converts anew when a rate changes.
#[derive(Debug)]
pub(super) struct Content(Vec<u8>);

impl Content {
    /// Of a record with so many parts.
    pub(super) fn new(parts: usize) -> Self {
        Self(Vec::with_capacity(256 + parts * 128))
    }

    /// A text with its length before it, so that no two lists of texts give the same bytes.
    pub(super) fn push_text(&mut self, text: Option<&str>) {
        let length = text.map_or(u64::MAX, |text| text.len() as u64);
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(text.unwrap_or_default().as_bytes());
    }

    pub(super) fn push_number(&mut self, number: Option<i64>) {
        self.0.push(u8::from(number.is_some()));
        self.0.extend_from_slice(&number.unwrap_or_default().to_le_bytes());
    }

    /// The digest.
    pub(super) fn digest(self) -> String {
        hex::encode(&Sha256::digest(&self.0)[..KEPT])
    }
}
