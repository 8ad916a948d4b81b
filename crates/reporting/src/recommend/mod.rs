//! Products to recommend to a customer: what customers of its class buy more often than the others, and
//! it has never bought, with the evidence. Counted in the baskets of the last 365 days.

pub(crate) mod message;
mod read;

use crate::{
    Reporting,
    ratio::{self, SHARE_SCALE},
    report::{Independence, cross_sell},
    request::Question,
};
use chrono::NaiveDate;
use kehu_core::{CustomerId, Label};
use kehu_server::Fault;
use rust_decimal::{Decimal, prelude::FromPrimitive};

/// Members of the class who bought a product at least.
const MEMBERS: i64 = 5;
/// How far the members are beyond what chance gives, in standard deviations, more than.
const RESIDUAL: f64 = 2.0;

/// What is recommended to a customer, and to whom.
pub(crate) struct Recommended {
    /// The business date.
    pub(crate) as_of: NaiveDate,
    /// The customer who was asked for, or who stands for it.
    pub(crate) customer: CustomerId,
    /// The class that it is in.
    pub(crate) class_id: String,
    /// Its name.
    pub(crate) class_label: Label,
    /// Who bought anything.
    pub(crate) buyers: Buyers,
    /// The products, the best first.
    pub(crate) products: Vec<Product>,
}

/// Customers who bought something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Buyers {
    /// Of all classes.
    pub(crate) all: i64,
    /// Of the class.
    pub(crate) members: i64,
    /// Their baskets with it.
    pub(crate) baskets: i64,
}

/// A product, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) code: String,
    /// As its lines call it most often.
    pub(crate) name: Option<String>,
    pub(crate) buyers: Buyers,
    /// Its buyers among the buyers of the class.
    pub(crate) support: Decimal,
    /// Its buyers among all buyers.
    pub(crate) base_share: Decimal,
    /// Support over that share.
    pub(crate) lift: Decimal,
    /// How far the support is from what chance gives, in standard deviations.
    pub(crate) residual: Decimal,
    /// The product of the customer that draws it the most.
    pub(crate) drawn_by: Option<Drawn>,
}

/// What one product says of another, in the baskets of the class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drawn {
    pub(crate) code: String,
    pub(crate) name: Option<String>,
    pub(crate) baskets: i64,
    pub(crate) confidence: Decimal,
    pub(crate) lift: Decimal,
}

/// At most `most` products for a customer under the taxonomy of the question.
pub(crate) async fn recommend(
    reporting: &Reporting,
    customer: CustomerId,
    question: &Question,
    most: usize,
) -> Result<Recommended, Fault> {
    let member = read::member(&reporting.db, customer, question).await?;
    let scope = read::Scope::new(&reporting.db, question, member.customer, &member.class);
    let buyers = scope.totals().await?;
    let (sold, own) = scope.products().await?;
    let found = sold.into_iter().filter_map(|(code, sold)| Product::new(code, sold, buyers));
    let mut products: Vec<Product> = found.collect();
    products.sort_by(|one, two| {
        let by_lift = two.lift.cmp(&one.lift).then(two.buyers.members.cmp(&one.buyers.members));
        by_lift.then_with(|| one.code.cmp(&two.code))
    });
    products.truncate(most);
    scope.draw(&mut products, &own, buyers.baskets).await?;
    scope.name(&mut products).await?;
    Ok(Recommended {
        as_of: question.moment.as_of,
        customer: member.customer,
        class_id: member.class,
        class_label: member.label,
        buyers,
        products,
    })
}

impl Product {
    /// A product with these buyers, of so many of anything; `None` when the class does not buy it
    /// more than the others, or too few to tell do.
    fn new(code: String, sold: Buyers, all: Buyers) -> Option<Self> {
        if sold.members < MEMBERS || sold.members * cross_sell::SUPPORT < all.members {
            return None;
        }
        let (others, bought) = (all.all - all.members, sold.all - sold.members);
        let of_class = vec![sold.members, all.members - sold.members];
        let counts = [of_class, vec![bought, others - bought]];
        let residual = Independence::of(&counts).residual(0, 0, sold.members)?;
        if residual <= RESIDUAL {
            return None;
        }
        Some(Self {
            code,
            name: None,
            buyers: sold,
            support: ratio::count_share(sold.members, all.members, SHARE_SCALE)?,
            base_share: ratio::count_share(sold.all, all.all, SHARE_SCALE)?,
            lift: lift(sold.members, [sold.all, all.members], all.all)?,
            residual: Decimal::from_f64(residual)?.round_dp(SHARE_SCALE),
            drawn_by: None,
        })
    }
}

impl Drawn {
    /// A product in `own` baskets of `all`, `baskets` of them among the `other` ones of another;
    /// `None` when they come together no more often than by chance.
    fn new(code: &str, baskets: i64, [own, other]: [i64; 2], all: i64) -> Option<Self> {
        Some(Self {
            code: code.to_owned(),
            name: None,
            baskets,
            confidence: ratio::count_share(baskets, own, SHARE_SCALE)?,
            lift: lift(baskets, [own, other], all).filter(|lift| *lift > Decimal::ONE)?,
        })
    }
}

/// How often two things come together, over how often they would by chance.
fn lift(together: i64, [one, two]: [i64; 2], all: i64) -> Option<Decimal> {
    let expected = Decimal::from(one) * Decimal::from(two);
    let lift = (Decimal::from(together) * Decimal::from(all)).checked_div(expected)?;
    Some(lift.round_dp(SHARE_SCALE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buyers([all, members, baskets]: [i64; 3]) -> Buyers {
        Buyers { all, members, baskets }
    }

    fn lift_of(sold: [i64; 3], all: [i64; 3]) -> Option<String> {
        let product = Product::new("tea".to_owned(), buyers(sold), buyers(all));
        product.map(|product| product.lift.normalize().to_string())
    }

    #[test]
    fn what_the_class_buys_more_than_chance_gives_is_recommended() {
        for (sold, all, lift) in [
            // 30 of 50 members and 10 of 50 others: 0.6 over 0.4.
            ([40, 30, 60], [100, 50, 200], Some("1.5")),
            // As often as the others, more seldom, and hardly more often.
            ([40, 20, 60], [100, 50, 200], None),
            ([40, 10, 60], [100, 50, 200], None),
            ([40, 22, 60], [100, 50, 200], None),
            // Four are too few, as are five of 1,001.
            ([4, 4, 9], [100, 50, 200], None),
            ([5, 5, 9], [9_000, 1_001, 2_000], None),
            ([5, 5, 9], [9_000, 1_000, 2_000], Some("9")),
            // Nobody is of another class.
            ([40, 40, 60], [50, 50, 200], None),
        ] {
            assert_eq!(lift_of(sold, all).as_deref(), lift, "{sold:?} of {all:?}");
        }
    }

    #[test]
    fn a_product_draws_another_when_they_come_together_more_than_by_chance() {
        let drawn = Drawn::new("cup", 12, [16, 20], 40).unwrap();
        assert_eq!(
            (drawn.confidence.to_string(), drawn.lift.normalize().to_string()),
            ("0.7500".into(), "1.5".into())
        );
        assert_eq!(Drawn::new("cup", 8, [16, 20], 40), None);
    }
}
