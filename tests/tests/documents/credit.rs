//! How customers pay: in time or not, how late, and why.

use kehu_contract::ingestion::{
    ListLateReasonsRequest, SetLateReasonRequest, record::Kind,
    reference_data_service_client::ReferenceDataServiceClient,
};
use kehu_tests::{date, each_database};
use tonic::Code;

use crate::records::{invoice, order};
use crate::world::{World, text};

const BEFORE: &str = "2024-03-30";
const TODAY: &str = "2024-03-31";

const FEATURES: [&str; 6] = [
    "on_time_rate_365d",
    "days_late_mean_365d",
    "days_late_max_365d",
    "top_late_reason_365d",
    "top_late_reason_share_365d",
    "excused_late_365d",
];

/// An invoice that says why it is paid late.
fn because(line: &str, late_reason: &str) -> Kind {
    let Kind::Invoice(mut of_text) = invoice(line) else { panic!("it is an invoice") };
    of_text.late_reason = late_reason.to_owned();
    Kind::Invoice(of_text)
}

/// Customer 1 pays late for two reasons, 2 for one, 3 in time, 4 has no invoice. One invoice of
/// customer 1 is of a day too early.
fn invoices() -> Vec<Kind> {
    vec![
        invoice("c1 i1 2024-01-01 2024-01-31 100 2024-01-31"),
        because("c1 i2 2024-01-01 2024-01-11 100 2024-01-21", " Bank-Delay"),
        because("c1 i3 2024-01-01 2024-01-11 100 2024-01-31", "dispute"),
        because("c1 i4 2024-01-01 2024-02-20 100 -", "dispute"),
        because("c1 i5 2023-04-01 2023-04-02 100 2023-07-01", "dispute"),
        invoice("c2 i6 2024-01-01 2024-01-31 100 2024-01-30"),
        because("c2 i7 2024-01-01 2024-01-31 100 2024-02-05", "bank delay"),
        invoice("c3 i8 2024-01-01 2024-01-31 100 2024-01-02"),
        order("c4 o1 2024-01-01T10:00 30"),
    ]
}

async fn paying(world: &World, key: &str, on: &str) -> String {
    world.features(key, on, &FEATURES).await.join(" ")
}

async fn reasons(world: &World) -> Vec<String> {
    let columns = [
        "class_id",
        "late_reason",
        "excused",
        "customer_count",
        "invoice_count",
        "late_share",
        "due_share",
        "days_late_mean",
        "days_late_max",
    ];
    world.report("late-reasons", "payers", &columns).await
}

/// What is measured while no reason is excused.
async fn all_reasons_count(world: &World) {
    for (key, expected) in [
        ("c1", "0.25 17.5 40 dispute 0.666666667 0"),
        ("c2", "0.5 2.5 5 bank_delay 1 0"),
        ("c3", "1 0 0 null null 0"),
        ("c4", "null null null null null 0"),
    ] {
        assert_eq!(paying(world, key, TODAY).await, expected, "{key}");
    }
    assert_eq!(
        reasons(world).await,
        [
            "slow dispute false 1 2 0.6667 0.5 30 40",
            "slow bank_delay false 1 1 0.3333 0.25 10 10",
            "rest bank_delay false 1 1 1 0.5 5 5",
            "total bank_delay false 2 2 0.5 0.2857 7.5 10",
            "total dispute false 1 2 0.5 0.2857 30 40",
        ]
    );
}

/// The classes of all four on a date.
async fn classes(world: &World, on: &str) -> String {
    world.classes_of(&["c1", "c2", "c3", "c4"], "payers", on).await.join(" ")
}

/// Excuses the delays of banks on the day.
fn excuse() -> SetLateReasonRequest {
    SetLateReasonRequest {
        late_reason: "Bank delay".to_owned(),
        excused: true,
        from_date: date(TODAY),
        reason: "The bank was down".to_owned(),
    }
}

#[tokio::test]
async fn req_4_7_payment_in_time_days_late_and_why_with_reasons_that_are_excused() {
    each_database(async |test| {
        let world = World::new(test, BEFORE).await;
        world.ingest(invoices()).await;
        let rules = [
            ("prompt", "on_time_rate_365d >= 0.9"),
            ("slow", "days_late_mean_365d > 15"),
            ("rest", ""),
        ];
        world.taxonomy("payers", &rules).await;
        world.classify(BEFORE).await;
        world.follow().await;
        // A day earlier the invoice of a year ago counts.
        assert_eq!(paying(&world, "c1", BEFORE).await, "0.2 31.8 90 dispute 0.75 0");
        world.today_is(TODAY).await;
        world.day_begins().await;
        all_reasons_count(&world).await;
        assert_eq!(classes(&world, TODAY).await, "slow rest prompt rest");

        let mut service = ReferenceDataServiceClient::new(world.client.clone());
        let done = service.set_late_reason(excuse()).await.unwrap().into_inner();
        assert_eq!(done.customer_count, 2, "those who have the reason, and nobody else");
        world.follow().await;
        assert_eq!(paying(&world, "c1", TODAY).await, "0.333333333 20 40 dispute 1 1");
        assert_eq!(paying(&world, "c2", TODAY).await, "1 0 0 null null 1");
        assert_eq!(paying(&world, "c2", BEFORE).await, "0.5 2.5 5 bank_delay 1 0");
        assert_eq!(classes(&world, TODAY).await, "slow prompt prompt rest");
        assert_eq!(classes(&world, BEFORE).await, "slow rest prompt rest");
        let moved = world.history("c2", "payers").await;
        assert_eq!(text(moved[0].evidence.get("on_time_rate_365d").cloned()), "1");
        assert_eq!(world.history("c3", "payers").await.len(), 1);
        assert_eq!(reasons(&world).await[2], "slow bank_delay true 1 1 0.3333 0.25 10 10");

        let counts = SetLateReasonRequest { excused: false, ..excuse() };
        service.set_late_reason(counts).await.unwrap();
        world.follow().await;
        assert_eq!(classes(&world, TODAY).await, "slow rest prompt rest");
    })
    .await;
}

/// Why a reason is excused, and since when, is on record, and the same again changes nothing.
#[tokio::test]
async fn a_change_of_a_reason_is_checked_and_on_record() {
    each_database(async |test| {
        let world = World::new(test, TODAY).await;
        world.ingest(invoices()).await;
        let mut service = ReferenceDataServiceClient::new(world.client.clone());
        service.set_late_reason(excuse()).await.unwrap();
        let again = service.set_late_reason(excuse()).await.unwrap().into_inner();
        assert_eq!((again.customer_count, again.late_reason.unwrap().version), (0, 1));
        let request = ListLateReasonsRequest { page_size: 1, ..Default::default() };
        let first = service.list_late_reasons(request.clone()).await.unwrap().into_inner();
        let request = ListLateReasonsRequest { page_token: first.next_page_token, ..request };
        let second = service.list_late_reasons(request).await.unwrap().into_inner();
        assert_eq!(second.next_page_token, "");
        let listed = [first.late_reasons, second.late_reasons].concat();
        let names: Vec<_> = listed.iter().map(|it| (it.late_reason.as_str(), it.excused)).collect();
        assert_eq!(names, [("bank_delay", true), ("dispute", false)]);
        assert_eq!(listed[0].reason, "The bank was down");
        for bad in [
            SetLateReasonRequest { late_reason: " ".to_owned(), ..excuse() },
            SetLateReasonRequest { late_reason: "x".repeat(65), ..excuse() },
            SetLateReasonRequest { reason: String::new(), ..excuse() },
            SetLateReasonRequest { from_date: date("2024-04-01"), ..excuse() },
        ] {
            let refused = service.set_late_reason(bad).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument);
        }
    })
    .await;
}
