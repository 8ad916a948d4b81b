//! How the values that a score rests on are kept, and how they go on from day to day.

use kehu_core::Value;
use kehu_core::scorecard::{Score, Scorecard, grows_daily};
use rust_decimal::Decimal;

use crate::Error;
use crate::document::{self, Document};

/// What a span keeps of a score: the values that it is computed from, and what opens a new span
/// when it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    /// In the order of [`Scorecard::features`], numbers without trailing zeros.
    pub(super) values: Vec<Value>,
    /// Which of them grow by one a day of themselves.
    pub(super) grows: Vec<bool>,
    pub(super) grade: Option<String>,
    /// Bins of the indicators in order, `5,,3`: empty where there is none.
    pub(super) bins: String,
}

impl Content {
    pub(super) fn of(card: &Scorecard, values: &[Value], score: &Score) -> Self {
        let bin = |bin: Option<u32>| bin.map(|bin| bin.to_string()).unwrap_or_default();
        let bins: Vec<String> = score.contributions.iter().map(|part| bin(part.bin)).collect();
        Self {
            values: values.iter().map(plain).collect(),
            grows: growing(card),
            grade: score.grade.clone(),
            bins: bins.join(","),
        }
    }

    /// The same so many days later, when nothing but days has passed.
    pub(super) fn after(&self, days: i32) -> Self {
        let grown = |(value, grows): (&Value, &bool)| match value {
            Value::Number(number) if *grows => {
                Value::Number((number + Decimal::from(days)).normalize())
            }
            value => value.clone(),
        };
        let values = self.values.iter().zip(&self.grows).map(grown).collect();
        Self { values, ..self.clone() }
    }
}

fn growing(card: &Scorecard) -> Vec<bool> {
    card.features().into_iter().map(grows_daily).collect()
}

/// A value whose number has no trailing zeros, so that equal ones are equal texts.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(number.normalize()),
        Value::Null | Value::Bool(_) | Value::Text(_) => value.clone(),
    }
}

impl Document for Vec<Value> {
    const NAME: &'static str = "list of the values of a score";
}

pub(super) fn encode(values: &Vec<Value>) -> String {
    document::write(values)
}

/// The content of a row, of which these columns are read.
pub(super) fn decode(
    text: &str,
    grade: Option<String>,
    bins: String,
    card: &Scorecard,
) -> Result<Content, Error> {
    let values: Vec<Value> = document::read(text)?;
    if values.len() != card.features().len() {
        let id = &card.id;
        return Err(Error::Corrupt(format!("a score does not fit its version of scorecard {id}")));
    }
    Ok(Content { values, grows: growing(card), grade, bins })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_core::scorecard::templates;

    #[test]
    fn values_are_read_as_they_were_written() {
        let card = templates().into_iter().find(|card| card.id == "rfm").unwrap();
        let written = [
            Value::Number(Decimal::new(125_000, 4)),
            Value::Null,
            Value::Text("客\"2011\"".to_owned()),
        ];
        let values: Vec<Value> = written.iter().map(plain).collect();
        let text = encode(&values);
        assert_eq!(text, r#"[1,1,[{"number":"12.5"},"null",{"text":"客\"2011\""}]]"#);
        let content = decode(&text, Some("A".to_owned()), "5,,3".to_owned(), &card).unwrap();
        assert_eq!((&content.values, &content.grows), (&values, &vec![true, false, false]));
        let read = |text: &str| decode(text, None, String::new(), &card);
        assert_eq!(read(&text.replace("[1,1,", "[2,1,")).unwrap().values, values);
        assert!(matches!(read("[2,2,[]]"), Err(Error::NewerFormat { needed: 2, .. })));
        let other = templates().into_iter().find(|card| card.id == "abc").unwrap();
        let misfit = decode(&text, None, String::new(), &other);
        assert!(matches!(misfit, Err(Error::Corrupt(_))));
    }

    #[test]
    fn only_days_grow() {
        let card = templates().into_iter().find(|card| card.id == "rfm").unwrap();
        let number = |number: i64| Value::Number(Decimal::from(number));
        let content = |values: [Value; 3]| Content {
            values: values.to_vec(),
            grows: growing(&card),
            grade: None,
            bins: String::new(),
        };
        let later = content([number(12), number(3), Value::Null]).after(5);
        assert_eq!(later.values, [number(17), number(3), Value::Null]);
        assert_eq!(content([Value::Null, number(0), number(1)]).after(5).values[0], Value::Null);
    }
}
