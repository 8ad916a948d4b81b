use std::path::Path;

use kehu_contract::ingestion::{
    GetTimelineRequest, IngestStart, ListCustomersRequest, ListRejectsRequest,
    ProblemReason as Reason, Record, RecordBatch, SourceReference, UpsertCustomerRequest,
    ingest_request::Message, record::Kind,
};
use kehu_ingestion::client::{self, Error, Sent};
use kehu_tables::{Mapping, Table};
use kehu_tests::{databases, each_database};

use crate::server::Server;

/// A file of `lines` lines of orders with three lines each, every seventh line without customer.
fn write(path: &Path, lines: usize) {
    let mut content =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
            .to_owned();
    for line in 0..lines {
        let order = line / 3;
        let customer = if line % 7 == 0 { String::new() } else { (order % 50).to_string() };
        let day = order % 28 + 1;
        content.push_str(&format!(
            "{order},P{},MUG,2,2011-02-{day:02} 10:00:00,1.25,{customer},France\n",
            line % 11
        ));
    }
    std::fs::write(path, content).unwrap();
}

async fn send(server: &Server, path: &Path) -> Result<Sent, Error> {
    let table = Table::scan(path, Mapping::default()).unwrap();
    let mut last = 0;
    let sent = client::send(server.ingestion(), table.start(), table, |lines| {
        assert!(lines >= last);
        last = lines;
    });
    let sent = sent.await?;
    assert_eq!(last, sent.profile.lines);
    Ok(sent)
}

#[tokio::test]
async fn a_file_is_sent_once() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sales.csv");
        write(&path, 9_000);
        let sent = send(&server, &path).await.unwrap();
        let refused = 9_000 / 7 + 1;
        assert_eq!(sent.profile.refused["CUSTOMER_MISSING"], refused);
        // Three thousand orders, fifty customers.
        let totals = sent.totals;
        assert_eq!(totals.accepted_count, 3_050);
        assert_eq!(totals.rejected_count, i64::try_from(refused).unwrap());
        let again = send(&server, &path).await.unwrap();
        assert_eq!(again, Sent { records: 0, ..sent });
    })
    .await;
}

#[tokio::test]
async fn the_file_that_was_sent_last_holds() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let folder = tempfile::tempdir().unwrap();
        let mut files = Vec::new();
        for (name, amount) in [("a", 10), ("b", 999)] {
            let path = folder.path().join(name);
            let content = format!("order_id,customer_id,date,amount\n1,c1,2024-01-05,{amount}\n");
            std::fs::write(&path, content).unwrap();
            files.push(path);
        }
        // Sent again with nothing between it has nothing to do.
        for (file, sent, amount) in
            [(0, 1, 10), (1, 1, 999), (0, 1, 10), (0, 0, 10), (1, 1, 999), (0, 1, 10)]
        {
            let done = send(&server, &files[file]).await.unwrap();
            assert_eq!(done.records, sent, "{file} {amount}");
            let request = GetTimelineRequest {
                customer: "customers/1".to_owned(),
                ..GetTimelineRequest::default()
            };
            let events =
                server.customers().get_timeline(request).await.unwrap().into_inner().events;
            assert_eq!(events.len(), 1);
            assert_eq!(events[0].amount.as_ref().unwrap().units, amount);
        }
    })
    .await;
}

#[tokio::test]
async fn a_file_whose_sending_broke_off_is_sent_on() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sales.csv");
        write(&path, 9_000);
        let table = Table::scan(&path, Mapping::default()).unwrap();
        let batches: Vec<RecordBatch> = Table::scan(&path, Mapping::default())
            .unwrap()
            .read("Europe/London", "GBP")
            .unwrap()
            .map(|read| read.unwrap().batch)
            .collect();
        assert!(batches.len() > 3);
        let start = kehu_contract::ingestion::ingest_request::Message::Start(
            kehu_contract::ingestion::IngestStart { source: "import".to_owned(), ..table.start() },
        );
        let mut call = server.call(Some(start)).await;
        call.started().await;
        for batch in batches.iter().take(2) {
            call.send(batch.sequence, batch.records.clone()).await;
            call.acknowledgement().await.unwrap();
        }
        drop(call);
        let sent = send(&server, &path).await.unwrap();
        let rest: usize = batches.iter().skip(2).map(|batch| batch.records.len()).sum();
        assert_eq!(sent.records, rest as u64);
        assert_eq!(sent.totals.accepted_count, 3_050);
        assert_eq!(sent.profile.lines, 9_000);
    })
    .await;
}

#[tokio::test]
async fn every_refused_line_can_be_listed_with_its_place() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sales.csv");
        let lines = [
            "order,customer,date,quantity,price,currency",
            "1,a,2011-01-01,1,2.50,",
            "1,a,2011-02-30,1,2.50,",
            "2,b,2011-01-02,x,2.50,",
            "2,b,2011-01-02,3,£2.50,",
            "3,c,2011-01-03,1,2.50,USD",
            "3,c,2011-01-03,1,2.50,USD",
        ];
        std::fs::write(&path, lines.join("\n")).unwrap();
        let sent = send(&server, &path).await.unwrap();
        // Two orders and no customer records: nothing is said about customers.
        assert_eq!((sent.totals.accepted_count, sent.totals.rejected_count), (2, 3));
        let page = server.ingestion().list_rejects(ListRejectsRequest::default()).await.unwrap();
        let rejects = page.into_inner().rejects;
        let found: Vec<_> = rejects
            .iter()
            .map(|reject| {
                (reject.line_number, reject.problems[0].reason(), reject.problems[0].field.as_str())
            })
            .collect();
        let expected = [
            (3, Reason::DateInvalid, "date"),
            (4, Reason::NumberInvalid, "quantity"),
            (6, Reason::RateMissing, "order.currency_code"),
            (7, Reason::RateMissing, "order.currency_code"),
        ];
        assert_eq!(found, expected);
        assert_eq!(rejects[0].raw, lines[2]);
        assert_eq!(rejects[0].origin, "sales.csv");
    })
    .await;
}

/// How records can come in.
#[derive(Debug, Clone, Copy)]
enum Way {
    File,
    Batch,
    Stream,
    Unary,
}

/// The customers and what happened with them, as answers show it but for times of writing.
async fn state(server: &Server) -> Vec<String> {
    let request = ListCustomersRequest { page_size: 1_000, ..Default::default() };
    let listed = server.customers().list_customers(request).await.unwrap().into_inner();
    let mut state = Vec::new();
    for customer in listed.customers {
        state.push(format!("{:?} {:?}", customer.references, customer.profile));
        let request = GetTimelineRequest { customer: customer.name, ..Default::default() };
        let events = server.customers().get_timeline(request).await.unwrap().into_inner().events;
        state.extend(events.iter().map(|event| format!("{event:?}")));
    }
    state
}

async fn bring(server: &Server, way: Way, table: Table) {
    let start = table.start();
    if let Way::File = way {
        client::send(server.ingestion(), start, table, |_| {}).await.unwrap();
        return;
    }
    let mut records: Vec<Record> = Vec::new();
    for read in table.read("Europe/London", "GBP").unwrap() {
        records.extend(read.unwrap().batch.records);
    }
    if let Way::Unary = way {
        records = one_by_one(server, &start.source, records).await;
    }
    let size = if let Way::Batch = way { records.len() } else { 1 };
    let start = IngestStart { stream_id: format!("{way:?}"), ..start };
    let mut call = server.call(Some(Message::Start(start))).await;
    call.started().await;
    for (sequence, records) in (1..).zip(records.chunks(size)) {
        call.send(sequence, records.to_vec()).await;
        assert_eq!(call.acknowledgement().await.unwrap().rejected_count, 0);
    }
    call.end().await;
}

/// Writes the customers with a call each, and returns the other records, which come in on streams.
async fn one_by_one(server: &Server, source: &str, mut records: Vec<Record>) -> Vec<Record> {
    for record in &records {
        let Some(Kind::Customer(customer)) = &record.kind else { continue };
        let (source, external_id) = (source.to_owned(), customer.external_id.clone());
        let request = UpsertCustomerRequest {
            reference: Some(SourceReference { source, external_id }),
            profile: customer.profile.clone(),
            ..Default::default()
        };
        server.customers().upsert_customer(request).await.unwrap();
    }
    records.retain(|record| !matches!(record.kind, Some(Kind::Customer(_))));
    records
}

#[tokio::test]
async fn req_1_9_records_come_to_the_same_whichever_way_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sales.csv");
    let mut content = "order_id,customer_id,date,amount,city\n".to_owned();
    for order in 0..40 {
        // No two of a customer on one day: in a timeline those are in the order of their arrival.
        let (customer, month, day) = (order % 7, order / 28 + 1, order % 28 + 1);
        let city = ["Leeds", "York", "\u{200b} Hull"][customer % 3];
        let date = format!("2024-{month:02}-{day:02}");
        content.push_str(&format!("o{order},c{customer},{date},{order}.50,{city}\n"));
    }
    std::fs::write(&path, content).unwrap();
    let mut states = Vec::new();
    for way in [Way::File, Way::Batch, Way::Stream, Way::Unary] {
        for test in databases().await {
            let server = Server::start(&test).await;
            bring(&server, way, Table::scan(&path, Mapping::default()).unwrap()).await;
            states.push((way, test.kind, state(&server).await));
        }
    }
    let (.., expected) = states.swap_remove(0);
    assert_eq!(expected.len(), 7 + 40);
    for (way, kind, found) in states {
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "{way:?} on {kind}");
        }
        assert_eq!(found.len(), expected.len(), "{way:?} on {kind}");
    }
}

#[tokio::test]
async fn a_file_of_each_kind_of_record_is_sent() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let folder = tempfile::tempdir().unwrap();
        for (name, content, accepted, refused) in [
            ("rates", "币种,生效日期,汇率\nUSD,2010-01-01,0.8\n", 1, 0),
            ("customers", "客户编号,客户名称,行业,城市\nc1,海天商贸,F51,宁波\nc2,x,Z99,\n", 1, 1),
            (
                "invoices",
                "invoice,customer,invoice date,due date,amount,currency,paid on\n\
                 r1,c1,2011-01-01,2011-01-31,100,USD,2011-02-03\nr2,c1,2011-01-02,2011-01-01,5,,\n",
                1,
                1,
            ),
            ("contacts", "客户编号,联系时间,沟通方式,备注\nc1,2011-02-01 9:30,call,送货\n", 1, 0),
            ("surveys", "customer,date,measure,score\nc1,2011-02-02,nps,9\nc1,2011-02-02,nps,11\n", 1, 1),
            (
                "assessments",
                "customer,date,valid until,score,assessor,evidence\nc1,2011-02-03,2011-12-31,80,Li,visit\n",
                1,
                0,
            ),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            let sent = send(&server, &path).await.unwrap();
            let counts = (sent.totals.accepted_count, sent.totals.rejected_count);
            assert_eq!(counts, (accepted, refused), "{name}");
            // What the server refused is known when it is sent again.
            let again = send(&server, &path).await.unwrap();
            assert_eq!(again, Sent { records: 0, ..sent }, "{name}");
        }
        let request = GetTimelineRequest {
            customer: "customers/1".to_owned(),
            ..GetTimelineRequest::default()
        };
        let events = server.customers().get_timeline(request).await.unwrap().into_inner().events;
        let invoice = events.iter().find(|event| event.external_id == "r1").unwrap();
        assert_eq!(invoice.amount.as_ref().unwrap().units, 100);
        assert!(events.len() >= 4, "{events:?}");
    })
    .await;
}
