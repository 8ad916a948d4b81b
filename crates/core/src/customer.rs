//! The identity of a customer.

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
