//! Lines of orders.

use std::collections::HashSet;

use kehu_contract::ingestion::{Order, OrderKind as Kind, OrderLine, ProblemReason};
use kehu_core::{Money, Quantity};
use kehu_storage::ingestion::LineRow;

use super::{Problems, values};
use kehu_core::decimal::{self, NotANumber};
use kehu_core::{amount, limits};

/// The numbers that the lines of an order have had.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    last: i64,
    /// Filled only once they do not rise.
    seen: HashSet<i64>,
    rising: Vec<i64>,
}

impl Numbers {
    /// Checks the number of the next line.
    pub(super) fn check(&mut self, number: i64, problems: &mut Problems) {
        let field = "line_number";
        if number <= 0 {
            problems.add(field, ProblemReason::OutOfRange, "must be above zero");
            return;
        }
        let rises = number > self.last && self.seen.is_empty();
        if rises {
            self.last = number;
            self.rising.push(number);
            return;
        }
        if self.seen.is_empty() {
            self.seen.extend(self.rising.iter().copied());
        }
        if !self.seen.insert(number) {
            let text = "must occur once in an order";
            problems.add(field, ProblemReason::DuplicateLine, text);
        }
    }
}

/// A line without its amount in the base currency; `None` only with problems.
pub(super) fn check(given: &OrderLine, order: &Order, problems: &mut Problems) -> Option<LineRow> {
    let adjustment = order.kind == i32::from(Kind::Adjustment);
    let product = problems.text("product_code", &given.product_code, limits::PRODUCT);
    let description = problems.text("description", &given.description, limits::DESCRIPTION);
    let category = problems.text("category", &given.category, limits::TEXT);
    let brand = problems.text("brand", &given.brand, limits::TEXT);
    let quantity = quantity(given, problems);
    let of = ("order", order.currency_code.as_str());
    let unit_price = values::money("unit_price", given.unit_price.as_ref(), of, problems);
    let discount = values::money("discount", given.discount.as_ref(), of, problems);
    let stated = values::money("amount", given.amount.as_ref(), of, problems);
    let unit_cost = values::money("unit_cost", given.unit_cost.as_ref(), of, problems);
    let stated_cost = values::money("cost", given.cost.as_ref(), of, problems);
    if unit_price.is_some_and(|price| price.0 < 0) && !adjustment {
        let text = "must not be below zero but in an adjustment";
        problems.add("unit_price", ProblemReason::PriceNegative, text);
    }
    for (field, amount) in [("discount", discount), ("unit_cost", unit_cost)] {
        if amount.is_some_and(|amount| amount.0 < 0) {
            problems.add(field, ProblemReason::OutOfRange, "must not be below zero");
        }
    }
    if given.unit_price.is_none() && given.amount.is_none() {
        let text = "must be given, or amount";
        problems.add("unit_price", ProblemReason::FieldMissing, text);
    }
    let quantity = quantity?;
    let (unit_price, amount) = match (unit_price, stated) {
        (Some(price), Some(amount)) => Some((price, amount)),
        (Some(price), None) if given.amount.is_none() => {
            let amount = amount::of_line(quantity, price, discount);
            fits(amount, problems).map(|amount| (price, amount))
        }
        (None, Some(amount)) if given.unit_price.is_none() => {
            let price = amount::price_of(amount, discount, quantity);
            fits(price, problems).map(|price| (price, amount))
        }
        _ => None,
    }?;
    let cost = amount::cost_of(quantity, unit_cost, stated_cost);
    if cost.is_err() {
        let text = "quantity times cost does not fit";
        problems.add("unit_cost", ProblemReason::OutOfRange, text);
    }
    Some(LineRow {
        line_number: given.line_number,
        product,
        description,
        category,
        brand,
        quantity,
        unit_price,
        discount,
        amount,
        base_amount: Money::ZERO,
        cost: cost.ok()?,
        base_cost: None,
    })
}

fn fits(
    amount: Result<Money, kehu_core::money::OutOfRange>,
    problems: &mut Problems,
) -> Option<Money> {
    if amount.is_err() {
        let text = "quantity times price does not fit";
        problems.add("unit_price", ProblemReason::OutOfRange, text);
    }
    amount.ok()
}

fn quantity(given: &OrderLine, problems: &mut Problems) -> Option<Quantity> {
    let Some(quantity) = &given.quantity else {
        problems.add("quantity", ProblemReason::FieldMissing, "must be given");
        return None;
    };
    let parsed = decimal::parse(&quantity.value)
        .and_then(|number| Quantity::from_decimal(number).map_err(|_| NotANumber::OutOfRange));
    parsed
        .inspect_err(|error| match error {
            NotANumber::Invalid => {
                let text = "must be a decimal number such as -12.5";
                problems.add("quantity", ProblemReason::NumberInvalid, text);
            }
            NotANumber::OutOfRange => {
                let text = "must be within 922,337,203,685,477.5807 in either direction";
                problems.add("quantity", ProblemReason::OutOfRange, text);
            }
        })
        .ok()
}
