//! All that is wrong with a request, collected before it is answered.

use super::Fault;

/// One field that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Full path of the field: `definition.indicators[2].weight`.
    pub field: String,
    /// What is wrong and what to do.
    pub description: String,
}

/// Violations of one request, in the order they were found.
#[derive(Debug, Default)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn add(&mut self, field: impl Into<String>, description: impl Into<String>) {
        self.0.push(Violation { field: field.into(), description: description.into() });
    }

    /// Whether the request is good so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fault of a request that has any.
    pub fn finish(self) -> Result<(), Fault> {
        if self.0.is_empty() { Ok(()) } else { Err(Fault::Invalid(self.0)) }
    }
}
