use kehu_storage::PageRequest;
use kehu_storage::ingestion::{
    Batch, NewReject, Opened, Problem, RejectFilter, list_rejects, open_stream, purge_rejects,
    purge_streams, write_batch,
};
use kehu_tests::{at, each_database};

fn refused(line_number: i64) -> NewReject {
    let problem = Problem { field: "order".to_owned(), reason: 1, description: "bad".to_owned() };
    let raw = "raw".to_owned();
    NewReject { line_number, problems: vec![problem], raw, raw_length: 3 }
}

#[tokio::test]
async fn old_streams_and_rejects_are_forgotten() {
    each_database(async |test| {
        let db = &test.database;
        for (stream_id, seconds) in [("old", 10), ("new", 20)] {
            let opened = open_stream(db, stream_id, "shop", "", at(0)).await.unwrap();
            let Opened::Stream(stream) = opened else { panic!("{opened:?}") };
            let rejects = vec![refused(seconds)];
            let batch = Batch { sequence: 1, rejects, rejected: 1, ..Batch::default() };
            write_batch(db, &stream, &batch, at(seconds)).await.unwrap();
        }
        assert_eq!(purge_rejects(db, at(10)).await.unwrap(), 0);
        assert_eq!(purge_rejects(db, at(11)).await.unwrap(), 1);
        let page = PageRequest { limit: 10, after: None };
        let left = list_rejects(db, &RejectFilter::default(), &page).await.unwrap();
        let left: Vec<i64> = left.items.iter().map(|reject| reject.line_number).collect();
        assert_eq!(left, [20]);
        assert_eq!(purge_streams(db, at(20)).await.unwrap(), 1);
        for (stream_id, last) in [("old", 0), ("new", 1)] {
            let opened = open_stream(db, stream_id, "shop", "", at(30)).await.unwrap();
            let Opened::Stream(stream) = opened else { panic!("{opened:?}") };
            assert_eq!(stream.last_sequence, last, "{stream_id}");
        }
    })
    .await;
}
