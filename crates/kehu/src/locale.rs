//! How numbers and lists are written where the program is used.

use kehu_contract::reporting::CsvDialect;

/// The variables that name the locale of numbers, the first that is set decides.
const VARIABLES: [&str; 3] = ["LC_ALL", "LC_NUMERIC", "LANG"];

/// Languages whose numbers have a decimal comma, so that lists are delimited by a semicolon (CLDR).
const COMMA: [&str; 32] = [
    "bg", "ca", "cs", "da", "de", "el", "es", "et", "eu", "fi", "fr", "gl", "hr", "hu", "id", "is",
    "it", "lt", "lv", "nb", "nl", "nn", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "tr", "uk",
];

/// Where such a language is written with a decimal point all the same.
const POINT: [&str; 14] = [
    "de_CH", "de_LI", "it_CH", "es_DO", "es_GT", "es_HN", "es_MX", "es_NI", "es_PA", "es_PE",
    "es_PR", "es_SV", "es_US", "es_419",
];

/// The CSV that a spreadsheet of the locale opens without being asked; `variable` reads one of the
/// environment.
pub(crate) fn csv_dialect(variable: impl Fn(&str) -> Option<String>) -> CsvDialect {
    let mut set = VARIABLES.iter().filter_map(|name| variable(name));
    let locale = set.find(|locale| !locale.is_empty()).unwrap_or_default();
    let place = locale.split(['.', '@']).next().unwrap_or_default();
    let language = place.split(['_', '-']).next().unwrap_or_default();
    let decimal_comma = COMMA.contains(&language) && !POINT.contains(&place);
    CsvDialect {
        delimiter: if decimal_comma { ";" } else { "," }.to_owned(),
        decimal_comma,
        byte_order_mark: true,
        label_header: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_decides() {
        for (set, delimiter) in [
            (&[("LANG", "de_DE.UTF-8")][..], ";"),
            (&[("LANG", "de_CH.UTF-8")], ","),
            (&[("LANG", "zh_CN.UTF-8")], ","),
            (&[("LANG", "en_US.UTF-8"), ("LC_NUMERIC", "fr_FR@euro")], ";"),
            (&[("LANG", "pt"), ("LC_ALL", "C.UTF-8")], ","),
            (&[("LANG", "pt_BR"), ("LC_ALL", "")], ";"),
            (&[], ","),
        ] {
            let dialect = csv_dialect(|name| {
                set.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned())
            });
            assert_eq!(dialect.delimiter, delimiter, "{set:?}");
            assert_eq!(dialect.decimal_comma, delimiter == ";", "{set:?}");
        }
    }
}
