//! What a class earns, and what there is to do for its members because of that.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Class, Taxonomy};
use crate::Label;

/// Something with an id that programs know it by, and a name for people: a service level, a role,
/// a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// `[a-z][a-z0-9-]*`.
    pub id: String,
    /// The name shown to people.
    pub label: Label,
}

/// What members of a class earn. What it leaves open it says nothing of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strategy {
    /// The id of one of the taxonomy's service levels.
    pub service_level: Option<String>,
    /// What holds on every channel that does not say otherwise.
    pub terms: Terms,
    /// Where channels differ, each of them once.
    pub channels: Vec<ChannelTerms>,
}

/// What is offered, how often somebody is in touch, and who.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Percent off the price, from 0 to 100, at most two decimals.
    pub discount_percent: Option<Decimal>,
    /// Somebody is in touch at least once in so many days, 1 to 3,650.
    pub contact_every_days: Option<u32>,
    /// The role that acts.
    pub owner_role: Option<Named>,
    /// The campaign that members are part of.
    pub campaign: Option<Named>,
    /// The products to recommend, as the systems name them that sell them; the best first.
    pub products: Vec<String>,
}

/// What a channel says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelTerms {
    /// The channel, `[a-z][a-z0-9-]*`: `email`, `phone`, `visit`.
    pub channel: String,
    /// What it says; what it leaves open is as on all channels.
    pub terms: Terms,
}

/// What kind of thing there is to do for a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActionKind {
    /// To take it into the campaign, once, on the day on which it entered the class.
    Campaign,
    /// To be in touch, again and again: the cadence after it entered the class, or after the last
    /// time.
    Contact,
}

/// What there is to do for each member of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedAction {
    /// What kind of thing.
    pub kind: ActionKind,
    /// The channel that it is for; `None` for what is not bound to one.
    pub channel: Option<String>,
    /// What holds on that channel.
    pub terms: Terms,
}

impl PlannedAction {
    /// After how many days in the class, or after the last time, it is due.
    pub fn due_after_days(&self) -> u32 {
        match self.kind {
            ActionKind::Campaign => 0,
            ActionKind::Contact => self.terms.contact_every_days.unwrap_or_default(),
        }
    }

    /// The id of the role that acts, if the strategy says.
    pub fn owner_role(&self) -> Option<&str> {
        self.terms.owner_role.as_ref().map(|role| role.id.as_str())
    }
}

impl ActionKind {
    /// What it is called in names: `campaign`, `contact`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Contact => "contact",
        }
    }

    /// The kind of this name.
    pub fn of(id: &str) -> Option<Self> {
        [Self::Campaign, Self::Contact].into_iter().find(|kind| kind.id() == id)
    }
}

impl Terms {
    /// Whether they leave everything open.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These, and what they leave open as in `rest`.
    fn or(&self, rest: &Self) -> Self {
        let products = if self.products.is_empty() { &rest.products } else { &self.products };
        Self {
            discount_percent: self.discount_percent.or(rest.discount_percent),
            contact_every_days: self.contact_every_days.or(rest.contact_every_days),
            owner_role: self.owner_role.clone().or_else(|| rest.owner_role.clone()),
            campaign: self.campaign.clone().or_else(|| rest.campaign.clone()),
            products: products.clone(),
        }
    }
}

impl Strategy {
    /// What holds on a channel.
    pub fn on(&self, channel: &str) -> Terms {
        let differs = self.channels.iter().find(|one| one.channel == channel);
        differs.map_or_else(|| self.terms.clone(), |one| one.terms.or(&self.terms))
    }

    /// The strategy with each channel as it is with what it leaves open.
    pub fn resolved(&self) -> Self {
        let channels = self
            .channels
            .iter()
            .map(|one| ChannelTerms { channel: one.channel.clone(), terms: self.on(&one.channel) });
        Self { channels: channels.collect(), ..self.clone() }
    }

    /// What there is to do for a member: the campaign and the contacts of all channels, and those
    /// that channels name themselves. Nothing is to be done twice because a channel leaves it open.
    pub fn actions(&self) -> Vec<PlannedAction> {
        let mut actions = planned(None, &self.terms, &self.terms);
        for one in &self.channels {
            let channel = Some(one.channel.as_str());
            actions.extend(planned(channel, &one.terms, &self.on(&one.channel)));
        }
        actions
    }
}

/// What `own` asks for, under `terms`.
fn planned(channel: Option<&str>, own: &Terms, terms: &Terms) -> Vec<PlannedAction> {
    let action =
        |kind| PlannedAction { kind, channel: channel.map(str::to_owned), terms: terms.clone() };
    let campaign = own.campaign.as_ref().map(|_| action(ActionKind::Campaign));
    let contact = own.contact_every_days.map(|_| action(ActionKind::Contact));
    campaign.into_iter().chain(contact).collect()
}

impl Taxonomy {
    /// What members of a class earn, and whose strategy that is: its own, else that of the nearest
    /// class above that has one, else the default of the taxonomy, which is of no class. `None`
    /// where none of them is there.
    pub fn strategy<'a>(&'a self, class: &'a Class) -> Option<(&'a Strategy, Option<&'a Class>)> {
        let mut above = Some(class);
        // A path longer than there are classes goes round in a circle.
        for _ in &self.classes {
            let Some(class) = above else { break };
            if let Some(strategy) = &class.strategy {
                return Some((strategy, Some(class)));
            }
            above = class.parent.as_deref().and_then(|id| self.class(id));
        }
        self.default_strategy.as_ref().map(|strategy| (strategy, None))
    }

    /// Whether there is a strategy for members of any class.
    pub fn has_strategies(&self) -> bool {
        self.default_strategy.is_some() || self.classes.iter().any(|one| one.strategy.is_some())
    }

    /// The service level of this id.
    pub fn service_level(&self, id: &str) -> Option<&Named> {
        self.service_levels.iter().find(|level| level.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: &str) -> Named {
        Named { id: id.to_owned(), label: Label::new("", id) }
    }

    fn sample() -> Strategy {
        let terms = Terms {
            discount_percent: Some(5.into()),
            contact_every_days: Some(30),
            owner_role: Some(named("sales")),
            ..Terms::default()
        };
        let email = Terms { campaign: Some(named("newsletter")), ..Terms::default() };
        let visit = Terms { contact_every_days: Some(90), ..Terms::default() };
        let channel =
            |(channel, terms): (&str, Terms)| ChannelTerms { channel: channel.to_owned(), terms };
        let channels = [("email", email), ("visit", visit)].map(channel).to_vec();
        Strategy { service_level: Some("vip".to_owned()), terms, channels }
    }

    #[test]
    fn a_channel_says_what_differs() {
        let strategy = sample();
        assert_eq!(strategy.on("phone"), strategy.terms);
        let email = strategy.on("email");
        assert_eq!((email.contact_every_days, email.discount_percent), (Some(30), Some(5.into())));
        assert_eq!(email.campaign, Some(named("newsletter")));
        assert_eq!(strategy.on("visit").contact_every_days, Some(90));
        assert_eq!(strategy.resolved().channels[1].terms, strategy.on("visit"));
    }

    #[test]
    fn what_is_to_be_done_is_what_is_written() {
        let actions = sample().actions();
        let told: Vec<_> = actions
            .iter()
            .map(|it| (it.kind, it.channel.as_deref(), it.due_after_days(), it.owner_role()))
            .collect();
        let sales = Some("sales");
        assert_eq!(
            told,
            [
                (ActionKind::Contact, None, 30, sales),
                (ActionKind::Campaign, Some("email"), 0, sales),
                (ActionKind::Contact, Some("visit"), 90, sales),
            ]
        );
        for kind in [ActionKind::Campaign, ActionKind::Contact] {
            assert_eq!(ActionKind::of(kind.id()), Some(kind));
        }
    }

    #[test]
    fn a_class_without_a_strategy_takes_that_of_the_class_above() {
        let mut taxonomy = crate::taxonomy::templates().remove(0);
        taxonomy.default_strategy = None;
        for class in &mut taxonomy.classes {
            class.strategy = None;
        }
        let of = |taxonomy: &Taxonomy, place: usize| {
            taxonomy.strategy(&taxonomy.classes[place]).map(|(strategy, _)| strategy.clone())
        };
        assert_eq!((of(&taxonomy, 0), taxonomy.has_strategies()), (None, false));
        taxonomy.classes[0].strategy = Some(sample());
        taxonomy.classes[1].parent = Some(taxonomy.classes[0].id.clone());
        taxonomy.classes[2].parent = Some(taxonomy.classes[1].id.clone());
        assert_eq!(of(&taxonomy, 2), Some(sample()));
        assert_eq!((of(&taxonomy, 3), taxonomy.has_strategies()), (None, true));
        let whose = taxonomy.strategy(&taxonomy.classes[2]).unwrap().1;
        assert_eq!(whose, Some(&taxonomy.classes[0]));
        taxonomy.default_strategy = Some(Strategy::default());
        assert_eq!(of(&taxonomy, 3), Some(Strategy::default()));
        // Whoever goes round in a circle ends at the default.
        taxonomy.classes[0].strategy = None;
        taxonomy.classes[0].parent = Some(taxonomy.classes[2].id.clone());
        assert_eq!(of(&taxonomy, 2), Some(Strategy::default()));
    }
}
