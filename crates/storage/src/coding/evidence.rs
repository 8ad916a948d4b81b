//! What predicates saw of a customer, as it is kept: a document by column, every number without
//! trailing zeros, so that equal evidence is equal text.

use std::collections::BTreeMap;

use kehu_core::Value;

use crate::Error;
use crate::document::{self, Document};

type Evidence = BTreeMap<String, Value>;

/// Where in the evidence it stands why a customer is left out: no column has this name.
const REASON: &str = "";

/// Notes why a customer is left out.
pub(super) fn set_reason(evidence: &mut Evidence, reason: &str) {
    evidence.insert(REASON.to_owned(), Value::Text(reason.to_owned()));
}

/// Takes out why a customer is left out.
pub(super) fn take_reason(evidence: &mut Evidence) -> Option<String> {
    match evidence.remove(REASON) {
        Some(Value::Text(reason)) => Some(reason),
        _ => None,
    }
}

impl Document for Evidence {
    const NAME: &'static str = "evidence of a class";
}

/// How many values predicates asked for, and how many of them were there.
pub(super) fn inputs(evidence: &Evidence) -> (i32, i32) {
    let mut inputs = (0, 0);
    for (_, value) in evidence.iter().filter(|(column, _)| *column != REASON) {
        inputs.0 += 1;
        inputs.1 += i32::from(*value != Value::Null);
    }
    inputs
}

pub(super) fn encode(evidence: &Evidence) -> String {
    let shortest: Evidence =
        evidence.iter().map(|(column, value)| (column.clone(), shortened(value))).collect();
    document::write(&shortest)
}

pub(super) fn decode(text: &str) -> Result<Evidence, Error> {
    document::read(text)
}

fn shortened(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(number.normalize()),
        Value::Null | Value::Bool(_) | Value::Text(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_comes_back_as_it_was() {
        let evidence = BTreeMap::from([
            ("amount".to_owned(), Value::Number("12345678901234567890.1234".parse().unwrap())),
            ("digits".to_owned(), Value::Text("12.5".to_owned())),
            ("missing".to_owned(), Value::Null),
        ]);
        assert_eq!(decode(&encode(&evidence)).unwrap(), evidence);
    }

    #[test]
    fn the_format_before_and_one_to_come_are_read() {
        let own = r#"[1,1,{"amount":{"number":"12.5"},"missing":"null"}]"#;
        let evidence = decode(own).unwrap();
        assert_eq!(encode(&evidence), own);
        assert_eq!(decode(&own.replace("[1,1,", "[2,1,")).unwrap(), evidence);
        assert!(matches!(decode("[2,2,{}]"), Err(Error::NewerFormat { needed: 2, .. })));
    }

    #[test]
    fn equal_numbers_are_equal_text() {
        let of = |text: &str| {
            let number = Value::Number(text.parse().unwrap());
            encode(&BTreeMap::from([("amount".to_owned(), number)]))
        };
        assert_eq!(of("12.5000"), of("12.5"));
    }
}
