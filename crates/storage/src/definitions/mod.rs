//! Definitions in versions: scorecards, taxonomies, code schemes, and whatever people define and
//! change while it is in use.
//!
//! A definition has at most one draft, which is its latest version. [`save_draft`] creates or
//! replaces it; its owner checks it; [`publish`] freezes what the check came to and gives it to
//! everybody, provided that the draft is still the one that was checked. From then on the version
//! never changes. Where a kind asks for it, somebody other than the author must [`approve`] the
//! draft before. [`retire`] ends a definition: its versions stay readable, and nothing new begins
//! with it. What a run works with is pinned to versions, and followed from then on ([`pins`]).
//!
//! Nobody waits for a lock here: a change carries the revision of what it was made from, and of
//! two changes made from the same one is refused.

mod draft;
pub mod pins;
mod publish;
mod read;
mod retire;

use std::fmt::Debug;

use chrono::{DateTime, Utc};

use crate::document::{self, Document};
use crate::entity::definition_version::Model;
use crate::{Error, time};

pub use draft::{approve, preview, save_draft};
pub use publish::{create, follow_up, follow_up_in, publish};
pub use read::{
    all_published, by_number, by_numbers, count, get, ids, in_force, key, key_of, list, lock,
    published,
};
pub use retire::retire;

/// A kind of definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its name, in the database and for people: `scorecard`.
    pub name: &'static str,
    /// The collection of its resource names, in pins of runs: `scorecards`.
    pub collection: &'static str,
    /// Whether resource names carry the version. Definitions of other kinds have but one.
    pub versioned: bool,
    /// Whether a draft must be approved, by somebody other than its author.
    pub approval: bool,
}

/// Something that is kept in versions.
pub trait Definition: Document + Clone + Debug + Eq + Send + Sync + 'static {
    /// Its kind.
    const KIND: Kind;

    /// What publishing freezes beside it.
    type Frozen: Document + Clone + Debug + Eq + Send + Sync + 'static;

    /// Its id, unique in the kind.
    fn id(&self) -> &str;
}

/// When something was done, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom, by the name that sign-on knows; `None` where it is off.
    pub by: Option<String>,
}

impl Signed {
    /// By nobody that is known.
    pub fn at(at: DateTime<Utc>) -> Self {
        Self { at, by: None }
    }

    fn of(at: i64, by: Option<String>) -> Result<Self, Error> {
        Ok(Self { at: time::instant(at)?, by })
    }
}

/// One version of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version<D: Definition> {
    /// Its number among all versions of all definitions.
    pub version_id: i64,
    /// Its number among the versions of its definition: 1, 2, 3 …
    pub version: i64,
    /// Another one whenever the version changes.
    pub etag: String,
    /// What it says.
    pub definition: D,
    /// When it was created, or last replaced as a draft.
    pub drafted: Signed,
    /// When the draft, as it is, was approved.
    pub approved: Option<Signed>,
    /// What publishing froze; `None` in a draft.
    pub published: Option<Published<D>>,
}

/// What publishing adds to a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published<D: Definition> {
    /// What it froze.
    pub frozen: D::Frozen,
    /// When it was published.
    pub signed: Signed,
}

impl<D: Definition> TryFrom<Model> for Version<D> {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let name = format!("version {} of {} {}", row.version, D::KIND.name, row.definition_id);
        Self::read(row).map_err(|error| match error {
            Error::NewerFormat { needed, known, .. } => {
                Error::NewerFormat { what: name, needed, known }
            }
            Error::Corrupt(why) => Error::Corrupt(format!("{name}: {why}")),
            error => error,
        })
    }
}

impl<D: Definition> Version<D> {
    fn read(row: Model) -> Result<Self, Error> {
        let approved = row.approved_at.map(|at| Signed::of(at, row.approved_by));
        let published = match (row.frozen, row.published_at) {
            (Some(frozen), Some(at)) => Some(Published {
                frozen: document::read(&frozen)?,
                signed: Signed::of(at, row.published_by)?,
            }),
            _ => None,
        };
        Ok(Self {
            version_id: row.version_id,
            version: row.version,
            etag: etag(row.version_id, row.revision),
            definition: document::read(&row.document)?,
            drafted: Signed::of(row.drafted_at, row.drafted_by)?,
            approved: approved.transpose()?,
            published,
        })
    }
}

fn etag(version_id: i64, revision: i32) -> String {
    format!("{version_id}-{revision}")
}

/// The version and the revision that an etag is of; `None` when it is of none.
fn parse_etag(etag: &str) -> Option<(i64, i32)> {
    let (version_id, revision) = etag.split_once('-')?;
    Some((version_id.parse().ok()?, revision.parse().ok()?))
}

impl Kind {
    /// The name of a definition of this kind.
    fn resource(&self, id: &str) -> String {
        format!("{}/{id}", self.collection)
    }

    fn conflict(&self, id: &str) -> Error {
        Error::Conflict(format!("{} {id} was changed by another call, repeat yours", self.name))
    }
}
