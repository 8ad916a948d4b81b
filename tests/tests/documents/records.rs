//! Records to send, one line of text each.

use kehu_contract::google::r#type::{Decimal, Money};
use kehu_contract::ingestion::{
    CustomerProfile, CustomerRecord, Interaction, Invoice, InvoicePayment, Order, OrderKind,
    OrderLine, ProspectAssessment, SurveyAnswer, SurveyMeasure, record::Kind,
};
use kehu_tests::date;
use prost_types::Timestamp;

/// A time as `2024-03-01T20:30` in Shanghai.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    let local: chrono::NaiveDateTime = format!("{text}:00").parse().unwrap();
    let at = local.and_utc() - chrono::TimeDelta::hours(8);
    Some(Timestamp { seconds: at.timestamp(), nanos: 0 })
}

fn known(word: &str) -> String {
    if word == "-" { String::new() } else { word.to_owned() }
}

/// An amount with at most two decimals.
fn money(text: &str) -> Option<Money> {
    let (units, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let nanos: i32 = format!("{decimals:0<9}").parse().unwrap();
    let nanos = if units.starts_with('-') { -nanos } else { nanos };
    Some(Money { currency_code: String::new(), units: units.parse().unwrap(), nanos })
}

/// `customer key time amount channel category brand currency`; what is missing at the end is
/// `- - - CNY`, and an amount below zero a return.
pub(crate) fn order(text: &str) -> Kind {
    let words: Vec<&str> = text.split_whitespace().collect();
    let word = |place: usize| words.get(place).copied().unwrap_or("-");
    let returned = words[3].starts_with('-');
    let quantity = if returned { "-1" } else { "1" };
    let line = OrderLine {
        line_number: 1,
        product_code: known(word(5)),
        category: known(word(5)),
        brand: known(word(6)),
        quantity: Some(Decimal { value: quantity.to_owned() }),
        unit_price: money(words[3].trim_start_matches('-')),
        ..Default::default()
    };
    Kind::Order(Order {
        external_id: words[1].to_owned(),
        customer_external_id: words[0].to_owned(),
        kind: if returned { OrderKind::Return } else { OrderKind::Sale }.into(),
        order_time: time(words[2]),
        currency_code: if word(7) == "-" { "CNY".to_owned() } else { word(7).to_owned() },
        channel: known(word(4)),
        lines: vec![line],
        ..Default::default()
    })
}

/// A sale of these products, one of each at ten yuan.
pub(crate) fn basket(customer: &str, key: &str, at: &str, products: &str) -> Kind {
    let Kind::Order(mut sale) = order(&format!("{customer} {key} {at} 10")) else {
        unreachable!("an order is one")
    };
    let line = sale.lines.remove(0);
    for (place, product) in products.split(' ').enumerate() {
        let (line_number, product_code) = (place as i64 + 1, product.to_owned());
        sale.lines.push(OrderLine { line_number, product_code, ..line.clone() });
    }
    Kind::Order(sale)
}

/// Orders, one a line.
pub(crate) fn orders(text: &str) -> impl Iterator<Item = Kind> {
    text.lines().filter(|line| !line.trim().is_empty()).map(order)
}

/// `customer key time kind channel product`, the last two `-` when missing.
pub(crate) fn interaction(text: &str) -> Kind {
    let words: Vec<&str> = text.split_whitespace().collect();
    let word = |place: usize| known(words.get(place).copied().unwrap_or("-"));
    Kind::Interaction(Interaction {
        external_id: words[1].to_owned(),
        customer_external_id: words[0].to_owned(),
        kind: words[3].to_owned(),
        interaction_time: time(words[2]),
        channel: word(4),
        product_code: word(5),
        ..Default::default()
    })
}

/// `customer key time measure score`, then words of a comment.
pub(crate) fn answer(text: &str) -> Kind {
    let words: Vec<&str> = text.split_whitespace().collect();
    let measure = match words[3] {
        "csat" => SurveyMeasure::Csat,
        "nps" => SurveyMeasure::Nps,
        "ces" => SurveyMeasure::Ces,
        _ => SurveyMeasure::Comment,
    };
    let score = words.get(4).filter(|word| **word != "-");
    Kind::SurveyAnswer(SurveyAnswer {
        external_id: words[1].to_owned(),
        customer_external_id: words[0].to_owned(),
        measure: measure.into(),
        answer_time: time(words[2]),
        score: score.map(|score| Decimal { value: (*score).to_owned() }),
        comment: words.get(5..).unwrap_or_default().join(" "),
        ..Default::default()
    })
}

/// `customer key issued due amount paid`: an invoice that was paid in full on a date, or `-`.
pub(crate) fn invoice(text: &str) -> Kind {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [customer, key, issued, due, amount, paid] = words[..] else { panic!("{text}") };
    let payment = |on: &str| InvoicePayment {
        external_id: "1".to_owned(),
        payment_time: time(&format!("{on}T10:00")),
        amount: money(amount),
    };
    Kind::Invoice(Invoice {
        external_id: key.to_owned(),
        customer_external_id: customer.to_owned(),
        issue_date: date(issued),
        due_date: date(due),
        currency_code: "CNY".to_owned(),
        amount: money(amount),
        payments: (paid != "-").then(|| payment(paid)).into_iter().collect(),
        ..Default::default()
    })
}

/// `customer key from to score assessor`, then words of evidence.
pub(crate) fn assessment(text: &str) -> Kind {
    let words: Vec<&str> = text.split_whitespace().collect();
    Kind::ProspectAssessment(ProspectAssessment {
        external_id: words[1].to_owned(),
        customer_external_id: words[0].to_owned(),
        assessment_date: date(words[2]),
        expire_date: date(words[3]),
        score: Some(Decimal { value: words[4].to_owned() }),
        assessor: words[5].to_owned(),
        evidence: words[6..].join(" "),
        ..Default::default()
    })
}

/// An order of which each unit cost so much.
pub(crate) fn costing(order: Kind, unit_cost: &str) -> Kind {
    let Kind::Order(mut order) = order else { panic!("it is an order") };
    for line in &mut order.lines {
        line.unit_cost = money(unit_cost);
    }
    Kind::Order(order)
}

/// A customer with a profile.
pub(crate) fn customer(key: &str, profile: CustomerProfile) -> Kind {
    let external_id = key.to_owned();
    let profile = Some(profile);
    Kind::Customer(CustomerRecord { external_id, profile, ..Default::default() })
}

/// An enterprise of an industry in a city, with so many people and a revenue of so much, in yuan.
pub(crate) fn enterprise(
    key: &str,
    industry: &str,
    city: &str,
    people: &str,
    revenue: &str,
) -> Kind {
    let attributes = [("employees", people), ("annual_revenue", revenue)];
    let attributes = attributes.map(|(id, value)| (id.to_owned(), value.to_owned())).into();
    let (industry_code, city) = (industry.to_owned(), city.to_owned());
    customer(key, CustomerProfile { industry_code, city, attributes, ..Default::default() })
}
