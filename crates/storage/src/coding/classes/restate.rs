//! What becomes of a customer's stays when one day is evaluated once more, or between others.

/// A stay as it stands. Of one customer they follow each other without gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: i32,
    pub(super) to: Option<i32>,
    pub(super) class: i32,
}

/// What a stay rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// What was seen on the day that is evaluated.
    Evaluated,
    /// What the stay that begins on the same day rests on.
    Kept,
    /// What the stay that began on this day rests on, of which it is the rest.
    RestOf(i32),
}

/// What to write: the stays that begin on the days `superseded` no longer stand, `inserted` do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Restated {
    pub(super) superseded: Vec<i32>,
    pub(super) inserted: Vec<(Span, Origin)>,
}

/// Makes `class` true on the days from `day` until `next`, the next day that was evaluated.
/// `spans` are the stays that end on `day` or later, by day. `None` when it is true there.
pub(super) fn restate(spans: &[Span], day: i32, next: Option<i32>, class: i32) -> Option<Restated> {
    let before = |day: i32, end: Option<i32>| end.is_none_or(|end| day < end);
    let touched: Vec<&Span> =
        spans.iter().filter(|span| before(span.from, next) && before(day, span.to)).collect();
    if let Some(first) = touched.first()
        && first.from <= day
        && touched.iter().all(|span| span.class == class)
    {
        return None;
    }
    let mut restated = Restated::default();
    let mut stay = (Span { from: day, to: next, class }, Origin::Evaluated);
    let mut rests = Vec::new();
    for span in touched {
        restated.superseded.push(span.from);
        if span.from < day {
            let left = Span { to: Some(day), ..*span };
            join(&mut stay, left, &mut restated.inserted);
        }
        if let Some(next) = next.filter(|next| before(*next, span.to)) {
            let right = Span { from: next, ..*span };
            match span.class == class {
                true => stay.0.to = span.to,
                false => rests.push((right, Origin::RestOf(span.from))),
            }
        }
    }
    for span in spans.iter().filter(|span| span.class == class) {
        if span.to == Some(day) {
            restated.superseded.push(span.from);
            stay = (Span { from: span.from, ..stay.0 }, Origin::Kept);
        }
        if Some(span.from) == next {
            restated.superseded.push(span.from);
            stay.0.to = span.to;
        }
    }
    restated.inserted.push(stay);
    restated.inserted.extend(rests);
    Some(restated)
}

/// Leaves no class on the days from `day` until `next`: it was no customer then. `None` when there
/// is none.
pub(super) fn leave(spans: &[Span], day: i32, next: Option<i32>) -> Option<Restated> {
    let before = |day: i32, end: Option<i32>| end.is_none_or(|end| day < end);
    let mut restated = Restated::default();
    for span in spans.iter().filter(|span| before(span.from, next) && before(day, span.to)) {
        restated.superseded.push(span.from);
        if span.from < day {
            restated.inserted.push((Span { to: Some(day), ..*span }, Origin::Kept));
        }
        if let Some(next) = next.filter(|next| before(*next, span.to)) {
            restated.inserted.push((Span { from: next, ..*span }, Origin::RestOf(span.from)));
        }
    }
    (!restated.superseded.is_empty()).then_some(restated)
}

/// What stays of the stay on the left: of the same class, it is one with the new one.
fn join(stay: &mut (Span, Origin), left: Span, inserted: &mut Vec<(Span, Origin)>) {
    if left.class == stay.0.class {
        *stay = (Span { from: left.from, ..stay.0 }, Origin::Kept);
    } else {
        inserted.push((left, Origin::Kept));
    }
}

#[cfg(test)]
mod tests {
    use super::Origin::{Evaluated, Kept, RestOf};
    use super::*;

    fn span(from: i32, to: i32, class: i32) -> Span {
        Span { from, to: (to != 0).then_some(to), class }
    }

    #[test]
    fn days_are_cut_out_and_neighbours_of_one_class_joined() {
        let stays = [span(1, 5, 1), span(5, 9, 2), span(9, 0, 1)];
        for (spans, day, next, class, superseded, inserted) in [
            (&stays[..0], 3, None, 1, vec![], vec![(span(3, 0, 1), Evaluated)]),
            (&stays[..], 9, None, 3, vec![9], vec![(span(9, 0, 3), Evaluated)]),
            (&stays[..], 9, None, 2, vec![9, 5], vec![(span(5, 0, 2), Kept)]),
            (&stays[..], 5, Some(9), 1, vec![5, 1, 9], vec![(span(1, 0, 1), Kept)]),
            (
                &stays[1..],
                6,
                Some(7),
                3,
                vec![5],
                vec![(span(5, 6, 2), Kept), (span(6, 7, 3), Evaluated), (span(7, 9, 2), RestOf(5))],
            ),
            (
                &stays[..],
                4,
                Some(5),
                2,
                vec![1, 5],
                vec![(span(1, 4, 1), Kept), (span(4, 9, 2), Evaluated)],
            ),
            (&stays[1..2], 2, Some(5), 7, vec![], vec![(span(2, 5, 7), Evaluated)]),
            (&stays[1..2], 2, Some(5), 2, vec![5], vec![(span(2, 9, 2), Evaluated)]),
        ] {
            let expected = Restated { superseded, inserted };
            assert_eq!(restate(spans, day, next, class), Some(expected), "{day} {next:?} {class}");
        }
        for (day, next, class) in [(1, Some(2), 1), (4, Some(5), 1), (9, None, 1), (12, None, 1)] {
            assert_eq!(restate(&stays, day, next, class), None);
        }
    }

    #[test]
    fn days_on_which_it_was_no_customer_are_left_out() {
        let stays = [span(1, 5, 1), span(5, 0, 2)];
        for (day, next, superseded, inserted) in [
            (1, Some(5), vec![1], vec![]),
            (3, Some(4), vec![1], vec![(span(1, 3, 1), Kept), (span(4, 5, 1), RestOf(1))]),
            (3, Some(7), vec![1, 5], vec![(span(1, 3, 1), Kept), (span(7, 0, 2), RestOf(5))]),
            (6, None, vec![5], vec![(span(5, 6, 2), Kept)]),
        ] {
            let expected = Restated { superseded, inserted };
            assert_eq!(leave(&stays, day, next), Some(expected), "{day} {next:?}");
        }
        assert_eq!(leave(&stays[..1], 5, None), None);
    }
}
