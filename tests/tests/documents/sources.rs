//! Several systems that know the same customer: what comes together, and what each of them said.

use std::collections::{BTreeMap, BTreeSet};

use kehu_contract::ingestion::{
    Customer, CustomerProfile, GetTimelineRequest, ListProfileValuesRequest, MergeCustomersRequest,
    MergeCustomersResponse, TimelineEvent, UndoMergeRequest,
};
use kehu_tests::{date, each_database};

use crate::records::{answer, customer, interaction, order, orders};
use crate::world::World;

const AS_OF: &str = "2024-03-31";

/// Makes two customers one, each `source/key`; the merge, and the survivor.
async fn merge(world: &World, survivor: &str, absorbed: &str) -> (String, Customer) {
    let name = async |key: &str| {
        let (source, key) = key.split_once('/').unwrap();
        world.customer_of(source, key).await
    };
    let request = MergeCustomersRequest {
        survivor: name(survivor).await,
        absorbed: name(absorbed).await,
        reason: "统一社会信用代码相同".to_owned(),
        ..Default::default()
    };
    let done: MergeCustomersResponse =
        world.customers().merge_customers(request).await.unwrap().into_inner();
    (done.merge.unwrap().name, done.customer.unwrap())
}

/// The value and the source of each field of a customer.
async fn fields(world: &World, customer: &str) -> BTreeMap<String, (String, String)> {
    let request = ListProfileValuesRequest {
        customer: customer.to_owned(),
        current_only: true,
        ..Default::default()
    };
    let found = world.customers().list_profile_values(request).await.unwrap().into_inner();
    let fields = found.values.into_iter();
    fields.map(|it| (it.field, (it.value.unwrap_or_default(), it.source))).collect()
}

async fn events(world: &World, customer: &str) -> Vec<TimelineEvent> {
    let request = GetTimelineRequest { customer: customer.to_owned(), ..Default::default() };
    world.customers().get_timeline(request).await.unwrap().into_inner().events
}

fn profile(name: &str, city: &str, industry: &str) -> CustomerProfile {
    CustomerProfile {
        display_name: name.to_owned(),
        city: city.to_owned(),
        industry_code: industry.to_owned(),
        ..Default::default()
    }
}

#[tokio::test]
async fn req_0_12_crm_sales_and_feedback_come_together_in_one_customer() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        world.ingest_from("crm", [customer("A-17", profile("海天商贸", "宁波", ""))]).await;
        let sales =
            [customer("4711", profile("", "", "F51")), order("4711 o1 2024-03-01T10:00 900")];
        world.ingest_from("erp", sales).await;
        world.ingest_from("survey", [answer("w7 s1 2024-03-02T10:00 csat 4 送货很快")]).await;
        merge(&world, "crm/A-17", "erp/4711").await;
        let (_, one) = merge(&world, "crm/A-17", "survey/w7").await;
        let keys: Vec<String> =
            one.references.iter().map(|it| format!("{}/{}", it.source, it.external_id)).collect();
        assert_eq!(keys, ["crm/A-17", "erp/4711", "survey/w7"]);
        let fields = fields(&world, &one.name).await;
        let field = |name: &str| fields[name].clone();
        assert_eq!(field("display_name"), ("海天商贸".to_owned(), "crm".to_owned()));
        assert_eq!(field("city"), ("宁波".to_owned(), "crm".to_owned()));
        assert_eq!(field("industry_code"), ("F51".to_owned(), "erp".to_owned()));
        let events = events(&world, &one.name).await;
        let sources: BTreeSet<String> = events.into_iter().map(|event| event.source).collect();
        assert!(sources.contains("erp") && sources.contains("survey"), "{sources:?}");
        // What each of them sends from now on is of the same customer.
        world.ingest_from("erp", [order("4711 o2 2024-03-03T10:00 100")]).await;
        let name = world.customer_of("survey", "w7").await;
        assert_eq!(name, one.name);
        let wanted = ["amount_total", "surveys_365d"];
        assert_eq!(world.features_of(&name, AS_OF, &wanted).await, ["1000", "1"]);
    })
    .await;
}

#[tokio::test]
async fn req_2_9_comments_by_customer_and_product_and_in_rules() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        world.ingest(orders("c1 o1 2024-03-01T10:00 9\nc2 o2 2024-03-01T10:00 8")).await;
        let mut comment = answer("c1 s1 2024-03-02T10:00 comment - 拍照 很清楚");
        if let kehu_contract::ingestion::record::Kind::SurveyAnswer(answer) = &mut comment {
            answer.product_code = "P40".to_owned();
        }
        world.ingest([comment, answer("c2 s2 2024-03-02T10:00 csat 5")]).await;
        let name = world.customer("c1").await;
        let told = events(&world, &name).await;
        let contact = told[0].contact.clone().unwrap();
        assert_eq!((&*contact.note, &*contact.product_code), ("拍照 很清楚", "P40"));
        let classes = [("speaks", "comments_365d >= 1"), ("silent", "")];
        world.taxonomy("voice", &classes).await;
        world.classify(AS_OF).await;
        let found = world.classes_of(&["c1", "c2"], "voice", AS_OF).await;
        assert_eq!(found, ["speaks", "silent"]);
        // It is withdrawn, and with it what rests on it.
        let mut withdrawn = answer("c1 s1 2024-03-02T10:00 comment - 拍照 很清楚");
        if let kehu_contract::ingestion::record::Kind::SurveyAnswer(answer) = &mut withdrawn {
            answer.withdrawn = true;
        }
        world.ingest([withdrawn]).await;
        world.follow().await;
        assert_eq!(world.classes_of(&["c1"], "voice", AS_OF).await, ["silent"]);
    })
    .await;
}

#[tokio::test]
async fn req_3_8_contacts_from_all_systems_count_for_one_customer_once() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let calls = ["k1 i1 2024-03-01T10:00 call", "k1 i2 2024-03-05T10:00 visit"];
        let views = ["u9 v1 2024-03-06T10:00 page_view web P40"];
        // Whatever is sent again is held already.
        for _ in 0..2 {
            world.ingest_from("crm", calls.map(interaction)).await;
            world.ingest_from("web", views.map(interaction)).await;
        }
        let (_, one) = merge(&world, "crm/k1", "web/u9").await;
        world.ingest_from("web", views.map(interaction)).await;
        let told = events(&world, &one.name).await;
        let told: Vec<String> =
            told.iter().filter(|it| it.merge.is_none()).map(|it| it.external_id.clone()).collect();
        assert_eq!(told, ["v1", "i2", "i1"]);
        let wanted = ["interactions_365d", "page_views_30d", "days_since_interaction"];
        assert_eq!(world.features_of(&one.name, AS_OF, &wanted).await, ["3", "1", "25"]);
    })
    .await;
}

/// Two small customers are one large one, everywhere and on every day, until it turns out that they
/// are not.
#[tokio::test]
async fn classes_follow_a_merge_and_the_end_of_it() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        world
            .ingest(orders(
                "a o1 2024-02-01T10:00 60\nb o2 2024-02-03T10:00 50\nc o3 2024-02-03T10:00 10",
            ))
            .await;
        world.taxonomy("size", &[("large", "amount_total >= 100"), ("small", "")]).await;
        world.classify("2024-02-29").await;
        world.classify(AS_OF).await;
        let [a, b] = [world.customer("a").await, world.customer("b").await];
        let before = world.members("size", "", AS_OF).await;
        assert_eq!((before.len(), world.members("size", "large", AS_OF).await.len()), (3, 0));
        let (name, one) = merge(&world, "crm/a", "crm/b").await;
        world.follow().await;
        let members = async |class: &str, on: &str| -> Vec<String> {
            let members = world.members("size", class, on).await;
            members.into_iter().map(|member| member.customer).collect()
        };
        for day in ["2024-02-29", AS_OF] {
            assert_eq!(members("large", day).await, std::slice::from_ref(&a), "{day}");
            assert_eq!(members("", day).await.len(), 2, "{day}");
        }
        assert_eq!(one.name, a);
        // By the name of the absorbed one as well.
        let request = kehu_contract::coding::GetClassificationRequest {
            customer: b.clone(),
            taxonomy: "size".to_owned(),
            true_on_date: date(AS_OF),
            ..Default::default()
        };
        let found = world.classes().get_classification(request).await.unwrap().into_inner();
        let found = found.classification.unwrap();
        assert_eq!((&*found.customer, &*found.class_id), (&*a, "large"));
        let report = world.report("class-summary", "size", &["class_id", "customer_count"]).await;
        assert!(report.contains(&"total 2".to_owned()), "{report:?}");
        let request =
            UndoMergeRequest { name, reason: "两家门店".to_owned(), ..Default::default() };
        world.customers().undo_merge(request).await.unwrap();
        world.follow().await;
        let after = world.members("size", "", AS_OF).await;
        let classes = |members: &[kehu_contract::coding::Classification]| -> Vec<(String, String)> {
            members.iter().map(|it| (it.customer.clone(), it.class_id.clone())).collect()
        };
        assert_eq!(classes(&after), classes(&before));
    })
    .await;
}
