//! What is refused, and how.

use crate::world::{EARLIER, NOW, World, time};
use kehu_contract::reporting::{
    CsvDialect, ExportReportRequest, GetClassSummaryRequest, GetMigrationMatrixRequest,
    GetMonthlyTrendRequest, GetParetoCurveRequest, GetReportRequest, GetRfmHeatMapRequest,
    RenderReportRequest, ReportFormat, reporting_service_server::ReportingService,
};
use kehu_tests::{date, each_database};
use tonic::{Code, Request};

fn summary_request(
    taxonomy: &str,
    as_of: Option<&str>,
    comparison: Option<&str>,
) -> Request<GetClassSummaryRequest> {
    Request::new(GetClassSummaryRequest {
        taxonomy: taxonomy.to_owned(),
        time: time(as_of, None),
        comparison_date: comparison.and_then(date),
    })
}

#[tokio::test]
async fn class_summaries_without_classes() {
    each_database(async |test| {
        let world = World::full(test).await;
        for (taxonomy, as_of, comparison, code, text) in [
            ("none", None, None, Code::NotFound, "none"),
            ("", None, None, Code::InvalidArgument, "must be a name"),
            ("tiers", Some("2011-09-09"), None, Code::FailedPrecondition, "start a classification"),
            ("tiers", None, Some("2010-01-01"), Code::FailedPrecondition, "2010-01-01"),
            ("tiers", None, Some(NOW), Code::InvalidArgument, "must be before"),
            ("tiers", Some(EARLIER), Some(NOW), Code::InvalidArgument, "must be before"),
        ] {
            let request = summary_request(taxonomy, as_of, comparison);
            let status = world.reporting.get_class_summary(request).await.unwrap_err();
            assert_eq!(status.code(), code, "{taxonomy} {as_of:?} {comparison:?}: {status}");
            assert!(status.message().contains(text), "{status}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_base_where_nothing_was_done() {
    each_database(async |test| {
        let world = World::empty(test).await;
        world.publish_tiers().await;
        let reporting = &world.reporting;
        let page = RenderReportRequest { taxonomy: "tiers".to_owned(), ..Default::default() };
        let export = ExportReportRequest {
            report: "customers".to_owned(),
            taxonomy: "tiers".to_owned(),
            ..Default::default()
        };
        let codes = [
            reporting.get_class_summary(summary_request("tiers", None, None)).await.err(),
            reporting.get_pareto_curve(Request::new(GetParetoCurveRequest::default())).await.err(),
            reporting.get_rfm_heat_map(Request::new(GetRfmHeatMapRequest::default())).await.err(),
            reporting
                .get_monthly_trend(Request::new(GetMonthlyTrendRequest::default()))
                .await
                .err(),
            reporting.render_report(Request::new(page)).await.err(),
            reporting.export_report(Request::new(export)).await.err(),
        ];
        for status in codes {
            let status = status.expect("there is nothing to report");
            assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
            assert!(status.message().contains("start a"), "{status}");
        }
    })
    .await;
}

#[tokio::test]
async fn requests_that_break_their_rules() {
    each_database(async |test| {
        let world = World::empty(test).await;
        let reporting = &world.reporting;
        let matrix =
            GetMigrationMatrixRequest { taxonomy: "tiers".to_owned(), ..Default::default() };
        let points = GetParetoCurveRequest { time: None, point_count: 1 };
        let months = GetMonthlyTrendRequest { time: None, month_count: 121 };
        let kind = ExportReportRequest::default();
        let unknown = ExportReportRequest { report: "none".to_owned(), ..Default::default() };
        let people = RenderReportRequest {
            report: "customers".to_owned(),
            taxonomy: "tiers".to_owned(),
            ..Default::default()
        };
        let statistics = |features: &[&str]| {
            let features = features.iter().map(|feature| (*feature).to_owned()).collect();
            let report = "class-statistics".to_owned();
            let taxonomy = "tiers".to_owned();
            Request::new(GetReportRequest { report, taxonomy, features, ..Default::default() })
        };
        let twice = statistics(&["amount_365d", "amount_365d"]);
        let six = statistics(&["a", "b", "c", "d", "e", "f"]);
        let all = RenderReportRequest {
            taxonomy: "tiers".to_owned(),
            features: vec!["amount_365d".to_owned()],
            ..Default::default()
        };
        let format = ExportReportRequest { format: 9, ..unknown.clone() };
        let summary = GetReportRequest {
            report: "class-summary".to_owned(),
            ..statistics(&["amount_365d"]).into_inner()
        };
        for status in [
            reporting.get_report(statistics(&["none"])).await.err(),
            reporting.get_report(statistics(&["top_category"])).await.err(),
            reporting.get_report(twice).await.err(),
            reporting.get_report(six).await.err(),
            reporting.get_report(Request::new(summary)).await.err(),
            reporting.render_report(Request::new(all)).await.err(),
            reporting.export_report(Request::new(format)).await.err(),
            reporting.get_migration_matrix(Request::new(matrix)).await.err(),
            reporting.get_pareto_curve(Request::new(points)).await.err(),
            reporting.get_monthly_trend(Request::new(months)).await.err(),
            reporting.export_report(Request::new(kind)).await.err(),
            reporting.export_report(Request::new(unknown)).await.err(),
            reporting.render_report(Request::new(people)).await.err(),
        ] {
            assert_eq!(status.expect("it is refused").code(), Code::InvalidArgument);
        }
    })
    .await;
}

#[tokio::test]
async fn files_that_cannot_be_written_so() {
    each_database(async |test| {
        let world = World::empty(test).await;
        let of_class = |report: &str, class: &str| ExportReportRequest {
            report: report.to_owned(),
            taxonomy: "tiers".to_owned(),
            class_id: class.to_owned(),
            ..Default::default()
        };
        let dialect = |delimiter: &str, decimal_comma| ExportReportRequest {
            csv_dialect: Some(CsvDialect {
                delimiter: delimiter.to_owned(),
                decimal_comma,
                ..Default::default()
            }),
            ..of_class("customers", "")
        };
        let workbook =
            ExportReportRequest { format: ReportFormat::Xlsx.into(), ..dialect(";", false) };
        for request in [
            of_class("class-summary", "a"),
            of_class("customers", "No class"),
            dialect("::", false),
            dialect(",", true),
            workbook,
        ] {
            let refused = world.reporting.export_report(Request::new(request.clone())).await.err();
            assert_eq!(
                refused.expect("it is refused").code(),
                Code::InvalidArgument,
                "{request:?}"
            );
        }
    })
    .await;
}
