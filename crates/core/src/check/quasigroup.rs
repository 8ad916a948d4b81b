//! The two decimal systems that rest on a quasigroup: Damm and Verhoeff.

/// Damm's totally anti-symmetric quasigroup of order 10: `DAMM[state][digit]` is the next
/// state. The diagonal is 0, so the last state is the digit that brings it back to 0.
const DAMM: [[u32; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// Verhoeff's permutation; it is applied once more for every place to the left.
const PERMUTATION: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
/// Applying [`PERMUTATION`] eight times changes nothing.
const PERMUTATION_ORDER: usize = 8;

/// Damm's check digit.
pub(super) fn damm(values: &[u32]) -> u32 {
    values.iter().fold(0, |state, &value| DAMM[index(state)][index(value)])
}

/// Verhoeff's check digit: the inverse of the product of the permuted digits from the right.
pub(super) fn verhoeff(values: &[u32]) -> u32 {
    let mut product = 0;
    for (place, &value) in values.iter().rev().enumerate() {
        product = dihedral(product, permute(value, place + 1));
    }
    if product < 5 { (5 - product) % 5 } else { product }
}

fn permute(value: u32, times: usize) -> u32 {
    (0..times % PERMUTATION_ORDER).fold(value, |value, _| PERMUTATION[index(value)])
}

/// The product in the dihedral group of the pentagon: 0–4 are rotations, 5–9 reflections.
fn dihedral(left: u32, right: u32) -> u32 {
    let (turn_left, turn_right) = (left % 5, right % 5);
    match (left < 5, right < 5) {
        (true, true) => (turn_left + turn_right) % 5,
        (true, false) => 5 + (turn_left + turn_right) % 5,
        (false, true) => 5 + (5 + turn_left - turn_right) % 5,
        (false, false) => (5 + turn_left - turn_right) % 5,
    }
}

fn index(value: u32) -> usize {
    usize::try_from(value).expect("a decimal digit")
}
