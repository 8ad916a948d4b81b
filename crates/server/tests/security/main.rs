//! TLS and sign-on over real sockets, with keys and certificates made here and now.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod authority;
mod certificates;
mod descriptors;
mod faults;
mod issuer;
mod keys;
mod mutual;
mod reload;
mod server;
mod silent;
mod tokens;
mod walk;
