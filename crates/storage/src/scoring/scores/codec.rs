//! How the values that a score rests on are kept, and how they go on from day to day.

use kehu_core::Value;
use kehu_core::scorecard::{Scorecard, grows_daily};
use rust_decimal::Decimal;

use super::record::Evaluated;
use crate::Error;
use crate::document::{self, Document};

/// What is the same on each day of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    /// In the order of [`Scorecard::features`], numbers without trailing zeros; those that grow
    /// by one a day of themselves less the number of the day.
    values: Vec<Value>,
    pub(super) grade: Option<String>,
    /// Bins of the indicators in order, `5,,3`: empty where there is none.
    pub(super) bins: String,
}

/// Between scores and what is kept of them, for one version of a scorecard.
#[derive(Debug)]
pub(super) struct Codec {
    scorecard: String,
    /// Which of the values grow by one a day of themselves.
    grows: Vec<bool>,
}

impl Codec {
    pub(super) fn of(card: &Scorecard) -> Self {
        let grows = card.features().into_iter().map(grows_daily).collect();
        Self { scorecard: card.id.clone(), grows }
    }

    /// What is the same from a day on, when nothing but days passes.
    pub(super) fn content(&self, found: &Evaluated, day: i32) -> Content {
        let bin = |bin: Option<u32>| bin.map(|bin| bin.to_string()).unwrap_or_default();
        let parts = found.score.contributions.iter();
        let bins: Vec<String> = parts.map(|part| bin(part.bin)).collect();
        let (values, grade) = (self.grown(&found.values, -day), found.score.grade.clone());
        Content { values, grade, bins: bins.join(",") }
    }

    /// The values on a day.
    pub(super) fn values(&self, content: &Content, day: i32) -> Vec<Value> {
        self.grown(&content.values, day)
    }

    /// Values so many days later, when nothing but days has passed.
    fn grown(&self, values: &[Value], days: i32) -> Vec<Value> {
        let grown = |(value, grows): (&Value, &bool)| match value {
            Value::Number(number) if *grows => {
                Value::Number((number + Decimal::from(days)).normalize())
            }
            // Without trailing zeros, so that equal ones are equal texts.
            Value::Number(number) => Value::Number(number.normalize()),
            Value::Null | Value::Bool(_) | Value::Text(_) => value.clone(),
        };
        values.iter().zip(&self.grows).map(grown).collect()
    }

    /// The values of a content on the first day of its row.
    pub(super) fn encode(&self, content: &Content, from: i32) -> String {
        document::write(&self.values(content, from))
    }

    /// The content of a row, of which these columns are read.
    pub(super) fn decode(
        &self,
        inputs: &str,
        grade: Option<String>,
        bins: String,
        from: i32,
    ) -> Result<Content, Error> {
        let values: Vec<Value> = document::read(inputs)?;
        if values.len() != self.grows.len() {
            return Err(Error::Corrupt(format!(
                "a score does not fit its version of scorecard {}",
                self.scorecard
            )));
        }
        Ok(Content { values: self.grown(&values, -from), grade, bins })
    }
}

impl Document for Vec<Value> {
    const NAME: &'static str = "list of the values of a score";
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_core::scorecard::templates;

    fn codec(template: &str) -> Codec {
        Codec::of(&templates().into_iter().find(|card| card.id == template).unwrap())
    }

    fn number(number: i64) -> Value {
        Value::Number(Decimal::from(number))
    }

    #[test]
    fn values_are_read_as_they_were_written() {
        let codec = codec("rfm");
        let values = [
            Value::Number(Decimal::new(125_000, 4)),
            Value::Null,
            Value::Text("客\"2011\"".to_owned()),
        ];
        let written = Content {
            values: codec.grown(&values, -15_000),
            grade: Some("A".to_owned()),
            bins: "5,,3".to_owned(),
        };
        let text = codec.encode(&written, 15_000);
        assert_eq!(text, r#"[1,1,[{"number":"12.5"},"null",{"text":"客\"2011\""}]]"#);
        let read = |text: &str| codec.decode(text, Some("A".to_owned()), "5,,3".to_owned(), 15_000);
        assert_eq!(read(&text).unwrap(), written);
        assert_eq!(read(&text.replace("[1,1,", "[2,1,")).unwrap(), written);
        assert!(matches!(read("[2,2,[]]"), Err(Error::NewerFormat { needed: 2, .. })));
        let misfit = self::codec("abc").decode(&text, None, String::new(), 15_000);
        assert!(matches!(misfit, Err(Error::Corrupt(_))));
    }

    #[test]
    fn only_days_grow() {
        let codec = codec("rfm");
        let content = |values: [Value; 3]| Content {
            values: codec.grown(&values, -15_000),
            grade: None,
            bins: String::new(),
        };
        let later = codec.values(&content([number(12), number(3), Value::Null]), 15_005);
        assert_eq!(later, [number(17), number(3), Value::Null]);
        let later = codec.values(&content([Value::Null, number(0), number(1)]), 15_005);
        assert_eq!(later[0], Value::Null);
    }
}
