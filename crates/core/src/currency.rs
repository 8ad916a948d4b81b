//! ISO 4217 alphabetic currency codes.

/// The codes in force (list one of the standard, 2026-02), sorted. Those of metals, funds and
/// units of account, of testing (`XTS`) and of no currency (`XXX`) are among them.
#[rustfmt::skip]
const CURRENT: [&str; 178] = [
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD",
    "BDT", "BHD", "BIF", "BMD", "BND", "BOB", "BOV", "BRL", "BSD", "BTN", "BWP",
    "BYN", "BZD", "CAD", "CDF", "CHE", "CHF", "CHW", "CLF", "CLP", "CNY", "COP",
    "COU", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN",
    "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ",
    "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK",
    "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD",
    "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD",
    "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MXV", "MYR", "MZN",
    "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP",
    "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR",
    "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP",
    "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH",
    "UGX", "USD", "USN", "UYI", "UYU", "UYW", "UZS", "VED", "VES", "VND", "VUV",
    "WST", "XAD", "XAF", "XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XCD", "XCG",
    "XDR", "XOF", "XPD", "XPF", "XPT", "XSU", "XTS", "XUA", "XXX", "YER", "ZAR",
    "ZMW", "ZWG",
];

/// Codes of money withdrawn since 2000, sorted. A fact keeps the currency of its day, so an
/// order of 2013 in `LTL` is as right as one of today in `EUR`.
#[rustfmt::skip]
const WITHDRAWN: [&str; 50] = [
    "ADP", "AFA", "ANG", "ATS", "AZM", "BEF", "BGL", "BGN", "BYB", "BYR", "CSD",
    "CUC", "CYP", "DEM", "ECS", "EEK", "ESP", "FIM", "FRF", "GHC", "GRD", "HRK",
    "IEP", "ITL", "LTL", "LUF", "LVL", "MGF", "MRO", "MTL", "MZM", "NLG", "PTE",
    "ROL", "RUR", "SDD", "SIT", "SKK", "SLL", "SRG", "STD", "TMM", "TRL", "VEB",
    "VEF", "YUM", "ZMK", "ZWD", "ZWL", "ZWR",
];

/// Whether `code` is an ISO 4217 code, in force or withdrawn since 2000; upper case only.
pub fn is_known(code: &str) -> bool {
    find(code).is_some()
}

/// The code that `text` means, whatever its case and the spaces round it, or `None`.
pub fn parse(text: &str) -> Option<&'static str> {
    find(&text.trim().to_ascii_uppercase())
}

fn find(code: &str) -> Option<&'static str> {
    for table in [&CURRENT[..], &WITHDRAWN[..]] {
        if let Ok(place) = table.binary_search(&code) {
            return Some(table[place]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISO: &str =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/codes/iso4217.csv"));

    #[test]
    fn agrees_with_the_iso_list() {
        let listed: Vec<&str> = ISO.lines().skip(1).map(|line| &line[..3]).collect();
        assert_eq!(listed, CURRENT);
        assert!(listed.into_iter().all(is_known));
    }

    #[test]
    fn tables_are_sorted_and_apart() {
        assert!(CURRENT.is_sorted() && WITHDRAWN.is_sorted());
        assert!(WITHDRAWN.iter().all(|code| !CURRENT.contains(code)));
    }

    #[test]
    fn only_exact_codes_are_known() {
        for code in ["GBP", "CNY", "EUR", "LTL", "BGN"] {
            assert!(is_known(code), "{code}");
        }
        for code in ["", "gbp", " GBP", "RMB", "ZZZ", "£", "GB", "GBPX"] {
            assert!(!is_known(code), "{code}");
        }
    }

    #[test]
    fn parsing_forgives_case_and_spaces() {
        assert_eq!(parse(" gbp\t"), Some("GBP"));
        assert_eq!(parse("Cny"), Some("CNY"));
        assert_eq!(parse("元"), None);
        assert_eq!(parse(""), None);
    }
}
