//! Code schemes that are ready to use by name.

use std::collections::BTreeMap;

use kehu_contract::coding as contract;
use kehu_core::Label;
use kehu_core::code_scheme::{CodeScheme, CodeTable, Recoding};

use crate::convert::scheme_message;

/// The scheme `standard`: `GB-H000001P` is a customer in the United Kingdom (ZZ where the
/// country is not known), of the class with the short code H of `value-six`, the first one of
/// these, with a check character. The code outlives the class.
pub fn standard_scheme() -> contract::CodeScheme {
    scheme_message(&standard())
}

fn standard() -> CodeScheme {
    CodeScheme {
        id: "standard".to_owned(),
        label: Label::new("标准客户编码", "Standard customer code"),
        template: "{country}-{class:1}{seq:6}{check:mod37_36}".to_owned(),
        taxonomy: "value-six".to_owned(),
        tables: vec![CodeTable {
            attribute: "country".to_owned(),
            entries: BTreeMap::new(),
            unknown: "ZZ".to_owned(),
            passthrough: true,
        }],
        recoding: Recoding::Permanent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_scheme_compiles() {
        let compiled = standard().compile().unwrap();
        assert_eq!(compiled.capacity(), 999_999);
        let country = |name: &str| (name == "country").then(|| "GB".to_owned());
        let prefix = compiled.prefix("H", &country, "2011-12-10".parse().unwrap()).unwrap();
        let code = compiled.render(&prefix, 1).unwrap();
        assert_eq!(&code.displayed[..10], "GB-H000001");
        assert!(compiled.validate(&code.displayed).check_ok);
    }
}
