//! Records to send.

use kehu_contract::google::r#type as google;
use kehu_contract::ingestion::{
    CustomerProfile, CustomerRecord, ExchangeRate, Order, OrderKind, OrderLine, Record,
    record::Kind,
};
use prost_types::Timestamp;

pub(crate) fn record(kind: Kind) -> Record {
    Record { line_number: 7, kind: Some(kind) }
}

pub(crate) fn customer(external_id: &str, country: &str) -> Record {
    let profile = CustomerProfile { region_code: country.to_owned(), ..Default::default() };
    record(Kind::Customer(CustomerRecord {
        external_id: external_id.to_owned(),
        profile: Some(profile),
        ..Default::default()
    }))
}

/// A sale of one unit in pounds, at noon.
pub(crate) fn sale(external_id: &str, customer: &str, day: &str, price: i64) -> Order {
    Order {
        external_id: external_id.to_owned(),
        customer_external_id: customer.to_owned(),
        kind: OrderKind::Sale.into(),
        order_time: Some(noon(day)),
        currency_code: "GBP".to_owned(),
        lines: vec![line(1, "1", price)],
        ..Default::default()
    }
}

pub(crate) fn order(order: Order) -> Record {
    record(Kind::Order(order))
}

pub(crate) fn line(line_number: i64, quantity: &str, price: i64) -> OrderLine {
    OrderLine {
        line_number,
        product_code: format!("P{line_number}"),
        quantity: Some(google::Decimal { value: quantity.to_owned() }),
        unit_price: Some(money(price, 0)),
        ..Default::default()
    }
}

pub(crate) fn money(units: i64, nanos: i32) -> google::Money {
    google::Money { currency_code: String::new(), units, nanos }
}

pub(crate) fn noon(day: &str) -> Timestamp {
    format!("{day}T12:00:00Z").parse().unwrap()
}

pub(crate) fn rate(currency: &str, day: &str, rate: &str) -> Record {
    let parts: Vec<i32> = day.split('-').map(|part| part.parse().unwrap()).collect();
    record(Kind::ExchangeRate(ExchangeRate {
        currency_code: currency.to_owned(),
        start_date: Some(google::Date { year: parts[0], month: parts[1], day: parts[2] }),
        rate: Some(google::Decimal { value: rate.to_owned() }),
    }))
}
