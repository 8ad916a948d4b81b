//! Features of orders: recency, frequency, amounts, growth.

use super::world::{AS_OF, Facts, check, customers, orders};

fn check_orders(name: &str, text: &str, expected: &[(&str, &str)]) {
    check_orders_on(name, AS_OF, text, expected);
}

fn check_orders_on(name: &str, as_of: &str, text: &str, expected: &[(&str, &str)]) {
    let facts = Facts { customers: customers(1), orders: orders(text), ..Facts::default() };
    check(name, facts, as_of, expected);
}

#[test]
fn nothing_to_measure() {
    let expected = [
        ("recency_days", "null"),
        ("tenure_days", "null"),
        ("orders_30d", "0"),
        ("orders_total", "0"),
        ("active_months_12m", "0"),
        ("interpurchase_days_mean", "null"),
        ("interpurchase_days_cv", "null"),
        ("amount_365d", "null"),
        ("amount_total", "null"),
        ("avg_order_value_365d", "null"),
        ("amount_growth_yoy", "null"),
        ("amount_trend_12m", "null"),
        ("preferred_channel", "null"),
        ("preferred_hour_band", "null"),
        ("weekend_share", "null"),
    ];
    check_orders("no order", "", &expected);
    check_orders("an order of nothing", "1 2024-03-30 10 sale web 0", &expected[..7]);
    check_orders("an order below nothing", "1 2024-03-30 10 sale web -5", &expected[..7]);
}

#[test]
fn one_order() {
    let order = "1 2024-03-21 10 sale web 120.50";
    check_orders(
        "one order",
        order,
        &[
            ("recency_days", "10"),
            ("tenure_days", "10"),
            ("orders_30d", "1"),
            ("orders_total", "1"),
            ("active_months_12m", "1"),
            ("interpurchase_days_mean", "null"),
            ("interpurchase_days_cv", "null"),
            ("amount_30d", "120.5000"),
            ("amount_total", "120.5000"),
            ("avg_order_value_365d", "120.5000"),
            ("amount_growth_yoy", "null"),
            ("preferred_channel", "web"),
            ("preferred_hour_band", "morning"),
            ("weekend_share", "0"),
        ],
    );
    check_orders_on("on the day itself", "2024-03-21", order, &[("recency_days", "0")]);
}

#[test]
fn only_returns() {
    check_orders(
        "only returns",
        "1 2024-03-21 10 return web -20
         1 2024-03-22 10 adjustment - -1.5",
        &[
            ("recency_days", "null"),
            ("tenure_days", "null"),
            ("orders_total", "0"),
            ("amount_30d", "-21.5000"),
            ("amount_total", "-21.5000"),
            ("avg_order_value_365d", "null"),
            ("amount_trend_12m", "null"),
            ("preferred_channel", "null"),
        ],
    );
}

/// A window of N days is `(as_of - N, as_of]`: N days before is outside, N - 1 inside.
#[test]
fn window_borders() {
    for (days, outside, inside) in [
        ("30d", "2024-03-01", "2024-03-02"),
        ("90d", "2024-01-01", "2024-01-02"),
        ("180d", "2023-10-03", "2023-10-04"),
        ("365d", "2023-04-01", "2023-04-02"),
        ("730d", "2022-04-01", "2022-04-02"),
    ] {
        let (orders, amount) = (format!("orders_{days}"), format!("amount_{days}"));
        for (on, count, sum) in [(outside, "0", "null"), (inside, "1", "7.0000")] {
            let order = format!("1 {on} 10 sale web 7");
            let expected = [(orders.as_str(), count), (amount.as_str(), sum)];
            check_orders(on, &order, &expected);
        }
    }
}

#[test]
fn returns_count_in_amounts_but_not_as_orders() {
    check_orders(
        "a sale and its return",
        "1 2024-02-01 10 sale web 100
         1 2024-02-11 11 sale web 50
         1 2024-03-30 12 return web -30.25
         1 2024-03-31 12 adjustment - 0.0001",
        &[
            ("recency_days", "49"),
            ("tenure_days", "59"),
            ("orders_30d", "0"),
            ("orders_365d", "2"),
            ("amount_30d", "-30.2499"),
            ("amount_365d", "119.7501"),
            ("avg_order_value_365d", "75.0000"),
            ("interpurchase_days_mean", "10"),
            ("interpurchase_days_cv", "null"),
        ],
    );
}

/// Gaps of 10, 20 and 10 days (a second order on one of the days adds none): mean 40 / 3; sample
/// variance (600 - 40^2 / 3) / 2 = 100 / 3; sqrt(100 / 3) / (40 / 3) = sqrt(3) / 4.
#[test]
fn time_between_purchases() {
    check_orders(
        "three gaps",
        "1 2024-01-01 10 sale web 1
         1 2024-01-11 10 sale web 1
         1 2024-01-11 18 sale web 1
         1 2024-01-20 10 return web -1
         1 2024-01-31 10 sale web 1
         1 2024-02-10 10 sale web 1",
        &[("interpurchase_days_mean", "13.333333333"), ("interpurchase_days_cv", "0.433012702")],
    );
    check_orders(
        "all on one day",
        "1 2024-01-01 10 sale web 1
         1 2024-01-01 11 sale web 1",
        &[("interpurchase_days_mean", "null"), ("interpurchase_days_cv", "null")],
    );
    check_orders(
        "as regular as a clock",
        "1 2024-01-01 10 sale web 1
         1 2024-01-08 10 sale web 1
         1 2024-01-15 10 sale web 1",
        &[("interpurchase_days_mean", "7"), ("interpurchase_days_cv", "0")],
    );
}

#[test]
fn mean_order_value_is_rounded_once() {
    check_orders(
        "20 / 3",
        "1 2024-03-01 10 sale web 10
         1 2024-03-01 10 sale web 5
         1 2024-03-01 10 sale web 5",
        &[("avg_order_value_365d", "6.6667")],
    );
}

#[test]
fn growth_on_the_year_before() {
    for (name, text, value) in [
        ("half as much again", "1 2023-04-01 9 sale - 100\n1 2023-04-02 9 sale - 150", "0.5"),
        ("nothing any more", "1 2022-04-02 9 sale - 100", "-1"),
        ("too long ago", "1 2022-04-01 9 sale - 100\n1 2024-03-01 9 sale - 150", "null"),
        (
            "a third",
            "1 2023-03-01 9 sale - 300\n1 2023-04-02 9 sale - 500\n1 2024-03-01 9 return - -100",
            "0.333333333",
        ),
        (
            "a year before of nothing but returns",
            "1 2023-03-01 9 return - -300\n1 2024-03-01 9 sale - 10",
            "null",
        ),
    ] {
        check_orders(name, text, &[("amount_growth_yoy", value)]);
    }
}

/// Months end on 31 March, 29 February, 31 January … 30 April; the first begins on 1 April.
#[test]
fn active_months() {
    for (name, text, months) in [
        ("either side of the end of February", "2024-02-29 2024-03-01", "2"),
        ("both in March", "2024-03-01 2024-03-31", "1"),
        ("the first day of twelve months", "2023-04-01", "1"),
        ("a day too early", "2023-03-31", "0"),
        ("three months", "2023-04-30 2023-05-01 2023-05-31 2023-06-01", "3"),
    ] {
        let orders: Vec<String> =
            text.split(' ').map(|on| format!("1 {on} 10 sale web 1")).collect();
        check_orders(name, &orders.join("\n"), &[("active_months_12m", months)]);
    }
    let leap_day = "1 2024-02-29 10 sale web 1";
    let expected = [("recency_days", "366"), ("orders_365d", "0"), ("active_months_12m", "0")];
    check_orders_on("a leap day, a year and a day later", "2025-03-01", leap_day, &expected);
    let expected = [("recency_days", "365"), ("orders_365d", "0"), ("active_months_12m", "1")];
    check_orders_on("a leap day, a year later", "2025-02-28", leap_day, &expected);
}

/// Amounts 1, 2 … 12: slope 1 over a mean of 6.5. Only the last month: 6 * 11 / 143.
#[test]
fn trend_over_twelve_months() {
    let mut rising = String::new();
    for month in 1..=12 {
        let (year, number) = if month < 10 { (2023, month + 3) } else { (2024, month - 9) };
        rising += &format!("1 {year}-{number:02}-15 10 sale web {month}\n");
    }
    check_orders("rising", &rising, &[("amount_trend_12m", "0.153846154")]);
    let last = "1 2024-03-05 10 sale web 10";
    check_orders("only the last month", last, &[("amount_trend_12m", "0.461538462")]);
    let returned = "1 2024-03-05 10 sale web 10\n1 2023-05-05 9 return web -10";
    check_orders("nothing in sum", returned, &[("amount_trend_12m", "null")]);
    let flat = rising.lines().map(|line| line.rsplit_once(' ').unwrap().0.to_owned() + " 8\n");
    check_orders("level", &flat.collect::<String>(), &[("amount_trend_12m", "0")]);
}

#[test]
fn tenure_without_orders_is_since_the_registration() {
    for (registered, tenure) in [("2024-03-01", "30"), ("2024-03-31", "0"), ("2024-04-01", "null")]
    {
        let mut customers = customers(1);
        let days = kehu_core::calendar::to_days(super::world::day(registered));
        customers.registered_on = vec![Some(days)];
        let facts = Facts { customers, ..Facts::default() };
        check(registered, facts, AS_OF, &[("tenure_days", tenure), ("recency_days", "null")]);
    }
}

/// 200 years and nearly the largest amounts that fit.
#[test]
fn extremes_fit() {
    let largest = "922337203685477.5807";
    let text = format!(
        "1 1900-01-01 0 sale web {largest}
         1 2023-04-01 0 sale web 0.0001
         1 2024-03-31 23 sale web {largest}
         1 2024-03-31 23 sale web {largest}"
    );
    check_orders(
        "large",
        &text,
        &[
            ("tenure_days", "45380"),
            ("amount_total", "2767011611056432.7422"),
            ("avg_order_value_365d", "922337203685477.5807"),
            ("amount_growth_yoy", "null"),
            ("amount_trend_12m", "0.461538462"),
        ],
    );
}
