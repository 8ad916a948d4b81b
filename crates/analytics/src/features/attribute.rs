//! Features of attributes: what the declaration of each comes to.
//!
//! An attribute of the enterprise gives the feature `attr_` and its id, one that Kehu comes with its
//! id. A date gives it as a text, `2026-01-31`, which compares as dates do, and with `_days` behind
//! it the days since.

use kehu_core::Label;
use kehu_core::attribute::{Attribute, Kind};

use super::Feature;
use super::definition::{FeatureError, parse, value_source};
use crate::ColumnKind;
use crate::facts::{ATTRIBUTES, CUSTOMERS, TableNames};

/// The group of the features of customers themselves.
const GROUP: &str = "attributes";

/// The features of an attribute; none of one that leads to a person.
pub(super) fn features(attribute: &Attribute) -> Result<Vec<Feature>, FeatureError> {
    let Some(name) = attribute.feature() else { return Ok(Vec::new()) };
    let of = |column: &str| format!("max({column}) FILTER (WHERE attribute = '{}')", attribute.id);
    let (kind, value) = match attribute.kind {
        Kind::Decimal => (ColumnKind::Decimal, of("number")),
        Kind::Integer => (ColumnKind::Integer, of("number")),
        Kind::Text | Kind::Date => (ColumnKind::Text, of("text")),
        Kind::Boolean => (ColumnKind::Boolean, format!("{} = 'true'", of("text"))),
    };
    let mut features = vec![feature(attribute, &name, (kind, &attribute.unit), &value)?];
    if attribute.kind == Kind::Date {
        let name = format!("{name}_days");
        let mut days = feature(attribute, &name, (ColumnKind::Integer, "d"), &of("days_ago"))?;
        let Label { zh, en } = &attribute.label;
        let (zh, en) = (but_empty(zh, "距今天数"), but_empty(en, ", days since"));
        days.label = Label { zh, en };
        features.push(days);
    }
    Ok(features)
}

fn but_empty(label: &str, more: &str) -> String {
    if label.is_empty() { String::new() } else { format!("{label}{more}") }
}

fn feature(
    attribute: &Attribute,
    name: &str,
    (kind, unit): (ColumnKind, &str),
    value: &str,
) -> Result<Feature, FeatureError> {
    let sql =
        format!("SELECT customer_id, {value} AS {name} FROM {ATTRIBUTES} GROUP BY customer_id");
    let described = match attribute.description.trim() {
        "" => String::new(),
        text => format!("{text} "),
    };
    let what = match (attribute.kind, kind) {
        (Kind::Date, ColumnKind::Integer) => {
            "Days from the date to the one asked about; below 0 \
                                              for a date to come. "
        }
        _ => "",
    };
    Ok(Feature {
        id: name.to_owned(),
        label: attribute.label.clone(),
        group: GROUP.to_owned(),
        family: attribute.family,
        attribute: Some(attribute.id.clone()),
        kind,
        unit: unit.to_owned(),
        window: None,
        description: format!(
            "{described}{what}What held on the day at its source; before the first day that is \
             known of, what held then. Null when unknown."
        ),
        source: value_source(parse(&sql)?, name)?,
        missing: None,
        tables: TableNames::from([ATTRIBUTES, CUSTOMERS]),
    })
}
