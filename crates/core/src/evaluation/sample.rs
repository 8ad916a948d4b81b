//! Who is drawn where there are too many to look at all.

use crate::Reference;

/// The number that a customer draws, by its first reference: those who draw the least are looked at. So
/// it is the same ones each time, on any database, however they are numbered. FNV-1a (Fowler, Noll and
/// Vo), whose high bits hardly differ between keys that follow each other, and the finaliser of
/// MurmurHash3 (Appleby) to mix them.
pub fn draw(seed: u64, reference: &Reference) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed;
    let source = reference.source.bytes();
    for byte in source.chain([0]).chain(reference.external_id.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    for multiplier in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(multiplier);
    }
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seed: u64, key: usize) -> u64 {
        draw(seed, &Reference { source: "erp".to_owned(), external_id: format!("C{key:06}") })
    }

    #[test]
    fn every_tenth_is_drawn_of_keys_that_follow_each_other() {
        let least = |seed: u64| (0..10_000).filter(|key| drawn(seed, *key) < u64::MAX / 10).count();
        // A hundred and twenty is four standard deviations.
        assert!((880..=1_120).contains(&least(0)), "{}", least(0));
        let both = (0..10_000)
            .filter(|key| drawn(0, *key) < u64::MAX / 10 && drawn(1, *key) < u64::MAX / 10);
        assert!((60..=140).contains(&both.count()), "another seed draws others");
        assert_eq!(drawn(7, 1), drawn(7, 1));
    }
}
