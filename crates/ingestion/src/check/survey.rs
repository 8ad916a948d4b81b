//! Answers to surveys.

use kehu_contract::ingestion::{ProblemReason, RecordKind, SurveyAnswer, SurveyMeasure};
use kehu_core::limits;
use kehu_storage::ingestion::{Entry, Measure, NewSurveyAnswer};

use super::digest::Content;
use super::raw::Raw;
use super::{Checked, Checker, Given, Problems, values};

/// What is kept of a whole one.
const ONE: i64 = 10_000;

impl Given for SurveyAnswer {
    fn kind(&self) -> &'static str {
        "survey_answer"
    }

    fn check(&self, checker: &Checker, problems: &mut Problems) -> Option<Checked> {
        let mut answer = checker.survey_answer(self, problems)?;
        answer.digest = digest(&answer);
        Some(Checked::Good(Entry::SurveyAnswer(Box::new(answer))))
    }

    fn key(&self) -> Option<(RecordKind, &str)> {
        Some((RecordKind::SurveyAnswer, &self.external_id))
    }

    fn raw(&self) -> Raw {
        let mut raw = Raw::default();
        raw.push("survey_answer", &self.external_id);
        raw.push("customer", &self.customer_external_id);
        raw.push("survey", &self.survey);
        let measure = SurveyMeasure::try_from(self.measure);
        raw.push("measure", measure.map_or("", |measure| measure.as_str_name()));
        if let Some(time) = &self.answer_time {
            raw.push("answer_time", time.to_string());
        }
        let numbers = [("score", &self.score), ("worst_score", &self.worst_score)];
        for (name, number) in numbers.into_iter().chain([("best_score", &self.best_score)]) {
            raw.push(name, number.as_ref().map_or("", |number| &number.value));
        }
        raw.push("channel", &self.channel);
        raw.push("product", &self.product_code);
        raw.push("category", &self.category);
        raw.push("comment", &self.comment);
        raw.push("withdrawn", if self.withdrawn { "true" } else { "" });
        raw
    }
}

impl Checker {
    /// An answer without its digest; `None` only with problems.
    fn survey_answer(
        &self,
        given: &SurveyAnswer,
        problems: &mut Problems,
    ) -> Option<NewSurveyAnswer> {
        let external_id = problems.key(
            "survey_answer.external_id",
            &given.external_id,
            ProblemReason::FieldMissing,
        );
        let field = "survey_answer.customer_external_id";
        let customer =
            problems.customer(field, &given.customer_external_id, ProblemReason::CustomerMissing);
        let survey = problems.text("survey_answer.survey", &given.survey, limits::TEXT);
        let measure = measure(given.measure, problems);
        let (time, calendar) = (given.answer_time.as_ref(), &self.calendar);
        let at = values::time("survey_answer.answer_time", time, calendar, problems);
        let channel = problems.text("survey_answer.channel", &given.channel, limits::TEXT);
        let (field, product) = ("survey_answer.product_code", &given.product_code);
        let product = problems.text(field, product, limits::PRODUCT);
        let category = problems.text("survey_answer.category", &given.category, limits::TEXT);
        let comment = values::note("survey_answer.comment", &given.comment, problems);
        let score = measure.and_then(|measure| score(measure, given, problems));
        if measure == Some(Measure::Comment) && given.comment.trim().is_empty() {
            let text = "must not be empty: a comment is words alone";
            problems.add("survey_answer.comment", ProblemReason::FieldMissing, text);
        }
        let updated = given.source_update_time.as_ref();
        let field = "survey_answer.source_update_time";
        let source_updated_at = values::source_time(field, updated, &self.calendar, problems);
        let at = at?;
        Some(NewSurveyAnswer {
            external_id,
            customer,
            survey,
            measure: measure?,
            answered_at: at,
            answered_on: self.calendar.date(at),
            score: score.map(|(score, _)| score),
            points: score.map(|(_, points)| points),
            channel,
            product,
            category,
            comment,
            is_withdrawn: given.withdrawn,
            digest: String::new(),
            source_updated_at,
        })
    }
}

fn measure(given: i32, problems: &mut Problems) -> Option<Measure> {
    match SurveyMeasure::try_from(given) {
        Ok(SurveyMeasure::Csat) => return Some(Measure::Csat),
        Ok(SurveyMeasure::Nps) => return Some(Measure::Nps),
        Ok(SurveyMeasure::Ces) => return Some(Measure::Ces),
        Ok(SurveyMeasure::Comment) => return Some(Measure::Comment),
        Ok(SurveyMeasure::Unspecified) | Err(_) => {}
    }
    let text = "must be satisfaction, net promoter score, effort or a comment";
    problems.add("survey_answer.measure", ProblemReason::ValueUnknown, text);
    None
}

/// The score, and where it is between the worst, 0, and the best, 100.
fn score(measure: Measure, given: &SurveyAnswer, problems: &mut Problems) -> Option<(i64, i64)> {
    let Some((worst, best)) = scale(measure) else {
        for (field, number) in [
            ("survey_answer.score", &given.score),
            ("survey_answer.worst_score", &given.worst_score),
            ("survey_answer.best_score", &given.best_score),
        ] {
            if number.is_some() {
                let text = "must be absent: a comment has no score";
                problems.add(field, ProblemReason::ValueUnknown, text);
            }
        }
        return None;
    };
    if given.score.is_none() {
        problems.add("survey_answer.score", ProblemReason::FieldMissing, "must be given");
    }
    let score = values::number("survey_answer.score", given.score.as_ref(), None, problems);
    let field = "survey_answer.worst_score";
    let worst = values::number(field, given.worst_score.as_ref(), Some(worst), problems)?;
    let field = "survey_answer.best_score";
    let best = values::number(field, given.best_score.as_ref(), Some(best), problems)?;
    if measure == Measure::Nps && (worst, best) != (0, 10 * ONE) {
        let text = "must be absent or 10, and worst_score 0: a net promoter score is from 0 to 10";
        problems.add(field, ProblemReason::OutOfRange, text);
        return None;
    }
    if worst == best {
        problems.add(field, ProblemReason::OutOfRange, "must differ from worst_score");
        return None;
    }
    let score = score?;
    let whole = measure != Measure::Nps || score % ONE == 0;
    if !whole || score < worst.min(best) || score > worst.max(best) {
        let text = "must be on the scale, and of a net promoter score whole";
        problems.add("survey_answer.score", ProblemReason::OutOfRange, text);
        return None;
    }
    Some((score, points(score, worst, best)))
}

/// The worst and the best of a scale that is not stated: five stars, 0 to 10, and the seven
/// answers of CES 2.0 from "strongly disagree" to "strongly agree" that it was easy.
fn scale(measure: Measure) -> Option<(i64, i64)> {
    match measure {
        Measure::Csat => Some((ONE, 5 * ONE)),
        Measure::Nps => Some((0, 10 * ONE)),
        Measure::Ces => Some((ONE, 7 * ONE)),
        Measure::Comment => None,
    }
}

/// Rounded half up; both differences have the same sign.
fn points(score: i64, worst: i64, best: i64) -> i64 {
    let (above, span) = ((score - worst).abs(), (best - worst).abs());
    let full = 100 * i128::from(ONE);
    let points = (2 * i128::from(above) * full + i128::from(span)) / (2 * i128::from(span));
    i64::try_from(points).expect("it is at most a hundred")
}

fn digest(answer: &NewSurveyAnswer) -> String {
    let mut content = Content::new(1);
    for text in [answer.external_id.as_str(), &answer.customer, answer.measure.name()] {
        content.push_text(Some(text));
    }
    for text in
        [&answer.survey, &answer.channel, &answer.product, &answer.category, &answer.comment]
    {
        content.push_text(text.as_deref());
    }
    for number in [
        Some(answer.answered_at.timestamp_micros()),
        answer.score,
        answer.points,
        Some(i64::from(answer.is_withdrawn)),
    ] {
        content.push_number(number);
    }
    content.digest()
}
