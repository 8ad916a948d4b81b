//! What a taxonomy asks of the data.

use kehu_contract::coding::{self as contract, DataQualityDimension as Named};
use kehu_contract::ingestion::RecordKind;
use kehu_core::quality::Dimension;
use kehu_core::taxonomy::QualityDemand;
use kehu_server::{Violations, convert};

/// How the names of the contract's kinds of record begin.
const KIND: &str = "RECORD_KIND_";

/// A demand; `None` with violations.
pub(super) fn parse_demand(
    path: &str,
    demand: contract::DataQualityDemand,
    violations: &mut Violations,
) -> Option<QualityDemand> {
    let dimension = match demand.dimension() {
        Named::Completeness => Some(Dimension::Completeness),
        Named::Validity => Some(Dimension::Validity),
        Named::Uniqueness => Some(Dimension::Uniqueness),
        Named::Timeliness => Some(Dimension::Timeliness),
        Named::Unspecified => {
            violations.add(format!("{path}.dimension"), "must be given");
            None
        }
    };
    let path = format!("{path}.at_least");
    let record = demand.record_kind().as_str_name().trim_start_matches(KIND).to_ascii_lowercase();
    let at_least = match &demand.at_least {
        Some(number) => convert::parse_decimal(&path, number, violations),
        None => {
            violations.add(&path, "must be given");
            None
        }
    };
    Some(QualityDemand { record, field: demand.field, dimension: dimension?, at_least: at_least? })
}

pub(super) fn demand(demand: &QualityDemand) -> contract::DataQualityDemand {
    let kind = format!("{KIND}{}", demand.record.to_ascii_uppercase());
    contract::DataQualityDemand {
        record_kind: RecordKind::from_str_name(&kind).unwrap_or_default().into(),
        field: demand.field.clone(),
        dimension: match demand.dimension {
            Dimension::Completeness => Named::Completeness,
            Dimension::Validity => Named::Validity,
            Dimension::Uniqueness => Named::Uniqueness,
            Dimension::Timeliness => Named::Timeliness,
        }
        .into(),
        at_least: Some(convert::decimal(demand.at_least)),
    }
}
