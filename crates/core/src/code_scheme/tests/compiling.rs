//! Templates and schemes: what is refused, and where the fault is said to be.

use proptest::prelude::*;

use super::*;
use crate::check::CheckSystem;

#[test]
fn a_template_becomes_segments() {
    let template = Template::parse("KH-{country}{industry:2}{yy}{seq:5:base32}{check:damm}");
    let attribute = |name: &str, width| Segment::Attribute { name: name.to_owned(), width };
    assert_eq!(
        template.unwrap().segments(),
        [
            Segment::Literal("KH-".to_owned()),
            attribute("country", None),
            attribute("industry", Some(2)),
            Segment::Date(DatePart::ShortYear),
            Segment::Sequence { width: 5, alphabet: SequenceAlphabet::Base32 },
            Segment::Check(CheckSystem::Damm),
        ]
    );
}

#[test]
fn template_faults_have_their_place() {
    for (template, position, part) in [
        ("", 0, "no sequence"),
        ("KH-", 3, "no sequence"),
        ("K{seq:6", 1, "close it"),
        ("K}{seq:6}", 1, "remove it"),
        ("客{seq:6}", 0, "cannot stand in a code"),
        ("K {seq:6}", 0, "cannot stand in a code"),
        ("K{}{seq:6}", 1, "no attribute"),
        ("K{Country}{seq:6}", 1, "no attribute"),
        ("K{{seq:6}}", 1, "no attribute"),
        ("K{seq}", 1, "{seq:width}"),
        ("K{seq:0}", 1, "from 1 to 18"),
        ("K{seq:19}", 1, "from 1 to 18"),
        ("K{seq:13:base32}", 1, "from 1 to 12"),
        ("K{seq:+6}", 1, "from 1 to 18"),
        ("K{seq:６}", 1, "from 1 to 18"),
        ("K{seq:6:hex}", 1, "use base32, base36, clear"),
        ("K{seq:6}{check}", 8, "{check:system}"),
        ("K{seq:6}{check:crc}", 8, "unknown check system"),
        ("K{seq:6}{check:luhn}-", 8, "not last"),
        ("{check:luhn}{seq:6}", 0, "not last"),
        ("{seq:6}{seq:6}", 7, "second sequence"),
        ("{class:1}{class:1}{seq:6}", 9, "second class"),
        ("{seq:6}{check:luhn}{check:luhn}", 7, "not last"),
        ("{class}{seq:6}", 0, "{class:width}"),
        ("{year:4}{seq:6}", 0, "no width"),
        ("{city:1:2}{seq:6}", 0, "too many colons"),
    ] {
        let fault = Template::parse(template).unwrap_err();
        assert_eq!(fault.position, position, "{template}: {fault}");
        assert!(fault.message.contains(part), "{template}: {fault}");
    }
}

fn fields(problems: &[Problem]) -> Vec<&str> {
    problems.iter().map(|problem| problem.field.as_str()).collect()
}

#[test]
fn every_fault_of_a_scheme_is_told() {
    let broken = CodeScheme {
        id: "Standard".to_owned(),
        taxonomy: String::new(),
        recoding: Recoding::OnClassChange,
        ..scheme(
            "{city}{size:1}{seq:6}{seq:1}{check:crc}",
            vec![
                table("size", &[("large", "10"), ("small", "s")], "", false),
                table("size", &[], "9", false),
                table("class", &[], "9", false),
            ],
        )
    };
    let problems = broken.compile().unwrap_err();
    assert_eq!(
        fields(&problems),
        [
            "id",
            "recoding",
            "template",
            "template",
            "tables[0].unknown",
            "tables[0].entries[small]",
            "tables[1].attribute",
            "tables[2].attribute",
            "template",
        ]
    );
    assert!(problems.last().unwrap().message.contains("{city} has no code table"), "{problems:?}");
}

#[test]
fn tables_must_fit_their_segment() {
    let sizes = |codes: &[(&str, &str)], unknown| vec![table("size", codes, unknown, false)];
    for (template, tables, field) in [
        ("{size:1}{seq:4}", sizes(&[("large", "10")], "9"), "tables[0].entries[large]"),
        ("{size:2}{seq:4}", sizes(&[("l", "1"), ("s", "01")], "9"), "tables[0].entries[s]"),
        ("{size:2}{seq:4}", sizes(&[("l", "9")], "9"), "tables[0].entries[l]"),
        ("{size:2}{seq:4}", sizes(&[("l", "9")], "09"), "tables[0].entries[l]"),
        ("{size}{seq:4}", sizes(&[("l", "10")], "9"), "template"),
        ("{seq:4}", sizes(&[], "9"), "tables[0].attribute"),
        ("{country:3}{seq:4}", vec![country()], "tables[0].unknown"),
        ("{a:12}{a:12}{a:12}{a:12}{a:12}{seq:6}", vec![table("a", &[], "0", false)], "template"),
    ] {
        let problems = scheme(template, tables).compile().unwrap_err();
        assert_eq!(fields(&problems), [field], "{template} {problems:?}");
    }
    let shared = sizes(&[("large", "1"), ("huge", "1")], "9");
    assert!(scheme("{size}{seq:4}", shared).compile().is_ok());
}

#[test]
fn a_check_must_protect_what_stands_before_it() {
    let digits = || table("size", &[("large", "1")], "9", false);
    let letters = || table("size", &[("large", "L")], "9", false);
    for (template, tables, sound) in [
        ("KH{seq:6}{check:luhn}", vec![], true),
        ("{yy}{month}{seq:6}{check:damm}", vec![], true),
        ("{size}{seq:6}{check:mod11_2}", vec![digits()], true),
        ("{size}{seq:6}{check:mod11_2}", vec![letters()], false),
        ("{country}{seq:6}{check:verhoeff}", vec![country()], false),
        ("{class:1}{seq:6}{check:mod11_10}", vec![], false),
        ("{seq:6:base32}{check:luhn}", vec![], false),
        ("{seq:6:base36}{check:damm}", vec![], false),
        ("{class:1}{seq:6:base32}{check:mod97_10}", vec![], true),
        ("{country}{seq:6:base36}{check:mod37_2}", vec![country()], true),
    ] {
        let result = scheme(template, tables).compile();
        assert_eq!(result.is_ok(), sound, "{template} {result:?}");
        if let Err(problems) = result {
            assert_eq!(fields(&problems), ["template"], "{template}");
        }
    }
}

#[test]
fn a_class_needs_a_taxonomy() {
    let without = |template| CodeScheme { taxonomy: String::new(), ..scheme(template, vec![]) };
    assert!(without("{seq:6}").compile().is_ok());
    assert_eq!(fields(&without("{class:1}{seq:6}").compile().unwrap_err()), ["taxonomy"]);
}

#[test]
fn a_scheme_survives_json() {
    let scheme = scheme("{country}{seq:6}{check:mod37_36}", vec![country()]);
    let json = serde_json::to_string(&scheme).unwrap();
    assert!(json.contains("\"recoding\":\"permanent\""), "{json}");
    assert_eq!(serde_json::from_str::<CodeScheme>(&json).unwrap(), scheme);
    let short: CodeTable = serde_json::from_str(r#"{"attribute":"a","unknown":"0"}"#).unwrap();
    assert_eq!(short, table("a", &[], "0", false));
}

proptest! {
    #[test]
    fn no_template_panics(text in any::<String>(), near in "[a-z0-9:{}客-]{0,24}") {
        for template in [text, near] {
            let parsed = Template::parse(&template);
            let compiled = scheme(&template, vec![]).compile();
            prop_assert!(parsed.is_ok() || compiled.is_err());
        }
    }
}
