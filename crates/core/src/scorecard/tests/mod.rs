//! Tests of scorecards as their users see them: calibrate a population, score its customers.

mod bins;
mod explain;
mod frozen;
mod grades;
mod templates;
mod validate;
mod written;

use rust_decimal::Decimal;

use super::*;
use crate::{Label, Reference, Value};

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A number, a category in quotes, or `-` for null.
fn value(text: &str) -> Value {
    match text.strip_prefix('\'') {
        Some(category) => Value::Text(category.trim_end_matches('\'').to_owned()),
        None if text == "-" => Value::Null,
        None => Value::Number(decimal(text)),
    }
}

/// Customers 1, 2, 3 …, one a line, values separated by blanks.
fn population(lines: &[&str]) -> Vec<(Reference, Vec<Value>)> {
    let row = |line: &&str| line.split_whitespace().map(value).collect();
    (1..).map(customer).zip(lines.iter().map(row)).collect()
}

/// The reference of customer 1, 2, 3 ….
fn customer(number: i64) -> Reference {
    Reference { source: "erp".to_owned(), external_id: format!("{number:03}") }
}

/// An indicator `name` of feature `name`, weight 1, direction up, missing ignored.
fn indicator(name: &str, transform: Transform) -> Indicator {
    Indicator {
        id: name.to_owned(),
        label: Label::new("", name),
        feature: name.to_owned(),
        transform,
        direction: Direction::Up,
        weight: Decimal::ONE,
        missing: Missing::Ignore,
        fade: None,
    }
}

fn card(indicators: Vec<Indicator>, grading: Grading) -> Scorecard {
    Scorecard { id: "card".to_owned(), label: Label::new("", "card"), indicators, grading }
}

fn down(mut indicator: Indicator) -> Indicator {
    indicator.direction = Direction::Down;
    indicator
}

fn weighing(mut indicator: Indicator, weight: &str) -> Indicator {
    indicator.weight = decimal(weight);
    indicator
}

fn missing(mut indicator: Indicator, missing: Missing) -> Indicator {
    indicator.missing = missing;
    indicator
}

fn shares(cuts: &[(&str, &str)]) -> Vec<GradeShare> {
    let cut = |(grade, share): &(&str, &str)| GradeShare {
        grade: (*grade).to_owned(),
        share: decimal(share),
    };
    cuts.iter().map(cut).collect()
}

/// Calibrates on a population and scores all of it.
fn scores(card: &Scorecard, customers: &[(Reference, Vec<Value>)]) -> Vec<Score> {
    let scorer = Scorer::new(card, &calibrate(card, customers).unwrap()).unwrap();
    customers.iter().map(|(customer, values)| scorer.score(customer, values)).collect()
}
