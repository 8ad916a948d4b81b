//! The shop's facts as they stand, and records that say them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kehu_core::Rate;
use kehu_storage::Database;
use kehu_storage::ingestion::{
    Batch, Entry, NewOrder, Opened, OrderStatus, Profile, load_rates, open_stream, write_batch,
};
use kehu_tests::{now, shop};

/// An order, whose customer, day and amount may be corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) customer: usize,
    pub(crate) day: NaiveDate,
    pub(crate) amount: i64,
    pub(crate) dollars: bool,
    pub(crate) cancelled: bool,
}

/// What came in at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    Order(usize, Order),
    /// A customer lives in a city, as its source knows since a day. No two cities are the same one:
    /// of one that is named again and again only the first and the last time are kept.
    City(usize, String, NaiveDate),
    /// Pounds for ten dollars from a day on.
    Rate(NaiveDate, i64),
}

/// Everything that came in, as it stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) orders: BTreeMap<usize, Order>,
    pub(crate) rates: BTreeMap<NaiveDate, i64>,
    /// What was said of the cities of customers, in the order in which it came.
    pub(crate) cities: Vec<(usize, String, NaiveDate)>,
    /// Customers in the order of their first appearance, which numbers them.
    pub(crate) customers: Vec<usize>,
    /// Who is part of whom.
    pub(crate) links: BTreeMap<usize, usize>,
}

impl Facts {
    pub(crate) fn take(&mut self, fact: &Fact) {
        match fact {
            Fact::Rate(day, rate) => {
                self.rates.insert(*day, *rate);
            }
            Fact::City(customer, city, day) => self.cities.push((*customer, city.clone(), *day)),
            Fact::Order(id, order) => {
                self.orders.insert(*id, *order);
                if !self.customers.contains(&order.customer) {
                    self.customers.push(order.customer);
                }
            }
        }
    }

    /// The one that stands for a customer and all that are one with it: the first by key.
    pub(crate) fn one(&self, customer: usize) -> usize {
        let root = |mut customer: usize| {
            while let Some(survivor) = self.links.get(&customer) {
                customer = *survivor;
            }
            customer
        };
        let same = self.customers.iter().filter(|other| root(**other) == root(customer));
        same.copied().min().unwrap_or(customer)
    }

    /// How many customers there are.
    pub(crate) fn count(&self) -> usize {
        self.customers.iter().map(|customer| self.one(*customer)).collect::<BTreeSet<_>>().len()
    }

    /// Records that say it all, as of one customer where several are one: the customers in their order, then their cities by the day of their
    /// source, then the rates, then the orders.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let customers = self.customers.iter().map(|customer| Entry::Customer {
            external_id: key(self.one(*customer)),
            profile: Profile::default(),
            codes: Vec::new(),
            source_updated_at: None,
        });
        let rates = self.rates.iter().map(|(day, rate)| entry(&Fact::Rate(*day, *rate)));
        let orders = self.orders.iter().map(|(id, order)| {
            let customer = self.one(order.customer);
            entry(&Fact::Order(*id, Order { customer, ..*order }))
        });
        let mut cities = self.cities.clone();
        cities.sort_by_key(|(.., day)| *day);
        let cities = cities.into_iter();
        let cities = cities.map(|(of, city, day)| entry(&Fact::City(self.one(of), city, day)));
        customers.chain(cities).chain(rates).chain(orders).collect()
    }
}

/// The key of a customer.
pub(crate) fn key(customer: usize) -> String {
    format!("c{customer:02}")
}

/// No two cities are of one moment, so that it does not matter which was told first.
fn moment(city: &str, day: NaiveDate) -> DateTime<Utc> {
    let number = city.split(' ').nth(1).unwrap().parse().unwrap();
    day.and_hms_opt(12, 0, 0).unwrap().and_utc() + TimeDelta::seconds(number)
}

pub(crate) fn entry(fact: &Fact) -> Entry {
    match fact {
        Fact::Rate(start_on, rate) => Entry::Rate {
            currency: "USD".to_owned(),
            start_on: *start_on,
            rate: Rate(*rate * Rate::ONE.0 / 10),
        },
        Fact::City(customer, city, day) => Entry::Customer {
            external_id: key(*customer),
            profile: Profile { city: Some(city.clone()), ..Profile::default() },
            codes: Vec::new(),
            source_updated_at: Some(moment(city, *day)),
        },
        Fact::Order(id, order) => {
            let sale = shop::sale(&key(order.customer), &format!("o{id}"), order.day, order.amount);
            let status = match order.cancelled {
                true => OrderStatus::Cancelled,
                false => OrderStatus::Completed,
            };
            let currency = if order.dollars { "USD" } else { "GBP" }.to_owned();
            let digest = format!("{} {currency} {status:?}", sale.digest);
            Entry::Order(NewOrder { status, currency, digest, ..sale })
        }
    }
}

/// Writes records as the one batch of a stream, as ingestion does: dollars are converted at the
/// rates held now, and again by the store.
pub(crate) async fn ingest(db: &Database, stream: &str, mut entries: Vec<Entry>) {
    let dollars = ["USD".to_owned()].into();
    let mut rates = load_rates(db, &dollars).await.unwrap();
    for entry in &mut entries {
        match entry {
            Entry::Rate { currency, start_on, rate } => rates.insert(currency, *start_on, *rate),
            Entry::Order(order) if order.currency == "USD" => {
                let rate = rates.effective("USD", order.ordered_on).unwrap();
                order.convert(rate).unwrap();
            }
            _ => {}
        }
    }
    let opened = open_stream(db, stream, shop::SOURCE, "test", now()).await.unwrap();
    let Opened::Stream(opened) = opened else { panic!("{stream} is of another source") };
    let batch = Batch { sequence: 1, entries, foreign: dollars, ..Batch::default() };
    write_batch(db, &opened, &batch, now()).await.unwrap();
}
