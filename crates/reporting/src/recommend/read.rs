//! What recommendations are counted from.

use super::{Buyers, Drawn, Product};
use crate::{report::cross_sell, request::Question, source};
use kehu_core::{CustomerId, Label, taxonomy::Taxonomy};
use kehu_server::{Fault, names};
use kehu_storage::{
    Database,
    bulk::ColumnType::{I32, I64, Text},
    coding::classes::{self, View},
    definitions, ingestion,
    reports::Basis,
};
use std::collections::HashMap;

/// A customer with its class.
pub(super) struct Member {
    pub(super) customer: CustomerId,
    pub(super) class: String,
    pub(super) label: Label,
}

/// The customer, or who stands for it, with its class at the time of the question.
/// [`Fault::NotFound`] when it has none.
pub(super) async fn member(
    db: &Database,
    customer: CustomerId,
    question: &Question,
) -> Result<Member, Fault> {
    let (taxonomy, moment) = (&question.taxonomy, question.moment);
    let view = View { true_on: Some(moment.as_of), known_at: moment.known_at };
    let mut found = classes::get(db, customer, taxonomy, view).await?;
    if found.is_none()
        && let Some(survivor) = ingestion::survivor(db, customer, view.known_at).await?
    {
        found = classes::get(db, survivor, taxonomy, view).await?;
    }
    let Some(found) = found else {
        definitions::get::<Taxonomy>(db, taxonomy, None).await?;
        let taxonomy = names::resource(names::TAXONOMIES, taxonomy);
        let name = format!("{customer} under {taxonomy} on {}", moment.as_of);
        return Err(Fault::NotFound { kind: "class", name });
    };
    let versions = definitions::by_numbers::<Taxonomy>(db.reader(), &[found.version_id]).await?;
    let classes = versions.into_iter().flat_map(|version| version.definition.classes);
    let class = classes.into_iter().find(|class| class.id == found.class);
    let label = class.map(|class| class.label).unwrap_or_default();
    Ok(Member { customer: found.customer, class: found.class, label })
}

/// The baskets of a year, a class and a customer of it.
pub(super) struct Scope<'a> {
    db: &'a Database,
    basis: Basis,
    customer: CustomerId,
    class: &'a str,
}

/// In how many baskets of the class each product is that the customer has bought.
pub(super) type Own = HashMap<String, i64>;

impl<'a> Scope<'a> {
    pub(super) fn new(
        db: &'a Database,
        question: &Question,
        customer: CustomerId,
        class: &'a str,
    ) -> Self {
        Self { db, basis: source::year(question), customer, class }
    }

    /// A query about them. The id of a class has letters, digits and hyphens only.
    fn about(&self, query: &str) -> String {
        let query = query.replace("{class}", self.class);
        let query = query.replace("{customer}", &self.customer.0.to_string());
        query.replace("{together}", &cross_sell::TOGETHER.to_string())
    }

    /// Who bought anything.
    pub(super) async fn totals(&self) -> Result<Buyers, Fault> {
        let query = self.about(include_str!("totals.sql"));
        let columns = [("customers", I64), ("members", I64), ("baskets", I64)];
        let rows = self.basis.rows(self.db, &query, &columns).await?;
        let whole = |name| rows.whole(name, 0);
        Ok(Buyers {
            all: whole("customers")?,
            members: whole("members")?,
            baskets: whole("baskets")?,
        })
    }

    /// Who bought which product that the customer has not; and the customer's own.
    pub(super) async fn products(&self) -> Result<(Vec<(String, Buyers)>, Own), Fault> {
        let query = self.about(include_str!("products.sql"));
        let columns = [
            ("product", Text),
            ("customers", I64),
            ("members", I64),
            ("baskets", I64),
            ("owned", I32),
        ];
        let rows = self.basis.rows(self.db, &query, &columns).await?;
        let (mut sold, mut own) = (Vec::new(), Own::new());
        for row in 0..rows.len() {
            let code = rows.text("product", row)?.unwrap_or_default().to_owned();
            let whole = |name| rows.whole(name, row);
            let buyers = Buyers {
                all: whole("customers")?,
                members: whole("members")?,
                baskets: whole("baskets")?,
            };
            match whole("owned")? {
                0 => sold.push((code, buyers)),
                _ => drop(own.insert(code, buyers.baskets)),
            }
        }
        Ok((sold, own))
    }

    /// Says of each product which of the customer's own draws it the most, in `all` baskets.
    pub(super) async fn draw(
        &self,
        products: &mut [Product],
        own: &Own,
        all: i64,
    ) -> Result<(), Fault> {
        let query = self.about(include_str!("together.sql"));
        let wanted: Vec<&str> = products.iter().map(|product| product.code.as_str()).collect();
        let columns = [("product", Text), ("own_product", Text), ("baskets", I64)];
        let rows = self.basis.rows_among(self.db, &query, &wanted, &columns).await?;
        let mut found: HashMap<String, Vec<(String, i64)>> = HashMap::new();
        for row in 0..rows.len() {
            let [product, own] = ["product", "own_product"].map(|name| rows.text(name, row));
            let drawn = (own?.unwrap_or_default().to_owned(), rows.whole("baskets", row)?);
            found.entry(product?.unwrap_or_default().to_owned()).or_default().push(drawn);
        }
        for product in products {
            let drawn = found.remove(&product.code).unwrap_or_default();
            let drawn = drawn.iter().filter_map(|(code, baskets)| {
                let of = [own.get(code).copied()?, product.buyers.baskets];
                Drawn::new(code, *baskets, of, all)
            });
            product.drawn_by = drawn.max_by(|one, two| {
                let by_counts = (one.confidence, one.baskets).cmp(&(two.confidence, two.baskets));
                by_counts.then_with(|| two.code.cmp(&one.code))
            });
        }
        Ok(())
    }

    /// Gives products the names that their lines have most often.
    pub(super) async fn name(&self, products: &mut [Product]) -> Result<(), Fault> {
        let drawn = products.iter().filter_map(|product| product.drawn_by.as_ref());
        let drawn = drawn.map(|drawn| drawn.code.as_str());
        let mut wanted: Vec<&str> =
            products.iter().map(|it| it.code.as_str()).chain(drawn).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let query = include_str!("names.sql");
        let columns = [("product", Text), ("description", Text), ("lines", I64)];
        let rows = self.basis.rows_among(self.db, query, &wanted, &columns).await?;
        let mut names: HashMap<String, (i64, String)> = HashMap::new();
        for row in 0..rows.len() {
            let [code, name] = ["product", "description"].map(|column| rows.text(column, row));
            let (code, name) = (code?.unwrap_or_default(), name?.unwrap_or_default());
            let lines = rows.whole("lines", row)?;
            let best = names.entry(code.to_owned()).or_insert((lines, name.to_owned()));
            if (lines, &best.1[..]) > (best.0, name) {
                *best = (lines, name.to_owned());
            }
        }
        let name = |code: &str| names.get(code).map(|(_, name)| name.clone());
        for product in products {
            product.name = name(&product.code);
            if let Some(drawn) = &mut product.drawn_by {
                drawn.name = name(&drawn.code);
            }
        }
        Ok(())
    }
}
