//! What the strategies of a taxonomy must be.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::{Named, Strategy, Taxonomy, Terms};
use crate::identifier::{ID_RULE, is_id};
use crate::scorecard::{Problem, problem};
use crate::text::is_invisible;

/// Most service levels of a taxonomy, channels of a strategy, and products of one of its channels.
const MOST_LEVELS: usize = 20;
const MOST_CHANNELS: usize = 10;
const MOST_PRODUCTS: usize = 20;
/// Longest key of a product, in characters.
const LONGEST_PRODUCT: usize = 128;
/// Greatest cadence, in days: ten years.
const MOST_DAYS: u32 = 3_650;

impl Taxonomy {
    /// Adds every fault of service levels and strategies.
    pub(super) fn strategy_problems(&self, problems: &mut Vec<Problem>) {
        let mut found = Found { problems };
        if self.service_levels.len() > MOST_LEVELS {
            found.add("service_levels", format!("must be at most {MOST_LEVELS}"));
        }
        let mut seen = BTreeSet::new();
        for (index, level) in self.service_levels.iter().enumerate() {
            let path = format!("service_levels[{index}]");
            found.named(&path, level);
            if !seen.insert(&level.id) {
                let message = format!("{:?} is used twice: give each level its own id", level.id);
                found.add(&format!("{path}.id"), message);
            }
        }
        if let Some(strategy) = &self.default_strategy {
            self.problems_of("default_strategy", strategy, &mut found);
        }
        for (index, class) in self.classes.iter().enumerate() {
            if let Some(strategy) = &class.strategy {
                self.problems_of(&format!("classes[{index}].strategy"), strategy, &mut found);
            }
        }
    }

    fn problems_of(&self, path: &str, strategy: &Strategy, found: &mut Found<'_>) {
        if let Some(level) = &strategy.service_level
            && self.service_level(level).is_none()
        {
            let message = format!("{level:?} is none of the taxonomy's service_levels");
            found.add(&format!("{path}.service_level"), message);
        }
        found.terms(&format!("{path}.terms"), &strategy.terms);
        if strategy.channels.len() > MOST_CHANNELS {
            found.add(&format!("{path}.channels"), format!("must be at most {MOST_CHANNELS}"));
        }
        let mut seen = BTreeSet::new();
        for (index, one) in strategy.channels.iter().enumerate() {
            let path = format!("{path}.channels[{index}]");
            if !is_id(&one.channel) {
                found.add(&format!("{path}.channel"), ID_RULE);
            }
            if !seen.insert(&one.channel) {
                let message = format!("{:?} is there twice: say all of it at once", one.channel);
                found.add(&format!("{path}.channel"), message);
            }
            if one.terms.is_empty() {
                found.add(&path, "says nothing: leave the channel out, or say what differs on it");
            }
            found.terms(&format!("{path}.terms"), &one.terms);
        }
    }
}

struct Found<'a> {
    problems: &'a mut Vec<Problem>,
}

impl Found<'_> {
    fn add(&mut self, field: &str, message: impl Into<String>) {
        self.problems.push(problem(field, message));
    }

    fn named(&mut self, path: &str, named: &Named) {
        if !is_id(&named.id) {
            self.add(&format!("{path}.id"), ID_RULE);
        }
        if let Some(message) = named.label.problem() {
            self.add(&format!("{path}.label"), message);
        }
    }

    fn terms(&mut self, path: &str, terms: &Terms) {
        let is_percent = |percent: Decimal| {
            (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&percent)
                && percent.normalize().scale() <= 2
        };
        if terms.discount_percent.is_some_and(|percent| !is_percent(percent)) {
            let field = format!("{path}.discount_percent");
            self.add(&field, "must be from 0 to 100 with at most two decimals");
        }
        if terms.contact_every_days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
            let field = format!("{path}.contact_every_days");
            self.add(&field, format!("must be from 1 to {MOST_DAYS} days"));
        }
        for (field, named) in [("owner_role", &terms.owner_role), ("campaign", &terms.campaign)] {
            if let Some(named) = named {
                self.named(&format!("{path}.{field}"), named);
            }
        }
        self.products(&format!("{path}.products"), &terms.products);
    }

    fn products(&mut self, path: &str, products: &[String]) {
        if products.len() > MOST_PRODUCTS {
            self.add(path, format!("must be at most {MOST_PRODUCTS}"));
        }
        let mut seen = BTreeSet::new();
        for (index, product) in products.iter().enumerate() {
            let path = format!("{path}[{index}]");
            let long = product.chars().count() > LONGEST_PRODUCT;
            if product.trim().is_empty() || long || product.chars().any(is_invisible) {
                let rule = format!("must be 1 to {LONGEST_PRODUCT} characters that can be seen");
                self.add(&path, rule);
            }
            if !seen.insert(product) {
                self.add(&path, format!("{product:?} is there twice: name each product once"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ChannelTerms;
    use super::*;
    use crate::Label;
    use crate::taxonomy::Class;

    fn sample() -> Taxonomy {
        let named = |id: &str| Named { id: id.to_owned(), label: Label::new("", id) };
        let terms = Terms {
            discount_percent: Some("99.99".parse().unwrap()),
            contact_every_days: Some(MOST_DAYS),
            owner_role: Some(named("sales")),
            campaign: Some(named("win-back")),
            products: vec!["SKU-1".to_owned(), "SKU-2".to_owned()],
        };
        let email = ChannelTerms { channel: "email".to_owned(), terms: terms.clone() };
        let strategy =
            Strategy { service_level: Some("vip".to_owned()), terms, channels: vec![email] };
        let class = Class {
            id: "all".to_owned(),
            code: "A".to_owned(),
            label: Label::new("", "All"),
            strategy: Some(strategy.clone()),
            ..Class::default()
        };
        Taxonomy {
            id: "sample".to_owned(),
            label: Label::new("", "Sample"),
            classes: vec![class],
            default_class: "all".to_owned(),
            service_levels: vec![named("vip"), named("standard")],
            default_strategy: Some(strategy),
            ..Taxonomy::default()
        }
    }

    /// The strategy of the only class.
    fn own(taxonomy: &mut Taxonomy) -> &mut Strategy {
        taxonomy.classes[0].strategy.get_or_insert_default()
    }

    type Change = fn(&mut Taxonomy);

    /// Each change is found in these fields.
    #[track_caller]
    fn check(cases: &[(Change, &[&str])]) {
        for (index, (change, expected)) in cases.iter().enumerate() {
            let mut taxonomy = sample();
            change(&mut taxonomy);
            let fields: Vec<_> = taxonomy.validate().into_iter().map(|it| it.field).collect();
            assert_eq!(fields, *expected, "case {index}");
        }
    }

    #[test]
    fn faults_of_levels_and_terms_are_found_where_they_are() {
        check(&[
            (|_| {}, &[]),
            (|it| it.service_levels[1].id = "vip".to_owned(), &["service_levels[1].id"]),
            (|it| it.service_levels[1].label = Label::default(), &["service_levels[1].label"]),
            (
                |it| it.service_levels[0].id = "gold".to_owned(),
                &["default_strategy.service_level", "classes[0].strategy.service_level"],
            ),
            (
                |it| own(it).terms.discount_percent = Some("100.01".parse().unwrap()),
                &["classes[0].strategy.terms.discount_percent"],
            ),
            (
                |it| own(it).terms.discount_percent = Some("0.005".parse().unwrap()),
                &["classes[0].strategy.terms.discount_percent"],
            ),
            (
                |it| own(it).terms.contact_every_days = Some(0),
                &["classes[0].strategy.terms.contact_every_days"],
            ),
            (
                |it| own(it).terms.contact_every_days = Some(3_651),
                &["classes[0].strategy.terms.contact_every_days"],
            ),
            (
                |it| own(it).terms.campaign.as_mut().unwrap().id = "Win back".to_owned(),
                &["classes[0].strategy.terms.campaign.id"],
            ),
            (
                |it| own(it).terms.products = vec!["SKU".to_owned(), "SKU".to_owned()],
                &["classes[0].strategy.terms.products[1]"],
            ),
            (
                |it| own(it).terms.products = vec!["\u{0}".to_owned()],
                &["classes[0].strategy.terms.products[0]"],
            ),
        ]);
    }

    #[test]
    fn faults_of_channels_are_found_where_they_are() {
        check(&[
            (
                |it| own(it).channels[0].channel = "E-mail".to_owned(),
                &["classes[0].strategy.channels[0].channel"],
            ),
            (
                |it| own(it).channels[0].terms = Terms::default(),
                &["classes[0].strategy.channels[0]"],
            ),
            (
                |it| {
                    let again = own(it).channels[0].clone();
                    own(it).channels.push(again);
                },
                &["classes[0].strategy.channels[1].channel"],
            ),
            (
                |it| {
                    let email = own(it).channels[0].clone();
                    own(it).channels.resize(11, email);
                    own(it).channels.iter_mut().zip(0..).for_each(|(one, n)| {
                        one.channel = format!("c{n}");
                    });
                },
                &["classes[0].strategy.channels"],
            ),
        ]);
    }
}
