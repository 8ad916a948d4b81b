//! Scores that nobody keeps: of a customer at this moment, or of values that a caller states.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use kehu_contract::scoring::{FeatureValue, ScoreNowRequest, ScoreNowResponse};
use kehu_contract::shared::value::Kind;
use kehu_core::scorecard::{FeatureKind, Scorecard};
use kehu_core::{CustomerId, Reference, Value};
use kehu_server::{Fault, Violations, convert, names};
use kehu_storage::{definitions, facts::CustomerSet, ingestion, scoring::scorecards::Version};

use crate::Scoring;
use crate::convert::{analytics_fault, contributions, feature_kind, result};
use crate::evaluate::{self, Card, FirstReferences};

/// Whose values are measured, and as of when.
struct Measured {
    customer: CustomerId,
    reference: Reference,
    /// In the order of [`Scorecard::features`].
    values: Vec<Value>,
}

impl Scoring {
    pub(crate) async fn score_now(
        &self,
        request: ScoreNowRequest,
    ) -> Result<ScoreNowResponse, Fault> {
        let mut violations = Violations::new();
        let (card, name) = (&request.scorecard, &request.customer);
        let card = names::parse_resource("scorecard", names::SCORECARDS, card, &mut violations);
        let version = names::parse_version("version", request.version, &mut violations);
        let as_of = convert::parse_date("as_of_date", request.as_of_date, &mut violations);
        let customer = match name.as_str() {
            "" => None,
            name => names::parse_customer("customer", name, &mut violations),
        };
        names::is_short("values", &request.values, &mut violations);
        violations.finish()?;
        let card = self.published_card(&card.unwrap_or_default(), version).await?;
        let definition = &card.version.definition;
        let stated = self.stated(definition, request.values).await?;
        let as_of = match as_of {
            Some(as_of) => as_of,
            None => self.business_date().await?,
        };
        let measured = match customer {
            Some(customer) => Some(self.measured(definition, customer, as_of).await?),
            None => None,
        };
        let features = definition.features();
        let nobody = (String::new(), Reference::default(), vec![Value::Null; features.len()]);
        let (customer, reference, mut values) = measured.map_or(nobody, |measured| {
            (names::customer(measured.customer), measured.reference, measured.values)
        });
        for (value, feature) in values.iter_mut().zip(&features) {
            if let Some(stated) = stated.get(*feature) {
                value.clone_from(stated);
            }
        }
        let score = card.score(&reference, &values);
        let mut shown = result(definition, &score);
        shown.customer = customer;
        shown.scorecard = names::resource(names::SCORECARDS, &definition.id);
        shown.version = card.version.version;
        shown.as_of_date = Some(convert::date(as_of));
        let contributions = contributions(definition, &score);
        Ok(ScoreNowResponse { score: Some(shown), contributions })
    }

    /// The version that is named, or the latest published one, ready to score.
    async fn published_card(&self, id: &str, version: Option<i64>) -> Result<Arc<Card>, Fault> {
        let found: Option<Version> = match version {
            Some(_) => Some(definitions::get::<Scorecard>(&self.db, id, version).await?),
            None => definitions::published::<Scorecard>(&self.db, id).await?.into_iter().next(),
        };
        let Some(version) = found.filter(|version| version.published.is_some()) else {
            definitions::get::<Scorecard>(&self.db, id, None).await?;
            return Err(Fault::Precondition {
                kind: "SCORECARD_PUBLISHED",
                subject: names::resource(names::SCORECARDS, id),
                description: "the version is a draft, which has no thresholds: publish it, or \
                              simulate it to see what it would change"
                    .to_owned(),
            });
        };
        let catalogue = self.analytics.catalogue().await.map_err(analytics_fault)?;
        Card::new(version, &catalogue)
    }

    /// What a caller states, by feature.
    async fn stated(
        &self,
        definition: &Scorecard,
        values: Vec<FeatureValue>,
    ) -> Result<HashMap<String, Value>, Fault> {
        let catalogue = self.analytics.catalogue().await.map_err(analytics_fault)?;
        let features = definition.features();
        let (mut stated, mut violations) = (HashMap::new(), Violations::new());
        for (index, FeatureValue { feature, value }) in values.into_iter().enumerate() {
            let field = format!("values[{index}]");
            if !features.contains(&feature.as_str()) {
                let read = features.join(", ");
                let message = format!("the scorecard does not read it: it reads {read}");
                violations.add(format!("{field}.feature"), message);
                continue;
            }
            let kind = feature_kind(&catalogue, &feature);
            let field = format!("{field}.value");
            let kinds = (value.unwrap_or_default().kind, kind);
            let value = parse_value(&field, kinds, &mut violations);
            if stated.insert(feature, value).is_some() {
                violations.add(field, "the feature is stated twice");
            }
        }
        violations.finish()?;
        Ok(stated)
    }

    /// What the scorecard reads of a customer.
    async fn measured(
        &self,
        definition: &Scorecard,
        customer: CustomerId,
        as_of: NaiveDate,
    ) -> Result<Measured, Fault> {
        let survivor = ingestion::survivor(&self.db, customer, None).await?.unwrap_or(customer);
        let (set, cards) = (CustomerSet::Ids(vec![survivor.0]), std::iter::once(definition));
        let frame = evaluate::frame(&self.analytics, cards.clone(), &set, as_of).await?;
        let Some((_, values)) = evaluate::values(&frame, definition)?.pop() else {
            return Err(Fault::NotFound { kind: "customer", name: names::customer(customer) });
        };
        let first = FirstReferences::read(&self.db, cards, &set).await?;
        let reference = first.of(survivor).clone();
        Ok(Measured { customer: survivor, reference, values })
    }
}

/// A value of the kind that the feature has.
fn parse_value(
    field: &str,
    (stated, kind): (Option<Kind>, Option<FeatureKind>),
    violations: &mut Violations,
) -> Value {
    match (stated, kind) {
        (None, _) => Value::Null,
        (Some(Kind::Number(number)), Some(FeatureKind::Number)) => {
            let field = format!("{field}.number");
            let number = convert::parse_decimal(&field, &number, violations);
            number.map_or(Value::Null, Value::Number)
        }
        (Some(Kind::Text(text)), Some(FeatureKind::Text)) => Value::Text(text),
        (Some(Kind::Boolean(boolean)), Some(FeatureKind::Bool)) => Value::Bool(boolean),
        (Some(_), kind) => {
            let kind = match kind {
                Some(FeatureKind::Text) => "text",
                Some(FeatureKind::Bool) => "a boolean",
                _ => "a number",
            };
            violations.add(field, format!("must be {kind}"));
            Value::Null
        }
    }
}
