//! Scales and axes, shared by the charts. Positions are decimals with one place, so that the
//! same figures give the same drawing everywhere.

use super::{WIDTH, line, text};
use crate::html::{Element, element};
use rust_decimal::Decimal;

/// Where the plot of a chart with axes begins and ends.
pub(super) const LEFT: i64 = 48;
pub(super) const RIGHT: i64 = WIDTH - 6;

/// A linear scale from values to positions.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    low: Decimal,
    high: Decimal,
    start: Decimal,
    end: Decimal,
}

impl Scale {
    /// Values from `low` to `high` at the positions from `start` to `end`.
    pub(super) fn new(low: Decimal, high: Decimal, start: i64, end: i64) -> Self {
        Self { low, high, start: Decimal::from(start), end: Decimal::from(end) }
    }

    /// The position of a value; the start where all values are the same.
    pub(super) fn at(&self, value: Decimal) -> Decimal {
        if self.high <= self.low {
            return self.start;
        }
        let part = (value - self.low) / (self.high - self.low);
        (self.start + part * (self.end - self.start)).round_dp(1).normalize()
    }
}

/// Round values from at most `low` to at least `high`, about four steps apart in all. Zero is
/// one of them when it lies between.
pub(super) fn ticks(low: Decimal, high: Decimal) -> Vec<Decimal> {
    let step = round_step((high - low) / Decimal::from(4));
    let mut tick = (low / step).floor() * step;
    let mut ticks = vec![tick.normalize()];
    while tick < high {
        tick += step;
        ticks.push(tick.normalize());
    }
    ticks
}

/// The least of 1, 2, 2.5 and 5 times a power of ten, 1 or more, that is not below `least`.
fn round_step(least: Decimal) -> Decimal {
    let mut power = Decimal::ONE;
    loop {
        for factor in [Decimal::ONE, Decimal::TWO, Decimal::new(25, 1), Decimal::from(5)] {
            let step = power * factor;
            if step >= least && step.fract().is_zero() {
                return step;
            }
        }
        power *= Decimal::TEN;
    }
}

/// The vertical axis: a grid line and a label at each tick, the line at zero stronger.
pub(super) fn y_axis(
    scale: &Scale,
    ticks: &[Decimal],
    label: impl Fn(Decimal) -> String,
) -> Element {
    let mut axis = element("g");
    for tick in ticks {
        let y = scale.at(*tick);
        let class = if tick.is_zero() { "axis" } else { "grid" };
        let middle = y + Decimal::from(4);
        axis = axis.child(line(LEFT, y, RIGHT, y).class(class)).child(text(
            LEFT - 6,
            middle,
            "tick end",
            label(*tick),
        ));
    }
    axis
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn ticks_are_round_and_cover_the_values() {
        for (low, high, expected) in [
            ("0", "1161817", "0 500000 1000000 1500000"),
            ("-85000", "1400000", "-500000 0 500000 1000000 1500000"),
            ("0", "3", "0 1 2 3"),
            ("0", "0", "0"),
            ("0", "10", "0 5 10"),
            ("0", "97", "0 25 50 75 100"),
        ] {
            let ticks = ticks(decimal(low), decimal(high));
            let text: Vec<_> = ticks.iter().map(ToString::to_string).collect();
            assert_eq!(text.join(" "), expected);
        }
    }

    #[test]
    fn positions_run_either_way() {
        let down = Scale::new(Decimal::ZERO, Decimal::from(4), 300, 20);
        assert_eq!(down.at(Decimal::ONE), decimal("230"));
        assert_eq!(down.at(Decimal::from(4)), decimal("20"));
        let flat = Scale::new(Decimal::ZERO, Decimal::ZERO, 300, 20);
        assert_eq!(flat.at(Decimal::ZERO), decimal("300"));
    }
}
