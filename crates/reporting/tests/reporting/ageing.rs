//! Credit ageing, by class and by customer.

use crate::{exports::csv, world::World};
use kehu_contract::shared::Language;
use kehu_core::Money;
use kehu_storage::ingestion::{Entry, InvoiceStatus, NewInvoice, PaymentRow};
use kehu_tests::{at, day, each_database, shop};

/// `customer key status issued due amount`, then for each payment `day amount`, in pounds.
fn invoice(text: &str) -> Entry {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [customer, key, status, issued, due, amount, payments @ ..] = &words[..] else {
        panic!("{text}")
    };
    let money = |text: &str| Money::from_decimal(text.parse().unwrap()).unwrap();
    let noon = |on: &str| day(on).and_hms_opt(12, 0, 0).unwrap().and_utc();
    let payment = |(number, payment): (usize, &[&str])| PaymentRow {
        external_id: format!("p{number}"),
        paid_at: noon(payment[0]),
        paid_on: day(payment[0]),
        amount: money(payment[1]),
        base_amount: money(payment[1]),
    };
    Entry::Invoice(NewInvoice {
        external_id: (*key).to_owned(),
        customer: (*customer).to_owned(),
        order: None,
        status: match *status {
            "issued" => InvoiceStatus::Issued,
            _ => InvoiceStatus::Cancelled,
        },
        issued_at: noon(issued),
        issued_on: day(issued),
        due_on: day(due),
        settled_on: None,
        currency: "GBP".to_owned(),
        amount: money(amount),
        base_amount: money(amount),
        payments: payments.chunks(2).enumerate().map(payment).collect(),
        late_reason: None,
        digest: text.to_owned(),
        source_updated_at: None,
    })
}

/// Each span has an invoice on its first and on its last day. Two come to more than a record holds,
/// and what is paid, taken back or yet to come does not count.
const INVOICES: [&str; 14] = [
    "c1 i1 issued 2011-11-01 2011-12-10 100",
    "c1 i2 issued 2011-11-01 2011-12-09 50 2011-12-01 20 2011-12-11 10",
    "c2 i3 issued 2011-11-01 2011-11-10 40",
    "c2 i4 issued 2011-11-01 2011-11-09 41",
    "c3 i5 issued 2011-09-01 2011-10-11 60",
    "c3 i6 issued 2011-09-01 2011-10-10 61",
    "c3 i7 issued 2011-09-01 2011-09-11 90",
    "c3 i8 issued 2011-09-01 2011-09-10 91",
    "c4 i9 issued 2011-11-01 2011-11-10 80 2011-11-11 50 2011-12-10 30",
    "c4 i10 cancelled 2011-11-01 2011-11-10 70",
    "c4 i11 issued 2011-12-11 2011-12-12 70",
    "=1+1 i12 issued 2011-11-01 2012-01-01 922337203685477.5807",
    "=1+1 i13 issued 2011-11-01 2012-01-01 922337203685477.5807",
    "c6 i14 issued 2011-11-01 2011-12-01 5.5 2011-12-02 0.5",
];

#[tokio::test]
async fn what_is_open_is_shown_by_days_past_due() {
    each_database(async |test| {
        let world = World::full(test).await;
        shop::ingest(&world.db, "invoices", INVOICES.map(invoice).into(), at(1)).await;
        assert_eq!(
            csv(&world, "credit-ageing", Language::En).await,
            "as_of_date,class_id,class_label,customer_count,invoice_count,not_due_amount,\
             overdue_1_30_amount,overdue_31_60_amount,overdue_61_90_amount,overdue_over_90_amount,\
             open_amount,currency_code\r\n\
             2011-12-10,gold,Gold,1,2,100.0000,30.0000,0.0000,0.0000,0.0000,130.0000,GBP\r\n\
             2011-12-10,bronze,\"Bronze, or less\",3,8,1844674407370955.1614,40.0000,101.0000,\
             151.0000,91.0000,1844674407371338.1614,GBP\r\n\
             2011-12-10,,,1,1,0.0000,5.0000,0.0000,0.0000,0.0000,5.0000,GBP\r\n\
             2011-12-10,total,All customers,5,11,1844674407371055.1614,75.0000,101.0000,151.0000,\
             91.0000,1844674407371473.1614,GBP\r\n"
        );
        let customers = csv(&world, "credit-ageing-customers", Language::ZhCn).await;
        let rows: Vec<_> = customers.lines().collect();
        assert_eq!(rows.len(), 6, "{customers}");
        let expected = "customers/1,gold,金,2,100.0000,30.0000,0.0000,0.0000,0.0000,130.0000,GBP";
        assert_eq!(rows[1], format!("2011-12-10,{expected}"));
        let expected = "customers/6,,,1,0.0000,5.0000,0.0000,0.0000,0.0000,5.0000,GBP";
        assert_eq!(rows[5], format!("2011-12-10,{expected}"));
    })
    .await;
}
