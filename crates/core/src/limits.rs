//! What a record may hold at most, as the contract states it.

/// Characters of a source's key.
pub const KEY: usize = 128;
/// Characters of a product code.
pub const PRODUCT: usize = 128;
/// Characters of a product name, of a note, and of the value of an attribute.
pub const DESCRIPTION: usize = 1_000;
/// Characters of every other text.
pub const TEXT: usize = 200;
/// Characters of a source's name, of an attribute's, and of a kind of interaction.
pub const NAME: usize = 64;
/// Attributes of a customer.
pub const ATTRIBUTES: usize = 100;
/// Lines of an order.
pub const LINES: usize = 10_000;
