//! A document through three formats: the program of these tests knows the second.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Document, is_same, read, write};
use crate::Error;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    #[serde(default)]
    parts: Vec<Part>,
    #[serde(default)]
    shape: Shape,
    limits: BTreeMap<String, i64>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    name: String,
    weight: f64,
    kind: Option<Kind>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Plain,
    Sized(u8),
    Framed { width: i64 },
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
enum Shape {
    #[default]
    None,
    Cuts {
        cuts: Vec<Part>,
        rest: String,
    },
}

impl Document for Rule {
    const NAME: &'static str = "rule";
    const FORMAT: u32 = 2;
    const READER: u32 = 2;

    /// The first format called the name a title.
    fn upgrade(_format: u32, mut document: Value) -> Value {
        if let Some(fields) = document.as_object_mut()
            && let Some(title) = fields.remove("title")
        {
            fields.insert("name".to_owned(), title);
        }
        document
    }
}

fn rule() -> Rule {
    let part = |kind| Part { name: "a".to_owned(), weight: 0.5, kind };
    Rule {
        name: "one".to_owned(),
        parts: vec![part(Some(Kind::Framed { width: -3 })), part(Some(Kind::Sized(7))), part(None)],
        shape: Shape::Cuts { cuts: vec![part(Some(Kind::Plain))], rest: "c".to_owned() },
        limits: BTreeMap::from([("low".to_owned(), -1)]),
    }
}

#[test]
fn the_format_before_and_the_own_one_are_read() {
    let text = write(&rule());
    assert!(text.starts_with(r#"[2,2,{"name":"one","#), "{text}");
    assert_eq!(read::<Rule>(&text).unwrap(), rule());
    let spaced = text.replace("[2,2,", "[2, 2, ");
    assert_eq!(read::<Rule>(&spaced).unwrap(), rule());
    let before = r#"[1,1,{"title":"old","limits":{}}]"#;
    let upgraded = read::<Rule>(before).unwrap();
    assert_eq!((upgraded.name.as_str(), upgraded.shape), ("old", Shape::None));
}

#[test]
fn what_a_format_to_come_adds_is_passed_over_wherever_it_stands() {
    let mut document = serde_json::to_value(rule()).unwrap();
    for place in ["", "/parts/0", "/parts/0/kind/framed", "/shape", "/shape/cuts/0"] {
        let object = document.pointer_mut(place).unwrap().as_object_mut().unwrap();
        object.insert("added".to_owned(), json!({"name": [1, 2.5, null]}));
    }
    // Known in the shape, but not in its parts.
    document.pointer_mut("/shape/cuts/0").unwrap()["rest"] = json!("more");
    let text = json!([3, 2, document]).to_string();
    assert_eq!(read::<Rule>(&text).unwrap(), rule());
    // In the own format it is a fault.
    let text = json!([2, 2, document]).to_string();
    assert!(matches!(read::<Rule>(&text), Err(Error::Corrupt(_))));
}

#[test]
fn what_cannot_be_read_says_so() {
    for text in ["", "{}", "[2,2]", "[2,2,{}]", "[1,1,[]]", "[3,2,{}]", r#"[3,2,{"name":1}]"#] {
        assert!(matches!(read::<Rule>(text), Err(Error::Corrupt(_))), "{text}");
    }
    for text in ["[3,3,{}]", "[9,3,null]"] {
        let error = read::<Rule>(text).unwrap_err();
        assert!(matches!(error, Error::NewerFormat { needed: 3, known: 2, .. }), "{text}");
    }
}

#[test]
fn texts_of_two_formats_are_not_compared() {
    let own = write(&rule());
    for (other, same) in [
        (own.clone(), true),
        (own.replace("one", "two"), false),
        (own.replace("[2,2,", "[3,2,"), true),
        ("{}".to_owned(), false),
    ] {
        assert_eq!(is_same(&own, &other), same, "{other}");
    }
}
