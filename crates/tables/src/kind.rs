//! Sales, returns, adjustments and cancelled orders, told apart row by row.

use kehu_contract::ingestion::{OrderKind, OrderStatus};

use crate::mapping::{Mapping, Returns, StatusValues};

/// What a row says about its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowKind {
    /// Nothing: a sale, or a return when its amount is below zero.
    Plain,
    /// A sale cancelled after it was booked: a return.
    Cancellation,
    /// A return.
    Return,
    /// A correction of the books.
    Adjustment,
    /// Called off before it was carried out.
    CalledOff,
}

impl RowKind {
    /// The order's kind and status in the contract, and its name in a profile.
    pub(crate) fn of_order(self, negative: bool) -> (OrderKind, OrderStatus, &'static str) {
        match self {
            Self::Plain if !negative => (OrderKind::Sale, OrderStatus::Completed, "sale"),
            Self::Plain | Self::Cancellation | Self::Return => {
                (OrderKind::Return, OrderStatus::Completed, "return")
            }
            Self::Adjustment => (OrderKind::Adjustment, OrderStatus::Completed, "adjustment"),
            Self::CalledOff => (OrderKind::Sale, OrderStatus::Cancelled, "cancelled"),
        }
    }
}

/// The rules of a mapping.
#[derive(Debug)]
pub(crate) struct Kinds {
    returns: Returns,
    status: StatusValues,
}

impl Kinds {
    /// The rules of `mapping`; `invoices` are told apart by C and A when it states none.
    pub(crate) fn new(mapping: &Mapping, invoices: bool) -> Self {
        let mut returns = mapping.returns.clone();
        if invoices && returns == Returns::default() {
            returns.cancelled_prefix = Some("C".to_owned());
            returns.adjustment_prefix = Some("A".to_owned());
        }
        Self { returns, status: mapping.status.clone() }
    }

    /// What a row is; the status counts before the prefix.
    pub(crate) fn of(&self, order: &str, status: &str) -> RowKind {
        let has = |values: &[String]| {
            let status = status.trim().to_lowercase();
            values.iter().any(|value| value.to_lowercase() == status)
        };
        if !status.is_empty() {
            if has(&self.status.cancelled) {
                return RowKind::CalledOff;
            }
            if has(&self.status.returned) {
                return RowKind::Return;
            }
            if has(&self.status.adjustment) {
                return RowKind::Adjustment;
            }
        }
        if starts_with(order, self.returns.cancelled_prefix.as_deref()) {
            return RowKind::Cancellation;
        }
        if starts_with(order, self.returns.adjustment_prefix.as_deref()) {
            return RowKind::Adjustment;
        }
        RowKind::Plain
    }
}

/// Whether a key is a prefix and digits: `C536379`, but not `CA-2014-152156`.
fn starts_with(order: &str, prefix: Option<&str>) -> bool {
    let Some(number) = prefix.and_then(|prefix| order.strip_prefix(prefix)) else {
        return false;
    };
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_values() {
        let text = "columns = { order_id = \"o\", customer_id = \"c\", date = \"d\", amount = \"a\", \
                    status = \"s\" }\nstatus = { cancelled = [\"Void\"], returned = [\"Back\"] }";
        let stated = Kinds::new(&Mapping::parse(text).unwrap(), false);
        let usual = Kinds::new(&Mapping::default(), true);
        for (kinds, order, status, kind) in [
            (&usual, "536365", "", RowKind::Plain),
            (&usual, "C536379", "", RowKind::Cancellation),
            (&usual, "A563185", "", RowKind::Adjustment),
            (&usual, "CA-2014-152156", "", RowKind::Plain),
            (&usual, "C", "", RowKind::Plain),
            (&stated, "C536379", "", RowKind::Plain),
            (&stated, "1", " VOID ", RowKind::CalledOff),
            (&stated, "1", "back", RowKind::Return),
            (&stated, "1", "Shipped", RowKind::Plain),
        ] {
            assert_eq!(kinds.of(order, status), kind, "{order} {status}");
        }
    }
}
