//! What a record may hold at most, as the contract states it.

/// Characters of a source's key.
pub(crate) const KEY: usize = 128;
/// Characters of a product code.
pub(crate) const PRODUCT: usize = 128;
/// Characters of a product name, and of the value of an attribute.
pub(crate) const DESCRIPTION: usize = 1_000;
/// Characters of every other text.
pub(crate) const TEXT: usize = 200;
/// Characters of the name of a stream's origin.
pub(crate) const ORIGIN: usize = 1_000;
/// Characters of a stream's id.
pub(crate) const STREAM: usize = 128;
/// Characters of a source's name and of an attribute's.
pub(crate) const NAME: usize = 64;
/// Attributes of a customer.
pub(crate) const ATTRIBUTES: usize = 100;
/// Lines of an order.
pub(crate) const LINES: usize = 10_000;
/// Records of a batch.
pub(crate) const RECORDS: usize = 5_000;
/// Bytes of a batch.
pub(crate) const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a refused record that are kept.
pub(crate) const RAW: usize = 64 * 1024;
