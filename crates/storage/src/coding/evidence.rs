//! What predicates saw of a customer, as it is kept: JSON by column, every number without
//! trailing zeros, so that equal evidence is equal text.

use std::collections::BTreeMap;

use kehu_core::Value;

use crate::Error;

pub(super) fn encode(evidence: &BTreeMap<String, Value>) -> String {
    let shortest: BTreeMap<&str, Value> =
        evidence.iter().map(|(column, value)| (column.as_str(), shortened(value))).collect();
    serde_json::to_string(&shortest).expect("writing to memory cannot fail")
}

pub(super) fn decode(text: &str) -> Result<BTreeMap<String, Value>, Error> {
    serde_json::from_str(text)
        .map_err(|error| Error::Corrupt(format!("the evidence of a class cannot be read: {error}")))
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
    fn equal_numbers_are_equal_text() {
        let of = |text: &str| {
            let number = Value::Number(text.parse().unwrap());
            encode(&BTreeMap::from([("amount".to_owned(), number)]))
        };
        assert_eq!(of("12.5000"), of("12.5"));
    }
}
