//! Each kind of definition in the format before the next one and in one to come, as files that
//! never change: `before` is what programs of that format wrote, `to-come` what those of a later
//! one write for programs of this one to read.

use kehu_core::attribute::Attribute;
use kehu_core::city_tier::CityTier;
use kehu_core::code_scheme::CodeScheme;
use kehu_core::evaluation::Evaluation;
use kehu_core::model::Trained;
use kehu_core::scorecard::Scorecard;
use kehu_core::taxonomy::Taxonomy;
use kehu_storage::Error;
use kehu_storage::document::{Document, read, write};
use kehu_storage::scoring::models::Promoted;
use kehu_storage::scoring::scorecards::Calibrated;
use serde_json::Value;

fn file(name: &str) -> String {
    let path = format!("{}/tests/documents/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn survives<D: Document + PartialEq + std::fmt::Debug>(name: &str) {
    let text = file(&format!("{name}.before"));
    let before: D = read(&text).unwrap();
    assert_eq!(read::<D>(&write(&before)).unwrap(), before, "{name}");
    if text.starts_with(&format!("[{}, ", D::FORMAT)) {
        let (own, kept): (Value, Value) = (parsed(&write(&before)), parsed(&text));
        assert_eq!(own, kept, "{name}: what is written has changed, and its format has not");
    }
    let to_come = file(&format!("{name}.to-come"));
    assert_eq!(read::<D>(&to_come).unwrap(), before, "{name}");
    let (format, _, document): (u32, u32, Value) = serde_json::from_str(&to_come).unwrap();
    let text = serde_json::to_string(&(format, format, document)).unwrap();
    let Err(Error::NewerFormat { what, needed, known }) = read::<D>(&text) else {
        panic!("{name}: read, though it must not be")
    };
    assert_eq!((what.as_str(), needed, known), (D::NAME, format, D::FORMAT));
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn definitions_survive_the_formats_around_theirs() {
    survives::<Scorecard>("scorecard");
    survives::<Calibrated>("calibration");
    survives::<Trained>("model");
    survives::<Promoted>("promotion");
    survives::<Taxonomy>("taxonomy");
    survives::<CodeScheme>("code-scheme");
    survives::<Attribute>("attribute");
    survives::<CityTier>("city-tier");
    survives::<Evaluation>("evaluation");
}
