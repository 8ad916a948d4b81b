use super::*;

fn parse(cell: &str, stated: &[&str]) -> Result<String, NotADate> {
    let stated: Vec<String> = stated.iter().map(|form| form.to_string()).collect();
    let mut evidence = Evidence::new(&stated);
    evidence.look_at(cell);
    let calendar = BusinessCalendar::new("Europe/London").unwrap();
    let mut dates = Dates::new(evidence.format(), calendar);
    dates.parse(cell).map(|instant| instant.format("%Y-%m-%dT%H:%M:%S").to_string())
}

#[test]
fn forms_that_need_no_mapping() {
    for (cell, instant) in [
        ("2010-12-01 08:26:00", "2010-12-01T08:26:00"),
        ("2011-07-01 00:10", "2011-06-30T23:10:00"),
        ("2011-07-01", "2011-06-30T23:00:00"),
        ("2011-01-02T03:04:05.678", "2011-01-02T03:04:05"),
        ("2011-01-02T03:04", "2011-01-02T03:04:00"),
        ("2011-01-02T03:04Z", "2011-01-02T03:04:00"),
        ("2011-01-02T03", "2011-01-02T03:00:00"),
        ("2011-07-01T12:00:00+08:00", "2011-07-01T04:00:00"),
        ("2011-07-01T12:00:00,5+0800", "2011-07-01T04:00:00"),
        ("2011-07-01 12:00+08", "2011-07-01T04:00:00"),
        ("2011-07-01 12:00:00 UTC", "2011-07-01T12:00:00"),
        ("2011-07-01T12:00:00Z", "2011-07-01T12:00:00"),
        ("20110102T030405Z", "2011-01-02T03:04:05"),
        ("20110102", "2011-01-02T00:00:00"),
        ("20110102030405", "2011-01-02T03:04:05"),
        ("201101020304", "2011-01-02T03:04:00"),
        ("2011-W01-7", "2011-01-09T00:00:00"),
        ("2011W017", "2011-01-09T00:00:00"),
        ("2011-W01-7T10:30", "2011-01-09T10:30:00"),
        ("2011-009", "2011-01-09T00:00:00"),
        ("2010-12-31T24:00", "2011-01-01T00:00:00"),
        ("2011/1/2 3:04", "2011-01-02T03:04:00"),
        ("2011.1.2", "2011-01-02T00:00:00"),
        ("2011. 1. 2.", "2011-01-02T00:00:00"),
        ("02.01.2011 03:04", "2011-01-02T03:04:00"),
        ("2.1.11", "2011-01-02T00:00:00"),
        ("2011年1月2日", "2011-01-02T00:00:00"),
        ("2011年01月02日 10:30", "2011-01-02T10:30:00"),
        ("2011年1月2日下午3时5分", "2011-01-02T15:05:00"),
        ("2011年1月2日 上午9:30", "2011-01-02T09:30:00"),
        ("2011年1月2日 星期日 9点", "2011-01-02T09:00:00"),
        ("2011年1月2日（日）午後3時30分15秒", "2011-01-02T15:30:15"),
        ("5 Jan 2011", "2011-01-05T00:00:00"),
        ("5th January 2011 8:26 PM", "2011-01-05T20:26:00"),
        ("January 5, 2011", "2011-01-05T00:00:00"),
        ("Jan 5 2011 12:05 am", "2011-01-05T00:05:00"),
        ("05-Jan-11", "2011-01-05T00:00:00"),
        ("05JAN2011", "2011-01-05T00:00:00"),
        ("Wed, 05 Jan 2011 10:00:00 GMT", "2011-01-05T10:00:00"),
        ("Sept 5, 2011", "2011-09-04T23:00:00"),
        ("5. Januar 2011", "2011-01-05T00:00:00"),
        ("5. März 2011 10:30", "2011-03-05T10:30:00"),
        ("05.03.2011 10:30 Uhr", "2011-03-05T10:30:00"),
        ("1er février 2011", "2011-02-01T00:00:00"),
        ("5 déc. 2011", "2011-12-05T00:00:00"),
        ("5 de enero de 2011", "2011-01-05T00:00:00"),
        ("05-dic-2011", "2011-12-05T00:00:00"),
        ("5 gennaio 2011", "2011-01-05T00:00:00"),
        ("5 jan 2011", "2011-01-05T00:00:00"),
        ("31/01/2011", "2011-01-31T00:00:00"),
        ("01/31/2011 8:26", "2011-01-31T08:26:00"),
        ("01-31-2011", "2011-01-31T00:00:00"),
        ("01/31/75", "1975-01-31T00:00:00"),
        ("99/12/31", "1999-12-31T00:00:00"),
        ("05/05/2011", "2011-05-04T23:00:00"),
    ] {
        let (cell, _) = kehu_core::key::clean(cell);
        assert_eq!(parse(&cell, &[]), Ok(instant.to_owned()), "{cell}");
    }
}

#[test]
fn what_programs_write_round_a_time() {
    for (cell, instant) in [
        ("Wed Jan  5 10:15:00 2011", "2011-01-05T10:15:00"),
        ("Tue Jul 5 10:15:00 2011", "2011-07-05T09:15:00"),
        ("Tue Jul 5 10:15:00 UTC 2011", "2011-07-05T10:15:00"),
        (
            "Wed Jan 05 2011 10:15:00 GMT+0100 (Central European Standard Time)",
            "2011-01-05T09:15:00",
        ),
        ("2011-07-01T12:00:00+02:00[Europe/Berlin]", "2011-07-01T10:00:00"),
        ("2011-07-01T12:00[Europe/Berlin]", "2011-07-01T10:00:00"),
        ("2011-07-01T12:00:00Z[Europe/Berlin]", "2011-07-01T12:00:00"),
        ("2011-10-30T02:30+01:00[Europe/Berlin]", "2011-10-30T01:30:00"),
    ] {
        assert_eq!(parse(cell, &[]), Ok(instant.to_owned()), "{cell}");
    }
}

#[test]
fn what_is_not_a_date() {
    for (cell, error) in [
        ("2011-02-30", NotADate::Invalid),
        ("2011-02-30 10:00:00", NotADate::Invalid),
        ("2011-13-01", NotADate::Invalid),
        ("2011-01-01 25:00", NotADate::Invalid),
        ("2011-01-01 24:30", NotADate::Invalid),
        ("2011-01-01T10:00+99:00", NotADate::Invalid),
        ("2011-W54-1", NotADate::Invalid),
        ("2011-W01", NotADate::Invalid),
        ("2011-366", NotADate::Invalid),
        ("2011-01", NotADate::Invalid),
        ("01/02/2011", NotADate::Ambiguous),
        ("12/1/2010 8:26", NotADate::Ambiguous),
        ("25/01/24", NotADate::Ambiguous),
        ("13/13/2011", NotADate::Invalid),
        ("1/2/3", NotADate::Invalid),
        ("Wed Jan 5 10:15:00 CET 2011", NotADate::Invalid),
        ("Wed Jan 32 10:15:00 2011", NotADate::Invalid),
        ("2011-07-01T12:00:00+01:00[Europe/Berlin]", NotADate::Invalid),
        ("2011-07-01T12:00:00[Europe/Nowhere]", NotADate::Invalid),
        ("2011-07-01T12:00:00 (noon)", NotADate::Invalid),
        ("yesterday", NotADate::Invalid),
        ("Jan", NotADate::Invalid),
        ("5 Janu 2011", NotADate::Invalid),
        ("5 Brumaire 2011", NotADate::Invalid),
        ("0000-00-00", NotADate::Invalid),
        ("2024115", NotADate::Number),
        ("40912", NotADate::Number),
        ("1291191960", NotADate::Number),
        ("1899-12-30", NotADate::OutOfRange),
        ("9999-12-31", NotADate::OutOfRange),
        ("2201-01-01", NotADate::OutOfRange),
    ] {
        assert_eq!(parse(cell, &[]), Err(error), "{cell}");
    }
}

#[test]
fn stated_forms() {
    for (cell, form, instant) in [
        ("12/1/2010 8:26", "%m/%d/%Y %H:%M", "2010-12-01T08:26:00"),
        ("12/1/2010 8:26", "%d/%m/%Y %H:%M", "2010-01-12T08:26:00"),
        ("1 Dec 2010 8:26 PM", "%d %b %Y %I:%M %p", "2010-12-01T20:26:00"),
        ("1291191960", "%s", "2010-12-01T08:26:00"),
        ("1291191960000", "unix-ms", "2010-12-01T08:26:00"),
        ("2024115", "%Y%j", "2024-04-23T23:00:00"),
        ("40513.351388888888889", "excel", "2010-12-01T08:26:00"),
        ("1", "excel", "1900-01-01T00:00:00"),
        ("61", "excel", "1900-03-01T00:00:00"),
        ("39051", "excel-1904", "2010-12-01T00:00:00"),
    ] {
        assert_eq!(parse(cell, &[form]), Ok(instant.to_owned()), "{cell}");
    }
    for (cell, form) in [
        ("2024115", "%Y%m%d"),
        ("60", "excel"),
        ("-1", "excel"),
        ("1e400", "excel"),
        ("x", "unix-ms"),
        ("2011-01-02", "%d.%m.%Y"),
    ] {
        assert_eq!(parse(cell, &[form]), Err(NotADate::Invalid), "{cell}");
    }
}

#[test]
fn a_column_shows_its_order() {
    for (cells, read) in [
        ("01/02/2011 31/01/2011", "2011-02-01 2011-01-31"),
        ("01/02/2011 01/31/2011", "2011-01-02 2011-01-31"),
        ("01/02/2011 02/03/2011", "Ambiguous Ambiguous"),
        ("31/01/2011 01/31/2011", "Mixed Mixed"),
        ("01/02/24 31/12/99", "2024-02-01 1999-12-31"),
        ("24/01/05 24/12/31", "Ambiguous Ambiguous"),
    ] {
        let mut evidence = Evidence::new(&[]);
        cells.split(' ').for_each(|cell| {
            evidence.look_at(cell);
        });
        let utc = BusinessCalendar::new("UTC").unwrap();
        let mut dates = Dates::new(evidence.format(), utc);
        let found: Vec<String> = cells
            .split(' ')
            .map(|cell| match dates.parse(cell) {
                Ok(instant) => utc.date(instant).to_string(),
                Err(error) => format!("{error:?}"),
            })
            .collect();
        assert_eq!(found.join(" "), read, "{cells}");
    }
}

#[test]
fn the_first_and_last_day_in_any_zone() {
    for zone in ["Pacific/Kiritimati", "Asia/Shanghai", "America/Los_Angeles"] {
        let calendar = BusinessCalendar::new(zone).unwrap();
        let mut dates = Dates::new(Evidence::new(&[]).format(), calendar);
        for (day, good) in [
            ("1900-01-01", true),
            ("2200-12-31 23:59:59", true),
            ("1899-12-31 23:59:59", false),
            ("2201-01-01", false),
        ] {
            let read = dates.parse(day);
            assert_eq!(read.is_ok(), good, "{day} in {zone}");
        }
    }
}

#[test]
fn a_number_alone_is_told_what_it_may_be() {
    for (cell, told) in [
        ("45296", Some(("excel", "2024-01-05"))),
        ("45296.5", Some(("excel", "2024-01-05"))),
        ("1704449700", Some(("%s", "2024-01-05"))),
        ("1704449700000", Some(("unix-ms", "2024-01-05"))),
        ("2024115", None),
        ("202411", None),
    ] {
        let counted = counted(cell).map(|(form, day)| (form, day.to_string()));
        assert_eq!(counted, told.map(|(form, day)| (form, day.to_owned())), "{cell}");
    }
}
