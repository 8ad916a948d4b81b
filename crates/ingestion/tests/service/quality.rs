//! How good the data is: counted by a run, kept under its day, answered from there.

use kehu_contract::google::r#type as google;
use kehu_contract::ingestion::{
    CustomerProfile, CustomerRecord, DataQuality, GetDataQualityRequest, GetDataQualityResponse,
    Interaction, Record, RecordKind, StartMeasurementRequest,
    data_quality_service_client::DataQualityServiceClient, record::Kind,
};
use kehu_ingestion::Ingestion;
use kehu_server::client::Client;
use kehu_storage::business_date::{self, Decision};
use kehu_storage::run::RunState;
use kehu_tests::{TestDatabase, background, each_database, shop};
use prost_types::Timestamp;
use tonic::{Code, Status};

use crate::records::{noon, order, record, sale};
use crate::server::{Server, start};

struct Quality {
    server: Server,
    ingestion: Ingestion,
    client: DataQualityServiceClient<Client>,
}

impl Quality {
    async fn new(database: &TestDatabase) -> Self {
        let server = Server::start(database).await;
        let ingestion = Ingestion::new(server.database.clone(), shop::settings());
        let client = DataQualityServiceClient::new(server.client());
        Self { server, ingestion, client }
    }

    async fn fix(&self, day: &str) {
        let decision = Decision {
            fixed_on: Some(day.parse().unwrap()),
            decided_by: "test".to_owned(),
            decided_at: kehu_server::clock::now(),
        };
        business_date::decide(&self.server.database, &decision).await.unwrap();
    }

    async fn send(&self, stream: &str, source: &str, records: Vec<Record>) -> i32 {
        let mut call = self.server.call(Some(start(stream, source))).await;
        call.started().await;
        call.send(1, records).await;
        let acknowledgement = call.acknowledgement().await.unwrap();
        call.end().await;
        i32::try_from(acknowledgement.rejections.len()).unwrap()
    }

    async fn measure(&self) {
        let request = StartMeasurementRequest::default();
        let run = self.client.clone().start_measurement(request).await.unwrap().into_inner().run;
        let run = run.unwrap();
        assert_eq!(run.kind, "quality");
        let run_id = run.name.strip_prefix("runs/").unwrap().parse().unwrap();
        let jobs = self.ingestion.jobs();
        let run = background::carry_out(&self.server.database, jobs, &[run_id]).await.pop();
        let run = run.unwrap();
        assert_eq!(run.state, RunState::Succeeded, "{:?}", run.error);
        assert_eq!(run.done, run.total);
    }

    async fn get(&self, source: &str) -> GetDataQualityResponse {
        self.ask(source).await.unwrap()
    }

    async fn ask(&self, source: &str) -> Result<GetDataQualityResponse, Status> {
        let request = GetDataQualityRequest { source: source.to_owned(), ..Default::default() };
        Ok(self.client.clone().get_data_quality(request).await?.into_inner())
    }
}

/// A customer with a name, a phone number and an e-mail address, each of which may be empty, as its
/// source knew it on a day.
fn customer(key: &str, [name, phone, email]: [&str; 3], day: &str) -> Record {
    let given = [("phone", phone), ("email", email)];
    let given = given.into_iter().filter(|(_, value)| !value.is_empty());
    let profile = CustomerProfile {
        display_name: name.to_owned(),
        region_code: "CN".to_owned(),
        attributes: given.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        ..Default::default()
    };
    record(Kind::Customer(CustomerRecord {
        external_id: key.to_owned(),
        profile: Some(profile),
        source_update_time: Some(noon(day)),
        ..Default::default()
    }))
}

fn call(key: &str, channel: &str, time: Option<Timestamp>) -> Record {
    record(Kind::Interaction(Interaction {
        external_id: key.to_owned(),
        customer_external_id: "1".to_owned(),
        kind: "call".to_owned(),
        interaction_time: time,
        channel: channel.to_owned(),
        ..Default::default()
    }))
}

fn of<'a>(lines: &'a [DataQuality], kind: RecordKind, field: &str) -> &'a DataQuality {
    let found = lines.iter().find(|line| line.record_kind() == kind && line.field == field);
    found.unwrap_or_else(|| panic!("no line of {kind:?} {field:?} in {lines:?}"))
}

/// Held, expected, present, invalid, repeated and recent.
type Counts = (i64, i64, i64, i64, Option<i64>, Option<i64>);

fn counts(line: &DataQuality) -> Counts {
    let DataQuality { held_count, expected_count, present_count, invalid_count, .. } = line;
    let (repeated, recent) = (line.repeated_count, line.recent_count);
    (*held_count, *expected_count, *present_count, *invalid_count, repeated, recent)
}

/// Completeness, validity, uniqueness and timeliness.
fn ratios(line: &DataQuality) -> [&str; 4] {
    [&line.completeness, &line.validity, &line.uniqueness, &line.timeliness]
        .map(|ratio| ratio.as_ref().map_or("–", |ratio| ratio.value.as_str()))
}

/// Customers of two sources, of whom one is known to both; calls and orders with faults.
async fn dirty(quality: &Quality) {
    let crm = vec![
        customer("1", ["Li Wei", "13900000001", "a@x.cn"], "2026-03-01"),
        customer("2", ["Wang Fang", "13900000001", ""], "2024-03-01"),
        customer("3", ["LI WEI", "", ""], "2026-01-01"),
        customer("4", ["", "", "b@x.cn"], "2026-01-01"),
        // Not a customer at all, and one whose country does not exist.
        customer("", ["Nobody", "", ""], "2026-01-01"),
        call("c1", "phone", Some(noon("2026-03-09"))),
        call("c2", "phone", Some(noon("2026-03-09"))),
        call("c3", "", Some(noon("2026-03-08"))),
        call("c4", "phone", None),
    ];
    assert_eq!(quality.send("crm", "crm", crm).await, 2);
    let mut wrong = sale("o3", "e1", "2026-03-05", 5);
    wrong.currency_code = "XXQ".to_owned();
    let erp = vec![
        customer("e1", ["Zhao Lei", "13900000009", ""], "2026-03-01"),
        order(sale("o1", "e1", "2026-03-05", 5)),
        order(sale("o2", "e1", "2026-03-05", 5)),
        order(wrong),
    ];
    assert_eq!(quality.send("erp", "erp", erp).await, 1);
}

#[tokio::test]
async fn req_0_13_quality_by_field_and_source_is_counted_and_kept() {
    each_database(async |database| {
        let quality = Quality::new(database).await;
        quality.fix("2026-03-10").await;
        let unmeasured = quality.ask("").await.unwrap_err();
        assert_eq!(unmeasured.code(), Code::FailedPrecondition, "{unmeasured:?}");
        dirty(&quality).await;
        quality.measure().await;
        let all = quality.get("").await;
        assert_eq!(all.as_of_date, Some(google::Date { year: 2026, month: 3, day: 10 }));
        let customers = |field| of(&all.lines, RecordKind::Customer, field);
        assert_eq!(counts(customers("display_name")), (4, 5, 4, 0, Some(1), Some(3)));
        assert_eq!(ratios(customers("display_name")), ["0.8", "1", "0.75", "0.75"]);
        assert_eq!(counts(customers("attributes.phone")), (3, 5, 3, 0, Some(1), Some(2)));
        assert_eq!(counts(customers("region_code")), (5, 5, 5, 0, None, Some(4)));
        assert_eq!(counts(customers("city")), (0, 5, 0, 0, None, None));
        assert_eq!(customers("display_name").age_days, Some(9));
        let whole = customers("");
        assert_eq!((whole.held_count, whole.invalid_count, whole.repeated_count), (5, 0, None));
        // Two of one customer that agree in all but their key, and one without a time.
        let calls = of(&all.lines, RecordKind::Interaction, "");
        assert_eq!((calls.held_count, calls.invalid_count, calls.repeated_count), (3, 1, Some(1)));
        assert_eq!(ratios(calls)[1..3], ["0.75", "0.6666"]);
        assert_eq!(counts(of(&all.lines, RecordKind::Interaction, "channel")).1, 3);
        let time = of(&all.lines, RecordKind::Interaction, "interaction_time");
        assert_eq!((time.expected_count, time.missing_count), (0, 1));
        assert_eq!(ratios(time), ["–"; 4]);
        let orders = of(&all.lines, RecordKind::Order, "");
        assert_eq!(counts(orders).3, 1);
        assert_eq!(orders.repeated_count, Some(1));
        let currency = of(&all.lines, RecordKind::Order, "currency_code");
        assert_eq!((currency.held_count, currency.invalid_count), (0, 1));
        // A row of which not even the key is known.
        assert_eq!(of(&all.lines, RecordKind::Unspecified, "").invalid_count, 1);
        let crm = quality.get("crm").await;
        let name = of(&crm.lines, RecordKind::Customer, "display_name");
        assert_eq!(counts(name), (3, 4, 3, 0, None, Some(2)));
        assert!(crm.lines.iter().all(|line| line.source == "crm"), "{:?}", crm.lines);
        assert!(crm.lines.iter().all(|line| line.record_kind() != RecordKind::Order));
        let of_erp = |line: &&DataQuality| line.source == "erp" && line.field.is_empty();
        let kinds: Vec<RecordKind> =
            all.sources.iter().filter(of_erp).map(DataQuality::record_kind).collect();
        assert_eq!(kinds, [RecordKind::Order, RecordKind::Customer]);
        assert_eq!(quality.ask("web").await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn each_day_is_measured_once_and_seen_beside_those_before() {
    each_database(async |database| {
        let quality = Quality::new(database).await;
        quality.fix("2026-03-10").await;
        let dailies = quality.ingestion.dailies();
        let calendar = kehu_core::calendar::BusinessCalendar::new("Europe/London").unwrap();
        let due = async || {
            let db = &quality.server.database;
            kehu_runs::start_due(db, &calendar, dailies[0].as_ref()).await.unwrap()
        };
        assert_eq!(due().await, None, "nobody has asked for it");
        dirty(&quality).await;
        quality.measure().await;
        assert_eq!(due().await, None);
        let sent = vec![customer("4", ["Qian Jun", "", ""], "2026-03-11")];
        assert_eq!(quality.send("later", "crm", sent).await, 0);
        // Measured again it takes the place of what was measured on the day.
        quality.measure().await;
        let named = |answer: &GetDataQualityResponse| {
            of(&answer.lines, RecordKind::Customer, "display_name").present_count
        };
        assert_eq!(named(&quality.get("").await), 5);
        quality.fix("2026-03-12").await;
        assert_eq!(due().await, Some("2026-03-12".parse().unwrap()));
        let newest = kehu_storage::run::RunFilter { kind: Some("quality"), ..Default::default() };
        let page = kehu_storage::PageRequest::first(1);
        let run = kehu_storage::run::list(&quality.server.database, &newest, &page).await.unwrap();
        let (jobs, run_id) = (quality.ingestion.jobs(), run.items[0].run_id);
        background::carry_out(&quality.server.database, jobs, &[run_id]).await;
        assert_eq!(due().await, None);
        let trend = quality.get("").await.trend;
        let days: Vec<i32> = trend
            .iter()
            .filter(|point| {
                let quality = point.quality.as_ref().unwrap();
                quality.record_kind() == RecordKind::Customer
            })
            .map(|point| point.date.unwrap().day)
            .collect();
        assert_eq!(days, [10, 12]);
    })
    .await;
}
