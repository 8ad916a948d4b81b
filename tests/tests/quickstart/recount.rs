//! The RFM bins and ABC classes of the Online Retail set, counted again from the raw file by
//! other means than the program's: whole numbers in a map.

use chrono::NaiveDate;
use std::collections::HashMap;

/// What is known of a customer.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Customer {
    /// Amount net of returns, in 1/10,000 pound.
    pub amount: i64,
    /// Completed orders.
    pub orders: i64,
    /// Days since the last one.
    pub recency: Option<i64>,
    /// Recency, frequency and monetary bin, 5 the best; none without an order.
    pub bins: Option<[i64; 3]>,
    /// ABC class.
    pub abc: char,
}

/// An invoice of a customer.
struct Order {
    customer: String,
    date: NaiveDate,
    amount: i64,
    cancelled: bool,
}

/// Counts everything as of the day after the last order of a known customer.
pub(crate) fn recount() -> HashMap<String, Customer> {
    let orders = orders();
    let last = orders.iter().map(|order| order.date).max().expect("there are orders");
    let as_of = last.succ_opt().expect("the calendar goes on");
    let mut customers: HashMap<String, Customer> = HashMap::new();
    for order in orders {
        let new = || Customer { abc: 'C', ..Customer::default() };
        let customer = customers.entry(order.customer).or_insert_with(new);
        customer.amount += order.amount;
        if !order.cancelled && order.amount > 0 {
            customer.orders += 1;
            let days = (as_of - order.date).num_days();
            customer.recency = Some(customer.recency.map_or(days, |known| known.min(days)));
        }
    }
    set_bins(&mut customers);
    set_abc(&mut customers);
    customers
}

/// Invoices of known customers.
fn orders() -> Vec<Order> {
    let mut by_number: HashMap<String, Order> = HashMap::new();
    let text: String = kehu_tests::sample::online_retail().map(|line| line + "\n").collect();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    for row in reader.records() {
        let row = row.expect("the sample is CSV");
        if row[6].is_empty() {
            continue;
        }
        let quantity: i64 = row[3].parse().expect("a quantity is a whole number");
        let order = by_number.entry(row[0].to_owned()).or_insert_with(|| {
            let date = row[4][..10].parse().expect("dates are ISO 8601");
            let cancelled = row[0].starts_with('C');
            Order { customer: row[6].to_owned(), date, amount: 0, cancelled }
        });
        order.amount += quantity * ten_thousandths(&row[5]);
    }
    by_number.into_values().collect()
}

/// A price as a whole number of 1/10,000.
fn ten_thousandths(price: &str) -> i64 {
    let (whole, rest) = price.split_once('.').unwrap_or((price, ""));
    format!("{whole}{rest:0<4}").parse().expect("prices have at most four decimals")
}

fn set_bins(customers: &mut HashMap<String, Customer>) {
    let buyers: Vec<Customer> =
        customers.values().filter(|customer| customer.recency.is_some()).cloned().collect();
    let sorted = |measure: fn(&Customer) -> i64| {
        let mut values: Vec<i64> = buyers.iter().map(measure).collect();
        values.sort_unstable();
        values
    };
    let recency = sorted(|customer| customer.recency.unwrap_or_default());
    let frequency = sorted(|customer| customer.orders);
    let monetary = sorted(|customer| customer.amount);
    for customer in customers.values_mut() {
        let Some(days) = customer.recency else { continue };
        customer.bins = Some([
            6 - bin(&recency, days),
            bin(&frequency, customer.orders),
            bin(&monetary, customer.amount),
        ]);
    }
}

/// 1 + the number of quintile limits below the value. A limit lies `rest` fifths of the way from
/// one value to the next; everything is taken times five to stay whole.
fn bin(sorted: &[i64], value: i64) -> i64 {
    let mut bin = 1;
    for k in 1..5 {
        let (index, rest) = ((sorted.len() - 1) * k / 5, (sorted.len() - 1) * k % 5);
        let low = i128::from(sorted[index]);
        let high = i128::from(sorted[(index + 1).min(sorted.len() - 1)]);
        let limit = low * 5 + (high - low) * rest as i128;
        bin += i64::from(i128::from(value) * 5 > limit);
    }
    bin
}

fn set_abc(customers: &mut HashMap<String, Customer>) {
    let total: i64 = customers.values().map(|customer| customer.amount.max(0)).sum();
    let mut ranked: Vec<(&String, &mut Customer)> = customers.iter_mut().collect();
    ranked
        .sort_by(|(left, one), (right, other)| other.amount.cmp(&one.amount).then(left.cmp(right)));
    let mut before = 0;
    for (_, customer) in ranked {
        if customer.amount <= 0 {
            continue;
        }
        customer.abc = match before {
            before if before * 100 < total * 80 => 'A',
            before if before * 100 < total * 95 => 'B',
            _ => 'C',
        };
        before += customer.amount;
    }
}
