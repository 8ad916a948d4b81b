//! A bearer token in a file, which somebody else keeps fresh.

use super::Error;
use http::HeaderValue;
use std::{path::PathBuf, time::Duration};
use tokio::{sync::Mutex, time::Instant};

/// How long a token that was read is used before the file is read again.
const FRESH: Duration = Duration::from_secs(5);

pub(super) struct Token {
    path: PathBuf,
    held: Mutex<Held>,
}

struct Held {
    header: HeaderValue,
    read_at: Instant,
}

impl Token {
    /// Reads the token for the first time.
    pub(super) async fn read(path: PathBuf) -> Result<Self, Error> {
        let held = Held { header: read_header(&path).await?, read_at: Instant::now() };
        Ok(Self { path, held: Mutex::new(held) })
    }

    /// The value of `authorization`. A file that cannot be read now leaves the token before.
    pub(super) async fn header(&self) -> HeaderValue {
        let mut held = self.held.lock().await;
        if held.read_at.elapsed() < FRESH {
            return held.header.clone();
        }
        held.read_at = Instant::now();
        match read_header(&self.path).await {
            Ok(header) => held.header = header,
            Err(error) => tracing::warn!(%error, "the bearer token could not be read again"),
        }
        held.header.clone()
    }
}

async fn read_header(path: &PathBuf) -> Result<HeaderValue, Error> {
    let file = |source| Error::File { path: path.clone(), source };
    let text = tokio::fs::read_to_string(path).await.map_err(file)?;
    let token = text.trim();
    let header = HeaderValue::try_from(format!("Bearer {token}"));
    match header {
        Ok(mut header) if !token.is_empty() => {
            header.set_sensitive(true);
            Ok(header)
        }
        _ => Err(Error::Token(path.clone())),
    }
}
