//! Where the domain finds a fault, in the words of the contract.

use kehu_core::scorecard::{Grading, Missing, Problem, Scorecard, Transform};
use kehu_server::Violations;

/// Adds the faults of a definition as violations of `definition`.
pub(crate) fn scorecard_problems(
    problems: &[Problem],
    card: &Scorecard,
    violations: &mut Violations,
) {
    for problem in problems {
        let field = field(&problem.field, card);
        violations.add(format!("definition.{field}"), problem.message.as_str());
    }
}

/// `indicators[2].transform.bins` is `indicators[2].quantiles.bin_count` in the contract.
fn field(path: &str, card: &Scorecard) -> String {
    if let Some(rest) = path.strip_prefix("grading.") {
        return format!("grading.{}{}", rule(&card.grading), grading_field(rest));
    }
    let Some((head, rest)) = path.split_once("].") else { return path.to_owned() };
    let index = head.strip_prefix("indicators[").and_then(|index| index.parse::<usize>().ok());
    let Some(indicator) = index.and_then(|index| card.indicators.get(index)) else {
        return path.to_owned();
    };
    let name = transform(&indicator.transform);
    let rest = match rest.split_once('.') {
        None if rest == "transform" => name.to_owned(),
        None if rest == "missing" => missing(&indicator.missing).to_owned(),
        Some(("transform", "bins")) => format!("{name}.bin_count"),
        Some(("transform", rest)) => format!("{name}.{rest}"),
        Some(("missing", _)) => missing(&indicator.missing).to_owned(),
        None | Some(_) => rest.to_owned(),
    };
    format!("{head}].{rest}")
}

fn grading_field(field: &str) -> &str {
    if field == "rest" { "rest_grade" } else { field }
}

fn rule(grading: &Grading) -> &'static str {
    match grading {
        Grading::None => "",
        Grading::Cuts { .. } => "score_cuts.",
        Grading::RankShare { .. } => "rank_share.",
        Grading::CumulativeShare { .. } => "cumulative_share.",
    }
}

fn transform(transform: &Transform) -> &'static str {
    match transform {
        Transform::Bands { .. } => "bands",
        Transform::Quantile { .. } => "quantiles",
        Transform::Split { .. } => "split",
        Transform::MinMax { .. } => "min_max",
        Transform::ZLogistic => "z_logistic",
        Transform::Lookup { .. } => "lookup",
    }
}

fn missing(missing: &Missing) -> &'static str {
    match missing {
        Missing::Impute { .. } => "impute",
        Missing::Ignore => "ignore",
        Missing::Substitute { .. } => "substitute_feature",
        Missing::Fail => "fail",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_core::scorecard::templates;

    #[test]
    fn faults_are_where_the_caller_put_them() {
        let abc = templates().into_iter().find(|card| card.id == "abc").unwrap();
        for (path, expected) in [
            ("id", "id"),
            ("indicators", "indicators"),
            ("indicators[0].weight", "indicators[0].weight"),
            ("indicators[0].transform", "indicators[0].quantiles"),
            ("indicators[0].transform.bins", "indicators[0].quantiles.bin_count"),
            ("indicators[0].missing.feature", "indicators[0].ignore"),
            ("indicators[7].transform.bins", "indicators[7].transform.bins"),
            ("grading.cuts", "grading.cumulative_share.cuts"),
            ("grading.rest", "grading.cumulative_share.rest_grade"),
            ("grading.indicator", "grading.cumulative_share.indicator"),
        ] {
            assert_eq!(field(path, &abc), expected);
        }
    }
}
