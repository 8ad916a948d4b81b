//! What classes earn.

use kehu_contract::coding as contract;
use kehu_core::taxonomy::{ChannelTerms, Named, Strategy, Taxonomy, Terms};
use kehu_server::{Violations, convert};

/// Most channels and products that are read at all; what is more is refused unread.
const MOST_CHANNELS: usize = 10;
const MOST_PRODUCTS: usize = 20;

/// A strategy, its fields named below `path`. Here stand only the rules of the message itself.
pub(super) fn parse_strategy(
    path: &str,
    strategy: contract::Strategy,
    violations: &mut Violations,
) -> Strategy {
    let terms = strategy.terms.unwrap_or_default();
    let terms = parse_terms(&format!("{path}.terms"), terms, violations);
    if strategy.channels.len() > MOST_CHANNELS {
        violations.add(format!("{path}.channels"), format!("must be at most {MOST_CHANNELS}"));
    }
    let mut channels = Vec::new();
    for (index, one) in strategy.channels.into_iter().take(MOST_CHANNELS).enumerate() {
        let path = format!("{path}.channels[{index}].terms");
        let terms = parse_terms(&path, one.terms.unwrap_or_default(), violations);
        channels.push(ChannelTerms { channel: one.channel, terms });
    }
    let level = Some(strategy.service_level).filter(|level| !level.is_empty());
    Strategy { service_level: level, terms, channels }
}

fn parse_terms(path: &str, terms: contract::StrategyTerms, violations: &mut Violations) -> Terms {
    let mut discount_percent = None;
    if let Some(percent) = &terms.discount_percent {
        let field = format!("{path}.discount_percent");
        discount_percent = convert::parse_decimal(&field, percent, violations);
    }
    let contact_every_days = terms.contact_every_days.map(|days| {
        u32::try_from(days).unwrap_or_else(|_| {
            violations.add(format!("{path}.contact_every_days"), "must be 1 or more");
            1
        })
    });
    let mut products = terms.products;
    if products.len() > MOST_PRODUCTS {
        violations.add(format!("{path}.products"), format!("must be at most {MOST_PRODUCTS}"));
        products.truncate(MOST_PRODUCTS);
    }
    Terms {
        discount_percent,
        contact_every_days,
        owner_role: terms.owner_role.map(parse_named),
        campaign: terms.campaign.map(parse_named),
        products,
    }
}

pub(super) fn parse_named(named: contract::Named) -> Named {
    Named { id: named.id, label: convert::core_label(named.label) }
}

pub(super) fn named(named: &Named) -> contract::Named {
    contract::Named { id: named.id.clone(), label: Some(convert::label(&named.label)) }
}

/// A strategy as it is defined.
pub(super) fn strategy(strategy: &Strategy) -> contract::Strategy {
    let channels = strategy.channels.iter().map(|one| contract::ChannelTerms {
        channel: one.channel.clone(),
        terms: Some(terms(&one.terms)),
    });
    contract::Strategy {
        service_level: strategy.service_level.clone().unwrap_or_default(),
        service_level_label: None,
        terms: Some(terms(&strategy.terms)),
        channels: channels.collect(),
    }
}

/// A strategy as it holds for a customer: each channel complete, the service level with its name.
pub(crate) fn resolved_strategy(taxonomy: &Taxonomy, of: &Strategy) -> contract::Strategy {
    let level = of.service_level.as_deref().and_then(|id| taxonomy.service_level(id));
    contract::Strategy {
        service_level_label: level.map(|level| convert::label(&level.label)),
        ..strategy(&of.resolved())
    }
}

/// Terms as they are sent.
pub(crate) fn terms(terms: &Terms) -> contract::StrategyTerms {
    contract::StrategyTerms {
        discount_percent: terms.discount_percent.map(convert::decimal),
        contact_every_days: terms.contact_every_days.and_then(|days| days.try_into().ok()),
        owner_role: terms.owner_role.as_ref().map(named),
        campaign: terms.campaign.as_ref().map(named),
        products: terms.products.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strategy_that_cannot_be_read_is_told_with_its_place() {
        let terms = contract::StrategyTerms {
            discount_percent: Some(kehu_contract::google::r#type::Decimal {
                value: "much".to_owned(),
            }),
            contact_every_days: Some(-1),
            products: vec![String::new(); 21],
            ..Default::default()
        };
        let channel = contract::ChannelTerms { terms: Some(terms.clone()), ..Default::default() };
        let sent = contract::Strategy {
            terms: Some(terms),
            channels: vec![channel; 11],
            ..Default::default()
        };
        let mut violations = Violations::new();
        parse_strategy("strategy", sent, &mut violations);
        let Err(kehu_server::Fault::Invalid(found)) = violations.finish() else { panic!() };
        let fields: Vec<_> = found.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(
            fields[..5],
            [
                "strategy.terms.discount_percent",
                "strategy.terms.contact_every_days",
                "strategy.terms.products",
                "strategy.channels",
                "strategy.channels[0].terms.discount_percent",
            ]
        );
        assert_eq!(fields.len(), 3 + 1 + 10 * 3);
    }
}
