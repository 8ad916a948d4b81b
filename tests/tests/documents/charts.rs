//! What other tools open: charts as files, and everything known of customers as one flat file.

use std::collections::BTreeSet;

use kehu_contract::reporting::{
    ExportReportRequest, ListReportsRequest, ReportFormat,
    reporting_service_client::ReportingServiceClient,
};
use kehu_contract::shared::Language;
use kehu_tests::each_database;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::records::{customer, orders};
use crate::world::World;

const AS_OF: &str = "2024-03-31";

/// A report as a file.
async fn file(
    world: &World,
    report: &str,
    format: ReportFormat,
    language: Language,
) -> Result<String, Status> {
    let request = ExportReportRequest {
        report: report.to_owned(),
        taxonomy: "sizes".to_owned(),
        format: format.into(),
        language: language.into(),
        ..Default::default()
    };
    let mut service = ReportingServiceClient::new(world.client.clone());
    let mut pieces = service.export_report(request).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.message().await? {
        bytes.extend(piece.csv);
        bytes.extend(piece.svg);
    }
    Ok(String::from_utf8(bytes).unwrap())
}

/// The elements of an XML document of which every one is closed in its turn; panics for another.
fn elements(document: &str) -> Vec<String> {
    let (mut open, mut all) = (Vec::new(), Vec::new());
    let body = document.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    for tag in body.split('<').skip(1) {
        let (inside, _) = tag.split_once('>').expect("a tag ends");
        match inside.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop().as_deref(), Some(name), "{tag}"),
            None => {
                let name = inside.split(' ').next().unwrap().to_owned();
                assert_eq!(inside.matches('"').count() % 2, 0, "{inside}");
                open.push(name.clone());
                all.push(name);
            }
        }
    }
    assert_eq!(open, [] as [String; 0]);
    all
}

async fn shop(world: &World) {
    let mut text = String::new();
    for month in 1..=3 {
        text += &format!("large large{month} 2024-0{month}-10T10:00 900 app tea\n");
        text += &format!("small small{month} 2024-0{month}-11T10:00 10 shop cups\n");
    }
    text += "once o1 2023-12-10T10:00 40 shop tea\n";
    world.ingest(orders(&text)).await;
    let named = kehu_contract::ingestion::CustomerProfile {
        display_name: "Large & <Co>".to_owned(),
        ..Default::default()
    };
    world.ingest([customer("large", named)]).await;
    world.score(&["rfm", "abc"], AS_OF).await;
    world.taxonomy("sizes", &[("large", "amount_365d > 1000"), ("other", "")]).await;
    world.taxonomy("by-channel", &[("app", "preferred_channel = 'app'"), ("rest", "")]).await;
    world.classify(AS_OF).await;
}

#[tokio::test]
async fn req_3_9_charts_are_files_that_need_nothing_else() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        shop(&world).await;
        let mut service = ReportingServiceClient::new(world.client.clone());
        let listed = service.list_reports(ListReportsRequest {}).await.unwrap().into_inner();
        let charted: Vec<String> =
            listed.reports.into_iter().filter(|it| it.has_charts).map(|it| it.id).collect();
        assert_eq!(charted, ["class-summary", "pareto-curve", "rfm-heat-map", "monthly-trend"]);
        for (report, drawings, in_chinese) in [
            ("class-summary", 1, "类别汇总"),
            ("pareto-curve", 1, "净销售额集中度"),
            ("rfm-heat-map", 2, "最近购买"),
            ("monthly-trend", 2, "月"),
        ] {
            let svg = file(&world, report, ReportFormat::Svg, Language::En).await.unwrap();
            let found = elements(&svg);
            let count = |name: &str| found.iter().filter(|found| *found == name).count();
            assert_eq!((found[0].as_str(), count("svg")), ("svg", 1 + drawings), "{report}");
            assert!(count("text") > 4 && count("style") == 1, "{report}");
            // Nothing is fetched, and no colour is a name that only browsers know.
            assert_eq!(svg.matches("http").count(), 1, "{report}: the namespace");
            assert!(!svg.contains("var(") && !svg.contains("url(") && !svg.contains("<script"));
            let svg = file(&world, report, ReportFormat::Svg, Language::ZhCn).await.unwrap();
            assert!(svg.contains(in_chinese), "{report}");
        }
        let refused = file(&world, "cross-sell", ReportFormat::Svg, Language::En).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let details = refused.get_error_details();
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, "format");
    })
    .await;
}

#[tokio::test]
async fn req_3_9_everything_known_of_customers_is_one_flat_table() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        shop(&world).await;
        let csv = file(&world, "extract", ReportFormat::Csv, Language::En).await.unwrap();
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        assert_eq!(header.iter().collect::<BTreeSet<_>>().len(), header.len(), "each name once");
        let place = |name: &str| {
            let found = header.iter().position(|column| column == name);
            found.unwrap_or_else(|| panic!("no column {name} in {header:?}"))
        };
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 3);
        let large = world.customer("large").await;
        let row = rows.iter().find(|row| row[place("customer")] == large).unwrap();
        for (column, expected) in [
            ("class_id", "large"),
            ("by_channel_class_id", "app"),
            ("amount_365d", "2700.0000"),
            ("orders_365d", "3"),
            ("top_category", "tea"),
            ("abc_grade", "A"),
            ("rfm_monetary_bin", "5"),
            ("currency_code", "CNY"),
        ] {
            assert_eq!(&row[place(column)], expected, "{column}");
        }
        assert!(!csv.contains("Large"), "it names nobody");
    })
    .await;
}
