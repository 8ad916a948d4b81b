//! Assessments of prospects.

use kehu_contract::ingestion::{ProblemReason, ProspectAssessment, RecordKind};
use kehu_core::limits;
use kehu_storage::ingestion::{Entry, NewAssessment};

use super::digest::Content;
use super::raw::Raw;
use super::{Checked, Checker, Given, Problems, values};

/// The best score, in 1/10,000.
const BEST: i64 = 1_000_000;

impl Given for ProspectAssessment {
    fn kind(&self) -> &'static str {
        "prospect_assessment"
    }

    fn check(&self, checker: &Checker, problems: &mut Problems) -> Option<Checked> {
        let mut assessment = checker.assessment(self, problems)?;
        assessment.digest = digest(&assessment);
        Some(Checked::Good(Entry::Assessment(Box::new(assessment))))
    }

    fn key(&self) -> Option<(RecordKind, &str)> {
        Some((RecordKind::ProspectAssessment, &self.external_id))
    }

    fn raw(&self) -> Raw {
        let mut raw = Raw::default();
        raw.push("prospect_assessment", &self.external_id);
        raw.push("customer", &self.customer_external_id);
        for (name, date) in [("assessed", self.assessment_date), ("expires", self.expire_date)] {
            if let Some(date) = date {
                raw.push(name, format!("{}-{:02}-{:02}", date.year, date.month, date.day));
            }
        }
        raw.push("score", self.score.as_ref().map_or("", |score| &score.value));
        raw.push("assessor", &self.assessor);
        raw.push("evidence", &self.evidence);
        raw.push("withdrawn", if self.withdrawn { "true" } else { "" });
        raw
    }
}

impl Checker {
    /// An assessment without its digest; `None` only with problems.
    fn assessment(
        &self,
        given: &ProspectAssessment,
        problems: &mut Problems,
    ) -> Option<NewAssessment> {
        let field = "prospect_assessment.external_id";
        let external_id = problems.key(field, &given.external_id, ProblemReason::FieldMissing);
        let field = "prospect_assessment.customer_external_id";
        let customer =
            problems.customer(field, &given.customer_external_id, ProblemReason::CustomerMissing);
        let field = "prospect_assessment.assessment_date";
        let assessed_on = values::date(field, given.assessment_date, problems);
        let field = "prospect_assessment.expire_date";
        let expires_on = values::date(field, given.expire_date, problems);
        if assessed_on.zip(expires_on).is_some_and(|(from, to)| to <= from) {
            let text = "must be after assessment_date";
            problems.add(field, ProblemReason::OutOfRange, text);
        }
        let score = score(given, problems);
        let field = "prospect_assessment.assessor";
        let assessor = needed(
            field,
            &given.assessor,
            problems.text(field, given.assessor.trim(), limits::TEXT),
            problems,
        );
        let field = "prospect_assessment.evidence";
        let evidence = needed(
            field,
            &given.evidence,
            values::note(field, &given.evidence, problems),
            problems,
        );
        let updated = given.source_update_time.as_ref();
        let field = "prospect_assessment.source_update_time";
        let source_updated_at = values::source_time(field, updated, &self.calendar, problems);
        let assessed_on = assessed_on?;
        Some(NewAssessment {
            external_id,
            customer,
            assessed_at: self.calendar.instant(assessed_on.and_time(chrono::NaiveTime::MIN)),
            assessed_on,
            expires_on: expires_on?,
            score: score?,
            assessor: assessor?,
            evidence: evidence?,
            is_withdrawn: given.withdrawn,
            digest: String::new(),
            source_updated_at,
        })
    }
}

fn score(given: &ProspectAssessment, problems: &mut Problems) -> Option<i64> {
    let field = "prospect_assessment.score";
    if given.score.is_none() {
        problems.add(field, ProblemReason::FieldMissing, "must be given");
        return None;
    }
    let score = values::number(field, given.score.as_ref(), None, problems)?;
    if !(0..=BEST).contains(&score) {
        problems.add(field, ProblemReason::OutOfRange, "must be from 0 to 100");
        return None;
    }
    Some(score)
}

/// A text that must not be blank: a judgement nobody stands for is none.
fn needed(
    field: &str,
    given: &str,
    text: Option<String>,
    problems: &mut Problems,
) -> Option<String> {
    if given.trim().is_empty() {
        problems.add(field, ProblemReason::FieldMissing, "must not be empty");
    }
    text
}

fn digest(assessment: &NewAssessment) -> String {
    let mut content = Content::new(1);
    for text in
        [&assessment.external_id, &assessment.customer, &assessment.assessor, &assessment.evidence]
    {
        content.push_text(Some(text));
    }
    for number in [
        assessment.assessed_at.timestamp_micros(),
        i64::from(kehu_core::calendar::to_days(assessment.expires_on)),
        assessment.score,
        i64::from(assessment.is_withdrawn),
    ] {
        content.push_number(Some(number));
    }
    content.digest()
}
