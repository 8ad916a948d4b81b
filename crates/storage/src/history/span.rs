//! What becomes of a customer's spans when one day is evaluated once more, or between others.

/// A span as it stands: what it says holds on each of its days. Of one customer they do not
/// overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span<C> {
    pub(crate) from: i32,
    /// The day after the last; `None` while it goes on.
    pub(crate) to: Option<i32>,
    pub(crate) content: C,
}

/// What a span rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// What was seen on the day that is evaluated.
    Evaluated,
    /// What the span that begins on the same day rests on.
    Kept,
    /// What the span that began on this day rests on, of which it is the rest.
    RestOf(i32),
}

/// What to write: the spans that begin on the days `superseded` no longer stand, `inserted` do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Restated<C> {
    pub(super) superseded: Vec<i32>,
    pub(super) inserted: Vec<(Span<C>, Origin)>,
}

impl<C> Default for Restated<C> {
    fn default() -> Self {
        Self { superseded: Vec::new(), inserted: Vec::new() }
    }
}

/// Makes `content` true on the days from `day` until `next`, the next day that was evaluated.
/// `spans` are those that end on `day` or later, by day. `None` when it is true there.
pub(super) fn restate<C: Clone + Eq>(
    spans: &[Span<C>],
    day: i32,
    next: Option<i32>,
    content: &C,
) -> Option<Restated<C>> {
    let touched: Vec<&Span<C>> = touched(spans, day, next);
    if let Some(first) = touched.first()
        && first.from <= day
        && touched.iter().all(|span| span.content == *content)
    {
        return None;
    }
    let mut restated = Restated::default();
    let mut new = (Span { from: day, to: next, content: content.clone() }, Origin::Evaluated);
    let mut rests = Vec::new();
    for span in touched {
        restated.superseded.push(span.from);
        if span.from < day {
            let left = Span { to: Some(day), ..span.clone() };
            join(&mut new, left, &mut restated.inserted);
        }
        if let Some(next) = next.filter(|next| before(*next, span.to)) {
            match span.content == *content {
                true => new.0.to = span.to,
                false => {
                    let right = Span { from: next, ..span.clone() };
                    rests.push((right, Origin::RestOf(span.from)));
                }
            }
        }
    }
    for span in spans.iter().filter(|span| span.content == *content) {
        if span.to == Some(day) {
            restated.superseded.push(span.from);
            new.0.from = span.from;
            new.1 = Origin::Kept;
        }
        if Some(span.from) == next {
            restated.superseded.push(span.from);
            new.0.to = span.to;
        }
    }
    restated.inserted.push(new);
    restated.inserted.extend(rests);
    Some(restated)
}

/// Leaves nothing true on the days from `day` until `next`: it was no customer then. `None` when
/// nothing is.
pub(super) fn leave<C: Clone>(
    spans: &[Span<C>],
    day: i32,
    next: Option<i32>,
) -> Option<Restated<C>> {
    let mut restated = Restated::default();
    for span in touched(spans, day, next) {
        restated.superseded.push(span.from);
        if span.from < day {
            restated.inserted.push((Span { to: Some(day), ..span.clone() }, Origin::Kept));
        }
        if let Some(next) = next.filter(|next| before(*next, span.to)) {
            let rest = Span { from: next, ..span.clone() };
            restated.inserted.push((rest, Origin::RestOf(span.from)));
        }
    }
    (!restated.superseded.is_empty()).then_some(restated)
}

fn before(day: i32, end: Option<i32>) -> bool {
    end.is_none_or(|end| day < end)
}

/// The spans that are true on some of the days from `day` until `next`.
fn touched<C>(spans: &[Span<C>], day: i32, next: Option<i32>) -> Vec<&Span<C>> {
    spans.iter().filter(|span| before(span.from, next) && before(day, span.to)).collect()
}

/// What stays of the span on the left: where it says the same, it is one with the new one.
fn join<C: Eq>(new: &mut (Span<C>, Origin), left: Span<C>, inserted: &mut Vec<(Span<C>, Origin)>) {
    if left.content == new.0.content {
        new.0.from = left.from;
        new.1 = Origin::Kept;
    } else {
        inserted.push((left, Origin::Kept));
    }
}

#[cfg(test)]
mod tests {
    use super::Origin::{Evaluated, Kept, RestOf};
    use super::*;

    fn span(from: i32, to: i32, content: i32) -> Span<i32> {
        Span { from, to: (to != 0).then_some(to), content }
    }

    #[test]
    fn days_are_cut_out_and_neighbours_that_say_the_same_joined() {
        let held = [span(1, 5, 1), span(5, 9, 2), span(9, 0, 1)];
        for (spans, day, next, content, superseded, inserted) in [
            (&held[..0], 3, None, 1, vec![], vec![(span(3, 0, 1), Evaluated)]),
            (&held[..], 9, None, 3, vec![9], vec![(span(9, 0, 3), Evaluated)]),
            (&held[..], 9, None, 2, vec![9, 5], vec![(span(5, 0, 2), Kept)]),
            (&held[..], 5, Some(9), 1, vec![5, 1, 9], vec![(span(1, 0, 1), Kept)]),
            (
                &held[1..],
                6,
                Some(7),
                3,
                vec![5],
                vec![(span(5, 6, 2), Kept), (span(6, 7, 3), Evaluated), (span(7, 9, 2), RestOf(5))],
            ),
            (
                &held[..],
                4,
                Some(5),
                2,
                vec![1, 5],
                vec![(span(1, 4, 1), Kept), (span(4, 9, 2), Evaluated)],
            ),
            (&held[1..2], 2, Some(5), 7, vec![], vec![(span(2, 5, 7), Evaluated)]),
            (&held[1..2], 2, Some(5), 2, vec![5], vec![(span(2, 9, 2), Evaluated)]),
        ] {
            let expected = Restated { superseded, inserted };
            assert_eq!(
                restate(spans, day, next, &content),
                Some(expected),
                "{day} {next:?} {content}"
            );
        }
        for (day, next, content) in [(1, Some(2), 1), (4, Some(5), 1), (9, None, 1), (12, None, 1)]
        {
            assert_eq!(restate(&held, day, next, &content), None);
        }
    }

    #[test]
    fn days_on_which_it_was_no_customer_are_left_out() {
        let held = [span(1, 5, 1), span(5, 0, 2)];
        for (day, next, superseded, inserted) in [
            (1, Some(5), vec![1], vec![]),
            (3, Some(4), vec![1], vec![(span(1, 3, 1), Kept), (span(4, 5, 1), RestOf(1))]),
            (3, Some(7), vec![1, 5], vec![(span(1, 3, 1), Kept), (span(7, 0, 2), RestOf(5))]),
            (6, None, vec![5], vec![(span(5, 6, 2), Kept)]),
        ] {
            let expected = Restated { superseded, inserted };
            assert_eq!(leave(&held, day, next), Some(expected), "{day} {next:?}");
        }
        assert_eq!(leave(&held[..1], 5, None), None);
    }
}
