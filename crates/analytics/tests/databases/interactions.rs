use kehu_analytics::{Analytics, CustomerSet, Limits};
use kehu_storage::ingestion::{Entry, LineRow, NewInteraction};
use kehu_tests::{at, day, each_database, shop};

/// `customer key day kind product category channel`, with `-` for nothing, and `!` behind the kind
/// of a complaint, `?` behind that of one withdrawn.
fn interaction(text: &str) -> Entry {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [customer, key, on, kind, product, category, channel] = words[..] else { panic!("{text}") };
    let known = |word: &str| (word != "-").then(|| word.to_owned());
    Entry::Interaction(Box::new(NewInteraction {
        external_id: key.to_owned(),
        customer: customer.to_owned(),
        kind: kind.trim_end_matches(['!', '?']).to_owned(),
        occurred_at: day(on).and_hms_opt(12, 0, 0).unwrap().and_utc(),
        occurred_on: day(on),
        channel: known(channel),
        direction: None,
        duration_seconds: None,
        product: known(product),
        category: known(category),
        is_complaint: kind.ends_with('!'),
        outcome: None,
        note: None,
        is_withdrawn: kind.ends_with('?'),
        digest: text.to_owned(),
        source_updated_at: None,
    }))
}

/// An order of this product and category.
fn bought(customer: &str, key: &str, on: &str, product: &str, category: &str) -> Entry {
    let mut order = shop::sale(customer, key, day(on), 10);
    let line = order.lines.remove(0);
    let (product, category) = (Some(product.to_owned()), Some(category.to_owned()));
    order.lines.push(LineRow { product, category, ..line });
    Entry::Order(order)
}

/// Customer 4 never turned up, and registered at no time.
fn facts() -> Vec<Entry> {
    let interactions = [
        "c1 i1 2024-03-01 call - - phone",
        "c1 i2 2024-03-02 call! - - phone",
        "c1 i3 2024-03-31 wechat_message - - wechat",
        "c1 i4 2023-04-02 email - - -",
        "c1 i5 2023-04-01 email! - - -",
        "c1 i6 2024-04-01 visit - - -",
        "c1 i7 2024-03-30 ticket? - - -",
        "c2 i8 2024-03-10 page_view kettle - web",
        "c2 i9 2024-03-11 app_session kettle kitchen app",
        "c2 i10 2024-03-11 page_view - kitchen web",
        "c2 i11 2024-03-11 page_view - - web",
        "c2 i12 2024-03-12 page_view pan kitchen web",
        "c2 i13 2024-03-01 page_view kettle - web",
        "c3 i14 2022-03-31 visit - - -",
        "c4 i15 2024-05-01 call - - -",
    ];
    let mut facts = interactions.map(interaction).to_vec();
    facts.push(bought("c2", "o1", "2024-03-20", "pan", "kitchen"));
    facts.push(bought("c2", "o2", "2024-03-01", "kettle", "kitchen"));
    facts
}

#[tokio::test]
async fn engagement_features_are_of_the_interactions_up_to_the_date() {
    each_database(async |test| {
        let db = &test.database;
        shop::ingest(db, "s", facts(), at(1)).await;
        let analytics = Analytics::new(db.clone(), Limits::of_memory(1 << 30));
        for (feature, as_of, expected) in [
            ("interactions_30d", "2024-03-31", ["2", "5", "0", "0"]),
            ("interactions_90d", "2024-03-31", ["3", "6", "0", "0"]),
            ("interactions_180d", "2024-03-31", ["3", "6", "0", "0"]),
            // 365 days before is not within 365 days.
            ("interactions_365d", "2024-03-31", ["4", "6", "0", "0"]),
            ("interactions_365d", "2024-04-01", ["4", "6", "0", "0"]),
            ("interactions_730d", "2024-03-31", ["5", "6", "0", "0"]),
            ("interactions_730d", "2024-03-29", ["4", "6", "1", "0"]),
            ("calls_30d", "2024-03-31", ["1", "0", "0", "0"]),
            ("calls_90d", "2024-03-31", ["2", "0", "0", "0"]),
            ("emails_365d", "2024-03-31", ["1", "0", "0", "0"]),
            ("visits_30d", "2024-04-01", ["1", "0", "0", "0"]),
            ("visits_365d", "2024-03-31", ["0", "0", "0", "0"]),
            ("page_views_30d", "2024-03-31", ["0", "4", "0", "0"]),
            ("app_sessions_90d", "2024-03-31", ["0", "1", "0", "0"]),
            // What was withdrawn never counts.
            ("tickets_30d", "2024-03-31", ["0", "0", "0", "0"]),
            ("complaints_365d", "2024-03-30", ["2", "0", "0", "0"]),
            ("complaints_365d", "2024-03-31", ["1", "0", "0", "0"]),
            ("days_since_interaction", "2024-03-31", ["0", "19", "731", "null"]),
            ("days_since_interaction", "2024-03-30", ["28", "18", "730", "null"]),
            // The kettle is wanted again once its order of the first of March is 30 days ago.
            ("viewed_not_bought_30d", "2024-03-12", ["0", "1", "0", "0"]),
            ("viewed_not_bought_30d", "2024-03-20", ["0", "0", "0", "0"]),
            ("viewed_not_bought_30d", "2024-03-31", ["0", "2", "0", "0"]),
            ("viewed_not_bought_30d", "2024-04-10", ["0", "0", "0", "0"]),
            ("top_interaction_kind_365d", "2024-03-31", ["call", "page_view", "null", "null"]),
            ("top_interaction_kind_365d", "2023-03-30", ["null", "null", "visit", "null"]),
            ("top_interaction_channel_365d", "2024-03-31", ["phone", "web", "null", "null"]),
        ] {
            let frame = analytics.features(&CustomerSet::All, day(as_of), &[feature]).await;
            let frame = frame.unwrap();
            let values = frame.column(feature).unwrap();
            let values: Vec<String> = values.iter().map(crate::features::text).collect();
            // Whoever has an order only is a customer from then on.
            let expected: Vec<&str> = match frame.len() {
                3 => [expected[0], expected[2], expected[3]].into(),
                _ => expected.into(),
            };
            assert_eq!(values, expected, "{feature} as of {as_of}");
        }
    })
    .await;
}
