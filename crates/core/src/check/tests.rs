//! Against published and computed vectors, and against what each system promises.

use proptest::prelude::*;

use super::*;

const VECTORS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/data/check_digits/check_digit_vectors.csv"
));

fn system_of_vector(algorithm: &str) -> Option<CheckSystem> {
    algorithm.replacen("mod_", "mod", 1).parse().ok()
}

#[test]
fn agrees_with_every_vector() {
    let mut seen = [0; 8];
    for line in VECTORS.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [algorithm, number, valid, payload, check, ..] = fields[..] else {
            panic!("short line {line}");
        };
        let Some(system) = system_of_vector(algorithm) else { continue };
        assert_eq!(system.verify(number), valid == "true", "{line}");
        if !check.is_empty() {
            assert_eq!(system.compute(payload).as_deref(), Ok(check), "{line}");
        }
        let place = CheckSystem::ALL.iter().position(|other| *other == system).unwrap();
        seen[place] += 1;
    }
    assert_eq!(seen, [189, 180, 186, 186, 186, 182, 173, 181]);
}

#[test]
fn names_round_trip() {
    for system in CheckSystem::ALL {
        assert_eq!(system.to_string().parse(), Ok(system));
        let json = serde_json::to_string(&system).unwrap();
        assert_eq!(json, format!("\"{system}\""));
        assert_eq!(serde_json::from_str::<CheckSystem>(&json).unwrap(), system);
    }
    assert_eq!("mod11-2".parse::<CheckSystem>(), Err(UnknownCheckSystem("mod11-2".to_owned())));
}

#[test]
fn foreign_characters_are_named() {
    for (system, payload, character, position) in [
        (CheckSystem::Luhn, "12a4", 'a', 2),
        (CheckSystem::Mod11_2, "12X", 'X', 2),
        (CheckSystem::Mod37_2, "A*B", '*', 1),
        (CheckSystem::Mod37_36, "ab", 'a', 0),
        (CheckSystem::Mod97_10, "中1", '中', 0),
        (CheckSystem::Damm, "1 2", ' ', 1),
        (CheckSystem::Damm, "1２", '２', 1),
    ] {
        let alphabet = system.alphabet();
        let expected = CheckError::Character { character, position, alphabet };
        assert_eq!(system.compute(payload), Err(expected));
    }
    assert_eq!(CheckSystem::Verhoeff.compute(""), Err(CheckError::Empty));
}

/// Whether the system promises to see `left` and `right` change places.
fn promises_transposition(system: CheckSystem, left: char, right: char) -> bool {
    match system {
        CheckSystem::Luhn => !matches!((left, right), ('0', '9') | ('9', '0')),
        CheckSystem::Mod11_10 | CheckSystem::Mod37_36 => false,
        CheckSystem::Mod97_10 => left.is_ascii_digit() == right.is_ascii_digit(),
        CheckSystem::Damm | CheckSystem::Verhoeff | CheckSystem::Mod11_2 | CheckSystem::Mod37_2 => {
            true
        }
    }
}

/// Whether the system promises to see `old` become `new`.
fn promises_substitution(system: CheckSystem, old: char, new: char) -> bool {
    system != CheckSystem::Mod97_10 || old.is_ascii_digit() == new.is_ascii_digit()
}

fn with(number: &[char], place: usize, character: char) -> String {
    let mut slipped = number.to_vec();
    slipped[place] = character;
    slipped.into_iter().collect()
}

fn assert_promises(system: CheckSystem, number: &str) {
    let characters: Vec<char> = number.chars().collect();
    for place in 0..characters.len() {
        for new in ALPHANUMERIC_AND_STAR.chars().filter(|new| *new != characters[place]) {
            if promises_substitution(system, characters[place], new) {
                let slipped = with(&characters, place, new);
                assert!(!system.verify(&slipped), "{system}: {number} and {slipped}");
            }
        }
    }
    for place in 1..characters.len() {
        let (left, right) = (characters[place - 1], characters[place]);
        if left != right && promises_transposition(system, left, right) {
            let mut swapped = characters.clone();
            swapped.swap(place - 1, place);
            let swapped: String = swapped.into_iter().collect();
            assert!(!system.verify(&swapped), "{system}: {number} and {swapped}");
        }
    }
}

#[test]
fn the_share_of_transpositions_that_hybrids_miss() {
    for (system, pairs) in [(CheckSystem::Mod11_10, 45), (CheckSystem::Mod37_36, 630)] {
        let (mut missed, mut all) = (0, 0);
        for first in system.alphabet().chars() {
            for (rank, left) in system.alphabet().chars().enumerate() {
                for right in system.alphabet().chars().skip(rank + 1) {
                    let check = |a, b| system.compute(&String::from_iter([first, a, b]));
                    all += 1;
                    missed += i32::from(check(left, right) == check(right, left));
                }
            }
        }
        assert!(missed > 0 && missed * pairs <= all, "{system}: {missed} of {all}");
    }
}

proptest! {
    #[test]
    fn slips_are_caught(digits in "[0-9]{1,24}", mixed in "[0-9A-Z]{1,24}") {
        for system in CheckSystem::ALL {
            let payload = if system.alphabet() == DIGITS { &digits } else { &mixed };
            let number = format!("{payload}{}", system.compute(payload).unwrap());
            prop_assert!(system.verify(&number));
            assert_promises(system, &number);
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        for system in CheckSystem::ALL {
            system.verify(&text);
            if let Ok(check) = system.compute(&text) {
                let number = format!("{text}{check}");
                prop_assert!(system.verify(&number));
            }
        }
    }
}
