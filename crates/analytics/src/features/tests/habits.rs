//! Features of habits and attributes.

use super::world::{AS_OF, Facts, check, customers, lines, orders, prices};

#[test]
fn channel_and_time_of_day() {
    let cases = [
        (
            "the most orders",
            "1 2024-01-01 0 sale web 1\n1 2024-01-02 5 sale shop 1\n1 2024-01-03 6 sale shop 1",
            "shop",
            "night",
        ),
        (
            "a tie goes to the last used",
            "1 2024-01-01 11 sale shop 1\n1 2024-01-05 12 sale web 1\n1 2024-01-02 17 sale web 1\n1 2024-01-03 23 sale shop 1\n",
            "web",
            "afternoon",
        ),
        (
            "a tie of the same day goes by name",
            "1 2024-01-01 18 sale web 1\n1 2024-01-01 6 sale shop 1",
            "shop",
            "morning",
        ),
        (
            "no channel is no vote",
            "1 2024-01-01 23 sale - 1\n1 2024-01-01 22 sale - 1\n1 2023-01-01 9 sale web 1",
            "web",
            "evening",
        ),
        (
            "returns and orders of nothing are no vote",
            "1 2024-01-01 9 sale web 1\n1 2024-01-02 13 return shop -1\n1 2024-01-03 13 sale shop 0",
            "web",
            "morning",
        ),
    ];
    for (name, text, channel, band) in cases {
        let facts = Facts { customers: customers(1), orders: orders(text), ..Facts::default() };
        let expected = [("preferred_channel", channel), ("preferred_hour_band", band)];
        check(name, facts, AS_OF, &expected);
    }
}

#[test]
fn the_hour_and_the_share_of_the_channel() {
    let text = "1 2024-01-01 20 sale web 1\n1 2024-01-02 20 sale web 1\n1 2024-01-03 9 sale shop 1
                1 2024-01-04 9 sale - 1\n1 2024-01-05 8 sale - 0";
    let facts = Facts { customers: customers(1), orders: orders(text), ..Facts::default() };
    // Of the hours with two orders the one used last.
    let expected = [("preferred_hour", "9"), ("preferred_channel_share", "0.666666667")];
    check("both", facts, AS_OF, &expected);
    let none = Facts { customers: customers(1), ..Facts::default() };
    let expected = [("preferred_hour", "null"), ("preferred_channel_share", "null")];
    check("neither", none, AS_OF, &expected);
}

/// 2024-03-29 was a Friday.
#[test]
fn weekends() {
    for (days, share) in [
        ("2024-03-29 2024-03-30 2024-03-31", "0.666666667"),
        ("2024-03-29 2024-03-25", "0"),
        ("2024-03-30", "1"),
    ] {
        let text: Vec<String> = days.split(' ').map(|on| format!("1 {on} 9 sale - 1")).collect();
        let orders = orders(&text.join("\n"));
        let facts = Facts { customers: customers(1), orders, ..Facts::default() };
        check(days, facts, AS_OF, &[("weekend_share", share)]);
    }
}

#[test]
fn basket() {
    let text = "1 2024-03-01 tea   acme  2 -   60
                1 2024-03-01 tea   bolt  2 10  40
                1 2024-03-02 mugs  bolt  5 0   50
                1 2023-04-01 books other 9 -   50
                1 2024-03-03 void  other 9 -   -5
                1 2024-03-04 -     -     1 5   45";
    let facts = Facts { customers: customers(1), lines: lines(text), ..Facts::default() };
    check(
        "basket",
        facts,
        AS_OF,
        &[
            // 100 of tea, 50 of mugs, 50 of books; what is below zero does not count.
            ("top_category", "tea"),
            ("top_category_share", "0.5"),
            ("top_brand", "bolt"),
            // Tea, mugs and void; the books are 365 days ago.
            ("category_count_365d", "3"),
            // 15 of 40 + 10, 50 + 0 and 45 + 5.
            ("discount_share_365d", "0.1"),
            ("top_category_lines", "2"),
            ("top_brand_lines", "2"),
            ("price_level_lines", "5"),
        ],
    );
}

#[test]
fn ties_and_nulls_of_the_basket() {
    let nothing = [
        ("top_category", "null"),
        ("top_category_share", "null"),
        ("top_brand", "null"),
        ("category_count_365d", "0"),
        ("discount_share_365d", "null"),
        ("price_level", "null"),
        ("top_category_lines", "0"),
        ("top_brand_lines", "0"),
        ("price_level_lines", "0"),
    ];
    let none = Facts { customers: customers(1), ..Facts::default() };
    check("no lines", none, AS_OF, &nothing);
    let unnamed = lines("1 2024-03-01 - - 5 - 10");
    let facts = Facts { customers: customers(1), lines: unnamed, ..Facts::default() };
    check("nothing named", facts, AS_OF, &nothing);
    let tie = lines("1 2024-03-01 b y 5 - 10\n1 2024-03-01 a x 5 - 10\n1 2024-03-01 c z 5 - 10");
    let facts = Facts { customers: customers(1), lines: tie, ..Facts::default() };
    let expected =
        [("top_category", "a"), ("top_category_share", "0.333333333"), ("top_brand", "x")];
    check("a tie goes by name", facts, AS_OF, &expected);
    let free = lines("1 2024-03-01 tea x 5 0 0");
    let facts = Facts { customers: customers(1), lines: free, ..Facts::default() };
    check("free of charge", facts, AS_OF, &[("discount_share_365d", "null")]);
}

/// Tea at 2 three times, at 4 once: mid-ranks 1.5 / 4 and 3.5 / 4. A mug alone: 1 / 2. Three were
/// cheaper than tea at 3; to what nobody had bought, nothing can be compared.
#[test]
fn price_level() {
    let paid = "tea GBP 2 3\ntea GBP 4 1\ntea USD 1 9\nmugs GBP 5 1\nsofa GBP 900 2";
    for (name, text, level) in [
        ("cheap", "1 2020-01-01 tea - 2 - 2", "0.375"),
        ("dear", "1 2020-01-01 tea - 4 - 4", "0.875"),
        ("a new price", "1 2020-01-01 tea - 3 - 3\n1 2020-01-01 tea - 3 - 3", "0.75"),
        ("cheaper than all", "1 2020-01-01 tea - 1 - 1", "0"),
        ("a new category", "1 2020-01-01 soap - 4 - 4\n1 2020-01-01 soap - 9 - 9", "0.5"),
        (
            "every line counts once",
            "1 2020-01-01 tea - 4 - 99\n1 2020-01-01 mugs - 5 - 5",
            "0.6875",
        ),
        (
            "a third",
            "1 2020-01-01 tea - 2 - 2\n1 2020-01-01 tea - 2 - 2\n1 2020-01-01 mugs - 5 - 5",
            "0.416666667",
        ),
    ] {
        let (lines, prices) = (lines(text), prices(paid));
        let facts = Facts { customers: customers(1), lines, prices, ..Facts::default() };
        check(name, facts, AS_OF, &[("price_level", level)]);
    }
}

#[test]
fn attributes() {
    let mut customers = customers(1);
    customers.customer_type = vec![Some("company".to_owned())];
    customers.region_code = vec![Some("CN".to_owned())];
    customers.province = vec![Some("广东".to_owned())];
    let facts = Facts { customers, ..Facts::default() };
    check(
        "attributes",
        facts,
        AS_OF,
        &[
            ("industry", "null"),
            ("country", "CN"),
            ("province", "广东"),
            ("city", "null"),
            ("customer_type", "company"),
        ],
    );
}
