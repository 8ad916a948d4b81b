//! The taxonomies that are ready to use by name.

use std::collections::BTreeSet;
use std::fmt::Write;

use kehu_contract::ingestion::{CustomerProfile, record::Kind};
use kehu_core::{scorecard, taxonomy};
use kehu_tests::{TestDatabase, each_database};

use crate::attributes::give_basis;
use crate::records::{answer, customer, interaction, order, orders};
use crate::world::World;

const AS_OF: &str = "2024-03-31";

/// A customer in `country province city`, `-` where nothing is known.
fn living_in(key: &str, place: &str) -> Kind {
    let words: Vec<&str> = place.split(' ').collect();
    let known = |place: usize| words[place].trim_matches('-').to_owned();
    let (region_code, province, city) = (known(0), known(1), known(2));
    customer(key, CustomerProfile { region_code, province, city, ..Default::default() })
}

/// Orders of a customer, one a month back from March 2024.
fn monthly(key: &str, months: u32, amount: u32, rest: &str) -> String {
    let mut text = String::new();
    for back in 0..months {
        let (year, month) = if back < 3 { (2024, 3 - back) } else { (2023, 15 - back) };
        let on = format!("{year}-{month:02}-10T10:00");
        writeln!(text, "{key} {key}-{back} {on} {amount} {rest}").unwrap();
    }
    text
}

/// Customers of all kinds.
async fn shop(test: &TestDatabase) -> World {
    let world = World::new(test, AS_OF).await;
    let mut text = monthly("key", 12, 90_000, "app phones");
    text += &monthly("main", 5, 25_000, "web phones");
    text += &monthly("steady", 9, 10, "shop cases");
    text += &monthly("small", 1, 50, "shop cases");
    text += "small mixed 2024-03-11T10:00 50 shop phones\n";
    text +=
        "old gone 2022-06-01T10:00 100 shop cases\nvery very-1 2020-01-01T10:00 100 shop cases\n";
    world.ingest(orders(&text)).await;
    let places = [
        ("key", "CN - 深圳市"),
        ("main", "CN 浙江省 杭州"),
        ("steady", "- 辽宁 鞍山"),
        ("small", "CN - -"),
        ("old", "HK - -"),
        ("very", "DE - Berlin"),
        ("nobody", "- - -"),
    ];
    world.ingest(places.map(|(key, place)| living_in(key, place))).await;
    let answers = [
        "key s1 2024-03-01T10:00 csat 5",
        "main s2 2024-03-01T10:00 nps 2",
        "steady s3 2024-03-01T10:00 csat 3",
    ];
    world.ingest(answers.map(answer)).await;
    let views = [1, 2, 3].map(|number| {
        interaction(&format!("small v{number} 2024-03-2{number}T10:00 page_view web phone-x"))
    });
    world.ingest(views).await;
    let cards: Vec<String> = scorecard::templates().into_iter().map(|card| card.id).collect();
    let cards: Vec<&str> = cards.iter().map(String::as_str).collect();
    world.score(&cards, AS_OF).await;
    world
}

const KEYS: [&str; 7] = ["key", "main", "steady", "small", "old", "very", "nobody"];

#[tokio::test]
async fn every_template_puts_everybody_in_a_class() {
    each_database(async |test| {
        let world = shop(test).await;
        // Without them demographic cannot be published.
        for id in ["birth_date", "gender"] {
            give_basis(&world, id).await;
        }
        for template in taxonomy::templates() {
            world.template(&template.id).await;
        }
        world.classify(AS_OF).await;
        for template in taxonomy::templates() {
            let members = world.members(&template.id, "", AS_OF).await;
            let customers: BTreeSet<&str> = members.iter().map(|m| m.customer.as_str()).collect();
            assert_eq!((members.len(), customers.len()), (7, 7), "{}", template.id);
            assert!(members.iter().all(|member| !member.class_id.is_empty()), "{}", template.id);
        }
        for (template, expected) in [
            ("accounts", "key main steady ordinary ordinary ordinary no-purchase"),
            (
                "behaviour",
                "frequent-online-focused regular-online-focused regular-offline-focused \
                 occasional-offline-varied lapsed lapsed no-purchase",
            ),
            // By the amount alone: nothing is known of credit and profit.
            ("composite-credit", "a b d d d d new"),
            (
                "geography",
                "tier-1 new-tier-1 northeast mainland hong-kong-macao-taiwan abroad unknown",
            ),
            ("handset", "high-value dissatisfied active looking replacement lapsed no-purchase"),
            // By tenure and categories alone: nothing is known of size and prospects.
            ("importance", "minor minor minor minor minor ordinary minor"),
            ("loyalty", "medium medium medium low low low no-purchase"),
            ("satisfaction", "satisfied dissatisfied neutral unknown unknown unknown unknown"),
            ("target-markets", "none none none none none none none"),
        ] {
            let found = world.classes_of(&KEYS, template, AS_OF).await.join(" ");
            assert_eq!(found, expected, "{template}");
        }
        // A complaint outweighs five stars, and another year makes who buys every month loyal.
        let mut complaint = interaction("key i1 2024-03-31T10:00 ticket");
        if let Kind::Interaction(interaction) = &mut complaint {
            interaction.complaint = true;
        }
        world.ingest([complaint, order("key key-first 2023-03-10T10:00 100 app phones")]).await;
        world.follow().await;
        assert_eq!(world.classes_of(&["key"], "satisfaction", AS_OF).await, ["dissatisfied"]);
        assert_eq!(world.classes_of(&["key"], "loyalty", AS_OF).await, ["high"]);
    })
    .await;
}
