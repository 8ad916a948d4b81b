//! Pages and CSV files, the same on both databases.

use crate::world::{EARLIER, World, time};
use kehu_contract::{
    reporting::{
        ExportReportRequest, GetReportRequest, ListReportsRequest, RenderReportRequest,
        ReportFormat, reporting_service_server::ReportingService,
    },
    shared::Language,
};
use kehu_core::Money;
use kehu_storage::ingestion::{Entry, NewOrder};
use kehu_tests::{at, databases, date, day, each_database, shop};
use std::io::{Cursor, Read};
use tokio_stream::StreamExt;
use tonic::Request;

pub(crate) async fn csv(world: &World, report: &str, language: Language) -> String {
    let request = ExportReportRequest {
        report: report.to_owned(),
        taxonomy: "tiers".to_owned(),
        other_taxonomy: "sides".to_owned(),
        time: time(None, Some(world.known[2])),
        comparison_date: date(EARLIER),
        language: language.into(),
        ..Default::default()
    };
    let response = world.reporting.export_report(Request::new(request)).await.unwrap();
    let pieces: Vec<_> = response.into_inner().collect().await;
    let bytes: Vec<u8> = pieces.into_iter().flat_map(|piece| piece.unwrap().csv).collect();
    String::from_utf8(bytes).unwrap()
}

async fn xlsx(world: &World, report: &str, language: Language) -> Vec<u8> {
    let request = ExportReportRequest {
        report: report.to_owned(),
        taxonomy: "tiers".to_owned(),
        other_taxonomy: "sides".to_owned(),
        time: time(None, Some(world.known[2])),
        comparison_date: date(EARLIER),
        language: language.into(),
        format: ReportFormat::Xlsx.into(),
        ..Default::default()
    };
    let response = world.reporting.export_report(Request::new(request)).await.unwrap();
    let pieces: Vec<_> = response.into_inner().collect().await;
    pieces.into_iter().flat_map(|piece| piece.unwrap().xlsx).collect()
}

async fn page(world: &World, language: Language) -> String {
    page_of(world, "", language).await
}

async fn page_of(world: &World, report: &str, language: Language) -> String {
    let request = RenderReportRequest {
        taxonomy: "tiers".to_owned(),
        other_taxonomy: "sides".to_owned(),
        time: time(None, Some(world.known[2])),
        comparison_date: date(EARLIER),
        language: language.into(),
        report: report.to_owned(),
        features: Vec::new(),
        bands: Vec::new(),
    };
    let response = world.reporting.render_report(Request::new(request)).await.unwrap();
    let pieces: Vec<_> = response.into_inner().collect().await;
    let bytes: Vec<u8> = pieces.into_iter().flat_map(|piece| piece.unwrap().html).collect();
    String::from_utf8(bytes).unwrap()
}

/// Every report, and how many lines its file has.
const REPORTS: [(&str, usize); 36] = [
    ("class-summary", 5),
    ("migration-matrix", 6),
    ("monthly-members", 89),
    ("class-growth", 21),
    ("class-opportunities", 13),
    ("close-customers", 1),
    ("customer-rates", 21),
    ("lifetime-value", 17),
    ("loyalty-trend", 4),
    ("pareto-curve", 5),
    ("rfm-heat-map", 5),
    ("monthly-trend", 14),
    ("credit-ageing", 2),
    ("credit-ageing-customers", 1),
    ("late-reasons", 1),
    ("satisfaction", 2),
    ("satisfaction-products", 1),
    ("class-statistics", 13),
    ("class-distributions", 121),
    ("class-correlations", 13),
    ("cross-sell", 1),
    ("cross-tab", 2),
    ("category-demand", 1),
    ("brand-demand", 1),
    ("product-demand", 1),
    ("group-summary", 9),
    ("target-markets", 1),
    ("strategies", 4),
    ("service-levels", 4),
    ("crosswalk", 6),
    ("crosswalk-customers", 2),
    ("class-effort", 5),
    ("data-confidence", 5),
    ("customers", 6),
    ("management-sheet", 6),
    ("extract", 6),
];

/// Reports that name people are not drawn.
const OF_PEOPLE: [&str; 3] = ["customers", "management-sheet", "extract"];

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
            for (report, _) in REPORTS {
                files.push(csv(&world, report, language).await);
                if !OF_PEOPLE.contains(&report) {
                    files.push(page_of(&world, report, language).await);
                }
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
    let summary = csv(&world, "class-summary", Language::En).await;
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
    let matrix = csv(&world, "migration-matrix", Language::ZhCn).await;
    assert!(matrix.contains("2011-09-10,2011-12-10,silver,银,gold,金,1,900.0000,GBP\r\n"));
    assert!(matrix.contains("2011-09-10,2011-12-10,,,silver,银,1,80.0000,GBP\r\n"));
    for (report, lines) in REPORTS {
        assert_eq!(csv(&world, report, Language::En).await.lines().count(), lines, "{report}");
    }
}

#[tokio::test]
async fn customers_have_a_row_each() {
    let test = databases().await.remove(0);
    let world = World::full(&test).await;
    let customers = csv(&world, "customers", Language::ZhCn).await;
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

/// One report comes the same way as a file, as a message and as a page.
#[tokio::test]
async fn req_1_11_two_taxonomies_side_by_side() {
    each_database(async |test| {
        let world = World::full(test).await;
        let file =
            csv(&world, "crosswalk", Language::En).await.replace("Bronze, or less", "Bronze");
        let rows: Vec<Vec<&str>> =
            file.lines().skip(1).map(|line| line.split(',').skip(1).collect()).collect();
        let of = |row: &[&str]| [row[0], row[2], row[4], row[5], row[7], row[8]].join(" ");
        let shown: Vec<_> = rows[..4].iter().map(|row| of(row)).collect();
        assert_eq!(
            shown,
            [
                "gold left 1 900.0000 1.0000 1",
                "silver left 1 80.0000 1.0000 1",
                "bronze left 1 100.0000 0.3333 0",
                "bronze right 2 200.0000 0.6667 2",
            ],
            "{file}"
        );
        // One of five is elsewhere than the others of its class. By hand: V = √(13/9 − 1) and the index
        // is (1 − 1.2) / (3.5 − 1.2).
        let total = rows[4].join(",");
        assert_eq!(total, "total,,,,5,1280.0000,GBP,1.0000,4,0.6667,-0.0870");
        let file = csv(&world, "crosswalk-customers", Language::En).await;
        let line = file.lines().nth(1).unwrap();
        assert!(line.ends_with("customers/3,bronze,\"Bronze, or less\",left,Left,right"), "{line}");

        let same = ExportReportRequest {
            report: "crosswalk".to_owned(),
            taxonomy: "tiers".to_owned(),
            other_taxonomy: "taxonomies/tiers".to_owned(),
            ..Default::default()
        };
        let refused = world.reporting.export_report(Request::new(same)).await.err().unwrap();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    })
    .await;
}

#[tokio::test]
async fn every_report_is_a_table() {
    let test = databases().await.remove(0);
    let world = World::full(&test).await;
    let listed = world.reporting.list_reports(Request::new(ListReportsRequest {})).await.unwrap();
    let listed = listed.into_inner().reports;
    let ids: Vec<_> = listed.iter().map(|report| report.id.as_str()).collect();
    assert_eq!(ids, REPORTS.map(|(report, _)| report));
    for report in &listed {
        let request = GetReportRequest {
            report: report.id.clone(),
            taxonomy: "tiers".to_owned(),
            other_taxonomy: "sides".to_owned(),
            time: time(None, Some(world.known[2])),
            comparison_date: date(EARLIER),
            language: Language::ZhCn.into(),
            features: Vec::new(),
            class_id: String::new(),
            bands: Vec::new(),
        };
        let answer = world.reporting.get_report(Request::new(request)).await.unwrap().into_inner();
        let file = csv(&world, &report.id, Language::ZhCn).await;
        let heads: Vec<_> = answer.columns.iter().map(|column| column.id.as_str()).collect();
        assert_eq!(file.lines().next().unwrap(), heads.join(","));
        assert_eq!(file.lines().count(), answer.rows.len() + 1, "{}", report.id);
        assert!(answer.rows.iter().all(|row| row.cells.len() == heads.len()));
        if OF_PEOPLE.contains(&report.id.as_str()) {
            continue;
        }
        let page = page_of(&world, &report.id, Language::ZhCn).await;
        let label = report.label.as_ref().unwrap();
        assert!(page.contains(&format!("<h1>{} · 2011年12月10日</h1>", label.zh)), "{page}");
        assert_eq!(page.matches("<tr>").count(), answer.rows.len() + 1);
        // Its title says the date, and its caption the currency.
        let heads = answer.columns.iter().map(|column| (&column.id, column.label.as_ref()));
        for (id, label) in heads.filter(|(id, _)| id.ends_with("_label")) {
            assert!(page.contains(&format!(">{}</th>", label.unwrap().zh)), "{id} {page}");
        }
        assert!(!page.contains(">币种</th>"), "{page}");
    }
}

#[tokio::test]
async fn amounts_are_summed_beyond_the_largest_of_a_record() {
    each_database(async |test| {
        let world = World::full(test).await;
        let largest = |number: i64| {
            let sale = shop::sale("c2", &format!("large {number}"), day("2011-12-09"), 1);
            Entry::Order(NewOrder { amount: Money(i64::MAX), base_amount: Money(i64::MAX), ..sale })
        };
        let entries: Vec<_> = (0..3).map(largest).collect();
        shop::ingest(&world.db, "large", entries, at(1)).await;
        let summary = csv(&world, "class-summary", Language::En).await;
        assert!(
            summary.contains("total,All customers,,5,1.0000,2767011611057712.7421,"),
            "{summary}"
        );
        let trend = csv(&world, "monthly-trend", Language::En).await;
        assert!(trend.contains("2011-12-01,4,2,1,2767011611056512.7421,100.0000,"), "{trend}");
        for report in ["migration-matrix", "pareto-curve", "rfm-heat-map", ""] {
            page_of(&world, report, Language::En).await;
        }
    })
    .await;
}

/// A part of a workbook.
fn part(workbook: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut part = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut part).unwrap();
    part
}

/// The cells of each row of a sheet: a text as `"text"`, a number as it stands.
fn cells(sheet: &str) -> Vec<Vec<String>> {
    let cell = |cell: &str| {
        let (_, rest) = cell.split_once('>').unwrap();
        match rest.split_once("<t") {
            Some((_, text)) => {
                let text = text.split_once('>').unwrap().1;
                format!("{:?}", text.split_once("</t>").unwrap().0)
            }
            None => rest.strip_prefix("<v>").map_or("", |it| it.split_once('<').unwrap().0).into(),
        }
    };
    let row = |row: &str| {
        let mut cells = Vec::new();
        for text in row.split("<c ").skip(1) {
            // Cells that hold nothing are left out; their letters tell.
            let letters = text.split('"').nth(1).unwrap().trim_end_matches(char::is_numeric);
            let place = letters.bytes().fold(0, |sum, letter| sum * 26 + usize::from(letter - 64));
            cells.resize(place - 1, String::new());
            cells.push(cell(text));
        }
        cells
    };
    sheet.split("<row ").skip(1).map(row).collect()
}

/// The sheet by which customers are managed, as a workbook: what a person sees of it.
#[tokio::test]
async fn a_workbook_holds_what_the_report_says() {
    each_database(async |test| {
        let world = World::full(test).await;
        let file = xlsx(&world, "management-sheet", Language::ZhCn).await;
        assert_eq!(xlsx(&world, "management-sheet", Language::ZhCn).await, file, "drawn twice");
        assert!(part(&file, "xl/workbook.xml").contains("name=\"客户分类管理表\""));
        let sheet = part(&file, "xl/worksheets/sheet1.xml");
        assert!(sheet.contains("<pane ") && !sheet.contains("<f>"), "{sheet}");
        let rows = cells(&sheet);
        assert_eq!(rows.len(), 6, "{sheet}");
        let head = |text: &str| rows[0].iter().position(|it| *it == format!("{text:?}")).unwrap();
        for (column, row, expected) in [
            // Days since the end of 1899.
            ("截止日期", 1, "40887"),
            ("来源系统", 1, "\"shop\""),
            ("客户编号", 1, "\"c1\""),
            ("客户编号", 5, "\"=1+1\""),
            ("国家", 5, "\"CN\""),
            ("累计金额", 1, "900"),
            ("近一年订单数", 1, "2"),
            ("rfm_score", 1, "75"),
            ("客户类别", 1, "\"金\""),
            ("客户标签", 1, "\"标签; 重点\""),
            ("客户编码", 1, "\"K000001\""),
            ("客户管理策略", 1, "\"多联系。\""),
            ("联系人", 1, ""),
        ] {
            assert_eq!(rows[row][head(column)], expected, "{column} of row {row}");
        }
        assert!(sheet.contains("<autoFilter ref=\"A1:"), "{sheet}");

        let rates = xlsx(&world, "customer-rates", Language::En).await;
        let book = part(&rates, "xl/workbook.xml");
        assert!(book.contains("name=\"Repurchase, win-back and satisf\""), "{book}");
        assert!(part(&rates, "xl/sharedStrings.xml").contains("two or more completed orders"));
    })
    .await;
}
