use kehu_storage::ingestion::{
    Batch, NewReject, Opened, Problem, RejectFilter, RejectShare, Stream, Written, list_rejects,
    open_stream, purge_rejects, purge_streams, write_batch,
};
use kehu_storage::{Database, PageRequest};
use kehu_tests::{at, each_database};

fn refused(line_number: i64) -> NewReject {
    let problem = Problem { field: "order".to_owned(), reason: 1, description: "bad".to_owned() };
    let raw = "raw".to_owned();
    NewReject { line_number, problems: vec![problem], raw, raw_length: 3, key: None, part: false }
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

/// A stream of a caller of whose rejects so many bytes are kept.
async fn stream(db: &Database, caller: &str, bytes: i64) -> Stream {
    let opened = open_stream(db, caller, "shop", "", at(0)).await.unwrap();
    let Opened::Stream(stream) = opened else { panic!("{opened:?}") };
    Stream { share: RejectShare { caller: caller.to_owned(), bytes }, ..stream }
}

/// Sends rejects of these lines with 1,000 bytes each; how many others made room.
async fn reject(db: &Database, stream: &mut Stream, lines: std::ops::Range<i64>) -> u64 {
    let reject = |line| NewReject { raw: "x".repeat(1_000), ..refused(line) };
    let rejects: Vec<_> = lines.map(reject).collect();
    let sequence = stream.last_sequence + 1;
    let batch = Batch { sequence, rejected: 1, rejects, ..Batch::default() };
    let written = write_batch(db, stream, &batch, at(10)).await.unwrap();
    let Written::Done(tally, _, _) = written else { panic!("{written:?}") };
    stream.last_sequence = sequence;
    tally.dropped_rejects
}

/// The lines of the rejects of a stream.
async fn lines(db: &Database, stream: &str) -> Vec<i64> {
    let filter = RejectFilter { stream_id: Some(stream.to_owned()), ..Default::default() };
    let page = PageRequest { limit: 100, after: None };
    let found = list_rejects(db, &filter, &page).await.unwrap();
    found.items.iter().map(|reject| reject.line_number).collect()
}

#[tokio::test]
async fn the_rejects_of_a_caller_take_no_more_than_its_share() {
    each_database(async |test| {
        let db = &test.database;
        let mut crm = stream(db, "crm", 5_000).await;
        let mut erp = stream(db, "erp", 5_000).await;
        assert_eq!(reject(db, &mut erp, 0..3).await, 0);
        assert_eq!(reject(db, &mut crm, 0..3).await, 0);
        // 1,100 to 1,250 bytes each: four are in the share, or five with the one across its edge.
        assert_eq!(reject(db, &mut crm, 3..8).await, 3);
        assert_eq!(lines(db, "crm").await, [3, 4, 5, 6, 7]);
        assert_eq!(reject(db, &mut crm, 8..9).await, 1);
        assert_eq!(reject(db, &mut crm, 9..49).await, 40);
        assert_eq!(lines(db, "crm").await, [44, 45, 46, 47, 48]);
        assert_eq!(lines(db, "erp").await, [0, 1, 2], "another has a share of its own");
        // Once all have gone by their age, it begins anew.
        purge_rejects(db, at(11)).await.unwrap();
        assert_eq!(reject(db, &mut crm, 0..4).await, 0);
        assert_eq!(lines(db, "crm").await, [0, 1, 2, 3]);
    })
    .await;
}
