//! Files of customers, invoices, contacts, survey answers, assessments and exchange rates.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use kehu_contract::ingestion::{Problem, ProblemReason, Record, RefusedRow, record::Kind};
use kehu_tables::{Error, FileKind, Mapping, Profile, Table};

/// The records of a file, in the order in which they are sent.
fn read(content: &[u8], mapping: &str) -> (Vec<Record>, Profile) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.csv");
    std::fs::write(&path, content).unwrap();
    let table = Table::scan(&path, Mapping::parse(mapping).unwrap()).unwrap();
    let mut reader = table.read("Asia/Shanghai", "CNY").unwrap();
    let mut records = Vec::new();
    for batch in reader.by_ref() {
        records.extend(batch.unwrap().batch.records);
    }
    (records, reader.profile())
}

/// The fields and reasons of each refused row, by its line.
fn refused(records: &[Record]) -> Vec<(i64, Vec<(String, ProblemReason)>)> {
    let rows = records.iter().filter_map(|record| match &record.kind {
        Some(Kind::RefusedRow(RefusedRow { problems, .. })) => {
            let told = |it: &Problem| (it.field.clone(), it.reason());
            Some((record.line_number, problems.iter().map(told).collect()))
        }
        _ => None,
    });
    rows.collect()
}

#[test]
fn customers_as_an_analyst_keeps_them() {
    let text = "\u{feff}客户编号,客户名称,行业,省份,城市,建档日期,联系电话\r\n\
                Ｃ００１,　海天商贸 ,F51,浙江,宁波,2021/3/5,0574-1234\r\n\
                ,,,,,,\r\n\
                C002,远山机械,C34,江苏,苏州,2021年13月5日,\r\n\
                ,无名,,,,,\r\n";
    let (records, profile) = read(text.as_bytes(), "[attributes]\nphone = \"联系电话\"");
    let Some(Kind::Customer(one)) = &records[0].kind else { panic!("{records:?}") };
    let said = one.profile.clone().unwrap();
    assert_eq!((one.external_id.as_str(), said.display_name.as_str()), ("C001", "海天商贸"));
    assert_eq!((said.industry_code.as_str(), said.city.as_str()), ("F51", "宁波"));
    assert_eq!(
        said.registration_date.map(|day| (day.year, day.month, day.day)),
        Some((2021, 3, 5))
    );
    assert_eq!(said.attributes["phone"], "0574-1234");
    let wrong = [
        (4, vec![("建档日期".to_owned(), ProblemReason::DateInvalid)]),
        (5, vec![("客户编号".to_owned(), ProblemReason::CustomerMissing)]),
    ];
    assert_eq!(refused(&records), wrong);
    assert_eq!((profile.kind, profile.lines, profile.blank_lines), ("customers", 3, 1));
    let (gbk, _, _) = encoding_rs::GB18030.encode(text.trim_start_matches('\u{feff}'));
    assert_eq!(read(&gbk, "[attributes]\nphone = \"联系电话\"").0, records);
}

#[test]
fn an_invoice_is_paid_in_several_rows() {
    let text = "Invoice No;Customer ID;Invoice Date;Due Date;Amount;Paid On;Paid Amount\n\
                R1;c1;31.01.2024;01.03.2024;1.234,50;15.02.2024;1.000,00\n\
                R2;c1;31.01.2024;01.03.2024;10,00;;\n\
                R1;c1;31.01.2024;01.03.2024;1.234,50;15.02.2024;234,50\n\
                R3;c2;31.01.2024;01.03.2024;5,00;;\n\
                R3;c2;31.01.2024;02.03.2024;5,00;;\n";
    let (records, profile) = read(text.as_bytes(), "");
    assert_eq!((profile.kind, profile.orders), ("invoices", 3));
    let invoices: Vec<_> = records
        .iter()
        .filter_map(|record| match &record.kind {
            Some(Kind::Invoice(invoice)) => Some(invoice),
            _ => None,
        })
        .collect();
    let [second, first] = invoices[..] else { panic!("{records:?}") };
    assert_eq!((second.external_id.as_str(), second.payments.len()), ("R2", 0));
    let amount = first.amount.clone().unwrap();
    assert_eq!((amount.units, amount.nanos), (1_234, 500_000_000));
    let paid: Vec<(&str, i64)> = first
        .payments
        .iter()
        .map(|it| (it.external_id.as_str(), it.amount.as_ref().unwrap().units))
        .collect();
    assert_eq!(paid, [("2024-02-15", 1_000), ("2024-02-15-2", 234)]);
    assert_eq!(first.due_date.map(|day| (day.month, day.day)), Some((3, 1)));
    let column = "Amount, Due Date".to_owned();
    let clash = vec![(column, ProblemReason::OrderInconsistent)];
    assert_eq!(refused(&records), [(5, clash.clone()), (6, clash)]);
}

#[test]
fn contacts_need_no_key_of_their_own() {
    let mapping = "kind = \"interactions\"\nconstants = { kind = \"call\" }\n\
                   values.direction.inbound = [\"打入\"]\n[columns]\ncustomer_id = \"客户\"\n\
                   date = \"时间\"\ndirection = \"方向\"\nduration = \"时长\"";
    let text = "客户,时间,方向,时长\nc1,2024-03-01 10:00,打入,1:35\nc1,2024-03-01 10:00,斜着,x\n";
    let (records, _) = read(text.as_bytes(), mapping);
    let Some(Kind::Interaction(call)) = &records[0].kind else { panic!("{records:?}") };
    assert_eq!((call.kind.as_str(), call.direction, call.external_id.len()), ("call", 1, 32));
    assert_eq!(call.duration.map(|it| it.seconds), Some(95));
    assert_eq!(call.interaction_time.map(|it| it.seconds), Some(1_709_258_400));
    let wrong = vec![
        ("方向".to_owned(), ProblemReason::ValueUnknown),
        ("时长".to_owned(), ProblemReason::NumberInvalid),
    ];
    assert_eq!(refused(&records), [(3, wrong)]);
    assert_eq!(read(text.as_bytes(), mapping).0, records);
}

#[test]
fn answers_assessments_and_rates() {
    let text =
        "客户编号,填写时间,指标,得分,意见\nc1,2024-03-01,满意度,４.5,很好\nc1,2024-03-02,?,1,\n";
    let (records, _) = read(text.as_bytes(), "");
    let Some(Kind::SurveyAnswer(answer)) = &records[0].kind else { panic!("{records:?}") };
    assert_eq!((answer.measure, answer.comment.as_str()), (1, "很好"));
    assert_eq!(answer.score.as_ref().unwrap().value, "4.5");
    assert_eq!(refused(&records), [(3, vec![("指标".to_owned(), ProblemReason::ValueUnknown)])]);
    let text = "customer_id,date,valid_until,score,assessor,evidence\n\
                c1,2024-03-01,2024-09-01,80,Li,a visit\nc2,2024-03-01,2024-09-01,,Li,\n";
    let (records, _) = read(text.as_bytes(), "");
    let Some(Kind::ProspectAssessment(one)) = &records[0].kind else { panic!("{records:?}") };
    assert_eq!((one.assessor.as_str(), one.evidence.as_str()), ("Li", "a visit"));
    let missing = |field: &str| (field.to_owned(), ProblemReason::FieldMissing);
    assert_eq!(refused(&records), [(3, vec![missing("score"), missing("evidence")])]);
    let (records, _) =
        read("币种,生效日期,汇率\nusd,2024-01-01,7.1\n,2024-01-01,7\n".as_bytes(), "");
    let Some(Kind::ExchangeRate(rate)) = &records[0].kind else { panic!("{records:?}") };
    assert_eq!(
        (rate.currency_code.as_str(), rate.rate.as_ref().unwrap().value.as_str()),
        ("USD", "7.1")
    );
    assert_eq!(refused(&records), [(3, vec![missing("币种")])]);
}

#[test]
fn a_mapping_states_what_its_kind_has() {
    let text = "kind = \"surveys\"\nconstants = { best_score = \"ten\", date = \"2024-01-01\" }\n\
                values.channel.x = [\"y\"]\n[columns]\ncustomer_id = \"c\"\ndate = \"d\"\nbrand = \"b\"";
    let Error::Mapping(problems) = Mapping::parse(text).unwrap_err() else { panic!() };
    let starts: Vec<&str> =
        problems.iter().map(|problem| problem.split([':', ' ']).next().unwrap()).collect();
    let expected = "columns.measure columns.brand constants.date constants.best_score \
                    values.channel.x values.channel";
    assert_eq!(starts.join(" "), expected, "{problems:?}");
}

#[test]
fn a_mapping_that_was_guessed_reads_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.csv");
    std::fs::write(&path, "客户编号,客户名称,行业,联系电话\nc1,海天,F51,0574\n").unwrap();
    let guessed = kehu_tables::guess(&path).unwrap();
    for line in ["kind = \"customers\"", "industry = \"行业\"", "# phone = \"联系电话\""] {
        assert!(guessed.contains(line), "{line}: {guessed}");
    }
    let table = Table::scan(&path, Mapping::parse(&guessed).unwrap()).unwrap();
    assert_eq!(table.kind(), FileKind::Customers);
}

#[test]
fn json_lines_are_told_by_their_content() {
    let text = "\u{feff}{\"客户编号\":\"c1\",\"客户名称\":\"海天\",\"地址\":{\"城市\":\"宁波\"}}\n\n\
                {\"客户编号\":9007199254740993,\"行业\":\"F51\",\"客户名称\":\"say \\\"hi\\\"\"}\n\
                {\"客户编号\":\"c3\"\n";
    let mapping = "kind = \"customers\"\n[columns]\ncustomer_id = \"客户编号\"\n\
                   customer_name = \"客户名称\"\nindustry = \"行业\"\ncity = \"地址.城市\"";
    let (records, profile) = read(text.as_bytes(), mapping);
    let customers: Vec<_> = records
        .iter()
        .filter_map(|record| match &record.kind {
            Some(Kind::Customer(customer)) => Some(customer),
            _ => None,
        })
        .collect();
    assert_eq!(customers[0].profile.as_ref().unwrap().city, "宁波");
    assert_eq!(customers[1].external_id, "9007199254740993");
    assert_eq!(customers[1].profile.as_ref().unwrap().display_name, "say \"hi\"");
    assert_eq!(refused(&records), [(4, vec![(String::new(), ProblemReason::ColumnsMismatch)])]);
    assert_eq!((profile.lines, profile.found[0].as_str()), (3, "JSON objects, one a line"));
    let orders = "{\"order_id\":1,\"customer_id\":2,\"date\":\"2024-01-05\",\"amount\":1.234}\n";
    let (records, _) = read(orders.as_bytes(), "");
    let Some(Kind::Order(order)) = &records[0].kind else { panic!("{records:?}") };
    let amount = order.lines[0].amount.clone().unwrap();
    assert_eq!((amount.units, amount.nanos), (1, 234_000_000));
}
