use kehu_storage::Error;
use kehu_storage::settings::{Settings, get, set_once};
use kehu_tests::each_database;

fn settings(base_currency: &str, time_zone: &str) -> Settings {
    Settings { base_currency: base_currency.to_owned(), time_zone: time_zone.to_owned() }
}

#[tokio::test]
async fn settings_are_set_once() {
    each_database(async |test| {
        let db = &test.database;
        let london = settings("GBP", "Europe/London");
        assert_eq!(get(db).await.unwrap(), None);
        assert_eq!(set_once(db, &london).await.unwrap(), london);
        assert_eq!(set_once(db, &london).await.unwrap(), london);
        for other in [settings("EUR", "Europe/London"), settings("GBP", "Asia/Shanghai")] {
            let refused = set_once(db, &other).await;
            assert!(matches!(refused, Err(Error::AlreadyExists { .. })), "{refused:?}");
        }
        assert_eq!(get(db).await.unwrap(), Some(london));
    })
    .await;
}

#[tokio::test]
async fn of_two_first_starts_one_wins() {
    each_database(async |test| {
        let db = &test.database;
        let (pound, euro) = (settings("GBP", "Europe/London"), settings("EUR", "Europe/Paris"));
        let (first, second) = tokio::join!(set_once(db, &pound), set_once(db, &euro));
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    })
    .await;
}
