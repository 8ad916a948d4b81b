//! What the numbers of an evaluation mean.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{ClassMedian, Evaluation, Measured, Shift};
use crate::taxonomy::Taxonomy;

/// Where a number becomes a finding. Where nothing else is said, a number beyond the bound is one.
pub mod bounds {
    use rust_decimal::Decimal;

    const fn hundredths(number: u32) -> Decimal {
        Decimal::from_parts(number, 0, 0, false, 2)
    }

    /// ε² below which classes set customers apart weakly, and barely: a medium and a small effect
    /// (Cohen 1988).
    pub const SEPARATION: [Decimal; 2] = [hundredths(6), hundredths(1)];
    /// κ below which the rules agree with persons moderately, and fairly at best (Landis and Koch 1977).
    pub const KAPPA: [Decimal; 2] = [hundredths(60), hundredths(40)];
    /// Judgements of persons below which κ is not judged.
    pub const JUDGEMENTS: u64 = 20;
    /// The share that stays over a month below which classes are restless, and very much so.
    pub const STAYED: [Decimal; 2] = [hundredths(85), hundredths(70)];
    /// The population stability index from which on a distribution has moved, and greatly (Siddiqi 2006).
    pub const DRIFT: [Decimal; 2] = [hundredths(10), hundredths(25)];
    /// The probability from which on a drift may be chance, whatever its index.
    pub const CHANCE: Decimal = hundredths(5);
    /// Customers below which the median of a class is not compared.
    pub const MEMBERS: u64 = 10;
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// All is well.
    Good,
    /// To be watched.
    Watch,
    /// To be acted on.
    Alarm,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// Classes do not set customers apart by a measure.
    Separation,
    /// A class that stands higher has a lower median of a measure than one below it.
    Inversion,
    /// Persons disagree with the rules.
    Disagreement,
    /// Customers do not stay in their classes.
    Instability,
    /// The shares of the classes have moved.
    ClassDrift,
    /// A feature that the rules rest on has moved.
    InputDrift,
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// How much it matters; never [`Level::Good`].
    pub level: Level,
    /// The indicator at fault, a feature; `None` where it is the classes themselves.
    pub feature: Option<String>,
    /// For an inversion the ids of the class that stands higher and of the one below it.
    pub classes: Option<[String; 2]>,
    /// The number: ε², κ, the share that stays, the index, or the median of the higher class.
    pub value: Decimal,
    /// The bound that it is beyond; for an inversion the median of the class below.
    pub bound: Decimal,
}

impl Evaluation {
    /// What there is to look at, the gravest first.
    pub fn findings(&self, taxonomy: &Taxonomy) -> Vec<Finding> {
        let mut findings = Vec::new();
        for measure in &self.measures {
            let of = Some(&measure.feature);
            findings.extend(
                measure.epsilon_squared.and_then(|value| {
                    below(FindingKind::Separation, of, value, bounds::SEPARATION)
                }),
            );
            findings.extend(inversions(measure, taxonomy));
        }
        if let Some(kappa) =
            self.judged.kappa.filter(|_| self.judged.customers >= bounds::JUDGEMENTS)
        {
            findings.extend(below(FindingKind::Disagreement, None, kappa, bounds::KAPPA));
        }
        if let Some(stayed) = self.stayed() {
            findings.extend(below(FindingKind::Instability, None, stayed, bounds::STAYED));
        }
        findings.extend(drifted(FindingKind::ClassDrift, None, self.class_mix.as_ref()));
        for input in &self.inputs {
            let feature = Some(&input.feature);
            findings.extend(drifted(FindingKind::InputDrift, feature, input.shift.as_ref()));
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        findings
    }
}

fn below(
    kind: FindingKind,
    feature: Option<&String>,
    value: Decimal,
    [watch, alarm]: [Decimal; 2],
) -> Option<Finding> {
    let (level, bound) = match value {
        value if value < alarm => (Level::Alarm, alarm),
        value if value < watch => (Level::Watch, watch),
        _ => return None,
    };
    Some(Finding { kind, level, feature: feature.cloned(), classes: None, value, bound })
}

fn drifted(kind: FindingKind, feature: Option<&String>, shift: Option<&Shift>) -> Option<Finding> {
    let shift = shift.filter(|shift| shift.p_value < bounds::CHANCE)?;
    let [watch, alarm] = bounds::DRIFT;
    let (level, bound) = match shift.psi {
        psi if psi >= alarm => (Level::Alarm, alarm),
        psi if psi >= watch => (Level::Watch, watch),
        _ => return None,
    };
    Some(Finding { kind, level, feature: feature.cloned(), classes: None, value: shift.psi, bound })
}

/// Each class against those of the next rank below it that have enough customers.
fn inversions(measure: &Measured, taxonomy: &Taxonomy) -> Vec<Finding> {
    let mut ranks: BTreeMap<usize, Vec<&ClassMedian>> = BTreeMap::new();
    for class in measure.classes.iter().filter(|class| class.customers >= bounds::MEMBERS) {
        let Some(rank) = taxonomy.rank(&class.class) else { continue };
        ranks.entry(rank).or_default().push(class);
    }
    let ranks: Vec<_> = ranks.into_values().collect();
    let mut found = Vec::new();
    for pair in ranks.windows(2) {
        for higher in &pair[0] {
            for lower in pair[1].iter().filter(|lower| higher.median < lower.median) {
                found.push(Finding {
                    kind: FindingKind::Inversion,
                    level: Level::Alarm,
                    feature: Some(measure.feature.clone()),
                    classes: Some([higher.class.clone(), lower.class.clone()]),
                    value: higher.median,
                    bound: lower.median,
                });
            }
        }
    }
    found
}
