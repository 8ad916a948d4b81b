//! The systems of ISO/IEC 7064:2003.

/// Pure system: the value of the check character that makes the sum of value × radix^place
/// congruent to 1; 0 to `modulus - 1`.
pub(super) fn pure(values: &[u32], modulus: u32, radix: u32) -> u32 {
    let sum = values.iter().fold(0, |sum, value| (sum + value) * radix % modulus);
    (modulus + 1 - sum) % modulus
}

/// Hybrid system MOD `size` + 1, `size`; 0 to `size - 1`.
pub(super) fn hybrid(values: &[u32], size: u32) -> u32 {
    let mut product = size;
    for value in values {
        let sum = (product + value) % size;
        let sum = if sum == 0 { size } else { sum };
        product = sum * 2 % (size + 1);
    }
    (size + 1 - product) % size
}

/// MOD 97-10 with each letter as two digits: 2 to 98, to be written with two digits.
pub(super) fn mod97_10(values: &[u32]) -> u32 {
    let mut remainder = 0;
    for &value in values {
        let shift = if value < 10 { 10 } else { 100 };
        remainder = (remainder * shift + value) % 97;
    }
    98 - remainder * 100 % 97
}
