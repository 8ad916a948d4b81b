//! Attributes that need no declaration, one file each in `templates/attributes`.

use std::sync::LazyLock;

use super::Attribute;

/// The files: their names and texts.
pub(super) const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/attributes.rs"));

/// All of them, by id.
pub fn templates() -> &'static [Attribute] {
    static TEMPLATES: LazyLock<Vec<Attribute>> = LazyLock::new(|| {
        let read = |(name, text): &(&str, &str)| {
            Attribute::from_yaml(text).unwrap_or_else(|error| panic!("{name}: {error}"))
        };
        FILES.iter().map(read).collect()
    });
    &TEMPLATES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_named_as_its_file_and_valid_in_both_languages() {
        for ((name, _), attribute) in FILES.iter().zip(templates()) {
            assert_eq!(*name, format!("{}.yaml", attribute.id));
            assert_eq!(attribute.validate(), [], "{name}");
            assert!(!attribute.label.zh.is_empty() && !attribute.label.en.is_empty(), "{name}");
            assert!(attribute.description.ends_with('.'), "{name}");
            assert_eq!(Attribute::from_yaml(&attribute.to_yaml()).as_ref(), Ok(attribute));
        }
    }
}
