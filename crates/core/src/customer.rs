//! The identity of a customer, and its keys in the systems that it comes from.

use serde::{Deserialize, Serialize};

/// The number of a customer: given by the database, in order of first appearance, never
/// reused. In the contract it is the resource name `customers/17`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomerId(pub i64);

impl std::fmt::Display for CustomerId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "customers/{}", self.0)
    }
}

/// The key of a customer in a source. They are ordered by source, then by key, both byte by byte.
///
/// The first of a customer's references in that order tells customers apart where numbers must
/// not, because those differ from load to load: in ties, and in the order of giving codes.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The source's name.
    pub source: String,
    /// Its key there.
    pub external_id: String,
}
