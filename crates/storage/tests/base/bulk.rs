use kehu_storage::bulk::{self, Column, ColumnType, OnConflict};
use kehu_storage::{Database, Error};
use kehu_tests::each_database;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement};

#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
struct Row {
    id: i64,
    big: Option<i64>,
    small: i32,
    small_null: Option<i32>,
    text: String,
    text_null: Option<String>,
}

/// A row whose values differ from its neighbours', nulls and awkward texts among them.
fn row(id: i64) -> Row {
    let texts = [
        "plain",
        "",
        "NULL",
        "null",
        "{a,b}",
        "\"quoted\"",
        "back\\slash",
        "\\\"",
        "two\nlines",
        "comma, space ",
        "客户 😀",
        "'; DROP TABLE sample; --",
        "tab\t",
        "\\N",
        "$1",
        "?",
    ];
    let text = texts[usize::try_from(id).unwrap() % texts.len()];
    let extremes = [i64::MIN, -1, 0, 1, i64::MAX];
    Row {
        id,
        big: (id % 3 != 0).then_some(extremes[usize::try_from(id).unwrap() % 5]),
        small: if id % 2 == 0 { i32::MIN } else { i32::MAX },
        small_null: (id % 5 != 0).then_some(i32::try_from(id % 1_000).unwrap()),
        text: text.to_owned(),
        text_null: (id % 7 != 0).then(|| format!("{text}{id}")),
    }
}

fn columns(rows: &[Row]) -> Vec<(&'static str, Column)> {
    vec![
        ("id", Column::I64(rows.iter().map(|row| row.id).collect())),
        ("big", Column::OptI64(rows.iter().map(|row| row.big).collect())),
        ("small", Column::I32(rows.iter().map(|row| row.small).collect())),
        ("small_null", Column::OptI32(rows.iter().map(|row| row.small_null).collect())),
        ("text", Column::Text(rows.iter().map(|row| row.text.clone()).collect())),
        ("text_null", Column::OptText(rows.iter().map(|row| row.text_null.clone()).collect())),
    ]
}

async fn create_table(db: &Database) {
    let sql = "CREATE TABLE sample (id bigint PRIMARY KEY, big bigint, small integer NOT NULL, \
               small_null integer, text text NOT NULL, text_null text)";
    let transaction = db.begin().await.unwrap();
    transaction.execute_unprepared(sql).await.unwrap();
    transaction.commit().await.unwrap();
}

fn all_columns() -> [(&'static str, ColumnType); 6] {
    [
        ("id", ColumnType::I64),
        ("big", ColumnType::OptI64),
        ("small", ColumnType::I32),
        ("small_null", ColumnType::OptI32),
        ("text", ColumnType::Text),
        ("text_null", ColumnType::OptText),
    ]
}

async fn insert(db: &Database, rows: &[Row], mode: OnConflict<'_>) -> Result<u64, Error> {
    let transaction = db.begin().await?;
    let written = bulk::insert(&transaction, "sample", &columns(rows), mode).await?;
    transaction.commit().await?;
    Ok(written)
}

async fn read(db: &Database) -> Vec<Row> {
    let backend = db.reader().get_database_backend();
    let sql = "SELECT * FROM sample ORDER BY id";
    Row::find_by_statement(Statement::from_string(backend, sql)).all(db.reader()).await.unwrap()
}

#[tokio::test]
async fn what_is_inserted_is_read_back_whatever_the_size() {
    each_database(async |test| {
        let db = &test.database;
        create_table(db).await;
        // On both sides of every size at which either database does otherwise (six columns).
        for size in [0, 1, 2, 165, 166, 167, 332, 333, 999, 1_000, 1_001, 12_345] {
            let rows: Vec<Row> = (0..size).map(row).collect();
            let written = insert(db, &rows, OnConflict::Fail).await.unwrap();
            assert_eq!(written, u64::try_from(size).unwrap());
            assert_eq!(read(db).await, rows, "{size} rows on {}", test.kind);
            let query = "SELECT * FROM sample ORDER BY id";
            let read = bulk::read(db.reader(), query, vec![], &all_columns()).await.unwrap();
            let copied = bulk::read_all(db.reader(), query, &all_columns()).await.unwrap();
            assert_eq!(copied, read);
            let expected: Vec<Column> = columns(&rows).into_iter().map(|(_, c)| c).collect();
            assert_eq!(read, expected, "{size} rows on {}", test.kind);
            let transaction = db.begin().await.unwrap();
            transaction.execute_unprepared("DELETE FROM sample").await.unwrap();
            transaction.commit().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn columns_are_read_in_the_order_of_the_query_with_its_parameters() {
    each_database(async |test| {
        create_table(&test.database).await;
        let rows: Vec<Row> = (0..1_000).map(row).collect();
        insert(&test.database, &rows, OnConflict::Fail).await.unwrap();
        let query = "SELECT a.id AS b, a.small_null AS a FROM sample a JOIN sample b ON a.id = b.id \
                     WHERE a.id BETWEEN $2 AND $1 ORDER BY a.small_null IS NULL, a.id DESC";
        let columns = [("a", ColumnType::OptI32), ("b", ColumnType::I64)];
        let values = vec![16i64.into(), 9i64.into()];
        let read = bulk::read(test.database.reader(), query, values, &columns).await.unwrap();
        let ids = vec![16, 14, 13, 12, 11, 9, 15, 10];
        let small = ids.iter().map(|&id| row(id).small_null).collect();
        assert_eq!(read, [Column::OptI32(small), Column::I64(ids)], "on {}", test.kind);
        let wrong = [("small_null", ColumnType::I32)];
        let query = "SELECT small_null FROM sample";
        let read = bulk::read(test.database.reader(), query, vec![], &wrong).await;
        assert!(read.is_err(), "a null where none may be");
    })
    .await;
}

#[tokio::test]
async fn one_known_key_fails_all() {
    each_database(async |test| {
        create_table(&test.database).await;
        let rows: Vec<Row> = (0..10).map(row).collect();
        insert(&test.database, &rows[9..], OnConflict::Fail).await.unwrap();
        let failed = insert(&test.database, &rows, OnConflict::Fail).await;
        assert!(matches!(failed, Err(Error::AlreadyExists { .. })), "{failed:?}");
        assert_eq!(read(&test.database).await, &rows[9..]);
    })
    .await;
}

/// The second COPY of a transaction by way of the temporary table must not meet the first's rows.
#[tokio::test]
async fn many_rows_are_written_again_and_again_in_one_transaction() {
    each_database(async |test| {
        create_table(&test.database).await;
        let rows: Vec<Row> = (0..3_000).map(row).collect();
        let transaction = test.database.begin().await.unwrap();
        for (range, new) in [(0..1_500, 1_500), (500..2_500, 1_000), (0..3_000, 500)] {
            let columns = columns(&rows[range]);
            let insert = bulk::insert(&transaction, "sample", &columns, OnConflict::Ignore);
            assert_eq!(insert.await.unwrap(), new);
        }
        transaction.commit().await.unwrap();
        assert_eq!(read(&test.database).await, rows);
    })
    .await;
}

#[tokio::test]
async fn known_keys_are_ignored() {
    each_database(async |test| {
        create_table(&test.database).await;
        for size in [900usize, 2_000] {
            let mut rows: Vec<Row> = (0..i64::try_from(size).unwrap()).map(row).collect();
            insert(&test.database, &rows[..400], OnConflict::Ignore).await.unwrap();
            let first = read(&test.database).await;
            let new = size - first.len();
            rows.iter_mut().for_each(|row| row.text = format!("of {size}"));
            // A key may even come twice in one call.
            rows.push(rows[size - 1].clone());
            let written = insert(&test.database, &rows, OnConflict::Ignore).await.unwrap();
            assert_eq!(written, u64::try_from(new).unwrap());
            let kept = read(&test.database).await;
            let (old, added) = kept.split_at(first.len());
            assert_eq!((old, added), (&first[..], &rows[first.len()..size]));
        }
    })
    .await;
}

#[tokio::test]
async fn known_keys_are_updated_in_the_columns_named() {
    each_database(async |test| {
        create_table(&test.database).await;
        let first: Vec<Row> = (0..400).map(row).collect();
        insert(&test.database, &first, OnConflict::Fail).await.unwrap();
        let mut second: Vec<Row> = (200..1_900).map(row).collect();
        for row in &mut second {
            (row.text, row.text_null, row.small) = ("second".to_owned(), None, 7);
        }
        let mode = OnConflict::Update { key: &["id"], set: &["text", "text_null"] };
        assert_eq!(insert(&test.database, &second, mode).await.unwrap(), 1_700);
        for kept in read(&test.database).await {
            let (text, null, small) = match kept.id {
                0..200 => (row(kept.id).text, row(kept.id).text_null, row(kept.id).small),
                200..400 => ("second".to_owned(), None, row(kept.id).small),
                _ => ("second".to_owned(), None, 7),
            };
            assert_eq!((kept.text, kept.text_null, kept.small), (text, null, small), "{}", kept.id);
        }
    })
    .await;
}

#[tokio::test]
#[should_panic(expected = "column big of sample is not as long as the first")]
async fn columns_of_different_length_are_a_mistake() {
    let test = kehu_tests::databases().await.remove(0);
    let transaction = test.database.begin().await.unwrap();
    let columns = [("id", Column::I64(vec![1, 2])), ("big", Column::I64(vec![1]))];
    let _ = bulk::insert(&transaction, "sample", &columns, OnConflict::Fail).await;
}

#[tokio::test]
async fn texts_of_ten_megabytes_fit() {
    each_database(async |test| {
        create_table(&test.database).await;
        let mut rows: Vec<Row> = (0..9).map(row).collect();
        for long in [1, 4, 5] {
            rows[long].text = "客户\"\\".repeat(1_250_000);
        }
        insert(&test.database, &rows, OnConflict::Fail).await.unwrap();
        assert!(read(&test.database).await == rows);
    })
    .await;
}
