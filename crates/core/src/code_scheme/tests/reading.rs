//! Decoding, validating and suggesting.

use proptest::prelude::*;

use super::*;

/// A scheme for every kind of segment and several checks.
fn schemes() -> Vec<CompiledScheme> {
    let size = || table("size", &[("large", "1"), ("huge", "1"), ("small", "2")], "9", false);
    vec![
        standard(),
        compiled("KH-{size}{yy}{month}.{seq:5}{check:damm}", vec![size()]),
        compiled("{seq:5:base32}-{country}{check:mod37_2}", vec![country()]),
        compiled("k{class:3}{year}/{seq:3:base36}{check:mod97_10}", vec![]),
        compiled("{size}{seq:4}{check:mod11_2}", vec![size()]),
        compiled("{country}{seq:4}", vec![country()]),
    ]
}

#[test]
fn a_code_says_what_it_means() {
    let scheme = &schemes()[1];
    let code = code(scheme, "", &[("size", "huge")], 42);
    assert_eq!(code.displayed, "KH-11112.000423");
    for form in [&code.displayed, &code.normalised] {
        let decoded = scheme.decode(form).unwrap();
        let told: Vec<_> = decoded
            .iter()
            .map(|part| {
                (part.name.as_str(), part.kind, part.text.as_str(), part.meaning.as_deref())
            })
            .collect();
        assert_eq!(
            told,
            [
                ("literal", SegmentKind::Literal, "KH", None),
                ("size", SegmentKind::Attribute, "1", Some("huge / large")),
                ("yy", SegmentKind::Date, "11", None),
                ("month", SegmentKind::Date, "12", None),
                ("seq", SegmentKind::Sequence, "00042", Some("42")),
                ("check", SegmentKind::Check, "3", None),
            ]
        );
    }
}

#[test]
fn unknown_and_passed_through_values() {
    let scheme = standard();
    for (value, meaning) in [("UK", Some("UK")), ("FR", Some("FR")), ("France", None)] {
        let code = code(&scheme, "A", &[("country", value)], 1);
        assert_eq!(scheme.decode(&code.displayed).unwrap()[0].meaning.as_deref(), meaning);
    }
}

#[test]
fn what_is_no_code_says_why() {
    let scheme = standard();
    let good = code(&scheme, "A", &[("country", "GB")], 123).normalised;
    assert_eq!(good, "GBA000123E");
    for (text, place) in [
        ("G!A000123E", Some(("country", 0))),
        ("GB客000123E", Some(("class", 2))),
        ("GBA00O123E", Some(("seq", 3))),
        ("GBA000000E", Some(("seq", 3))),
        ("GBA000123*", Some(("check", 9))),
        ("GBA000123Q", None),
    ] {
        match (scheme.decode(text).unwrap_err(), place) {
            (DecodeError::Segment { name, position, .. }, Some(place)) => {
                assert_eq!((name.as_str(), position), place, "{text}");
            }
            (DecodeError::Check { expected, found }, None) => {
                assert_eq!((expected.as_str(), found.as_str()), ("E", "Q"));
            }
            (error, _) => panic!("{text}: {error}"),
        }
    }
    for (text, found) in [("", 0), ("GBA000123", 9), ("GBA0001234E", 11), ("客户", 2)] {
        assert_eq!(scheme.decode(text), Err(DecodeError::Length { expected: 10, found }), "{text}");
    }
}

#[test]
fn validity_tells_form_from_check() {
    let scheme = standard();
    for (text, well_formed, check_ok, expected) in [
        ("gb-a000123e", true, true, Some("E")),
        ("GBA000123Q", true, false, Some("E")),
        ("GBA000123?", false, false, Some("E")),
        ("GBA00O123E", false, false, None),
        ("GBA000123", false, false, None),
        ("", false, false, None),
    ] {
        let expected_check = expected.map(str::to_owned);
        let validity = Validity { well_formed, check_ok, expected_check };
        assert_eq!(scheme.validate(text), validity, "{text}");
    }
    let unchecked = compiled("{country}{seq:4}", vec![country()]);
    let sound = Validity { well_formed: true, check_ok: true, expected_check: None };
    assert_eq!(unchecked.validate("GB0001"), sound);
}

#[test]
fn slips_have_suggestions() {
    let scheme = standard();
    for (typed, meant) in [
        ("GB-A000132E", "GB-A000123E"),
        ("GB-A0O0123E", "GB-A000123E"),
        ("gba000128e", "GB-A000123E"),
        ("BG-A000123E", "GB-A000123E"),
        ("GB-A00012E3", "GB-A000123E"),
    ] {
        let suggestions = scheme.suggestions(typed);
        assert!(suggestions.contains(&meant.to_owned()), "{typed}: {suggestions:?}");
        assert!(suggestions.is_sorted_by(|left, right| left < right), "{typed}: {suggestions:?}");
        assert!(suggestions.iter().all(|found| scheme.validate(found).check_ok), "{typed}");
    }
    for nothing in ["GB-A000123E", "", "GB-A00012E", "客户"] {
        assert_eq!(scheme.suggestions(nothing), Vec::<String>::new(), "{nothing}");
    }
}

proptest! {
    #[test]
    fn codes_are_read_back(seq in 1..=999_u64, class in "[0-9A-Z]", known in any::<bool>()) {
        for scheme in schemes() {
            let size = if known { "large" } else { "immense" };
            let code = code(&scheme, &class, &[("country", "DE"), ("size", size)], seq);
            for form in [&code.displayed, &code.normalised] {
                prop_assert_eq!(&scheme.normalise(form), &code.normalised);
                prop_assert!(scheme.validate(form).check_ok);
                let decoded = scheme.decode(form).unwrap();
                let texts: String = decoded.iter().map(|segment| segment.text.as_str()).collect();
                prop_assert_eq!(&texts, &code.normalised);
                let number = decoded.iter().find(|part| part.kind == SegmentKind::Sequence);
                let meaning = number.and_then(|part| part.meaning.clone());
                prop_assert_eq!(meaning, Some(seq.to_string()));
            }
        }
    }

    #[test]
    fn the_code_that_was_meant_is_suggested(
        seq in 1..=99_999_u64,
        place in any::<prop::sample::Index>(),
        typed in prop::sample::select(('0'..='9').chain('A'..='Z').chain(['客', '*']).collect::<Vec<_>>()),
    ) {
        for scheme in [&schemes()[0], &schemes()[1]] {
            let code = code(scheme, "A", &[("country", "DE"), ("size", "large")], seq);
            let mut slipped: Vec<char> = code.normalised.chars().collect();
            *place.get_mut(&mut slipped) = typed;
            let slipped: String = slipped.into_iter().collect();
            if slipped != code.normalised {
                prop_assert!(!scheme.validate(&slipped).check_ok);
                prop_assert!(scheme.suggestions(&slipped).contains(&code.displayed));
            }
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>(), near in "[0-9A-Zé客 -]{8,12}") {
        for scheme in schemes() {
            for text in [&text, &near] {
                let decoded = scheme.decode(text);
                prop_assert_eq!(decoded.is_ok(), scheme.validate(text).check_ok);
                scheme.suggestions(text);
            }
        }
    }
}
