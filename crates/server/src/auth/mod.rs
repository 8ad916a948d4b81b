//! Who calls, and what that caller may do.
//!
//! For operators: sign-on is on as soon as `[auth] jwks_file` or `[[auth.certificates]]` is set;
//! with neither, everybody who reaches the port may do everything. Every method needs scopes,
//! all of those that [`required_scopes`] lists for it:
//!
//! | scope | lets its holder |
//! |---|---|
//! | `ingest` | write records and customers |
//! | `read` | read scores, classes, codes, definitions, runs and figures; customers by number only |
//! | `personal-data` | with `read`: see names, attributes, keys of source systems and raw records |
//! | `score` | write drafts of scorecards, start scoring |
//! | `code` | write drafts of taxonomies, start classifying and coding |
//! | `admin` | publish scorecards and taxonomies, create code schemes, cancel runs, fix the business date |
//!
//! No scope holds another: whoever shall do everything needs all six. Health and reflection are
//! open to everybody.
//!
//! A **bearer token** comes in `authorization: Bearer <token>` and is a JWT signed with RS256,
//! ES256 or EdDSA by a key of `jwks_file`, the issuer's public keys as a JWK Set. Its header's `kid`
//! names the key, which may be left out when the file has one key. `aud` must be or contain
//! `audience`, `iss` must be `issuer` when that is set, `sub` and `exp` must be there, and `nbf` is
//! honoured; clocks may differ by thirty seconds. Scopes are words of `scope`, `scopes` or `scp`,
//! each a text separated by spaces or a list; words that are no scope of Kehu are passed over.
//! The file is read again when its contents change, within ten seconds; to rotate keys, add the
//! new one, let the issuer change over, and take the old one out when its tokens have expired. A
//! broken file is warned of and the old keys stay. A call that is open when its token expires
//! is not cut off.
//!
//! A **client certificate** (mutual TLS) stands for the scopes of every `[[auth.certificates]]`
//! whose `name` is exactly one of its DNS or URI names. A token that is sent decides alone,
//! whether it is good or not; the certificate counts when none is sent.
//!
//! Who cannot be believed is refused with UNAUTHENTICATED, and `why` in the metadata of the
//! `ErrorInfo` says in one word what is wrong ([`CredentialProblem::word`]). Who lacks a scope is
//! refused with PERMISSION_DENIED, and `missing_scopes` names it.

mod authenticator;
mod certificates;
mod keys;
mod layer;
mod problem;
mod scope;
mod scopes;
mod token;

pub use authenticator::{Authenticator, Principal, Settings, caller, holds};
pub use certificates::Grant;
pub use layer::Auth;
pub use problem::CredentialProblem;
pub use scope::{Scope, UnknownScope};
pub use scopes::{is_open, required_scopes};
pub use token::TokenSettings;
