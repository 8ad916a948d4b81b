//! Taxonomies that are ready to use by name, one file each in `templates/taxonomies`.

use std::sync::LazyLock;

use super::Taxonomy;

/// The files: their names and texts.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/taxonomies.rs"));

/// Every template, by id. The comment at the head of each file says what it is and which
/// scorecards it reads; those are to be scored first.
pub fn templates() -> Vec<Taxonomy> {
    static TEMPLATES: LazyLock<Vec<Taxonomy>> = LazyLock::new(|| {
        let read = |(name, text): &(&str, &str)| {
            Taxonomy::from_yaml(text).unwrap_or_else(|error| panic!("{name}: {error}"))
        };
        FILES.iter().map(read).collect()
    });
    TEMPLATES.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The classes of each template in order, by their codes. The last is the default one.
    const CLASSES: &[(&str, &str)] = &[
        ("abc", "A B C N"),
        ("accounts", "K M S O N"),
        ("behaviour", "FWC FWV FSC FSV RWC RWV RSC RSV OWC OWV OSC OSV L N"),
        ("composite-credit", "N A B C D U"),
        ("demographic", "MI YF YM Y MF MM M SF SM S U"),
        ("geography", "T1 T2 NC NE EC CS SW NW CN HMT X U"),
        ("handset", "D I H R L A N"),
        ("importance", "A B C D U"),
        ("industry-size", "P IL IM IS IU BL BM BS BU TL TM TS TU SL SM SS SU FL FM FS FU G U"),
        ("lifecycle", "L D F B R A P"),
        ("loyalty", "H M L N"),
        ("rfm-11", "C L P F M T S R X H Z N"),
        ("rfm-8", "1 2 3 4 5 6 7 8 N"),
        ("satisfaction", "D S M U"),
        ("target-markets", "I T N"),
        ("value-six", "L D H A P V N"),
    ];

    #[test]
    fn each_has_its_classes_in_order() {
        let templates = templates();
        let ids: Vec<_> = templates.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(ids, CLASSES.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        for (template, (_, expected)) in templates.iter().zip(CLASSES) {
            let codes: Vec<_> = template.classes.iter().map(|it| it.code.as_str()).collect();
            assert_eq!(codes.join(" "), *expected, "{}", template.id);
            let last = template.classes.last().map(|it| &it.id);
            assert_eq!(last, Some(&template.default_class));
        }
    }

    #[test]
    fn each_is_named_as_its_file_and_valid_in_both_languages() {
        for ((name, _), taxonomy) in FILES.iter().zip(templates()) {
            assert_eq!(*name, format!("{}.yaml", taxonomy.id));
            assert_eq!(taxonomy.validate(), [], "{name}");
            for label in [&taxonomy.purpose, &taxonomy.owner] {
                assert!(!label.zh.is_empty() && !label.en.is_empty(), "{name}");
            }
            for class in &taxonomy.classes {
                let labels = [&class.label, &class.strategy_summary];
                for label in labels.into_iter().chain(&class.tags) {
                    assert!(!label.zh.is_empty() && !label.en.is_empty(), "{name}: {}", class.id);
                }
            }
        }
    }
}
