//! What happens, drawn from a seed, and what stands after it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use kehu_tests::day;

use crate::facts::{Fact, Facts, Order};

const ROUNDS: usize = 3;
const STEPS: usize = 7;
const CUSTOMERS: usize = 12;

/// The kinds of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Scoring,
    Classification,
    Coding(&'static str),
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// These come in as one batch.
    Ingest(Vec<Fact>),
    /// It is another business day.
    Day(NaiveDate),
    /// The scorecard is calibrated anew.
    PublishScorecard(NaiveDate),
    /// A version of the taxonomies with these limits.
    PublishTaxonomies(Limits),
    /// A run through everybody; it is carried out, or its worker dies after so many turns.
    Run(Work, NaiveDate, Option<u32>),
    /// The followers catch up, or die after so many turns.
    Follow(Option<u32>),
    /// Two customers turn out to be one: the first is part of the second.
    Merge(usize, usize),
    /// This one is not part of another after all.
    Undo(usize),
    /// What runs found for this day is taken back.
    Retract(NaiveDate),
}

/// What a version of the taxonomies asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) orders: u64,
    pub(crate) days: u64,
    pub(crate) score: u64,
}

/// What stands after a round.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) facts: Facts,
    pub(crate) today: NaiveDate,
    /// The business days that there were.
    pub(crate) days: BTreeSet<NaiveDate>,
    /// How many versions of the scorecard there are.
    pub(crate) scorecards: i64,
    /// The versions of the taxonomies.
    pub(crate) taxonomies: Vec<Limits>,
    /// For which days everybody was scored, and under which version.
    pub(crate) scored: BTreeMap<NaiveDate, i64>,
    /// For which days everybody was classified, and under which version.
    pub(crate) classified: BTreeMap<NaiveDate, usize>,
    /// The schemes that were run.
    pub(crate) coded: Vec<&'static str>,
}

/// Some steps, and what they come to.
pub(crate) struct Round {
    pub(crate) steps: Vec<Step>,
    pub(crate) state: State,
}

/// A history.
pub(crate) struct Plan {
    dice: fastrand::Rng,
    state: State,
    next_order: usize,
    /// Of what is said of customers, whose number is in the name of a city.
    cities: fastrand::Rng,
    next_city: usize,
    /// Of who turns out to be one.
    links: fastrand::Rng,
    /// Of which days are taken back.
    retractions: fastrand::Rng,
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Self {
        let state = State { today: day("2011-12-01"), ..State::default() };
        let (dice, cities) = (fastrand::Rng::with_seed(seed), fastrand::Rng::with_seed(!seed));
        let links = fastrand::Rng::with_seed(seed.wrapping_mul(31));
        let retractions = fastrand::Rng::with_seed(seed.wrapping_mul(37));
        Self { dice, state, next_order: 0, cities, next_city: 0, links, retractions }
    }

    /// The rounds, the first of which begins with some orders, and a run of each kind.
    pub(crate) fn rounds(&mut self) -> Vec<Round> {
        let first = vec![
            Step::Day(self.state.today),
            Step::Ingest(self.beginning()),
            Step::PublishScorecard(self.state.today),
            Step::PublishTaxonomies(self.limits()),
        ];
        let mut rounds = Vec::new();
        for number in 0..ROUNDS {
            let mut steps = if number == 0 { first.clone() } else { Vec::new() };
            steps.iter().for_each(|step| self.take(step));
            for _ in 0..STEPS {
                let next = [self.step(), self.link(), self.retraction()].concat();
                for step in next {
                    self.take(&step);
                    steps.push(step);
                }
            }
            for step in self.all_runs() {
                self.take(&step);
                steps.push(step);
            }
            rounds.push(Round { steps, state: self.state.clone() });
        }
        rounds
    }

    fn beginning(&mut self) -> Vec<Fact> {
        let mut facts = vec![Fact::Rate(day("2000-01-01"), 5)];
        facts.extend((0..CUSTOMERS).map(|_| self.order()));
        facts
    }

    /// Everybody is evaluated for today, so that there is something to compare.
    fn all_runs(&mut self) -> Vec<Step> {
        let today = self.state.today;
        let mut steps = vec![
            Step::Run(Work::Scoring, today, None),
            Step::Run(Work::Classification, today, None),
        ];
        for scheme in ["changing", "plain", "worth"] {
            if !self.state.coded.contains(&scheme) && self.dice.bool() {
                steps.push(Step::Run(Work::Coding(scheme), today, None));
            }
        }
        steps
    }

    fn step(&mut self) -> Vec<Step> {
        let today = self.state.today;
        match self.dice.u32(..12) {
            0..4 => vec![Step::Ingest(self.facts())],
            4..6 => vec![Step::Follow(None)],
            6..8 => vec![Step::Follow(Some(self.dice.u32(1..400)))],
            8 => vec![Step::Day(today + Days::new(self.dice.u64(1..4)))],
            9 if self.dice.bool() => vec![Step::PublishScorecard(today)],
            9 => vec![Step::PublishTaxonomies(self.limits())],
            10 => vec![Step::Run(Work::Scoring, today, self.death())],
            _ => vec![
                Step::Run(Work::Scoring, today, self.death()),
                Step::Run(Work::Classification, today, self.death()),
            ],
        }
    }

    /// Now and then two customers are merged, or a merge is undone, whichever.
    fn link(&mut self) -> Vec<Step> {
        let facts = &self.state.facts;
        let roots = facts.customers.iter().filter(|customer| !facts.links.contains_key(*customer));
        let roots: Vec<usize> = roots.copied().collect();
        match self.links.u32(..6) {
            0 if roots.len() > 6 => {
                let pair = self.links.choose_multiple(&roots, 2);
                vec![Step::Merge(*pair[0], *pair[1])]
            }
            1 if !facts.links.is_empty() => {
                let absorbed = self.links.choice(facts.links.keys()).copied();
                absorbed.map(Step::Undo).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Now and then a day for which runs evaluated everybody is taken back.
    fn retraction(&mut self) -> Vec<Step> {
        if self.retractions.u32(..8) > 0 {
            return Vec::new();
        }
        let days: BTreeSet<NaiveDate> =
            self.state.scored.keys().chain(self.state.classified.keys()).copied().collect();
        let day = self.retractions.choice(days);
        day.map(Step::Retract).into_iter().collect()
    }

    fn death(&mut self) -> Option<u32> {
        self.dice.bool().then(|| self.dice.u32(1..300))
    }

    fn limits(&mut self) -> Limits {
        Limits {
            orders: self.dice.u64(2..5),
            days: self.dice.u64(10..40),
            score: self.dice.u64(5..12),
        }
    }

    /// New orders, corrections, cancellations, rates.
    fn facts(&mut self) -> Vec<Fact> {
        let count = self.dice.usize(1..5);
        let mut facts = Vec::new();
        for _ in 0..count {
            let known = self.dice.usize(..self.next_order);
            let fact = match (self.dice.u32(..8), self.state.facts.orders.get(&known).copied()) {
                (0, _) => Fact::Rate(self.past(), self.dice.i64(3..9)),
                (1, Some(order)) => {
                    Fact::Order(known, Order { cancelled: !order.cancelled, ..order })
                }
                (2, Some(order)) => Fact::Order(known, Order { day: self.past(), ..order }),
                (3, Some(order)) => {
                    Fact::Order(known, Order { customer: self.dice.usize(..CUSTOMERS), ..order })
                }
                (4, Some(order)) => {
                    Fact::Order(known, Order { amount: self.dice.i64(1..200), ..order })
                }
                _ => self.order(),
            };
            facts.push(fact);
        }
        while self.cities.u32(..3) == 0 {
            facts.extend(self.city());
        }
        facts
    }

    /// Where somebody lives who has orders, and so is a customer from the first of them on.
    fn city(&mut self) -> Option<Fact> {
        let of: Vec<usize> = self.state.facts.orders.values().map(|order| order.customer).collect();
        let customer = self.cities.choice(of)?;
        self.next_city += 1;
        let side = if self.cities.bool() { "north" } else { "south" };
        let day = self.state.today + Days::new(3) - Days::new(self.cities.u64(..60));
        Some(Fact::City(customer, format!("{side} {}", self.next_city), day))
    }

    fn order(&mut self) -> Fact {
        self.next_order += 1;
        let order = Order {
            customer: self.dice.usize(..CUSTOMERS),
            day: self.past(),
            amount: self.dice.i64(1..200),
            dollars: self.dice.u32(..3) == 0,
            cancelled: self.dice.u32(..8) == 0,
        };
        Fact::Order(self.next_order - 1, order)
    }

    /// A day of the last two months; now and then one to come.
    fn past(&mut self) -> NaiveDate {
        self.state.today + Days::new(3) - Days::new(self.dice.u64(..60))
    }

    fn take(&mut self, step: &Step) {
        let state = &mut self.state;
        let (scorecard, taxonomy) = (state.scorecards, state.taxonomies.len());
        match step {
            Step::Ingest(facts) => facts.iter().for_each(|fact| state.facts.take(fact)),
            Step::Day(day) => {
                state.today = *day;
                state.days.insert(*day);
            }
            Step::PublishScorecard(_) => state.scorecards += 1,
            Step::PublishTaxonomies(limits) => state.taxonomies.push(*limits),
            Step::Run(Work::Scoring, day, _) => {
                state.scored.insert(*day, scorecard);
            }
            Step::Run(Work::Classification, day, _) => {
                state.classified.insert(*day, taxonomy);
            }
            Step::Run(Work::Coding(scheme), ..) => state.coded.push(scheme),
            Step::Follow(_) => {}
            Step::Merge(absorbed, survivor) => {
                state.facts.links.insert(*absorbed, *survivor);
            }
            Step::Undo(absorbed) => {
                state.facts.links.remove(absorbed);
            }
            Step::Retract(day) => {
                state.scored.remove(day);
                state.classified.remove(day);
            }
        }
    }
}
