use kehu_core::calendar::BusinessCalendar;

use super::*;
use crate::business_date::Days;

const DAY: i64 = 86_400_000_000;

/// Today is day 100.
fn days() -> Days {
    Days::new(BusinessCalendar::new("UTC").unwrap(), time::date(100).unwrap())
}

/// Says things in turn, each with the day on which its source changed it, if it says so.
fn told(sayings: &[(Option<&str>, Option<i64>)]) -> (Vec<Value>, Vec<Said>) {
    let (mut values, mut outcomes) = (Vec::new(), Vec::new());
    let days = days();
    for (version, (value, day)) in (1..).zip(sayings) {
        let at = day.map(|day| day * DAY);
        let now = 100 * DAY + version;
        let saying = Saying { source_id: 1, at, after: None, version, now, days: &days };
        outcomes.push(say(&mut values, value.map(str::to_owned), &saying).unwrap());
    }
    (values, outcomes)
}

fn on_days(values: &[Value]) -> Vec<Option<&str>> {
    (0..9).map(|day| on(values, day).and_then(|value| value.value.as_deref())).collect()
}

fn standing(values: &[Value]) -> Vec<Option<&str>> {
    let standing = values.iter().filter(|value| value.superseded_at.is_none());
    standing.map(|value| value.value.as_deref()).collect()
}

fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    let Some((first, rest)) = items.split_first() else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for rest in permutations(rest) {
        for place in 0..=rest.len() {
            let mut one = rest.clone();
            one.insert(place, first.clone());
            all.push(one);
        }
    }
    all
}

#[test]
fn the_order_of_arrival_does_not_matter() {
    let sayings = [
        (Some("A"), Some(1)),
        (Some("B"), Some(2)),
        (Some("A"), Some(4)),
        (None, Some(5)),
        (Some("C"), Some(7)),
    ];
    let (a, b, c) = (Some("A"), Some("B"), Some("C"));
    for sayings in permutations(&sayings) {
        let (values, _) = told(&sayings);
        assert_eq!(on_days(&values), [a, a, b, b, a, None, None, c, c], "{sayings:?}");
        assert_eq!(standing(&values), [c], "{sayings:?}");
        // All of it once more is nothing new.
        let twice: Vec<_> = sayings.iter().chain(&sayings).copied().collect();
        let (again, outcomes) = told(&twice);
        assert_eq!(again, values, "{sayings:?}");
        assert_eq!(outcomes[5..], [Said::Before; 5], "{sayings:?}");
    }
}

#[test]
fn what_was_said_again_is_newer_than_what_comes_late() {
    let (values, outcomes) =
        told(&[(Some("A"), Some(1)), (Some("A"), Some(5)), (Some("B"), Some(3))]);
    assert_eq!(outcomes, [Said::New(None), Said::Again, Said::New(Some(3))]);
    assert_eq!(standing(&values), [Some("A")]);
    let (a, b) = (Some("A"), Some("B"));
    assert_eq!(on_days(&values), [a, a, a, b, b, a, a, a, a]);
}

#[test]
fn of_one_time_the_last_word_holds() {
    let (values, outcomes) = told(&[(Some("A"), Some(3)), (Some("B"), Some(3))]);
    assert_eq!((standing(&values), values.len()), (vec![Some("B")], 2));
    // The day is the first one, so that what holds on it held before.
    assert_eq!(outcomes, [Said::New(None), Said::New(None)]);
    assert_eq!(on_days(&values), [Some("B"); 9]);
    // In one batch a customer gets one version.
    let (mut values, days) = (Vec::new(), days());
    let saying =
        Saying { source_id: 1, at: None, after: None, version: 1, now: 100 * DAY, days: &days };
    for value in ["A", "B"] {
        say(&mut values, Some(value.to_owned()), &saying).unwrap();
    }
    assert_eq!((standing(&values), values.len()), (vec![Some("B")], 1));
}

#[test]
fn without_a_time_of_the_source_what_comes_last_holds() {
    // The clock of the source is ahead.
    let (values, outcomes) = told(&[(Some("A"), Some(101)), (Some("B"), None), (Some("B"), None)]);
    assert_eq!(standing(&values), [Some("B")]);
    assert_eq!(outcomes, [Said::New(None), Said::New(None), Said::Before]);
    let (values, outcomes) = told(&[(None, None), (Some("A"), None), (None, None)]);
    assert_eq!(outcomes, [Said::Before, Said::New(None), Said::New(None)]);
    assert_eq!(standing(&values), [None]);
}

#[test]
fn the_day_since_which_all_holds() {
    let of = |sayings: &[(Option<&str>, Option<i64>)]| told(sayings).0;
    let once = of(&[(Some("A"), Some(5))]);
    let twice = of(&[(Some("A"), Some(5)), (Some("B"), Some(7))]);
    let named = |fields: &[(&str, &Vec<Value>)]| -> Values {
        fields.iter().map(|(field, values)| (field.to_string(), values.to_vec())).collect()
    };
    assert_eq!(moved_on(&named(&[("city", &once), ("province", &once)])), None);
    assert_eq!(moved_on(&named(&[("city", &once), ("province", &twice)])), Some(7));
    assert_eq!(moved_on(&named(&[("display_name", &twice)])), None);
}
