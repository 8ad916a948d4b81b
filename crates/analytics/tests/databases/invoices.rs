use kehu_analytics::{Analytics, CustomerSet, Limits};
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
    let (mut paid, mut settled_on) = (0, None);
    let mut rows = Vec::new();
    for (number, payment) in payments.chunks(2).enumerate() {
        let [on, amount_paid] = payment else { panic!("{text}") };
        paid += money(amount_paid).0;
        if settled_on.is_none() && paid >= money(amount).0 {
            settled_on = Some(day(on));
        }
        rows.push(PaymentRow {
            external_id: format!("p{number}"),
            paid_at: noon(on),
            paid_on: day(on),
            amount: money(amount_paid),
            base_amount: money(amount_paid),
        });
    }
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
        settled_on,
        currency: "GBP".to_owned(),
        amount: money(amount),
        base_amount: money(amount),
        payments: rows,
        late_reason: None,
        digest: text.to_owned(),
        source_updated_at: None,
    })
}

/// Customer 1 pays in parts, 2 is never late, 3 has an invoice that was cancelled, 4 one to come.
const INVOICES: [&str; 6] = [
    "c1 i1 issued 2024-01-01 2024-01-31 100 2024-01-20 30 2024-02-10 50.0001 2024-03-01 19.9999",
    "c1 i2 issued 2024-02-01 2024-03-02 250.5 2024-03-10 50.25",
    "c2 i3 issued 2024-01-10 2024-02-09 80 2024-02-01 80",
    "c2 i4 issued 2024-03-01 2024-03-31 40",
    "c3 i5 cancelled 2024-01-01 2024-01-31 70",
    "c4 i6 issued 2024-04-01 2024-04-30 10",
];

#[tokio::test]
async fn credit_features_are_of_the_invoices_and_payments_up_to_the_date() {
    each_database(async |test| {
        let db = &test.database;
        shop::ingest(db, "s", INVOICES.map(invoice).into(), at(1)).await;
        let analytics = Analytics::new(db.clone(), Limits::of_memory(1 << 30));
        for (feature, as_of, expected) in [
            ("overdue_amount", "2023-12-31", ["null", "null", "null", "null"]),
            ("overdue_amount", "2024-01-31", ["0.0000", "0.0000", "null", "null"]),
            // What is paid later does not count yet.
            ("overdue_amount", "2024-02-09", ["70.0000", "0.0000", "null", "null"]),
            ("overdue_amount", "2024-02-10", ["19.9999", "0.0000", "null", "null"]),
            ("overdue_amount", "2024-03-02", ["0.0000", "0.0000", "null", "null"]),
            ("overdue_amount", "2024-03-03", ["250.5000", "0.0000", "null", "null"]),
            ("overdue_amount", "2024-03-31", ["200.2500", "0.0000", "null", "null"]),
            ("overdue_amount", "2024-04-01", ["200.2500", "40.0000", "null", "0.0000"]),
            ("invoices_365d", "2024-03-31", ["2", "2", "0", "0"]),
            ("invoices_365d", "2025-01-01", ["1", "2", "0", "1"]),
            // One was paid late, one is late; of customer 2 one was paid in time, one is not due.
            ("late_rate_365d", "2024-03-31", ["1", "0", "null", "null"]),
            ("late_rate_365d", "2024-04-01", ["1", "0.5", "null", "null"]),
            ("days_late_mean_365d", "2024-02-10", ["10", "0", "null", "null"]),
            ("days_late_mean_365d", "2024-03-31", ["29.5", "0", "null", "null"]),
            ("days_late_mean_365d", "2024-04-01", ["30", "0.5", "null", "null"]),
            ("days_late_max_365d", "2024-03-31", ["30", "0", "null", "null"]),
            ("days_late_max_365d", "2024-04-01", ["30", "1", "null", "null"]),
        ] {
            let frame = analytics.features(&CustomerSet::All, day(as_of), &[feature]).await;
            let frame = frame.unwrap();
            let values = frame.column(feature).unwrap();
            let values: Vec<String> = values.iter().map(crate::features::text).collect();
            assert_eq!(values, expected, "{feature} as of {as_of}");
        }
    })
    .await;
}
