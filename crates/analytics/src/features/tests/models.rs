//! What a model says of a customer.

use kehu_core::model::{Trained, Window};

use super::world::{AS_OF, Facts, check, compute, customers, day, orders, text};

/// The parameters that are published for the CDNOW sample; a quarter of an amount is margin.
pub(super) fn value_model() -> Trained {
    let numbers = |text: &str| text.split(' ').map(|it| it.parse().unwrap()).collect::<Vec<_>>();
    Trained {
        id: "customer-value".to_owned(),
        window: Window { through: day(AS_OF), customers: 2_357, repeaters: 946 },
        features: Vec::new(),
        purchases: numbers("0.2425945 4.4136019 0.7929199 2.4258881").try_into().unwrap(),
        spending: numbers("6.25 3.74 15.44").try_into().unwrap(),
        log_likelihoods: numbers("-9582.429 -4055.9177").try_into().unwrap(),
        margin: Some("0.25".parse().unwrap()),
        discount_rate: "0".parse().unwrap(),
        holdout: None,
    }
}

fn facts(text: &str, value_model: Option<Trained>) -> Facts {
    Facts { customers: customers(2), orders: orders(text), value_model, ..Facts::default() }
}

/// The one whom the walkthrough of BTYD calls 1516: 26 repeats within 216 days, 217 days ago the
/// first; it is alive with 0.9689. Of two orders of a day the sum counts.
#[test]
fn a_customer_of_the_papers() {
    let mut text = String::new();
    for place in 0..27_i64 {
        let on = day(AS_OF) - chrono::Days::new(u64::try_from(217 - place * 8).unwrap());
        let on = if place == 26 { day(AS_OF) - chrono::Days::new(1) } else { on };
        text += &format!("1 {on} 10 sale web 30\n1 {on} 11 sale web 10\n");
    }
    let names = ["p_alive", "expected_orders_365d", "expected_order_value", "clv_365d"];
    let frame = compute(facts(&text, Some(value_model())), AS_OF, &names, 1);
    let number = |name: &str| -> f64 {
        super::world::text(&frame.column(name).unwrap()[0]).parse().unwrap()
    };
    assert!((number("p_alive") - 0.968_852).abs() < 1e-4);
    let orders = number("expected_orders_365d");
    assert!((orders - 25.8).abs() < 0.2, "{orders}");
    // p (γ + x m) / (p x + q − 1)
    let amount = 6.25 * (15.44 + 26.0 * 40.0) / (6.25 * 26.0 + 2.74);
    assert!((number("expected_order_value") - amount).abs() < 1e-4);
    // Nothing is discounted.
    let worth = 0.25 * orders * amount;
    assert!((number("clv_365d") - worth).abs() < 1e-3 * worth);
    // The other one has not bought.
    assert!(names.iter().all(|name| text_of(&frame, name) == "null"));
}

fn text_of(frame: &crate::Frame, name: &str) -> String {
    text(&frame.column(name).unwrap()[1])
}

#[test]
fn nothing_is_said_without_a_model() {
    let once = "1 2024-03-01 10 sale web 10";
    let outputs = ["p_alive", "expected_orders_365d", "expected_order_value", "clv_365d"];
    check("no model", facts(once, None), AS_OF, &outputs.map(|name| (name, "null")));
    let without_margin = Trained { margin: None, ..value_model() };
    let expected = [("p_alive", "1"), ("clv_365d", "null")];
    check("no margin", facts(once, Some(without_margin)), AS_OF, &expected);
}

#[test]
fn days_with_purchases_and_what_they_bring() {
    let text = "1 2024-01-01 10 sale web 90
        1 2024-02-01 10 sale web 10
        1 2024-02-01 11 sale web 20
        1 2024-03-01 10 sale web 50
        1 2024-03-02 10 return web -50";
    let expected = [("purchase_days", "3"), ("repeat_amount_mean", "40")];
    check("three days", facts(text, None), AS_OF, &expected);
    let expected = [("purchase_days", "0"), ("repeat_amount_mean", "null")];
    check("nothing", facts("", None), AS_OF, &expected);
}
