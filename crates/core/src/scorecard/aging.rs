/// Whether a feature grows by one with each day on which nothing happens, as the days since the
/// last order do. What rests on such a feature need not be kept for every day: it is computed
/// for the day that is asked for. A value that is null stays null.
pub fn grows_daily(feature: &str) -> bool {
    matches!(feature, "recency_days" | "tenure_days" | "days_since_interaction")
}
