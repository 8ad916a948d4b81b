//! Pages and CSV files, the same on both databases.

use crate::world::{EARLIER, World, time};
use kehu_contract::{
    reporting::{
        ExportReportRequest, RenderReportRequest, ReportKind,
        reporting_service_server::ReportingService,
    },
    shared::Language,
};
use kehu_tests::{databases, date};
use tokio_stream::StreamExt;
use tonic::Request;

async fn csv(world: &World, kind: ReportKind, language: Language) -> String {
    let request = ExportReportRequest {
        kind: kind.into(),
        taxonomy: "tiers".to_owned(),
        time: time(None, Some(world.known[2])),
        comparison_date: date(EARLIER),
        language: language.into(),
    };
    let response = world.reporting.export_report(Request::new(request)).await.unwrap();
    let pieces: Vec<_> = response.into_inner().collect().await;
    let bytes: Vec<u8> = pieces.into_iter().flat_map(|piece| piece.unwrap().csv).collect();
    String::from_utf8(bytes).unwrap()
}

async fn page(world: &World, language: Language) -> String {
    let request = RenderReportRequest {
        taxonomy: "tiers".to_owned(),
        time: time(None, Some(world.known[2])),
        comparison_date: date(EARLIER),
        language: language.into(),
    };
    let response = world.reporting.render_report(Request::new(request)).await.unwrap();
    let pieces: Vec<_> = response.into_inner().collect().await;
    let bytes: Vec<u8> = pieces.into_iter().flat_map(|piece| piece.unwrap().html).collect();
    String::from_utf8(bytes).unwrap()
}

const KINDS: [ReportKind; 6] = [
    ReportKind::ClassSummary,
    ReportKind::MigrationMatrix,
    ReportKind::ParetoCurve,
    ReportKind::RfmHeatMap,
    ReportKind::MonthlyTrend,
    ReportKind::Customers,
];

#[tokio::test]
async fn both_databases_write_the_same_files() {
    let (databases, mut worlds, mut all) = (databases().await, Vec::new(), Vec::new());
    for test in &databases {
        worlds.push(World::full(test).await);
    }
    // A page says for what time it was asked.
    let known = worlds.iter().map(|world| world.known[2]).max().unwrap();
    for mut world in worlds {
        world.known[2] = known;
        let mut files = Vec::new();
        for language in [Language::En, Language::ZhCn] {
            files.push(page(&world, language).await);
            for kind in KINDS {
                files.push(csv(&world, kind, language).await);
            }
        }
        all.push(files);
    }
    for files in &all {
        assert_eq!(files, &all[0]);
    }
}

#[tokio::test]
async fn every_report_has_its_rows() {
    let test = databases().await.remove(0);
    let world = World::full(&test).await;
    let summary = csv(&world, ReportKind::ClassSummary, Language::En).await;
    assert_eq!(
        summary,
        "as_of_date,comparison_date,class_id,label,strategy_summary,customer_count,\
         customer_share,amount,amount_share,currency_code,order_count,mean_order_amount,\
         earlier_customer_count,joined_count,left_count,example_codes\r\n\
         2011-12-10,2011-09-10,gold,Gold,Call them often.,1,0.2000,900.0000,0.7031,GBP,2,\
         500.0000,1,1,1,K000001\r\n\
         2011-12-10,2011-09-10,silver,Silver,Call them often.,1,0.2000,80.0000,0.0625,GBP,1,\
         80.0000,2,1,2,K000004\r\n\
         2011-12-10,2011-09-10,bronze,\"Bronze, or less\",Call them often.,3,0.6000,300.0000,\
         0.2344,GBP,3,100.0000,1,2,0,K000002; K000003\r\n\
         2011-12-10,2011-09-10,total,All customers,,5,1.0000,1280.0000,1.0000,GBP,6,230.0000,4,\
         1,0,\r\n"
    );
    let matrix = csv(&world, ReportKind::MigrationMatrix, Language::ZhCn).await;
    assert!(matrix.contains("2011-09-10,2011-12-10,silver,银,gold,金,1,900.0000,GBP\r\n"));
    assert!(matrix.contains("2011-09-10,2011-12-10,,,silver,银,1,80.0000,GBP\r\n"));
    for (kind, lines) in
        [(ReportKind::ParetoCurve, 5), (ReportKind::RfmHeatMap, 5), (ReportKind::MonthlyTrend, 14)]
    {
        assert_eq!(csv(&world, kind, Language::En).await.lines().count(), lines, "{kind:?}");
    }
}

#[tokio::test]
async fn customers_have_a_row_each() {
    let test = databases().await.remove(0);
    let world = World::full(&test).await;
    let customers = csv(&world, ReportKind::Customers, Language::ZhCn).await;
    let rows: Vec<_> = customers.lines().collect();
    assert_eq!(rows.len(), 6, "c6 was not there yet\n{customers}");
    let head: Vec<_> = rows[0].split(',').collect();
    for name in ["rfm_recency_bin", "rfm_frequency_bin", "rfm_monetary_bin", "rfm_score"] {
        assert!(head.contains(&name), "{name} in {head:?}");
    }
    let field = |row: usize, name: &str| {
        let place = head.iter().position(|it| *it == name).unwrap();
        rows[row].split(',').nth(place).unwrap()
    };
    let first = ["references", "class_id", "class_label", "class_from_date", "tags", "code"];
    assert_eq!(
        first.map(|name| field(1, name)),
        ["shop/c1", "gold", "金", "2011-12-10", "标签; 重点", "K000001"]
    );
    let last = ["rfm_recency_bin", "rfm_score", "amount_total", "orders_total", "recency_days"];
    assert_eq!(last.map(|name| field(1, name)), ["5", "75.0000", "900.0000", "2", "20"]);
    let fifth = ["customer", "region_code", "class_id", "code", "amount_total", "orders_total"];
    assert_eq!(fifth.map(|name| field(5, name)), ["customers/5", "CN", "bronze", "", "", "0"]);
    assert_eq!(field(5, "references"), "shop/=1+1");
}

#[tokio::test]
async fn pages_say_what_they_are_about() {
    let test = databases().await.remove(0);
    let world = World::full(&test).await;
    let en = page(&world, Language::Unspecified).await;
    for text in ["Three tiers", "10 December 2011", "10 September 2011", "£1,280.00", "K000001"] {
        assert!(en.contains(text), "{text}");
    }
    let zh = page(&world, Language::ZhCn).await;
    for text in ["三级", "2011年12月10日", "金", "多联系。", "类别迁移"] {
        assert!(zh.contains(text), "{text}");
    }
    assert_ne!(en.len(), zh.len());
}
