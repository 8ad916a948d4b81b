//! Which scopes each method needs.

use super::Scope::{self, Admin, Code, Ingest, PersonalData, Read, Score};

/// Method and the scopes that are all needed for it, in the order of the methods. What is not here
/// is denied.
///
/// The rule: a method is judged by the most that it can do and the most that it can answer.
/// - Whatever only answers needs `read`. Where an answer can hold names, attributes, keys of source
///   systems or raw records, or a customer is looked up by those, it needs `personal-data` too.
///   `customers/17` and codes are not personal data here: they say nothing to those who may not
///   look them up.
/// - Records and customers are written with `ingest`, and merged with it, which can be undone.
///   `UpsertCustomer`, `MergeCustomers` and `UndoMerge` answer with the customer as it then is, but
///   with its profile and references to holders of `read` and `personal-data` alone.
/// - Drafts and runs, which a later one replaces, need `score` or `code` by what they are about.
/// - What cannot be taken back, or stops the work of somebody else, needs `admin`.
const TABLE: &[(&str, &[Scope])] = &[
    ("kehu.coding.v1.ClassificationService/BatchGetClassifications", &[Read]),
    ("kehu.coding.v1.ClassificationService/ClearOverride", &[Code]),
    ("kehu.coding.v1.ClassificationService/GetClassification", &[Read]),
    ("kehu.coding.v1.ClassificationService/GetDisagreement", &[Read]),
    ("kehu.coding.v1.ClassificationService/ListHistory", &[Read]),
    ("kehu.coding.v1.ClassificationService/ListMembers", &[Read]),
    ("kehu.coding.v1.ClassificationService/ListOverrides", &[Read]),
    ("kehu.coding.v1.ClassificationService/Lookup", &[Read, PersonalData]),
    ("kehu.coding.v1.ClassificationService/OverrideClass", &[Code]),
    ("kehu.coding.v1.ClassificationService/StartClassification", &[Code]),
    ("kehu.coding.v1.ClassificationService/WatchChanges", &[Read]),
    ("kehu.coding.v1.CodeService/CountLeftOut", &[Read]),
    ("kehu.coding.v1.CodeService/CreateCodeScheme", &[Admin]),
    ("kehu.coding.v1.CodeService/DecodeCode", &[Read]),
    ("kehu.coding.v1.CodeService/GetCodeScheme", &[Read]),
    // A code is given once, so what is imported cannot be taken back.
    ("kehu.coding.v1.CodeService/ImportCodes", &[Admin]),
    ("kehu.coding.v1.CodeService/ListCodeHistory", &[Read]),
    ("kehu.coding.v1.CodeService/ListCodeSchemes", &[Read]),
    ("kehu.coding.v1.CodeService/ListCodes", &[Read]),
    ("kehu.coding.v1.CodeService/ListLeftOut", &[Read]),
    ("kehu.coding.v1.CodeService/ResolveCode", &[Read]),
    ("kehu.coding.v1.CodeService/StartCoding", &[Code]),
    ("kehu.coding.v1.CodeService/ValidateCode", &[Read]),
    ("kehu.coding.v1.StrategyService/CompleteAction", &[Code]),
    ("kehu.coding.v1.StrategyService/ListActions", &[Read]),
    ("kehu.coding.v1.StrategyService/ListClassChanges", &[Read]),
    ("kehu.coding.v1.TaxonomyService/ApproveTaxonomy", &[Code]),
    ("kehu.coding.v1.TaxonomyService/CommentTaxonomy", &[Code]),
    ("kehu.coding.v1.TaxonomyService/CreateTaxonomy", &[Code]),
    ("kehu.coding.v1.TaxonomyService/GetSimulation", &[Read]),
    ("kehu.coding.v1.TaxonomyService/GetTaxonomy", &[Read]),
    ("kehu.coding.v1.TaxonomyService/GetTaxonomyEvaluation", &[Read]),
    ("kehu.coding.v1.TaxonomyService/ListTaxonomies", &[Read]),
    ("kehu.coding.v1.TaxonomyService/ListTaxonomyEvaluations", &[Read]),
    ("kehu.coding.v1.TaxonomyService/ListTaxonomyEvents", &[Read]),
    ("kehu.coding.v1.TaxonomyService/ListTemplates", &[Read]),
    ("kehu.coding.v1.TaxonomyService/PublishTaxonomy", &[Admin]),
    ("kehu.coding.v1.TaxonomyService/RollBackTaxonomy", &[Admin]),
    ("kehu.coding.v1.TaxonomyService/StartSimulation", &[Code]),
    ("kehu.coding.v1.TaxonomyService/StartTaxonomyEvaluation", &[Code]),
    // The type of an attribute cannot be taken back, and its basis is the enterprise's to state.
    ("kehu.ingestion.v1.AttributeService/DeclareAttribute", &[Admin]),
    ("kehu.ingestion.v1.AttributeService/GetAttribute", &[Read]),
    ("kehu.ingestion.v1.AttributeService/ListAttributes", &[Read]),
    ("kehu.ingestion.v1.CustomerService/BatchGetCustomers", &[Read, PersonalData]),
    ("kehu.ingestion.v1.CustomerService/GetCustomer", &[Read, PersonalData]),
    ("kehu.ingestion.v1.CustomerService/GetTimeline", &[Read, PersonalData]),
    ("kehu.ingestion.v1.CustomerService/ListCustomers", &[Read, PersonalData]),
    ("kehu.ingestion.v1.CustomerService/ListLookalikeKeys", &[Read, PersonalData]),
    ("kehu.ingestion.v1.CustomerService/ListMerges", &[Read, PersonalData]),
    ("kehu.ingestion.v1.CustomerService/ListProfileValues", &[Read, PersonalData]),
    ("kehu.ingestion.v1.CustomerService/LookupCustomer", &[Read, PersonalData]),
    ("kehu.ingestion.v1.CustomerService/MergeCustomers", &[Ingest]),
    ("kehu.ingestion.v1.CustomerService/UndoMerge", &[Ingest]),
    ("kehu.ingestion.v1.CustomerService/UpsertCustomer", &[Ingest]),
    ("kehu.ingestion.v1.DataQualityService/GetDataQuality", &[Read]),
    ("kehu.ingestion.v1.DataQualityService/StartMeasurement", &[Ingest]),
    ("kehu.ingestion.v1.IngestionService/DiscardRejects", &[Ingest]),
    // It names the orders that wait, by their keys in the source systems.
    ("kehu.ingestion.v1.IngestionService/GetDataSummary", &[Read, PersonalData]),
    ("kehu.ingestion.v1.IngestionService/Ingest", &[Ingest]),
    ("kehu.ingestion.v1.IngestionService/ListExchangeRates", &[Read]),
    ("kehu.ingestion.v1.IngestionService/ListRejects", &[Read, PersonalData]),
    ("kehu.ingestion.v1.MatchService/GetMatchCandidate", &[Read, PersonalData]),
    ("kehu.ingestion.v1.MatchService/ListMatchCandidates", &[Read]),
    ("kehu.ingestion.v1.MatchService/ReviewMatch", &[Ingest]),
    ("kehu.ingestion.v1.MatchService/StartMatching", &[Ingest]),
    ("kehu.ingestion.v1.ReferenceDataService/ListCityTiers", &[Read]),
    ("kehu.ingestion.v1.ReferenceDataService/ListLateReasons", &[Read]),
    // These move customers on days that have passed as well.
    ("kehu.ingestion.v1.ReferenceDataService/SetCityTier", &[Admin]),
    ("kehu.ingestion.v1.ReferenceDataService/SetLateReason", &[Admin]),
    // One of its reports lists customers with their keys in the source systems.
    ("kehu.reporting.v1.ReportingService/ExportReport", &[Read, PersonalData]),
    ("kehu.reporting.v1.ReportingService/GetClassSummary", &[Read]),
    ("kehu.reporting.v1.ReportingService/GetMigrationMatrix", &[Read]),
    ("kehu.reporting.v1.ReportingService/GetMonthlyTrend", &[Read]),
    ("kehu.reporting.v1.ReportingService/GetParetoCurve", &[Read]),
    ("kehu.reporting.v1.ReportingService/GetReport", &[Read, PersonalData]),
    ("kehu.reporting.v1.ReportingService/GetRfmHeatMap", &[Read]),
    ("kehu.reporting.v1.ReportingService/ListReports", &[Read]),
    ("kehu.reporting.v1.ReportingService/RecommendProducts", &[Read]),
    ("kehu.reporting.v1.ReportingService/RenderReport", &[Read]),
    ("kehu.run.v1.BusinessDateService/FixBusinessDate", &[Admin]),
    ("kehu.run.v1.BusinessDateService/GetBusinessDate", &[Read]),
    ("kehu.run.v1.RunService/CancelRun", &[Admin]),
    ("kehu.run.v1.RunService/GetRun", &[Read]),
    ("kehu.run.v1.RunService/ListRuns", &[Read]),
    ("kehu.run.v1.RunService/RetractRun", &[Admin]),
    ("kehu.run.v1.RunService/WatchRun", &[Read]),
    ("kehu.scoring.v1.FeatureService/GetFeatures", &[Read]),
    ("kehu.scoring.v1.FeatureService/ListFeatures", &[Read]),
    ("kehu.scoring.v1.ModelService/FitModel", &[Score]),
    ("kehu.scoring.v1.ModelService/GetModel", &[Read]),
    ("kehu.scoring.v1.ModelService/ListModels", &[Read]),
    ("kehu.scoring.v1.ModelService/PromoteModel", &[Admin]),
    ("kehu.scoring.v1.ScorecardService/CreateScorecard", &[Score]),
    ("kehu.scoring.v1.ScorecardService/GetScorecard", &[Read]),
    ("kehu.scoring.v1.ScorecardService/GetSimulation", &[Read]),
    ("kehu.scoring.v1.ScorecardService/ListScorecards", &[Read]),
    ("kehu.scoring.v1.ScorecardService/ListTemplates", &[Read]),
    ("kehu.scoring.v1.ScorecardService/PublishScorecard", &[Admin]),
    ("kehu.scoring.v1.ScorecardService/StartSimulation", &[Score]),
    ("kehu.scoring.v1.ScoringService/BatchGetScores", &[Read]),
    ("kehu.scoring.v1.ScoringService/ExplainScore", &[Read]),
    ("kehu.scoring.v1.ScoringService/GetScore", &[Read]),
    ("kehu.scoring.v1.ScoringService/ListScores", &[Read]),
    ("kehu.scoring.v1.ScoringService/ScoreNow", &[Read]),
    ("kehu.scoring.v1.ScoringService/StartScoring", &[Score]),
];

/// Whether everybody may call a method (`grpc.health.v1.Health/Check`): health, which probes ask
/// without credentials, and reflection, which tells what is public anyway.
pub fn is_open(method: &str) -> bool {
    method.starts_with("grpc.health.v1.") || method.starts_with("grpc.reflection.")
}

/// The scopes that are all needed for a method that is not open
/// (`kehu.run.v1.RunService/GetRun`); `None` when nobody may call it.
pub fn required_scopes(method: &str) -> Option<&'static [Scope]> {
    let row = TABLE.binary_search_by_key(&method, |&(method, _)| method).ok()?;
    Some(TABLE[row].1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_contract::DESCRIPTORS;
    use prost::Message;
    use prost_types::FileDescriptorSet;

    #[test]
    fn the_table_has_a_row_for_each_method_of_the_contract_and_no_other() {
        let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
        let mut methods = Vec::new();
        for file in &set.file {
            for service in &file.service {
                let name = format!("{}.{}", file.package(), service.name());
                methods.extend(service.method.iter().map(|it| format!("{name}/{}", it.name())));
            }
        }
        methods.sort();
        assert_eq!(TABLE.iter().map(|(method, _)| *method).collect::<Vec<_>>(), methods);
    }

    #[test]
    fn every_row_needs_something() {
        for (method, scopes) in TABLE {
            assert!(!scopes.is_empty() && !is_open(method), "{method}");
        }
    }
}
