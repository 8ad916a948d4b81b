//! Taxonomies: ordered classes with predicates, of which every customer gets exactly one.

mod quality;
mod strategy;
mod templates;
mod validate;
mod validate_strategy;
mod written;
mod written_strategy;

use serde::{Deserialize, Serialize};

use crate::Label;

pub use quality::{QualityDemand, RECORDS};
pub use strategy::{ActionKind, ChannelTerms, Named, PlannedAction, Strategy, Terms};
pub use templates::templates;

/// An ordered tree of classes. A customer belongs to the first class, in this order, whose
/// predicate holds, else to the default class; nobody is left without a class.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taxonomy {
    /// `[a-z][a-z0-9-]*`.
    pub id: String,
    /// The name shown to people.
    pub label: Label,
    /// What it is for; a draft may say nothing of it.
    #[serde(default)]
    pub purpose: Label,
    /// Who answers for it, a person or a department; a draft may say nothing of it.
    #[serde(default)]
    pub owner: Label,
    /// At least one, highest priority first.
    pub classes: Vec<Class>,
    /// The id of the class of customers for whom no predicate holds.
    pub default_class: String,
    /// The levels of service that strategies name, the best first.
    #[serde(default)]
    pub service_levels: Vec<Named>,
    /// What members earn of a class that has no strategy, and none above it.
    pub default_strategy: Option<Strategy>,
    /// How good the data must be before it is published.
    #[serde(default)]
    pub data_quality: Vec<QualityDemand>,
}

/// A class of customers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// `[a-z][a-z0-9-]*`, unique in the taxonomy.
    pub id: String,
    /// `[A-Z0-9]{1,4}`, unique in the taxonomy: what a customer code shows of the class.
    pub code: String,
    /// The name shown to people.
    pub label: Label,
    /// The id of the class above, or `None` at the top. It groups classes in reports and has no
    /// part in choosing one.
    pub parent: Option<String>,
    /// An SQL boolean expression over features and columns of scores; null does not hold.
    /// `None` only for the default class and for a class that has classes below it.
    pub predicate: Option<String>,
    /// Tags that every member carries.
    pub tags: Vec<Label>,
    /// One sentence: how to treat members.
    pub strategy_summary: Label,
    /// What members earn; `None` where it is that of the class above, see [`Taxonomy::strategy`].
    pub strategy: Option<Strategy>,
    /// How high it stands, from 1, the highest; classes of one rank stand side by side. Either all
    /// classes have one or none has, see [`Taxonomy::rank`].
    pub rank: Option<u32>,
    /// Classes of one priority exclude each other: where two hold for one customer, the taxonomy is
    /// not published. From 1, the highest, never less than that of a class before; either all classes
    /// with a predicate have one or none has, and the order alone decides.
    pub priority: Option<u32>,
}

impl Taxonomy {
    /// How high a class stands, the less the higher: its rank, or, where classes have none, its place
    /// in their order. `None` when there is no such class.
    pub fn rank(&self, id: &str) -> Option<usize> {
        let place = self.classes.iter().position(|class| class.id == id)?;
        let rank = self.classes[place].rank.and_then(|rank| usize::try_from(rank).ok());
        Some(rank.unwrap_or(place))
    }

    /// Whether two classes are of one priority, and exclude each other.
    pub fn excludes(&self, one: &str, other: &str) -> bool {
        let priority = |id| self.class(id).and_then(|class| class.priority);
        priority(one).is_some() && priority(one) == priority(other)
    }

    /// Whether classes exclude each other, so that it takes looking at customers to tell if they do.
    pub fn has_exclusive_classes(&self) -> bool {
        let mut priorities: Vec<u32> = self.classes.iter().filter_map(|it| it.priority).collect();
        priorities.sort_unstable();
        priorities.windows(2).any(|pair| pair[0] == pair[1])
    }

    /// The class with this id.
    pub fn class(&self, id: &str) -> Option<&Class> {
        self.classes.iter().find(|class| class.id == id)
    }
}
