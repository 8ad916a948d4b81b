//! The SQL of the features: one query gives some features of one group, for every customer.

use crate::tables::Tables;

/// A query of the folder of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Query {
    Recency,
    Frequency,
    Interpurchase,
    Monetary,
    Growth,
    Habits,
    Basket,
    PriceLevel,
    Attributes,
}

impl Query {
    pub(super) const ALL: [Self; 9] = [
        Self::Recency,
        Self::Frequency,
        Self::Interpurchase,
        Self::Monetary,
        Self::Growth,
        Self::Habits,
        Self::Basket,
        Self::PriceLevel,
        Self::Attributes,
    ];

    /// The text of the query: `customer_id` and features, one row for every customer.
    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Recency => include_str!("recency.sql"),
            Self::Frequency => include_str!("frequency.sql"),
            Self::Interpurchase => include_str!("interpurchase.sql"),
            Self::Monetary => include_str!("monetary.sql"),
            Self::Growth => include_str!("growth.sql"),
            Self::Habits => include_str!("habits.sql"),
            Self::Basket => include_str!("basket.sql"),
            Self::PriceLevel => include_str!("price_level.sql"),
            Self::Attributes => include_str!("attributes.sql"),
        }
    }

    /// The group that the features belong to.
    pub(super) fn group(self) -> &'static str {
        match self {
            Self::Recency => "recency",
            Self::Frequency | Self::Interpurchase => "frequency",
            Self::Monetary => "monetary",
            Self::Growth => "growth",
            Self::Habits | Self::Basket | Self::PriceLevel => "habits",
            Self::Attributes => "attributes",
        }
    }

    /// Adds the tables that the query reads besides `customers`.
    pub(super) fn add_tables(self, tables: &mut Tables) {
        match self {
            Self::Attributes => {}
            Self::Basket => tables.lines = true,
            Self::PriceLevel => (tables.lines, tables.prices) = (true, true),
            Self::Recency
            | Self::Frequency
            | Self::Interpurchase
            | Self::Monetary
            | Self::Growth
            | Self::Habits => tables.orders = true,
        }
    }
}
