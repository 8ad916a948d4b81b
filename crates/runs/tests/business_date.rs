//! `BusinessDateService` as its callers see it, on both databases.

use kehu_contract::run::{
    FixBusinessDateRequest, GetBusinessDateRequest,
    business_date_service_client::BusinessDateServiceClient,
};
use kehu_core::calendar::BusinessCalendar;
use kehu_runs::BusinessDates;
use kehu_server::{clock, convert};
use kehu_tests::{Served, date, each_database};
use tonic::Code;

#[tokio::test]
async fn the_business_date_is_today_until_it_is_fixed() {
    each_database(async |test| {
        let london = BusinessCalendar::new("Europe/London").unwrap();
        let role = BusinessDates::new(test.database.clone(), london);
        let served = Served::start(|routes| role.routes(routes)).await;
        let mut client = BusinessDateServiceClient::new(served.client.clone());
        // Midnight may pass between two of these lines.
        let before = london.date(clock::now());
        let answer = client.get_business_date(GetBusinessDateRequest {}).await.unwrap();
        let held = answer.into_inner().business_date.unwrap();
        let days = [before, london.date(clock::now())].map(|day| Some(convert::date(day)));
        assert!(days.contains(&held.date), "{held:?}");
        assert!(!held.fixed && held.decided_by.is_empty() && held.decide_time.is_none());
        assert_eq!(held.time_zone, "Europe/London");

        for (asked, fixed) in
            [(date("2011-12-10"), true), (None, false), (date("2012-01-01"), true)]
        {
            let request = FixBusinessDateRequest { date: asked };
            let answer = client.fix_business_date(request).await.unwrap();
            let held = answer.into_inner().business_date.unwrap();
            assert_eq!((held.fixed, held.decided_by.as_str()), (fixed, "anybody"));
            assert!(held.decide_time.is_some());
            assert!(asked.is_none() || held.date == asked, "{held:?}");
            let answer = client.get_business_date(GetBusinessDateRequest {}).await.unwrap();
            assert_eq!(answer.into_inner().business_date, Some(held));
        }
        for wrong in ["2011-02-30", "2199-01-01"] {
            let (year, rest) = wrong.split_once('-').unwrap();
            let (month, day) = rest.split_once('-').unwrap();
            let number = |text: &str| text.parse().unwrap();
            let date = kehu_contract::google::r#type::Date {
                year: number(year),
                month: number(month),
                day: number(day),
            };
            let request = FixBusinessDateRequest { date: Some(date) };
            let status = client.fix_business_date(request).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument, "{wrong}");
        }
    })
    .await;
}
