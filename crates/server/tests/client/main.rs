//! The client as its callers meet it: against servers that fail in every way, over real sockets.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod balance;
mod deadlines;
mod local;
mod retries;
mod server;
mod tls;
mod tokens;
