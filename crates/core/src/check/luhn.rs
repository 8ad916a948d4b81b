//! The Luhn formula.

/// The check digit: every second digit from the right is doubled (9 taken off above 9), and
/// the check brings the sum to a multiple of 10.
pub(super) fn check(values: &[u32]) -> u32 {
    let mut sum = 0;
    for (place, &value) in values.iter().rev().enumerate() {
        let doubled = if place % 2 == 0 { value * 2 } else { value };
        sum = (sum + doubled / 10 + doubled % 10) % 10;
    }
    (10 - sum) % 10
}
