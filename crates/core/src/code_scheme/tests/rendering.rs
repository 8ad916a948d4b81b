//! Prefixes, codes and the normalised form.

use proptest::prelude::*;

use super::*;

#[test]
fn codes_of_known_customers() {
    let sizes = || table("size", &[("large", "1"), ("small", "22")], "9", false);
    for (template, tables, class, attributes, seq, displayed) in [
        (
            "{country}-{class:1}{seq:6}",
            vec![country()],
            "A",
            &[("country", "FR")][..],
            1,
            "FR-A000001",
        ),
        ("{country}-{class:1}{seq:6}", vec![country()], "A", &[("country", "UK")], 1, "GB-A000001"),
        ("{country}-{class:1}{seq:6}", vec![country()], "A", &[("country", "fr")], 1, "FR-A000001"),
        (
            "{country}-{class:1}{seq:6}",
            vec![country()],
            "A",
            &[("country", "FRA")],
            1,
            "XX-A000001",
        ),
        ("{country}-{class:1}{seq:6}", vec![country()], "A", &[("country", "é")], 1, "XX-A000001"),
        ("{country}-{class:1}{seq:6}", vec![country()], "A", &[], 1, "XX-A000001"),
        ("{size:2}{seq:2}", vec![sizes()], "", &[("size", "large")], 99, "0199"),
        ("{size:2}{seq:2}", vec![sizes()], "", &[("size", "small")], 1, "2201"),
        ("{size:2}{seq:2}", vec![sizes()], "", &[("size", "9")], 1, "0901"),
        ("kh-{class:3}.{seq:3}", vec![], "hv", &[], 7, "kh-0HV.007"),
        ("{year}{month}-{seq:3}/{yy}", vec![], "", &[], 7, "201112-007/11"),
        ("{seq:4:base32}", vec![], "", &[], 32_u64.pow(4) - 1, "ZZZZ"),
        ("{seq:4:base32}", vec![], "", &[], 18 * 32 + 20, "00JM"),
        ("{seq:4:base36}", vec![], "", &[], 36 * 18 + 21, "00IL"),
        ("{seq:18}", vec![], "", &[], 999_999_999_999_999_999, "999999999999999999"),
        // Payloads and checks as published for these systems.
        ("{seq:11}{check:luhn}", vec![], "", &[], 7_992_739_871, "079927398713"),
        ("{seq:3}-{check:damm}", vec![], "", &[], 572, "572-4"),
        ("{seq:3}{check:verhoeff}", vec![], "", &[], 236, "2363"),
        ("KH-{seq:3}{check:verhoeff}", vec![], "", &[], 236, "KH-2363"),
        ("{seq:4}{check:mod11_2}", vec![], "", &[], 794, "07940"),
        ("{seq:4}{check:mod11_10}", vec![], "", &[], 794, "07945"),
        ("{seq:4}{check:mod97_10}", vec![], "", &[], 5367, "536702"),
    ] {
        let scheme = compiled(template, tables);
        assert_eq!(code(&scheme, class, attributes, seq).displayed, displayed, "{template}");
    }
}

#[test]
fn letters_count_from_ten() {
    // The IBAN of the standard, its country and check moved to the end: GB82 WEST 1234 5698 7654 32.
    let scheme = compiled("WEST-{seq:14}GB{check:mod97_10}", vec![]);
    let iban = code(&scheme, "", &[], 12_345_698_765_432);
    assert_eq!(iban.displayed, "WEST-12345698765432GB82");
    assert_eq!(iban.normalised, "WEST12345698765432GB82");
}

#[test]
fn each_prefix_has_its_own_counter() {
    let scheme = compiled("{country}-{seq:3}-{yy}{class:1}{check:mod37_2}", vec![country()]);
    let key = |class: &str, country: &'static str, date: &str| {
        let attributes = |_: &str| Some(country.to_owned());
        scheme.prefix(class, &attributes, day(date)).unwrap().key().to_owned()
    };
    assert_eq!(key("A", "GB", "2011-12-10"), "GB###11A");
    assert_eq!(key("A", "UK", "2011-01-01"), "GB###11A");
    assert_eq!(key("B", "GB", "2011-12-10"), "GB###11B");
    assert_eq!(key("A", "FR", "2012-12-10"), "FR###12A");
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let scheme = compiled("{class:2}{year}{seq:2}", vec![]);
    let prefix = |class: &str, date| scheme.prefix(class, &|_| None, date).map(|_| ());
    let today = day("2011-12-10");
    let class = || "ABC".to_owned();
    assert_eq!(prefix("ABC", today), Err(PrefixError::ClassTooWide { class: class(), width: 2 }));
    assert_eq!(prefix("", today), Err(PrefixError::ClassCharacters(String::new())));
    assert_eq!(prefix("A-", today), Err(PrefixError::ClassCharacters("A-".to_owned())));
    assert_eq!(prefix("高", today), Err(PrefixError::ClassCharacters("高".to_owned())));
    assert_eq!(prefix("A", NaiveDate::MIN), Err(PrefixError::Year(-262_143)));
    assert_eq!(scheme.class_text("a"), Ok(Some("0A".to_owned())));
    assert_eq!(compiled("{seq:2}", vec![]).class_text("高"), Ok(None));
}

#[test]
fn a_sequence_ends_at_its_capacity() {
    for (template, capacity) in [
        ("{seq:1}", 9),
        ("{seq:6}", 999_999),
        ("{seq:18}", 999_999_999_999_999_999),
        ("{seq:2:base32}", 1023),
        ("{seq:12:base36}", 4_738_381_338_321_616_895),
    ] {
        let scheme = compiled(template, vec![]);
        let prefix = scheme.prefix("", &|_| None, day("2011-12-10")).unwrap();
        assert_eq!(scheme.capacity(), capacity, "{template}");
        assert!(i64::try_from(capacity).is_ok() && scheme.render(&prefix, capacity).is_ok());
        for sequence in [0, capacity + 1, u64::MAX] {
            let refused = scheme.render(&prefix, sequence);
            assert_eq!(refused, Err(CapacityExhausted { sequence, capacity }), "{template}");
        }
    }
}

#[test]
fn spellings_of_one_code_are_equal() {
    let scheme = compiled("{country}-{seq:4:base32}", vec![country()]);
    for spelling in [
        "GB-10JM",
        "gb10jm",
        " GB 10 JM ",
        "ＧＢ－１０ＪＭ",
        "gb–1o.jm",
        "GB_I0JM",
        "GB/LOJM",
        "\u{feff}GB10\u{200b}JM\0",
    ] {
        assert_eq!(scheme.normalise(spelling), "GB10JM", "{spelling}");
    }
    assert_eq!(scheme.normalise("IL-10JM"), "IL10JM");
    assert_eq!(scheme.normalise("GB-LO"), "GBLO");
    assert_eq!(standard().normalise("gb-aOOOOO1i"), "GBAOOOOO1I");
    assert_eq!(normalise("旧编码－０１ａ"), "旧编码01A");
}

proptest! {
    #[test]
    fn normalising_twice_changes_nothing(text in any::<String>()) {
        let once = normalise(&text);
        prop_assert_eq!(normalise(&once), once.as_str());
        let scheme = compiled("{country}-{seq:4:base32}", vec![country()]);
        let once = scheme.normalise(&text);
        prop_assert_eq!(scheme.normalise(&once), once.as_str());
    }

    #[test]
    fn different_numbers_have_different_codes(one in 1..=999_999_u64, other in 1..=999_999_u64) {
        let scheme = standard();
        let one_code = code(&scheme, "A", &[], one);
        prop_assert_eq!(one == other, one_code == code(&scheme, "A", &[], other));
        prop_assert_eq!(normalise(&one_code.displayed), one_code.normalised);
    }
}
