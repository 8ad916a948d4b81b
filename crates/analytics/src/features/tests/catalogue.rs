//! The files of the features, and what they say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use kehu_core::attribute;

use crate::{Catalogue, ColumnKind, Error};

use super::source::analytics;
use crate::features::catalogue::SHIPPED;

#[test]
fn every_file_of_the_folder_is_a_feature_of_its_name_and_group() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("features");
    let mut files = BTreeSet::new();
    for group in fs::read_dir(folder).unwrap() {
        let group = group.unwrap();
        for file in fs::read_dir(group.path()).unwrap() {
            let (group, file) = (group.file_name(), file.unwrap().file_name());
            files.insert(format!("{}/{}", group.display(), file.display()));
        }
    }
    let shipped: BTreeSet<String> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(shipped, files);
    let catalogue = Catalogue::shipped();
    let blocked = catalogue.blocked().iter().map(|(feature, _)| feature);
    let features = catalogue.features().iter().chain(blocked);
    let named: BTreeSet<String> =
        features.map(|feature| format!("{}/{}.sql", feature.group, feature.id)).collect();
    assert!(named.is_superset(&files), "{files:?}");
    // Those of attributes have no files.
    for without in named.difference(&files) {
        let id = without.trim_start_matches("attributes/").trim_end_matches(".sql");
        let id = id.trim_end_matches("_days");
        let attribute = attribute::templates().iter().find(|attribute| attribute.id == id);
        assert!(attribute.is_some(), "{without}");
    }
}

#[tokio::test]
async fn every_feature_is_of_its_type() {
    let analytics = analytics();
    for feature in Catalogue::shipped().features() {
        let plan = analytics.plan(std::slice::from_ref(&feature.id)).await.unwrap();
        let frame = analytics.compute(&plan, Default::default(), 1).await.unwrap();
        assert_eq!(frame.columns(), [(feature.id.clone(), feature.kind)]);
    }
}

#[test]
fn every_feature_is_described() {
    for feature in Catalogue::shipped().features() {
        let id = &feature.id;
        assert!(!feature.label.zh.is_empty() && !feature.label.en.is_empty(), "{id}");
        assert!(feature.description.ends_with('.'), "{id}");
        assert!(!feature.description.contains("  "), "{id}");
        let is_text = feature.kind == ColumnKind::Text;
        assert_eq!(feature.unit.is_empty(), is_text, "{id}");
        assert!(["", "1", "d", "currency", "share"].contains(&feature.unit.as_str()), "{id}");
    }
}

#[tokio::test]
async fn unknown_features_are_named_with_what_may_be_meant() {
    let names = ["amount_total", "amount_365"].map(str::to_owned);
    let Err(Error::UnknownFeature { name, nearest }) = analytics().plan(&names).await else {
        panic!("found a feature that does not exist")
    };
    assert_eq!(name, "amount_365");
    assert_eq!(nearest[0], "amount_365d");
}
