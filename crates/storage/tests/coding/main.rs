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
use kehu_storage::coding::taxonomies::{self as store, TaxonomyVersion};
use kehu_tests::at;

fn template(id: &str) -> Taxonomy {
    templates().into_iter().find(|taxonomy| taxonomy.id == id).unwrap()
}

async fn published(db: &Database, id: &str) -> TaxonomyVersion {
    let draft = store::save_draft(db, &template(id), at(0)).await.unwrap();
    store::publish(db, &draft, at(0)).await.unwrap()
}
