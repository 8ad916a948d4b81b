//! Logs of the process.

use tracing_subscriber::{EnvFilter, fmt};

/// Logs to standard error, at the level of `filter` (`info`, `kehu_scoring=debug,warn`).
/// Ids only; a personal value never goes into a log.
pub fn start(filter: &str) -> Result<(), Error> {
    let filter = EnvFilter::try_new(filter).map_err(|error| Error::Filter(error.to_string()))?;
    let subscriber = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    subscriber.try_init().map_err(|error| Error::AlreadyStarted(error.to_string()))
}

/// Why logging could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is not one.
    #[error("not a log filter: {0}")]
    Filter(String),
    /// Logging runs already.
    #[error("logging has started already: {0}")]
    AlreadyStarted(String),
}
