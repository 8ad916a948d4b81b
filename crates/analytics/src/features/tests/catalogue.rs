//! The files of the features, and what they say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::{ColumnKind, Error};

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
    let analytics = analytics();
    let features = analytics.catalogue().features().iter();
    let named: BTreeSet<String> =
        features.map(|feature| format!("{}/{}.sql", feature.group, feature.id)).collect();
    assert_eq!(named, files);
}

#[tokio::test]
async fn every_feature_is_of_its_type() {
    let analytics = analytics();
    for feature in analytics.catalogue().features() {
        let plan = analytics.plan(std::slice::from_ref(&feature.id)).await.unwrap();
        let frame = analytics.compute(&plan, Default::default(), 1).await.unwrap();
        assert_eq!(frame.columns(), [(feature.id.clone(), feature.kind)]);
    }
}

#[test]
fn every_feature_is_described() {
    for feature in analytics().catalogue().features() {
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
