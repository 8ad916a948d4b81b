//! Taxonomies: definitions in versions, each of which comes in force with its first run through
//! everybody.

use std::collections::BTreeMap;
use std::sync::Arc;

use kehu_core::taxonomy::Taxonomy;

use crate::definitions::{self, Definition, Kind};
use crate::document::Document;
use crate::{Database, Error};

/// One version of a taxonomy.
pub type TaxonomyVersion = definitions::Version<Taxonomy>;

impl Document for Taxonomy {
    const NAME: &'static str = "taxonomy";
    /// 2 has strategies, 3 priorities, 4 demands on the data, which a program that does not know them may
    /// pass over: the order of the classes is the same.
    const FORMAT: u32 = 4;
}

impl Definition for Taxonomy {
    const KIND: Kind =
        Kind { name: "taxonomy", collection: "taxonomies", versioned: true, approval: false };

    type Frozen = ();

    fn id(&self) -> &str {
        &self.id
    }
}

/// Published versions by number; each is read once and then kept in memory.
pub async fn published(
    db: &Database,
    version_ids: &[i64],
) -> Result<BTreeMap<i64, Arc<TaxonomyVersion>>, Error> {
    let (mut found, missing) = db.taxonomies.of(version_ids);
    if missing.is_empty() {
        return Ok(found);
    }
    for version in definitions::by_numbers::<Taxonomy>(db.reader(), &missing).await? {
        if version.published.is_some() {
            let version_id = version.version_id;
            found.insert(version_id, db.taxonomies.keep(version_id, version));
        }
    }
    Ok(found)
}
