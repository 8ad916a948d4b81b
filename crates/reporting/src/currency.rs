//! How amounts of a currency are written.

/// The symbol written before an amount, or `None` where the code stands there instead.
/// Dollars, pounds and yen of other countries carry a mark of theirs.
pub(crate) fn symbol(currency: &str) -> Option<&'static str> {
    let symbol = match currency {
        "CNY" => "¥",
        "JPY" => "JP¥",
        "GBP" => "£",
        "EUR" => "€",
        "USD" => "$",
        "HKD" => "HK$",
        "TWD" => "NT$",
        "AUD" => "A$",
        "CAD" => "C$",
        "NZD" => "NZ$",
        "SGD" => "S$",
        "BRL" => "R$",
        "INR" => "₹",
        "KRW" => "₩",
        "THB" => "฿",
        "VND" => "₫",
        _ => return None,
    };
    Some(symbol)
}

/// Decimal places of the minor unit, by ISO 4217: 2 for most.
pub(crate) fn minor_digits(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}
