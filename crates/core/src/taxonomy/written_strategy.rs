//! What classes earn, in the file of a taxonomy.
//!
//! ```yaml
//! service_levels:                     # the best first
//!   - {id: vip, label: {zh: 专属服务, en: VIP service}}
//!   - {id: standard, label: {zh: 标准服务, en: Standard service}}
//! default_strategy:                   # of classes without one, and none above them
//!   service_level: standard
//! classes:
//!   - id: dormant
//!     …
//!     strategy:
//!       service_level: vip
//!       discount_percent: 7.5
//!       contact_every_days: 30
//!       owner_role: {id: account-manager, label: {zh: 客户经理, en: Account manager}}
//!       campaign: {id: win-back, label: {zh: 挽回优惠券, en: Win-back coupon}}
//!       products: [SKU-17, SKU-4]     # to recommend, the best first
//!       channels:                     # where they differ
//!         - channel: email
//!           contact_every_days: 7
//! ```
//!
//! Everything in a strategy may be left out.

use serde::{Deserialize, Serialize};

use super::{ChannelTerms, Named, Strategy, Terms};
use crate::yaml::{Exact, Words};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an id and a label")]
pub(super) struct WrittenNamed {
    id: String,
    label: Words,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a strategy: service_level, discount_percent, channels")]
pub(super) struct WrittenStrategy {
    #[serde(skip_serializing_if = "Option::is_none")]
    service_level: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    discount_percent: Option<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_every_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_role: Option<WrittenNamed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign: Option<WrittenNamed>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    products: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    channels: Vec<WrittenChannel>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a channel, and what differs on it")]
struct WrittenChannel {
    channel: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    discount_percent: Option<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_every_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_role: Option<WrittenNamed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign: Option<WrittenNamed>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    products: Vec<String>,
}

impl From<&Named> for WrittenNamed {
    fn from(named: &Named) -> Self {
        Self { id: named.id.clone(), label: (&named.label).into() }
    }
}

impl From<WrittenNamed> for Named {
    fn from(written: WrittenNamed) -> Self {
        Self { id: written.id, label: written.label.into() }
    }
}

impl From<&Strategy> for WrittenStrategy {
    fn from(strategy: &Strategy) -> Self {
        let terms = &strategy.terms;
        Self {
            service_level: strategy.service_level.clone(),
            discount_percent: terms.discount_percent.map(Exact),
            contact_every_days: terms.contact_every_days,
            owner_role: terms.owner_role.as_ref().map(Into::into),
            campaign: terms.campaign.as_ref().map(Into::into),
            products: terms.products.clone(),
            channels: strategy.channels.iter().map(Into::into).collect(),
        }
    }
}

impl From<&ChannelTerms> for WrittenChannel {
    fn from(ChannelTerms { channel, terms }: &ChannelTerms) -> Self {
        Self {
            channel: channel.clone(),
            discount_percent: terms.discount_percent.map(Exact),
            contact_every_days: terms.contact_every_days,
            owner_role: terms.owner_role.as_ref().map(Into::into),
            campaign: terms.campaign.as_ref().map(Into::into),
            products: terms.products.clone(),
        }
    }
}

impl From<WrittenStrategy> for Strategy {
    fn from(written: WrittenStrategy) -> Self {
        Self {
            service_level: written.service_level,
            terms: Terms {
                discount_percent: written.discount_percent.map(|percent| percent.0),
                contact_every_days: written.contact_every_days,
                owner_role: written.owner_role.map(Into::into),
                campaign: written.campaign.map(Into::into),
                products: written.products,
            },
            channels: written.channels.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<WrittenChannel> for ChannelTerms {
    fn from(written: WrittenChannel) -> Self {
        Self {
            channel: written.channel,
            terms: Terms {
                discount_percent: written.discount_percent.map(|percent| percent.0),
                contact_every_days: written.contact_every_days,
                owner_role: written.owner_role.map(Into::into),
                campaign: written.campaign.map(Into::into),
                products: written.products,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Label;
    use crate::taxonomy::Taxonomy;

    const DORMANT: &str = "
id: life
label: {en: Life}
default_class: dormant
service_levels:
  - {id: vip, label: {zh: 专属服务, en: VIP service}}
default_strategy: {service_level: vip}
classes:
  - id: dormant
    code: D
    label: {en: Dormant}
    strategy:
      discount_percent: 7.50
      contact_every_days: 30
      campaign: {id: win-back, label: {en: Win-back coupon}}
      products: [SKU-17, \"4\"]
      channels:
        - {channel: email, contact_every_days: 7}
";

    #[test]
    fn what_classes_earn_is_read_and_written_as_it_was() {
        let life = Taxonomy::from_yaml(DORMANT).unwrap();
        assert_eq!(life.validate(), []);
        assert_eq!(life.service_levels[0].label, Label::new("专属服务", "VIP service"));
        let strategy = life.classes[0].strategy.as_ref().unwrap();
        assert_eq!(strategy.service_level, None);
        assert_eq!(strategy.terms.discount_percent, Some("7.5".parse().unwrap()));
        assert_eq!(strategy.terms.products, ["SKU-17", "4"]);
        assert_eq!(strategy.on("email").contact_every_days, Some(7));
        let default = life.default_strategy.as_ref().unwrap();
        assert_eq!(default.service_level.as_deref(), Some("vip"));
        assert_eq!(Taxonomy::from_yaml(&life.to_yaml()), Ok(life));
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        for (from, to, expected) in [
            ("7.50", "seven", "classes[0].strategy.discount_percent: \"seven\" is not a number"),
            ("days: 30", "days: -1", "classes[0].strategy.contact_every_days: invalid type"),
            ("campaign: {id: win-back, ", "campaign: {", "classes[0].strategy.campaign: missing"),
            ("{channel: email,", "{", "channels[0]: missing field `channel`"),
            ("products:", "product:", "classes[0].strategy: unknown field `product`"),
        ] {
            let text = DORMANT.replacen(from, to, 1);
            assert_ne!(text, DORMANT);
            let error = Taxonomy::from_yaml(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
