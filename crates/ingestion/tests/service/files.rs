use std::path::Path;

use kehu_contract::ingestion::{
    GetTimelineRequest, ListRejectsRequest, ProblemReason as Reason, RecordBatch,
};
use kehu_ingestion::client::{self, Error, Sent};
use kehu_tables::{Mapping, Table};
use kehu_tests::each_database;

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
