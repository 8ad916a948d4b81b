//! The spans of one customer that stand, and what an evaluation makes of them.

use super::codec::Content;
use crate::change_log::Position;

/// The day that never comes: the end of a span that goes on.
pub(super) const NEVER: i32 = i32::MAX;

/// A span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    /// Its row; `None` while it has none.
    pub(super) span_id: Option<i64>,
    pub(super) version_id: i64,
    /// The first day.
    pub(super) from: i32,
    /// The day after the last, or [`NEVER`].
    pub(super) to: i32,
    /// On the first day.
    pub(super) content: Content,
    /// Changes of facts up to this position are in it.
    pub(super) position: Position,
    pub(super) run_id: Option<i64>,
}

/// What is said of a customer for a day.
pub(super) struct Finding {
    pub(super) version_id: i64,
    pub(super) day: i32,
    /// `None`: it was no customer on the day.
    pub(super) content: Option<Content>,
    pub(super) position: Position,
    pub(super) run_id: Option<i64>,
    /// The next day for which everybody was evaluated: what stands for that is another matter.
    pub(super) next: i32,
}

/// What became of a finding.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It says what stands already.
    Same,
    /// It stands now.
    Stands,
    /// A newer one stands.
    Old,
    /// What stands has seen later changes, or it is of an older version that has: evaluate again.
    Stale,
}

/// The spans of a customer that stand, by day.
#[derive(Debug, Clone, Default)]
pub(super) struct Timeline(pub(super) Vec<Span>);

impl Timeline {
    /// Takes in a finding.
    pub(super) fn take(&mut self, finding: Finding) -> Outcome {
        let covering =
            self.0.iter().position(|span| span.from <= finding.day && finding.day < span.to);
        let Some(place) = covering else { return self.open(finding) };
        let span = &mut self.0[place];
        match compare(span, &finding) {
            Outcome::Stands => {}
            Outcome::Same => {
                // What followed from a change is not overwritten by what was read before it. A run
                // looks at everybody and leaves this to the days.
                if finding.run_id.is_none() {
                    span.position = span.position.max(finding.position);
                }
                return Outcome::Same;
            }
            other => return other,
        }
        let (to, tail) = self.cut(place, &finding);
        self.insert(finding, to, tail);
        Outcome::Stands
    }

    /// The first span of a customer, or one before all others.
    fn open(&mut self, finding: Finding) -> Outcome {
        if finding.content.is_none() {
            return Outcome::Same;
        }
        let later = self.0.iter().map(|span| span.from).filter(|from| *from > finding.day).min();
        self.insert(finding, later.unwrap_or(NEVER), None);
        Outcome::Stands
    }

    /// Ends the span at `place` before the day of the finding. Returns the end of what comes in
    /// its place, and the part of it that stays after that.
    fn cut(&mut self, place: usize, finding: &Finding) -> (i32, Option<Span>) {
        let span = self.0[place].clone();
        let mut end = span.to;
        let mut tail = None;
        if finding.next < span.to {
            end = finding.next;
            let content = span.content.after(finding.next - span.from);
            tail = Some(Span { span_id: None, from: finding.next, content, ..span.clone() });
        }
        if span.from == finding.day {
            self.0.remove(place);
        } else {
            self.0[place].to = finding.day;
        }
        (end, tail)
    }

    fn insert(&mut self, finding: Finding, to: i32, tail: Option<Span>) {
        if let Some(content) = finding.content {
            self.0.push(Span {
                span_id: None,
                version_id: finding.version_id,
                from: finding.day,
                to,
                content,
                position: finding.position,
                run_id: finding.run_id,
            });
        }
        self.0.extend(tail);
        self.0.sort_by_key(|span| span.from);
    }
}

/// How a finding stands to the span that covers its day.
fn compare(span: &Span, finding: &Finding) -> Outcome {
    let seen_more = span.position > finding.position;
    if finding.run_id.is_some() && span.version_id > finding.version_id {
        return Outcome::Old;
    }
    if seen_more {
        let settled = span.version_id == finding.version_id && span.from == finding.day;
        return if settled { Outcome::Old } else { Outcome::Stale };
    }
    let expected = span.content.after(finding.day - span.from);
    let same = span.version_id == finding.version_id && finding.content.as_ref() == Some(&expected);
    if same { Outcome::Same } else { Outcome::Stands }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_core::Value;
    use rust_decimal::Decimal;

    /// Days since the last order, which grow, and a number of orders.
    fn content(days: i32, orders: i32) -> Content {
        let number = |number: i32| Value::Number(Decimal::from(number));
        Content {
            values: vec![number(days), number(orders)],
            grows: vec![true, false],
            grade: None,
            bins: String::new(),
        }
    }

    fn at(position: i64) -> Position {
        Position::new(1, position, 0).unwrap()
    }

    fn finding(day: i32, content: Option<Content>, position: i64, next: i32) -> Finding {
        let position = at(position);
        Finding { version_id: 1, day, content, position, run_id: None, next }
    }

    /// What each day of some days rests on: days and orders.
    fn days(timeline: &Timeline, days: std::ops::Range<i32>) -> Vec<Option<Content>> {
        let covering = |day: i32| {
            let spans: Vec<_> =
                timeline.0.iter().filter(|span| span.from <= day && day < span.to).collect();
            assert!(spans.len() < 2, "two spans cover {day}");
            spans.first().map(|span| span.content.after(day - span.from))
        };
        days.map(covering).collect()
    }

    #[test]
    fn a_span_goes_on_while_only_days_pass() {
        let mut timeline = Timeline::default();
        assert_eq!(timeline.take(finding(10, Some(content(3, 1)), 1, NEVER)), Outcome::Stands);
        assert_eq!(timeline.take(finding(14, Some(content(7, 1)), 2, NEVER)), Outcome::Same);
        assert_eq!((timeline.0.len(), timeline.0[0].position), (1, at(2)));
        assert_eq!(timeline.take(finding(15, Some(content(0, 2)), 3, NEVER)), Outcome::Stands);
        assert_eq!(timeline.0.len(), 2);
        assert_eq!((timeline.0[0].to, timeline.0[1].from, timeline.0[1].to), (15, 15, NEVER));
    }

    #[test]
    fn a_finding_for_a_past_day_leaves_the_evaluated_days_after_it() {
        let mut timeline = Timeline::default();
        timeline.take(finding(10, Some(content(0, 1)), 1, NEVER));
        timeline.take(finding(12, Some(content(1, 9)), 2, 20));
        let held = days(&timeline, 9..22);
        assert_eq!(held[0], None);
        assert_eq!(held[2], Some(content(1, 1)));
        assert_eq!(held[3], Some(content(1, 9)));
        assert_eq!(held[10], Some(content(8, 9)));
        assert_eq!(held[11], Some(content(10, 1)), "day 20 is as it was");
        assert_eq!(held[12], Some(content(11, 1)));
        // The first day of a span, and one before all of them.
        timeline.take(finding(12, Some(content(0, 7)), 3, 20));
        timeline.take(finding(5, Some(content(0, 4)), 3, 10));
        let held = days(&timeline, 5..14);
        assert_eq!(held[0], Some(content(0, 4)));
        assert_eq!(held[4], Some(content(4, 4)));
        assert_eq!(held[5], Some(content(0, 1)));
        assert_eq!(held[7], Some(content(0, 7)));
    }

    #[test]
    fn who_was_no_customer_has_no_score() {
        let mut timeline = Timeline::default();
        assert_eq!(timeline.take(finding(10, None, 1, NEVER)), Outcome::Same);
        timeline.take(finding(10, Some(content(0, 1)), 1, NEVER));
        assert_eq!(timeline.take(finding(12, None, 2, 14)), Outcome::Stands);
        let held = days(&timeline, 11..15);
        assert_eq!(held, [Some(content(1, 1)), None, None, Some(content(4, 1))]);
    }

    #[test]
    fn version_and_position_decide() {
        let by_run = |version_id, position, day| Finding {
            version_id,
            run_id: Some(1),
            ..finding(day, Some(content(5, 5)), position, NEVER)
        };
        for (version_id, position, day, expected) in [
            (2, 7, 10, Outcome::Stands),
            (1, 9, 10, Outcome::Old),
            (2, 6, 10, Outcome::Old),
            (2, 6, 11, Outcome::Stale),
            (3, 6, 10, Outcome::Stale),
            (3, 7, 11, Outcome::Stands),
        ] {
            let mut timeline = Timeline::default();
            let first = Finding { version_id: 2, ..finding(10, Some(content(0, 1)), 7, NEVER) };
            timeline.take(first);
            let outcome = timeline.take(by_run(version_id, position, day));
            assert_eq!(outcome, expected, "version {version_id} at {position} for {day}");
        }
    }
}
