//! Schemes from template to code and back.

mod compiling;
mod reading;
mod rendering;

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::*;
use crate::scorecard::Problem;

/// A table with the given entries.
fn table(attribute: &str, entries: &[(&str, &str)], unknown: &str, passthrough: bool) -> CodeTable {
    let entry = |(value, code): &(&str, &str)| ((*value).to_owned(), (*code).to_owned());
    CodeTable {
        attribute: attribute.to_owned(),
        entries: entries.iter().map(entry).collect(),
        unknown: unknown.to_owned(),
        passthrough,
    }
}

/// Countries are their own codes; UK is an alias.
fn country() -> CodeTable {
    table("country", &[("UK", "GB")], "XX", true)
}

fn scheme(template: &str, tables: Vec<CodeTable>) -> CodeScheme {
    CodeScheme {
        id: "standard".to_owned(),
        label: Label::new("标准编码", "Standard code"),
        template: template.to_owned(),
        taxonomy: "value-six".to_owned(),
        tables,
        recoding: Recoding::Permanent,
    }
}

fn compiled(template: &str, tables: Vec<CodeTable>) -> CompiledScheme {
    scheme(template, tables).compile().unwrap()
}

/// The scheme of the documentation.
fn standard() -> CompiledScheme {
    compiled("{country}-{class:1}{seq:6}{check:mod37_36}", vec![country()])
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The code for a class, attributes and a number, as of 2011-12-10.
fn code(scheme: &CompiledScheme, class: &str, attributes: &[(&str, &str)], seq: u64) -> Code {
    let attributes: BTreeMap<&str, &str> = attributes.iter().copied().collect();
    let look_up = |name: &str| attributes.get(name).map(|value| (*value).to_owned());
    let prefix = scheme.prefix(class, &look_up, day("2011-12-10")).unwrap();
    scheme.render(&prefix, seq).unwrap()
}
