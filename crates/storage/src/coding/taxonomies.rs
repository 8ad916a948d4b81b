//! Taxonomies: definitions in versions, each of which comes in force with its first run through
//! everybody.

use kehu_core::taxonomy::Taxonomy;

use crate::definitions::{self, Definition, Kind};
use crate::document::Document;

/// One version of a taxonomy.
pub type TaxonomyVersion = definitions::Version<Taxonomy>;

impl Document for Taxonomy {
    const NAME: &'static str = "taxonomy";
}

impl Definition for Taxonomy {
    const KIND: Kind =
        Kind { name: "taxonomy", collection: "taxonomies", versioned: true, approval: false };

    type Frozen = ();

    fn id(&self) -> &str {
        &self.id
    }
}
