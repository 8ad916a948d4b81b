//! A table for managing sales customers by class.

use std::collections::BTreeSet;

use kehu_contract::google::r#type::Money;
use kehu_contract::ingestion::{
    CustomerProfile, GetCustomerRequest, GetTimelineRequest, TimelineEvent, record::Kind,
};
use kehu_contract::run::RunState;
use kehu_tests::{TestDatabase, date, each_database};
use std::fmt::Write;

use crate::records::{answer, customer, interaction, order, orders};
use crate::world::World;

const AS_OF: &str = "2024-03-31";

/// A number of the contract in 1/10,000.
fn parts(number: &kehu_contract::google::r#type::Decimal) -> i64 {
    let (whole, decimals) = number.value.split_once('.').unwrap_or((&number.value, ""));
    format!("{whole}{decimals:0<4}").parse().unwrap()
}

/// Ten customers: the first buys most, most often and more than the year before, the last least.
async fn ladder(test: &TestDatabase) -> World {
    let world = World::new(test, AS_OF).await;
    let mut text = String::new();
    for customer in 1..=10_u32 {
        let count = 11 - customer;
        writeln!(text, "c{customer} c{customer}-before 2023-01-01T10:00 100").unwrap();
        for order in 1..=count {
            let (month, amount) = (order % 3 + 1, 20 * count);
            writeln!(text, "c{customer} c{customer}-{order} 2024-0{month}-02T10:00 {amount}")
                .unwrap();
        }
    }
    world.ingest(orders(&text)).await;
    world.score(&["value"], AS_OF).await;
    world
}

#[tokio::test]
async fn req_2_6_the_value_of_a_customer_is_a_number_with_its_parts() {
    each_database(async |test| {
        let world = ladder(test).await;
        for key in ["c1", "c5", "c10"] {
            let explained = world.explain(key, "value", AS_OF).await;
            let score = explained.score.unwrap().score.unwrap();
            let contributions = explained.contributions.iter();
            let sum: i64 =
                contributions.map(|part| parts(part.contribution.as_ref().unwrap())).sum();
            assert_eq!(sum, parts(&score), "{key}");
            assert_eq!(explained.contributions.len(), 4);
            for part in &explained.contributions {
                assert!(part.value.is_some() && part.points.is_some(), "{key}: {part:?}");
            }
        }
    })
    .await;
}

/// The potential is the growth on the year before.
#[tokio::test]
async fn req_2_10_high_and_low_value_by_amount_frequency_and_potential() {
    each_database(async |test| {
        let world = ladder(test).await;
        let classes =
            [("high", "value_grade IN ('A', 'B')"), ("middle", "value_grade = 'C'"), ("low", "")];
        world.taxonomy("worth", &classes).await;
        world.classify(AS_OF).await;
        let found = world.classes_of(&["c1", "c2", "c9", "c10"], "worth", AS_OF).await;
        assert_eq!(found, ["high", "high", "low", "low"]);
        for (key, best) in [("c1", true), ("c10", false)] {
            let explained = world.explain(key, "value", AS_OF).await;
            for feature in ["amount_365d", "orders_365d", "amount_growth_yoy"] {
                let part = explained.contributions.iter().find(|part| part.feature == feature);
                let part = part.unwrap_or_else(|| panic!("{key} is not explained by {feature}"));
                let points = parts(part.points.as_ref().unwrap());
                assert_eq!(points > 500_000, best, "{key}, {feature}: {points}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn req_2_7_the_behaviour_of_a_customer_is_measured_and_in_rules() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let text =
            "c1 o1 2024-03-01T20:30 10 web tea acme\nc2 o2 2024-03-01T09:30 10 shop mugs bolt";
        world.ingest(orders(text)).await;
        world.ingest([interaction("c1 i1 2024-03-20T10:00 visit shop")]).await;
        let asked = [
            "preferred_hour",
            "preferred_channel",
            "top_category",
            "top_brand",
            "price_level",
            "visits_30d",
        ];
        let found = world.features("c1", AS_OF, &asked).await;
        assert_eq!(found, ["20", "web", "tea", "acme", "0.5", "1"]);
        let rule = "preferred_hour >= 18 AND preferred_channel = 'web' AND top_category = 'tea' \
                    AND top_brand = 'acme' AND price_level <= 0.5 AND visits_30d > 0";
        world.taxonomy("behaviour", &[("all", rule), ("other", "")]).await;
        world.classify(AS_OF).await;
        let found = world.classes_of(&["c1", "c2"], "behaviour", AS_OF).await;
        assert_eq!(found, ["all", "other"]);
    })
    .await;
}

/// It was the 29th of February in Greenwich when the customer called.
#[tokio::test]
async fn req_2_11_who_is_not_heard_of_turns_dormant_on_the_day() {
    each_database(async |test| {
        let world = World::new(test, "2024-03-01").await;
        world.ingest([interaction("c1 i1 2024-03-01T00:30 call phone")]).await;
        let classes = [("active", "days_since_interaction < 30"), ("dormant", "")];
        world.taxonomy("activity", &classes).await;
        world.classify("2024-03-01").await;
        for (today, class) in
            [("2024-03-29", "active"), ("2024-03-30", "active"), ("2024-03-31", "dormant")]
        {
            world.today_is(today).await;
            world.day_begins().await;
            assert_eq!(world.classes_of(&["c1"], "activity", today).await, [class], "{today}");
        }
        let history = world.history("c1", "activity").await;
        let dates: Vec<_> =
            history.iter().map(|stay| (stay.class_id.as_str(), stay.valid_from_date)).collect();
        assert_eq!(dates, [("dormant", date("2024-03-31")), ("active", date("2024-03-01"))]);
    })
    .await;
}

#[tokio::test]
async fn req_2_4_each_business_day_classifies_anew_and_says_what_changed() {
    each_database(async |test| {
        let world = World::new(test, "2024-03-01").await;
        let text = "c1 o1 2024-02-15T10:00 100\nc2 o2 2024-02-20T10:00 100
                      c3 o3 2024-03-01T10:00 100";
        world.ingest(crate::records::orders(text)).await;
        world.taxonomy("pace", &[("recent", "recency_days < 20"), ("silent", "")]).await;
        world.classify("2024-03-01").await;
        // Who becomes silent by the day alone: the first on the 6th of March, the second on the 11th.
        let counts = [("2024-03-06", 1), ("2024-03-08", 0), ("2024-03-11", 1), ("2024-03-12", 0)];
        for (today, changed) in counts {
            world.today_is(today).await;
            world.day_begins().await;
            let runs = world.runs("classification").await;
            let run = &runs[0];
            assert_eq!(run.as_of_date, date(today));
            assert_eq!((run.state(), run.caller.as_str()), (RunState::Succeeded, ""), "{today}");
            assert_eq!((run.total_count, run.done_count, run.changed_count), (3, 3, changed));
            let [pinned] = &run.definitions[..] else { panic!("{run:?}") };
            assert_eq!((pinned.name.as_str(), pinned.version), ("taxonomies/pace", 1));
        }
        let classes = world.classes_of(&["c1", "c2", "c3"], "pace", "2024-03-12").await;
        assert_eq!(classes, ["silent", "silent", "recent"]);
    })
    .await;
}

async fn timeline(world: &World, key: &str) -> Vec<TimelineEvent> {
    let customer = world.customer(key).await;
    let request = GetTimelineRequest { customer, ..Default::default() };
    world.customers().get_timeline(request).await.unwrap().into_inner().events
}

#[tokio::test]
async fn req_2_13_profile_trade_interactions_and_surveys_of_a_customer_in_order() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let profile = CustomerProfile {
            display_name: "王芳".to_owned(),
            customer_type: "person".to_owned(),
            ..Default::default()
        };
        let records = [
            answer("c1 s1 2024-03-04T09:00 csat 5 很好"),
            order("c1 o1 2024-03-02T09:00 100 web"),
            customer("c1", profile),
            interaction("c1 i1 2024-03-03T09:00 call phone"),
            answer("c2 s2 2024-03-03T10:00 nps 2"),
            interaction("c1 i2 2024-03-01T09:00 page_view web kettle"),
        ];
        world.ingest(records).await;
        let request = GetCustomerRequest { name: world.customer("c1").await };
        let held = world.customers().get_customer(request).await.unwrap().into_inner();
        assert_eq!(held.customer.unwrap().profile.unwrap().display_name, "王芳");
        let events = timeline(&world, "c1").await;
        let lines: Vec<String> = events
            .iter()
            .map(|event| {
                let contact = event.contact.clone().unwrap_or_default();
                format!("{} {} {}", event.kind, contact.kind, event.external_id)
            })
            .collect();
        let expected = [
            "survey_answer csat s1",
            "interaction call i1",
            "sale  o1",
            "interaction page_view i2",
        ];
        assert_eq!(lines, expected);
        let said = events[0].contact.clone().unwrap();
        assert_eq!((said.note.as_str(), said.score.unwrap().value.as_str()), ("很好", "5"));
    })
    .await;
}

#[tokio::test]
async fn req_2_8_satisfaction_in_rules_and_by_class() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        world
            .ingest(orders(
                "c1 o1 2024-03-01T10:00 900\nc2 o2 2024-03-01T10:00 800\nc3 o3 2024-03-01T10:00 10",
            ))
            .await;
        let answers = [
            "c1 s1 2024-03-01T10:00 csat 5",
            "c1 s2 2024-03-02T10:00 csat 2",
            "c2 s3 2024-03-02T10:00 csat 4",
            "c2 s4 2024-03-02T10:00 nps 10",
            "c3 s5 2024-03-02T10:00 csat 1 太慢",
            "c3 s6 2024-03-02T10:00 nps 6",
            // 365 days ago.
            "c1 s7 2023-04-01T10:00 csat 1",
        ];
        world.ingest(answers.map(answer)).await;
        let classes = [("large", "amount_total >= 500"), ("small", "")];
        world.taxonomy("size", &classes).await;
        let rule = "csat_mean_365d < 50 OR nps_last <= 6";
        world.taxonomy("mood", &[("unhappy", rule), ("other", "")]).await;
        world.classify(AS_OF).await;
        // 25 of a hundred for each star after the first: 62.5, 75 and 0.
        let found = world.classes_of(&["c1", "c2", "c3"], "mood", AS_OF).await;
        assert_eq!(found, ["other", "other", "unhappy"]);
        let columns = ["class_id", "csat_count", "csat_mean", "nps", "comment_count"];
        let found = world.report("satisfaction", "size", &columns).await;
        // (100 + 25 + 75) / 3.
        let expected = ["large 3 66.6667 100 0", "small 1 0 -100 1", "total 4 50 0 1"];
        assert_eq!(found, expected);
    })
    .await;
}

/// Orders of one customer on days of a month, of an amount each.
fn bought(key: &str, days: &[&str], amount: u32) -> Vec<Kind> {
    let line = |day: &&str| order(&format!("{key} {key}-{day} {day}T10:00 {amount}"));
    days.iter().map(line).collect()
}

#[tokio::test]
async fn req_2_17_everybody_is_in_one_of_the_six_classes() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let months =
            ["2023-10-01", "2023-11-01", "2023-12-01", "2024-01-01", "2024-02-01", "2024-03-20"];
        let mut records = bought("high", &months, 50_000);
        records.extend(bought("potential", &["2023-10-05", "2024-03-15"], 3_000));
        records.extend(bought("active", &months[3..], 100));
        records.extend(bought("busy", &months[2..], 100));
        records.extend(bought("low", &["2023-12-22"], 60));
        records.extend(bought("dormant", &["2023-11-01"], 50));
        records.extend(bought("churned", &["2023-01-10"], 40));
        records.push(customer("nobody", CustomerProfile::default()));
        // A tenth was taken off what the busy one pays.
        for record in &mut records {
            if let Kind::Order(order) = record
                && order.customer_external_id == "busy"
            {
                let discount = Money { units: 10, ..Default::default() };
                order.lines[0].discount = Some(discount);
            }
        }
        world.ingest(records).await;
        world.score(&["value", "abc"], AS_OF).await;
        world.template("value-six").await;
        world.classify(AS_OF).await;
        let fixtures = [
            ("high", "high-value"),
            ("active", "active"),
            ("busy", "active"),
            ("potential", "potential"),
            ("low", "low-value"),
            ("dormant", "dormant"),
            ("churned", "churned"),
            ("nobody", "no-purchase"),
        ];
        for (key, class) in fixtures {
            assert_eq!(world.classes_of(&[key], "value-six", AS_OF).await, [class], "{key}");
        }
        let members = world.members("value-six", "", AS_OF).await;
        let customers: BTreeSet<&str> = members.iter().map(|m| m.customer.as_str()).collect();
        assert_eq!((members.len(), customers.len()), (8, 8), "everybody once");
        // Ten of a hundred; of the others it is not known.
        let share = ["discount_share_365d"];
        assert_eq!(world.features("busy", AS_OF, &share).await, ["0.1"]);
        assert_eq!(world.features("high", AS_OF, &share).await, ["null"]);
    })
    .await;
}

#[tokio::test]
async fn req_2_27_a_channel_that_nobody_knew_is_data() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        world
            .ingest(orders("c1 o1 2024-03-01T10:00 10 抖音直播\nc2 o2 2024-03-01T10:00 10 web"))
            .await;
        let messages = [
            "c1 i1 2024-03-20T10:00 wechat_message 微信",
            "c1 i2 2024-03-21T10:00 wechat_message 微信",
            "c2 i3 2024-03-20T10:00 call phone",
        ];
        world.ingest(messages.map(interaction)).await;
        let asked = [
            "preferred_channel",
            "top_interaction_channel_365d",
            "top_interaction_kind_365d",
            "interactions_30d",
        ];
        let found = world.features("c1", AS_OF, &asked).await;
        assert_eq!(found, ["抖音直播", "微信", "wechat_message", "2"]);
        let classes = [
            (
                "live",
                "preferred_channel = '抖音直播' AND top_interaction_kind_365d = 'wechat_message'",
            ),
            ("other", ""),
        ];
        world.taxonomy("channel", &classes).await;
        world.classify(AS_OF).await;
        let found = world.classes_of(&["c1", "c2"], "channel", AS_OF).await;
        assert_eq!(found, ["live", "other"]);
        let newest = timeline(&world, "c1").await.remove(0);
        assert_eq!(newest.contact.unwrap().kind, "wechat_message");
        assert_eq!(newest.channel, "微信");
    })
    .await;
}

/// The source of a tag is the taxonomy, its version and the rule of the class.
#[tokio::test]
async fn req_2_18_a_tag_comes_and_goes_with_its_source_and_times() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        world.ingest([order("c1 o1 2024-03-01T10:00 100")]).await;
        world.taxonomy("keys", &[("key", "amount_total >= 500"), ("other", "")]).await;
        world.classify(AS_OF).await;
        world.today_is("2024-04-02").await;
        world.day_begins().await;
        world.ingest([order("c1 o2 2024-04-02T10:00 400")]).await;
        world.follow().await;
        world.today_is("2024-04-05").await;
        world.day_begins().await;
        world.ingest([order("c1 o3 2024-04-05T10:00 -400")]).await;
        world.follow().await;
        let history = world.history("c1", "keys").await;
        let tags: Vec<_> = history
            .iter()
            .rev()
            .map(|stay| (stay.tags[0].en.as_str(), stay.valid_from_date, stay.valid_to_date))
            .collect();
        let (entry, exit) = (date("2024-04-02"), date("2024-04-05"));
        let expected = [
            ("tag other", date(AS_OF), entry),
            ("tag key", entry, exit),
            ("tag other", exit, None),
        ];
        assert_eq!(tags, expected);
        let tagged = &history[1];
        assert_eq!((tagged.taxonomy.as_str(), tagged.version), ("taxonomies/keys", 1));
        assert_eq!(tagged.predicate, "amount_total >= 500");
        assert!(tagged.record_time.is_some());
    })
    .await;
}
