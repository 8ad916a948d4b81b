//! What there is to do for customers.

use chrono::NaiveDate;
use kehu_contract::coding as contract;
use kehu_core::taxonomy::{ActionKind, Class, Named, PlannedAction, Taxonomy};
use kehu_core::{CustomerId, Label};
use kehu_server::{Violations, convert, names};
use kehu_storage::coding::actions::{ActionKey, Completion, Planned};

use super::strategy::terms;

/// The collection of actions.
const ACTIONS: &str = "actions";
/// Between the parts of a name: no part of it has it.
const BETWEEN: char = '.';
/// Stands for no channel; no channel is called so.
const ANY_CHANNEL: &str = "-";

/// What a strategy plans for the members of a class.
#[derive(Debug, Clone)]
pub(crate) struct ClassPlan<'a> {
    pub(crate) class: &'a Class,
    pub(crate) action: PlannedAction,
}

/// What all strategies of a taxonomy plan, class by class.
pub(crate) fn plans(taxonomy: &Taxonomy) -> Vec<ClassPlan<'_>> {
    let mut plans = Vec::new();
    for class in &taxonomy.classes {
        let Some((strategy, _)) = taxonomy.strategy(class) else { continue };
        plans.extend(strategy.actions().into_iter().map(|action| ClassPlan { class, action }));
    }
    plans
}

impl ClassPlan<'_> {
    /// The channel, empty for none.
    pub(crate) fn channel(&self) -> &str {
        self.action.channel.as_deref().unwrap_or_default()
    }

    /// The plan as it is looked up.
    pub(crate) fn planned(&self) -> Planned {
        Planned {
            class: self.class.id.clone(),
            kind: self.action.kind.id(),
            channel: self.channel().to_owned(),
            days: self.action.due_after_days(),
            repeated: self.action.kind == ActionKind::Contact,
        }
    }

    /// Whether it plans this action.
    pub(crate) fn plans(&self, key: &ActionKey) -> bool {
        self.class.id == key.class
            && self.action.kind.id() == key.kind
            && self.channel() == key.channel
    }

    /// The action that is due for a customer.
    pub(crate) fn key(
        &self,
        taxonomy: &str,
        customer: CustomerId,
        (since, due): (NaiveDate, NaiveDate),
    ) -> ActionKey {
        ActionKey {
            taxonomy: taxonomy.to_owned(),
            customer,
            class: self.class.id.clone(),
            since,
            kind: self.action.kind.id().to_owned(),
            channel: self.channel().to_owned(),
            due,
        }
    }
}

/// An action as callers see it; `day` is the one to which days in the class count. `class` and
/// `plan` are those of the version that asks for it.
pub(crate) fn action(
    key: &ActionKey,
    version: i64,
    day: NaiveDate,
    (class, plan): (Option<&Class>, Option<&ClassPlan<'_>>),
) -> contract::Action {
    let kind = match ActionKind::of(&key.kind) {
        Some(ActionKind::Campaign) => contract::ActionKind::Campaign,
        Some(ActionKind::Contact) => contract::ActionKind::Contact,
        None => contract::ActionKind::Unspecified,
    };
    let campaign = plan.and_then(|plan| plan.action.terms.campaign.as_ref());
    let days = (day - key.since).num_days().max(0);
    contract::Action {
        name: name(key),
        customer: names::customer(key.customer),
        taxonomy: names::resource(names::TAXONOMIES, &key.taxonomy),
        version,
        class_id: key.class.clone(),
        kind: kind.into(),
        channel: key.channel.clone(),
        terms: plan.map(|plan| terms(&plan.action.terms)),
        since_date: Some(convert::date(key.since)),
        due_date: Some(convert::date(key.due)),
        reason: class.map(|class| convert::label(&reason(&class.label, days, campaign))),
        completion: None,
        customer_summary: None,
    }
}

/// Why, in both languages: the class, for how many days, the campaign.
fn reason(class: &Label, days: i64, campaign: Option<&Named>) -> Label {
    use kehu_core::label::Language::{En, ZhCn};
    let (zh, en) = (class.get(ZhCn), class.get(En));
    let unit = if days == 1 { "day" } else { "days" };
    match campaign.map(|campaign| &campaign.label) {
        None => Label::new(&format!("{zh}{days}天"), &format!("{en} {days} {unit}")),
        Some(campaign) => Label::new(
            &format!("{zh}{days}天；{}", campaign.get(ZhCn)),
            &format!("{en} {days} {unit}; {}", campaign.get(En)),
        ),
    }
}

/// What was noted of an action.
pub(crate) fn completion(completion: &Completion) -> contract::ActionCompletion {
    contract::ActionCompletion {
        done_date: Some(convert::date(completion.done_on)),
        done_by: completion.by.clone(),
        note: completion.note.clone(),
        complete_time: Some(convert::timestamp(completion.at)),
    }
}

/// `actions/value-six.17.dormant.2026-01-03.campaign.email.2026-01-03`.
fn name(key: &ActionKey) -> String {
    let channel = if key.channel.is_empty() { ANY_CHANNEL } else { &key.channel };
    let (customer, since, due) = (key.customer.0, key.since, key.due);
    let parts = [
        key.taxonomy.clone(),
        customer.to_string(),
        key.class.clone(),
        since.to_string(),
        key.kind.clone(),
        channel.to_owned(),
        due.to_string(),
    ];
    names::resource(ACTIONS, &parts.join(&BETWEEN.to_string()))
}

/// The action of this name; anything else is a violation of `field`.
pub(crate) fn parse_action(
    field: &str,
    name: &str,
    violations: &mut Violations,
) -> Option<ActionKey> {
    let key = parse(name);
    if key.is_none() {
        violations.add(field, "must be the name of an action, as ListActions answers it");
    }
    key
}

fn parse(name: &str) -> Option<ActionKey> {
    let parts: Vec<&str> = name.strip_prefix(ACTIONS)?.strip_prefix('/')?.split(BETWEEN).collect();
    let [taxonomy, customer, class, since, kind, channel, due] = parts[..] else { return None };
    let customer = customer.parse().ok().filter(|id| *id > 0)?;
    let channel = if channel == ANY_CHANNEL { "" } else { channel };
    let ids = [taxonomy, class].into_iter().chain(Some(channel).filter(|it| !it.is_empty()));
    if !ids.into_iter().all(names::is_id) {
        return None;
    }
    let key = ActionKey {
        taxonomy: taxonomy.to_owned(),
        customer: CustomerId(customer),
        class: class.to_owned(),
        since: since.parse().ok()?,
        kind: ActionKind::of(kind)?.id().to_owned(),
        channel: channel.to_owned(),
        due: due.parse().ok()?,
    };
    // Of several ways to write it only the one that is answered, so that one action has one name.
    (self::name(&key) == name).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_which_action_it_is() {
        for name in [
            "actions/value-six.17.dormant.2026-01-03.campaign.email.2026-01-03",
            "actions/value-six.17.dormant.2026-01-03.contact.-.2026-02-02",
        ] {
            assert_eq!(self::name(&parse(name).unwrap()), name);
        }
        for broken in [
            "",
            "actions/",
            "value-six.17.dormant.2026-01-03.contact.-.2026-02-02",
            "actions/value-six.017.dormant.2026-01-03.contact.-.2026-02-02",
            "actions/value-six.-1.dormant.2026-01-03.contact.-.2026-02-02",
            "actions/value-six.17.Dormant.2026-01-03.contact.-.2026-02-02",
            "actions/value-six.17.dormant.2026-1-3.contact.-.2026-02-02",
            "actions/value-six.17.dormant.2026-01-03.visit.-.2026-02-02",
            "actions/value-six.17.dormant.2026-01-03.contact..2026-02-02",
            "actions/value-six.17.dormant.2026-01-03.contact.'.2026-02-02",
            "actions/value-six.17.dormant.2026-01-03.contact.-.2026-02-02.x",
        ] {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn reasons_say_class_days_and_campaign() {
        let dormant = Label::new("沉寂", "Dormant");
        let win_back = Named {
            id: "win-back".to_owned(),
            label: Label::new("挽回优惠券", "Win-back coupon"),
        };
        let told = reason(&dormant, 63, Some(&win_back));
        assert_eq!(told, Label::new("沉寂63天；挽回优惠券", "Dormant 63 days; Win-back coupon"));
        assert_eq!(reason(&dormant, 1, None), Label::new("沉寂1天", "Dormant 1 day"));
    }
}
