//! What coding keeps, on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod classes;
mod codes;
mod force;
mod knowing;
mod random;
mod taxonomies;

use kehu_core::taxonomy::{Taxonomy, templates};
use kehu_storage::Database;
use kehu_storage::coding::taxonomies::TaxonomyVersion;
use kehu_storage::definitions::{self, Signed};
use kehu_tests::at;

fn template(id: &str) -> Taxonomy {
    templates().into_iter().find(|taxonomy| taxonomy.id == id).unwrap()
}

async fn published(db: &Database, id: &str) -> TaxonomyVersion {
    let signed = Signed::at(at(0));
    let draft = definitions::save_draft(db, &template(id), None, &signed).await.unwrap();
    definitions::publish(db, &draft, &(), &signed).await.unwrap()
}
