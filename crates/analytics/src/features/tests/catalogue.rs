//! The catalogue and the SQL say the same.

use std::collections::BTreeSet;

use crate::features::query::Query;
use crate::features::{Plan, catalogue};
use crate::tables::Facts;
use crate::{ColumnKind, Error, engine};

use super::world::{AS_OF, day};

#[tokio::test]
async fn catalogue_and_queries_name_the_same_columns() {
    let context = engine::session(1);
    Facts::default().register(&context, day(AS_OF)).unwrap();
    for query in Query::ALL {
        let rows = context.sql(query.sql()).await.unwrap();
        let mut columns: BTreeSet<String> =
            rows.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert!(columns.remove("customer_id"), "{query:?}");
        let features = catalogue().iter().filter(|feature| feature.query == query);
        let names: BTreeSet<String> = features.map(|feature| feature.id.to_owned()).collect();
        assert_eq!(columns, names, "{query:?}");
    }
}

#[test]
fn every_feature_is_described() {
    let mut ids = BTreeSet::new();
    for feature in catalogue() {
        let id = feature.id;
        assert!(ids.insert(id), "{id} is there twice");
        assert!(!feature.label.zh.is_empty() && !feature.label.en.is_empty(), "{id}");
        assert!(feature.description.ends_with('.'), "{id}");
        assert!(!feature.description.contains("  "), "{id}");
        let is_text = feature.kind == ColumnKind::Text;
        assert_eq!(feature.unit.is_empty(), is_text, "{id}");
        assert!(["", "1", "d", "currency", "share"].contains(&feature.unit), "{id}");
    }
}

#[test]
fn unknown_features_are_named_with_what_may_be_meant() {
    let Err(Error::UnknownFeature { name, nearest }) = Plan::new(&["amount_total", "amount_365"])
    else {
        panic!("found a feature that does not exist")
    };
    assert_eq!(name, "amount_365");
    assert_eq!(nearest[0], "amount_365d");
}
