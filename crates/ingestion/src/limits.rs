//! What a call may hold at most, as the contract states it; what a record may hold is in
//! [`kehu_core::limits`].

/// Characters of the name of a stream's origin.
pub(crate) const ORIGIN: usize = 1_000;
/// Characters of a stream's id.
pub(crate) const STREAM: usize = 128;
/// Records of a batch.
pub(crate) const RECORDS: usize = 5_000;
/// Bytes of a batch.
pub(crate) const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a refused record that are kept.
pub(crate) const RAW: usize = 64 * 1024;
