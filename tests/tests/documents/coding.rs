//! Coding and managing customers by class.

use kehu_contract::coding::{
    CodeScheme, CodeTable, CreateCodeSchemeRequest, DecodeCodeRequest, GetClassificationRequest,
    ListCodeHistoryRequest, StartCodingRequest, ValidateCodeRequest,
    code_service_client::CodeServiceClient,
};
use kehu_contract::google::r#type::Decimal;
use kehu_contract::ingestion::{CustomerProfile, ExchangeRate, record::Kind};
use kehu_server::client::Client;
use kehu_tests::{date, each_database};

use crate::records::{customer, interaction, order, orders};
use crate::world::World;

#[tokio::test]
async fn req_0_4_a_class_is_of_the_orders_of_its_window() {
    each_database(async |test| {
        let world = World::new(test, "2024-03-31").await;
        // The window of c2 ends a minute before midnight in Shanghai, of c1 it begins a minute later.
        let text = "c1 o1 2024-03-02T00:00 10\nc1 o2 2024-03-31T23:59 10
                    c2 o3 2024-03-01T23:59 10\nc2 o4 2024-03-31T23:59 10";
        world.ingest(orders(text)).await;
        world.taxonomy("trade", &[("two", "orders_30d >= 2"), ("fewer", "")]).await;
        world.classify("2024-03-31").await;
        let classes = world.classes_of(&["c1", "c2"], "trade", "2024-03-31").await;
        assert_eq!(classes, ["two", "fewer"]);
    })
    .await;
}

/// A read that asks for what follows from an order waits for it, and no longer than a call may take.
#[tokio::test]
async fn req_0_5_one_more_order_makes_a_frequent_buyer() {
    each_database(async |test| {
        let world = World::new(test, "2024-03-31").await;
        let text =
            "c1 o1 2024-01-02T10:00 10\nc1 o2 2024-02-02T10:00 10\nc2 o3 2024-03-01T10:00 10";
        world.ingest(orders(text)).await;
        let bands = [("high", "orders_365d >= 3"), ("middle", "orders_365d = 2"), ("low", "")];
        world.taxonomy("frequency", &bands).await;
        world.classify("2024-03-31").await;
        world.follow().await;
        let found = world.classes_of(&["c1", "c2"], "frequency", "2024-03-31").await;
        assert_eq!(found, ["middle", "low"]);

        let token = world.ingest([order("c1 o4 2024-03-30T10:00 10")]).await;
        let request = GetClassificationRequest {
            customer: world.customer("c1").await,
            taxonomy: "frequency".to_owned(),
            at_least_as_fresh: token,
            ..Default::default()
        };
        let mut classes = world.classes();
        let (answer, ()) = tokio::join!(classes.get_classification(request), world.follow());
        assert_eq!(answer.unwrap().into_inner().classification.unwrap().class_id, "high");
    })
    .await;
}

#[tokio::test]
async fn req_0_6_amounts_of_all_currencies_add_up_to_the_cent() {
    each_database(async |test| {
        let world = World::new(test, "2024-03-31").await;
        let rate = Kind::ExchangeRate(ExchangeRate {
            currency_code: "EUR".to_owned(),
            start_date: date("2024-01-01"),
            rate: Some(Decimal { value: "7.81".to_owned() }),
        });
        // 33.40 euros are 260.854 yuan. By hand: 1000.10 + 2000.20 - 500.05 + 260.854.
        let text = "c1 o1 2024-01-02T10:00 1000.10\nc1 o2 2024-02-02T10:00 2000.20
                    c1 o3 2024-03-02T10:00 -500.05\nc1 o4 2024-03-03T10:00 33.40 - - - EUR
                    c2 o5 2024-01-02T10:00 2761.10\nc2 o6 2024-03-02T10:00 -0.01
                    c3 o7 2024-01-02T10:00 2761.10";
        world.ingest([rate].into_iter().chain(orders(text))).await;
        for (key, amount) in [("c1", "2761.104"), ("c2", "2761.09"), ("c3", "2761.1")] {
            assert_eq!(world.features(key, "2024-03-31", &["amount_total"]).await, [amount]);
        }
        world.taxonomy("size", &[("large", "amount_total >= 2761.10"), ("small", "")]).await;
        world.classify("2024-03-31").await;
        let classes = world.classes_of(&["c1", "c2", "c3"], "size", "2024-03-31").await;
        assert_eq!(classes, ["large", "small", "large"]);
    })
    .await;
}

/// Habits of consumption, preferences, and what customers do besides buying.
#[tokio::test]
async fn req_0_7_rules_use_habits_preferences_and_interactions() {
    each_database(async |test| {
        let world = World::new(test, "2024-03-31").await;
        let text = "c1 o1 2024-03-01T21:00 10 web tea acme\nc2 o2 2024-03-01T09:00 10 web tea bolt
                    c3 o3 2024-03-01T09:00 10 web tea acme\nc4 o4 2024-03-01T09:00 10 web tea acme";
        world.ingest(orders(text)).await;
        world
            .ingest(["c3 i1 2024-03-01T10:00 call", "c3 i2 2024-03-02T10:00 call"].map(interaction))
            .await;
        let classes = [
            ("evening", "preferred_hour_band = 'evening'"),
            ("bolt", "top_brand = 'bolt'"),
            ("caller", "calls_30d >= 2"),
            ("other", ""),
        ];
        world.taxonomy("behaviour", &classes).await;
        world.classify("2024-03-31").await;
        let found = world.classes_of(&["c1", "c2", "c3", "c4"], "behaviour", "2024-03-31").await;
        // The first call was 30 days ago.
        assert_eq!(found, ["evening", "bolt", "other", "other"]);
        world.ingest([interaction("c3 i1 2024-03-02T10:00 call")]).await;
        world.follow().await;
        assert_eq!(world.classes_of(&["c3"], "behaviour", "2024-03-31").await, ["caller"]);
    })
    .await;
}

#[tokio::test]
async fn req_0_8_evening_buyers_online() {
    each_database(async |test| {
        let world = World::new(test, "2024-03-31").await;
        // Half past twelve in Greenwich is half past eight in the evening in Shanghai.
        let text = "c1 o1 2024-03-01T20:30 10 web\nc1 o2 2024-03-02T20:05 10 web
                    c1 o3 2024-03-03T09:00 10 shop\nc2 o4 2024-03-01T20:30 10 shop
                    c3 o5 2024-03-01T12:30 10 web\nc4 o6 2024-03-01T17:59 10 web";
        world.ingest(orders(text)).await;
        let asked = ["preferred_hour", "preferred_channel", "preferred_channel_share"];
        let found = world.features("c1", "2024-03-31", &asked).await;
        assert_eq!(found, ["20", "web", "0.666666667"]);
        let rule = "preferred_hour >= 18 AND preferred_channel = 'web'";
        world.taxonomy("habit", &[("evening-online", rule), ("other", "")]).await;
        world.classify("2024-03-31").await;
        let keys = ["c1", "c2", "c3", "c4"];
        let classes = world.classes_of(&keys, "habit", "2024-03-31").await;
        assert_eq!(classes, ["evening-online", "other", "other", "other"]);
    })
    .await;
}

#[tokio::test]
async fn req_0_9_preferences_and_what_they_rest_on() {
    each_database(async |test| {
        let world = World::new(test, "2024-03-31").await;
        let text = "c1 o1 2024-03-01T10:00 10 - tea acme\nc1 o2 2024-03-02T10:00 10 - tea bolt
                    c1 o3 2024-03-03T10:00 15 - mugs bolt\nc2 o4 2024-03-01T10:00 30 - tea acme";
        world.ingest(orders(text)).await;
        let asked = [
            "top_category",
            "top_category_lines",
            "top_brand",
            "top_brand_lines",
            "price_level",
            "price_level_lines",
        ];
        // Tea was sold at 10 twice and at 30 once: the middle of 10 is 1 / 3, that of 30 2.5 / 3; of
        // one mug alone it is 1 / 2.
        let found = world.features("c1", "2024-03-31", &asked).await;
        assert_eq!(found, ["tea", "2", "bolt", "2", "0.388888889", "3"]);
        let found = world.features("c2", "2024-03-31", &asked).await;
        assert_eq!(found, ["tea", "1", "acme", "1", "0.833333333", "1"]);
    })
    .await;
}

const DIGITS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Every text that is one wrong or two swapped characters away.
fn slips(code: &str) -> Vec<String> {
    let letters: Vec<char> = code.chars().collect();
    let mut slips = Vec::new();
    for place in (0..letters.len()).filter(|place| letters[*place] != '-') {
        for wrong in DIGITS.chars().filter(|wrong| *wrong != letters[place]) {
            let mut slip = letters.clone();
            slip[place] = wrong;
            slips.push(slip.iter().collect());
        }
        let next = (place + 1..letters.len()).find(|next| letters[*next] != '-');
        if let Some(next) = next.filter(|next| letters[*next] != letters[place]) {
            let mut slip = letters.clone();
            slip.swap(place, next);
            slips.push(slip.iter().collect());
        }
    }
    slips
}

/// Gives everybody a code of country, class and number, under the taxonomy `size`.
async fn give_codes(world: &World) -> CodeServiceClient<Client> {
    let mut codes = CodeServiceClient::new(world.client.clone());
    let scheme = CodeScheme {
        id: "plain".to_owned(),
        label: Some(kehu_contract::shared::Label {
            zh: "编码".to_owned(), en: "Code".to_owned()
        }),
        template: "{country}-{class:1}{seq:4}{check:mod37_36}".to_owned(),
        taxonomy: "taxonomies/size".to_owned(),
        tables: vec![CodeTable {
            attribute: "country".to_owned(),
            unknown: "ZZ".to_owned(),
            passthrough: true,
            ..Default::default()
        }],
        ..Default::default()
    };
    let request = CreateCodeSchemeRequest { code_scheme: Some(scheme), validate_only: false };
    codes.create_code_scheme(request).await.unwrap();
    let request = StartCodingRequest { scheme: "plain".to_owned(), ..Default::default() };
    let run = codes.start_coding(request).await.unwrap().into_inner().run.unwrap();
    world.carry_out(&run.name).await;
    codes
}

#[tokio::test]
async fn req_0_16_a_code_is_read_and_slips_of_the_pen_are_refused() {
    each_database(async |test| {
        let world = World::new(test, "2024-03-31").await;
        let profile = |country: &str| CustomerProfile {
            region_code: country.to_owned(),
            ..Default::default()
        };
        world.ingest([customer("c1", profile("CN")), customer("c2", profile("FR"))]).await;
        world.ingest([order("c2 o1 2024-03-01T10:00 10")]).await;
        world.taxonomy("size", &[("buyer", "orders_total > 0"), ("other", "")]).await;
        world.classify("2024-03-31").await;
        let mut codes = give_codes(&world).await;
        let request =
            ListCodeHistoryRequest { customer: world.customer("c2").await, ..Default::default() };
        let code =
            codes.list_code_history(request).await.unwrap().into_inner().codes.remove(0).code;
        let request = DecodeCodeRequest { code: code.clone(), scheme: String::new() };
        let segments = codes.decode_code(request).await.unwrap().into_inner().segments;
        let parts: Vec<(&str, &str)> =
            segments.iter().map(|part| (part.segment.as_str(), part.text.as_str())).collect();
        for expected in [("country", "FR"), ("class", "A"), ("seq", "0001")] {
            assert!(parts.contains(&expected), "no {expected:?} in {parts:?}");
        }
        let meaning = |name: &str| {
            let part = segments.iter().find(|part| part.segment == name).unwrap();
            part.meaning.clone().unwrap_or_default().en
        };
        assert_eq!((meaning("country").as_str(), meaning("class").as_str()), ("France", "buyer"));
        let check = parts.iter().find(|(name, _)| *name == "check").unwrap().1.to_owned();

        let validate = async |code: &str| {
            let request = ValidateCodeRequest { code: code.to_owned(), scheme: String::new() };
            let mut codes = CodeServiceClient::new(world.client.clone());
            codes.validate_code(request).await.unwrap().into_inner()
        };
        let right = validate(&code).await;
        assert!(right.valid && right.assigned, "{right:?}");
        assert_eq!(right.expected_check, check);
        let slips = slips(&code);
        assert!(slips.len() > 250);
        for slip in slips {
            assert!(!validate(&slip).await.valid, "{slip} instead of {code}");
        }
    })
    .await;
}

/// What customers of three classes bought in the last year, and two of them in the one before.
const BOUGHT: &str = "g g1 2024-03-01T10:00 400
    g g2 2024-03-02T10:00 400
    g g3 2024-03-03T10:00 400
    s1 a1 2024-03-01T10:00 300
    s1 a2 2024-03-02T10:00 300
    s1 a3 2024-03-03T10:00 350
    s2 b1 2024-03-01T10:00 600
    s2 b2 2024-03-02T10:00 600
    s3 c1 2024-03-01T10:00 460
    s3 c2 2024-03-02T10:00 460
    s4 d1 2024-03-01T10:00 600
    s4 d2 2023-02-01T10:00 3000
    b1 e1 2024-03-01T10:00 460
    b2 f1 2024-03-01T10:00 440
    b2 f2 2023-02-01T10:00 100";

/// By hand: bronze sold 900 after 100, silver 3,670 after 3,000, gold nothing before. Of those of silver
/// one lacks 50 of amount, one an order, one both; 440 are more than a tenth below 500.
#[tokio::test]
async fn req_0_20_classes_by_growth_and_who_is_close_to_the_next() {
    each_database(async |test| {
        let world = World::new(test, "2024-03-31").await;
        world.ingest(orders(BOUGHT)).await;
        let gold = "amount_365d >= 1000 AND orders_365d >= 3";
        let classes = [("gold", gold), ("silver", "amount_365d >= 500"), ("bronze", "")];
        world.taxonomy("metals", &classes).await;
        world.classify("2024-03-31").await;
        let columns = ["customer", "class_id", "next_class_id", "feature", "value", "limit", "gap"];
        let mut expected = Vec::new();
        for (key, row) in [
            ("s1", "silver gold amount_365d 950 1000 50"),
            ("s2", "silver gold orders_365d 2 3 1"),
            ("s3", "silver gold amount_365d 920 1000 80"),
            ("s3", "silver gold orders_365d 2 3 1"),
            ("b1", "bronze silver amount_365d 460 500 40"),
        ] {
            expected.push(format!("{} {row}", world.customer(key).await));
        }
        let mut found = world.report("close-customers", "metals", &columns).await;
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
        let columns = [
            "period",
            "growth_rank",
            "class_id",
            "amount",
            "before_amount",
            "amount_growth",
            "close_customer_count",
            "close_amount",
        ];
        let found = world.report("class-opportunities", "metals", &columns).await;
        let year = [
            "365-days 1 bronze 900 100 8 0 0",
            "365-days 2 silver 3670 3000 0.2233 1 460",
            "365-days 3 gold 1200 0 null 3 3070",
        ];
        assert_eq!(found[9..], year);
    })
    .await;
}
