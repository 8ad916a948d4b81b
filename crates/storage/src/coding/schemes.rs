//! Code schemes: definitions that never change once they are created.

use kehu_core::code_scheme::CodeScheme;

use crate::definitions::{self, Definition, Kind};
use crate::document::Document;
use crate::{Error, Transaction};

/// A code scheme as it is kept.
pub type SchemeVersion = definitions::Version<CodeScheme>;

impl Document for CodeScheme {
    const NAME: &'static str = "code scheme";
}

impl Definition for CodeScheme {
    const KIND: Kind =
        Kind { name: "code scheme", collection: "codeSchemes", versioned: false, approval: false };

    type Frozen = ();

    fn id(&self) -> &str {
        &self.id
    }
}

/// Keeps every other transaction from giving codes under the scheme until this one ends. Take
/// it before looking who has no code: what is then read holds. Codes without gaps come from one
/// counter a prefix, so that givers would wait for each other anyhow; with one lock in front of
/// all counters they cannot block each other crosswise.
pub async fn lock(transaction: &Transaction, scheme: &str) -> Result<(), Error> {
    definitions::lock(transaction, &CodeScheme::KIND, scheme).await
}
