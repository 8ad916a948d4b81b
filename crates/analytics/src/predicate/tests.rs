use std::sync::LazyLock;

use kehu_core::{CustomerId, Value};
use proptest::prelude::*;

use super::{Predicate, PredicateError};
use crate::engine::Engine;
use crate::{ColumnKind, Error, Frame, Limits, Schema};

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Limits { memory: 1 << 20, threads: 1 }, []));

fn compile(sql: &str, schema: &Schema) -> Result<Predicate, PredicateError> {
    super::compile(sql, schema, ENGINE.state())
}

/// Five customers: amounts 100,000 / 99,999.9999 / null / -5 / 0; orders 12 / 0 / 3 / 1 / null.
fn frame() -> Frame {
    let number = |text: &str| match text {
        "" => Value::Null,
        text => Value::Number(text.parse().unwrap()),
    };
    let text =
        |text: &str| if text.is_empty() { Value::Null } else { Value::Text(text.to_owned()) };
    let numbers = |texts: [&str; 5]| texts.map(number).to_vec();
    let column = |name: &str, kind, values| (name.to_owned(), kind, values);
    let customers: Vec<CustomerId> = (1..=5).map(CustomerId).collect();
    Frame::new(&customers)
        .with_columns(vec![
            column(
                "amount_365d",
                ColumnKind::Decimal,
                numbers(["100000", "99999.9999", "", "-5", "0"]),
            ),
            column("orders_365d", ColumnKind::Integer, numbers(["12", "0", "3", "1", ""])),
            column(
                "weekend_share",
                ColumnKind::Ratio,
                numbers(["0.1", "0.333333333", "", "1", "0"]),
            ),
            column("abc_grade", ColumnKind::Text, ["A", "B", "", "C", "a"].map(text).to_vec()),
            column(
                "city",
                ColumnKind::Text,
                ["上海", "北京", "", "O'Hare", "100%"].map(text).to_vec(),
            ),
            column(
                "is_key",
                ColumnKind::Boolean,
                vec![
                    Value::Bool(true),
                    Value::Bool(false),
                    Value::Null,
                    Value::Bool(true),
                    Value::Null,
                ],
            ),
        ])
        .unwrap()
}

fn schema() -> Schema {
    let mut schema = Schema::default();
    for (name, kind) in frame().columns() {
        schema.add(name, kind);
    }
    schema
}

fn compiled(sql: &str) -> Predicate {
    compile(sql, &schema()).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// Predicates and for which of the five customers they hold.
const HOLDS: &[(&str, &str)] = &[
    ("TRUE", "11111"),
    ("false", "00000"),
    ("amount_365d >= 100000", "10000"),
    ("amount_365d >= 99999.99995", "10000"),
    ("amount_365d >= 1e5", "10000"),
    ("100000 <= Amount_365D", "10000"),
    ("amount_365d < 100000", "01011"),
    ("NOT amount_365d < 100000", "10000"),
    ("amount_365d IS NULL", "00100"),
    ("amount_365d = NULL", "00000"),
    ("NOT (amount_365d = NULL)", "00000"),
    ("NULL AND is_key", "00000"),
    ("weekend_share > 0.1", "01010"),
    ("weekend_share >= .1 AND weekend_share <= 1.0", "11010"),
    ("weekend_share = 0.1", "10000"),
    ("orders_365d BETWEEN 1 AND 12", "10110"),
    ("orders_365d NOT BETWEEN 1 AND 12", "01000"),
    ("orders_365d IN (0, 3, 4.0)", "01100"),
    ("orders_365d NOT IN (0, 3)", "10010"),
    ("-orders_365d < -2", "10100"),
    ("orders_365d / 8 = 1.5", "10000"),
    ("orders_365d / 5 > 0", "10110"),
    ("1 / 3 > 0.3333 AND 1 / 3 < 0.3334", "11111"),
    ("amount_365d / orders_365d > 8333.3333", "10000"),
    ("amount_365d / orders_365d IS NULL", "01101"),
    ("orders_365d % 2 = 0", "11000"),
    ("amount_365d % orders_365d = 0", "00010"),
    ("1 / 0 IS NULL", "11111"),
    ("amount_365d * 2 + 1 > 200000", "11000"),
    ("orders_365d + 9223372036854775807 > 9223372036854775807", "10110"),
    ("orders_365d * 9223372036854775807 >= 0", "11110"),
    ("orders_365d - 4 < 0", "01110"),
    ("coalesce(amount_365d, 0) = 0", "00101"),
    ("coalesce(amount_365d, orders_365d) = 3", "00100"),
    ("coalesce(abc_grade, 'none') = 'none'", "00100"),
    ("nullif(orders_365d, 0) IS NULL", "01001"),
    ("greatest(orders_365d, 2) = 2", "01011"),
    ("least(amount_365d, 0) < 0", "00010"),
    ("round(amount_365d, 0) = 100000 AND abs(amount_365d) > 5", "11000"),
    ("floor(weekend_share * 10) = 3 OR ceil(weekend_share) = 0", "01001"),
    ("abc_grade = 'A'", "10000"),
    ("abc_grade <> 'A'", "01011"),
    ("abc_grade IS DISTINCT FROM 'A'", "01111"),
    ("abc_grade IN ('A', 'B')", "11000"),
    ("abc_grade > 'A'", "01011"),
    ("lower(abc_grade) = 'a' AND upper(abc_grade) = 'A'", "10001"),
    ("city = '上海' OR city LIKE '北%'", "11000"),
    ("city = 'O''Hare'", "00010"),
    ("city ILIKE 'o_h%'", "00010"),
    ("city NOT LIKE '%a%'", "11001"),
    ("starts_with(city, '1') OR ends_with(city, '京') OR contains(city, 'Ha')", "01011"),
    ("trim(city || ' ') = city", "11011"),
    ("concat(abc_grade, '-', city) = 'A-上海'", "10000"),
    ("is_key", "10010"),
    ("NOT is_key", "01000"),
    ("is_key IS NOT TRUE", "01101"),
    ("is_key = TRUE", "10010"),
    ("\"is_key\" AND abc_grade = 'A'", "10000"),
    ("CASE WHEN orders_365d > 2 THEN 'many' ELSE 'few' END = 'many'", "10100"),
    ("CASE abc_grade WHEN 'A' THEN 1 WHEN 'B' THEN 2.5 END >= 2", "01000"),
    ("amount_365d >= 100000 AND orders_365d >= 12 -- the best\n AND abc_grade = 'A'", "10000"),
    ("amount_365d > 79228162514264337593543950.335", "00000"),
    ("orders_365d < 9223372036854775808", "11110"),
];

#[test]
fn holds() {
    let frame = frame();
    for (sql, expected) in HOLDS {
        let holds = compiled(sql).evaluate(&frame).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let holds: String = holds.into_iter().map(digit).collect();
        assert_eq!(holds, *expected, "{sql}");
    }
}

/// `1` holds, `0` does not, `?` cannot be told.
fn digit(holds: Option<bool>) -> char {
    holds.map_or('?', |holds| if holds { '1' } else { '0' })
}

/// A number that grows too large for one customer says nothing of the others.
#[test]
fn what_cannot_be_told_is_of_one_customer_alone() {
    let cube = "amount_365d * amount_365d * amount_365d";
    for (sql, expected) in [
        (format!("{cube} > 0"), "110??00"),
        (format!("{cube} > 0 OR orders_365d = 12"), "110??00"),
        (format!("orders_365d = 12 AND {cube} > 0"), "0000?00"),
        (format!("coalesce({cube}, 1) > 0"), "111??00"),
    ] {
        let number = |text: &str| match text {
            "" => Value::Null,
            text => Value::Number(text.parse().unwrap()),
        };
        let column = |name: &str, kind, values: [&str; 7]| {
            (name.to_owned(), kind, values.map(number).to_vec())
        };
        let customers: Vec<CustomerId> = (1..=7).map(CustomerId).collect();
        let amounts = ["100000", "99999.9999", "", "900000000000", "900000000000", "-5", "0"];
        let orders = ["1", "2", "", "4", "12", "5", "6"];
        let frame = Frame::new(&customers)
            .with_columns(vec![
                column("amount_365d", ColumnKind::Decimal, amounts),
                column("orders_365d", ColumnKind::Integer, orders),
            ])
            .unwrap();
        let holds = compiled(&sql).evaluate(&frame).unwrap();
        let holds: String = holds.into_iter().map(digit).collect();
        assert_eq!(holds, expected, "{sql}");
    }
}

#[test]
fn names_its_columns_once() {
    let predicate = compiled("orders_365d > 1 AND (AMOUNT_365d > 1 OR orders_365d > 5)");
    assert_eq!(predicate.columns(), ["amount_365d", "orders_365d"]);
    assert!(compiled("TRUE").columns().is_empty());
}

#[test]
fn a_frame_without_the_column_is_an_error() {
    let frame = Frame::new(&[CustomerId(1)]);
    let missing = compiled("is_key").evaluate(&frame);
    assert!(matches!(missing, Err(Error::UnknownColumn { name }) if name == "is_key"));
    assert_eq!(compiled("TRUE").evaluate(&frame).unwrap(), [Some(true)]);
    assert_eq!(compiled("TRUE").evaluate(&Frame::new(&[])).unwrap(), [] as [Option<bool>; 0]);
}

/// A text, the place of its mistake (`None` when that is not checked), a part of what is said.
type Mistake = (&'static str, Option<(u64, u64)>, &'static str);

const MISTAKES: &[Mistake] = &[
    ("", None, "is empty"),
    (" -- nothing\n", None, "is empty"),
    ("amount_365d >", None, "Expected: an expression"),
    ("amount_365d > > 1", Some((1, 15)), "Expected: an expression"),
    ("amount_365d > 1 2", Some((1, 17)), "found 2"),
    ("amount_365d > 1 AS x", Some((1, 17)), "found AS"),
    ("amount_365d > 1; DROP TABLE customer", Some((1, 16)), "found ;"),
    ("(is_key", None, "Expected: )"),
    ("city = 'open", Some((1, 8)), "Unterminated string literal"),
    (
        "orders_365d > 1\nAND amount_365 > 5",
        Some((2, 5)),
        "no column amount_365; did you mean amount_365d",
    ),
    ("abc_grade = A", Some((1, 13)), "single quotes"),
    ("abc_grade = \"A\"", Some((1, 13)), "single quotes"),
    ("frame.is_key", Some((1, 1)), "frame.is_key cannot be used"),
    ("amount_365d", Some((1, 1)), "must be true or false, but is a number"),
    ("NULL", Some((1, 1)), "must be true or false, but is null"),
    ("amount_365d > 'A'", Some((1, 15)), "this is text, which cannot stand beside a number"),
    ("abc_grade > 5", Some((1, 13)), "this is a number, which cannot stand beside text"),
    ("orders_365d IN (1, '2')", Some((1, 20)), "text"),
    ("orders_365d BETWEEN 1 AND 'x'", Some((1, 27)), "text"),
    ("amount_365d AND is_key", Some((1, 1)), "this is a number, but must be true or false"),
    ("NOT orders_365d", Some((1, 5)), "must be true or false"),
    ("-city = 'x'", Some((1, 2)), "must be a number"),
    ("city + 1 > 0", Some((1, 1)), "must be a number"),
    ("orders_365d LIKE '1%'", Some((1, 1)), "must be text"),
    ("coalesce(city, 0) = 0", Some((1, 16)), "text"),
    ("lower(orders_365d) = 'a'", Some((1, 7)), "must be text"),
    ("CASE WHEN is_key THEN 1 ELSE 'x' END = 1", Some((1, 30)), "text"),
    ("orders_365d > 1e309", Some((1, 15)), "at most 28 digits"),
    ("orders_365d > 123456789012345678901234567890", Some((1, 15)), "at most 28 digits"),
    ("now() > 1", Some((1, 1)), "function now cannot be used"),
    ("random() < 0.5", Some((1, 1)), "function random cannot be used"),
    ("sum(amount_365d) > 1", Some((1, 1)), "function sum cannot be used"),
    ("count(*) > 1", Some((1, 1)), "function count cannot be used"),
    ("round(DISTINCT orders_365d) > 1", Some((1, 1)), "plain arguments"),
    ("abs(orders_365d, 1) > 1", Some((1, 1)), "takes 1 plain"),
    ("abs() > 1", Some((1, 1)), "takes 1 plain"),
    ("abs(orders_365d) OVER () > 1", Some((1, 1)), "cannot be used"),
    ("EXISTS (SELECT 1)", None, "cannot be used"),
    ("orders_365d IN (SELECT 1)", None, "cannot be used"),
    ("orders_365d > (SELECT 1)", None, "cannot be used"),
    ("orders_365d > $1", None, "cannot be used"),
    ("orders_365d > ?", None, "cannot be used"),
    ("CAST(city AS INT) > 1", None, "cannot be used"),
    ("city::int > 1", None, "cannot be used"),
    ("city ~ 'x'", None, "~ cannot be used"),
    ("orders_365d & 1 = 1", None, "cannot be used"),
    ("city COLLATE x = 'a'", None, "cannot be used"),
    ("DATE '2024-01-01' > 1", None, "cannot be used"),
    ("city = X'00'", None, "cannot be used"),
    ("(1, 2) = (1, 2)", None, "cannot be used"),
    ("*", None, ""),
];

#[test]
fn mistakes_are_named_with_their_place() {
    for &(sql, position, message) in MISTAKES {
        let Err(error) = compile(sql, &schema()) else { panic!("{sql} was compiled") };
        assert!(error.message.contains(message), "{sql}: {error}");
        if position.is_some() {
            assert_eq!(error.position, position, "{sql}: {error}");
        }
        assert!(!error.message.is_empty() && !error.to_string().ends_with('.'), "{error}");
    }
}

/// None of these may end the process; whether they compile is their own affair.
#[test]
fn nasty_texts() {
    let deep =
        |open: &str, close: &str, times| open.repeat(times) + "is_key" + &close.repeat(times);
    for (sql, compiles) in [
        (deep("(", ")", 20), true),
        (deep("(", ")", 4_000), false),
        (deep("NOT ", "", 40), true),
        (deep("NOT ", "", 900), false),
        (deep("-", "", 5_000), false),
        (deep("CASE WHEN is_key THEN ", " ELSE FALSE END", 10), true),
        (deep("CASE WHEN is_key THEN ", " ELSE FALSE END", 300), false),
        (deep("coalesce(", ")", 15), true),
        (deep("coalesce(", ")", 600), false),
        ("is_key".to_owned() + &" AND is_key".repeat(140), true),
        ("is_key".to_owned() + &" AND is_key".repeat(900), false),
        ("1".to_owned() + &"+1".repeat(140) + " > 1", true),
        ("1".to_owned() + &"+1".repeat(4_990) + " > 1", false),
        (format!("orders_365d IN (1{})", ", 2".repeat(900)), true),
        (format!("city = '{}'", "长".repeat(3_000)), true),
        (format!("city = '{}'", "长".repeat(4_000)), false),
        ("city = '\0\u{202e}'".to_owned(), true),
        ("\u{feff}is_key".to_owned(), false),
        ("is_key\u{0}".to_owned(), false),
        ("{fn abs(1)} = 1".to_owned(), true),
        ("orders_365d > 0x1F".to_owned(), false),
        ("orders_365d > 1_000".to_owned(), false),
        ("orders_365d > 1L".to_owned(), false),
        ("-9223372036854775808 < orders_365d".to_owned(), true),
        ("- -9223372036854775808 > 9223372036854775807 + 1".to_owned(), false),
        ("round(amount_365d, 99999999999) > 1".to_owned(), false),
        ("round(amount_365d, orders_365d) > 1".to_owned(), true),
        ("amount_365d * 1000000 * 1000000 * 1000000 * 1000000 * 1000000 > 1".to_owned(), true),
        ("amount_365d LIKE NULL".to_owned(), false),
        ("city LIKE NULL".to_owned(), true),
        ("city IN (NULL)".to_owned(), true),
        ("NULL IN (NULL)".to_owned(), true),
        ("NULL = NULL".to_owned(), true),
        ("NULL + NULL > 1".to_owned(), true),
        ("NULL / NULL > 1".to_owned(), true),
        ("NOT NULL".to_owned(), true),
        ("coalesce(NULL) > 1".to_owned(), true),
        ("CASE WHEN NULL THEN NULL END IS NULL".to_owned(), true),
        ("NULL BETWEEN NULL AND NULL".to_owned(), true),
        ("0.0000000000000000000000000001 < weekend_share".to_owned(), true),
        ("0.00000000000000000000000000001 < weekend_share".to_owned(), false),
        ("weekend_share / 0.0000000000000000000000000001 > 5".to_owned(), true),
        ("city || city || NULL = 'a'".to_owned(), true),
    ] {
        let start: String = sql.chars().take(60).collect();
        let result = compile(&sql, &schema());
        assert_eq!(result.is_ok(), compiles, "{start}: {:?}", result.err());
        if let Ok(predicate) = result {
            // A number may grow too large, which is so of a customer; the process may not stop.
            assert_eq!(predicate.evaluate(&frame()).unwrap().len(), 5, "{start}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_predicate_or_an_error(sql in "\\PC{0,40}") {
        let _ = compile(&sql, &schema());
    }

    #[test]
    fn any_row_of_words_is_a_predicate_or_an_error(words in prop::collection::vec(prop::sample::select(vec![
        "amount_365d", "orders_365d", "weekend_share", "abc_grade", "is_key", "'A'", "0", "1", "1.5", "NULL",
        "TRUE", "AND", "OR", "NOT", "(", ")", "=", "<", ">=", "+", "-", "*", "/", "%", "IS", "IN", "BETWEEN",
        "LIKE", "CASE", "WHEN", "THEN", "ELSE", "END", ",", "coalesce(", "round(", "nullif(", "||",
    ]), 1..14)) {
        let sql = words.join(" ");
        if let Ok(predicate) = compile(&sql, &schema()) {
            prop_assert!(predicate.evaluate(&frame()).is_ok(), "{}", sql);
        }
    }
}

/// Whether each of the five customers is close, and what the bounds are.
fn near(sql: &str) -> (Vec<bool>, Vec<String>) {
    let frame = frame();
    let mut schema = Schema::default();
    for (name, kind) in frame.columns() {
        schema.add(name, kind);
    }
    let near = super::compile_near(sql, &schema, "0.1".parse().unwrap(), ENGINE.state()).unwrap();
    let bounds = near.bounds().iter().map(|bound| {
        let sign = if bound.at_least { ">" } else { "<" };
        format!("{} {sign} {}", bound.column, bound.limit)
    });
    (near.close(&frame).unwrap(), bounds.collect())
}

#[test]
fn who_is_close_to_a_predicate() {
    let close = |places: &[usize]| (1..=5).map(|it| places.contains(&it)).collect::<Vec<_>>();
    for (sql, places, bounds) in [
        ("amount_365d >= 100000", &[2][..], &["amount_365d > 100000"][..]),
        ("110000 < amount_365d", &[1, 2], &["amount_365d > 110000"]),
        ("amount_365d > -5", &[4], &["amount_365d > -5"]),
        // Of whole numbers one is close.
        ("orders_365d >= 4", &[3], &["orders_365d > 4"]),
        ("orders_365d <= 0", &[4], &["orders_365d < 0"]),
        ("orders_365d BETWEEN 13 AND 20", &[1], &["orders_365d > 13", "orders_365d < 20"]),
        (
            "(amount_365d >= 100000 AND orders_365d >= 1) OR abc_grade = 'Z'",
            &[2],
            &["amount_365d > 100000", "orders_365d > 1"],
        ),
        ("NOT amount_365d < 100000", &[], &[]),
        ("abc_grade = 'B'", &[], &[]),
        ("amount_365d + 1 >= 100001", &[], &[]),
    ] {
        assert_eq!(near(sql), (close(places), bounds.iter().map(|it| (*it).to_owned()).collect()));
    }
}

#[test]
fn what_a_value_lacks() {
    let mut schema = Schema::default();
    schema.add("amount_365d", ColumnKind::Decimal);
    let lacking = |sql: &str, value: &str| {
        let share = "0.1".parse().unwrap();
        let near = super::compile_near(sql, &schema, share, ENGINE.state()).unwrap();
        let value = Value::Number(value.parse().unwrap());
        near.bounds()[0].lacks(&value).map(|lacks| lacks.to_string())
    };
    for (sql, value, lacks) in [
        ("amount_365d >= 100", "100", None),
        ("amount_365d >= 100", "92.5", Some("7.5")),
        ("amount_365d >= 100", "90", Some("10")),
        ("amount_365d >= 100", "89", None),
        ("amount_365d > 100", "100", Some("0")),
        ("amount_365d < 100", "105", Some("5")),
        ("amount_365d <= 100", "111", None),
    ] {
        assert_eq!(lacking(sql, value).as_deref(), lacks, "{sql} of {value}");
    }
}
