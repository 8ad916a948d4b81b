//! Interactions.

use kehu_contract::ingestion::{Interaction, InteractionDirection, ProblemReason, RecordKind};
use kehu_core::limits;
use kehu_storage::ingestion::{Direction, Entry, NewInteraction};
use prost_types::Duration;

use super::digest::Content;
use super::raw::Raw;
use super::{Checked, Checker, Given, Problems, values};

/// The longest interaction: 366 days.
const SECONDS: i64 = 366 * 86_400;

impl Given for Interaction {
    fn kind(&self) -> &'static str {
        "interaction"
    }

    fn check(&self, checker: &Checker, problems: &mut Problems) -> Option<Checked> {
        let mut interaction = checker.interaction(self, problems)?;
        interaction.digest = digest(&interaction);
        Some(Checked::Good(Entry::Interaction(Box::new(interaction))))
    }

    fn key(&self) -> Option<(RecordKind, &str)> {
        Some((RecordKind::Interaction, &self.external_id))
    }

    fn raw(&self) -> Raw {
        let mut raw = Raw::default();
        raw.push("interaction", &self.external_id);
        raw.push("customer", &self.customer_external_id);
        raw.push("kind", &self.kind);
        if let Some(time) = &self.interaction_time {
            raw.push("interaction_time", time.to_string());
        }
        raw.push("channel", &self.channel);
        let direction = InteractionDirection::try_from(self.direction);
        raw.push("direction", direction.map_or("", |direction| direction.as_str_name()));
        if let Some(duration) = &self.duration {
            raw.push("duration", written(duration));
        }
        raw.push("product", &self.product_code);
        raw.push("category", &self.category);
        raw.push("complaint", if self.complaint { "true" } else { "" });
        raw.push("outcome", &self.outcome);
        raw.push("note", &self.note);
        raw.push("withdrawn", if self.withdrawn { "true" } else { "" });
        raw
    }
}

impl Checker {
    /// An interaction without its digest; `None` only with problems.
    fn interaction(&self, given: &Interaction, problems: &mut Problems) -> Option<NewInteraction> {
        let external_id = problems.key(
            "interaction.external_id",
            &given.external_id,
            ProblemReason::FieldMissing,
        );
        let field = "interaction.customer_external_id";
        let customer =
            problems.customer(field, &given.customer_external_id, ProblemReason::CustomerMissing);
        let kind = values::kind("interaction.kind", &given.kind, problems);
        let (time, calendar) = (given.interaction_time.as_ref(), &self.calendar);
        let at = values::time("interaction.interaction_time", time, calendar, problems);
        let direction = direction(given.direction, problems);
        let duration_seconds = duration(given.duration.as_ref(), problems);
        let channel = problems.text("interaction.channel", &given.channel, limits::TEXT);
        let (field, product) = ("interaction.product_code", &given.product_code);
        let product = problems.text(field, product, limits::PRODUCT);
        let category = problems.text("interaction.category", &given.category, limits::TEXT);
        let outcome = problems.text("interaction.outcome", &given.outcome, limits::TEXT);
        let note = values::note("interaction.note", &given.note, problems);
        let updated = given.source_update_time.as_ref();
        let field = "interaction.source_update_time";
        let source_updated_at = values::source_time(field, updated, &self.calendar, problems);
        let at = at?;
        Some(NewInteraction {
            external_id,
            customer,
            kind: kind?,
            occurred_at: at,
            occurred_on: self.calendar.date(at),
            channel,
            direction,
            duration_seconds,
            product,
            category,
            is_complaint: given.complaint,
            outcome,
            note,
            is_withdrawn: given.withdrawn,
            digest: String::new(),
            source_updated_at,
        })
    }
}

fn direction(given: i32, problems: &mut Problems) -> Option<Direction> {
    match InteractionDirection::try_from(given) {
        Ok(InteractionDirection::Unspecified) => None,
        Ok(InteractionDirection::Inbound) => Some(Direction::Inbound),
        Ok(InteractionDirection::Outbound) => Some(Direction::Outbound),
        Err(_) => {
            let text = "must be inbound, outbound or unspecified";
            problems.add("interaction.direction", ProblemReason::ValueUnknown, text);
            None
        }
    }
}

/// As it came, whatever it says. The library's own way panics at the least number of seconds.
fn written(duration: &Duration) -> String {
    match (duration.seconds, duration.nanos) {
        (seconds, 0) => format!("{seconds}s"),
        (seconds, nanos @ 1..=999_999_999) => format!("{seconds}.{nanos:09}s"),
        (seconds, nanos) => format!("{seconds}s {nanos}ns"),
    }
}

/// Whole seconds.
fn duration(given: Option<&Duration>, problems: &mut Problems) -> Option<i32> {
    let given = given?;
    let within =
        (0..=SECONDS).contains(&given.seconds) && (0..1_000_000_000).contains(&given.nanos);
    if !within {
        let text = "must be from 0 to 366 days";
        problems.add("interaction.duration", ProblemReason::OutOfRange, text);
        return None;
    }
    i32::try_from(given.seconds).ok()
}

fn digest(interaction: &NewInteraction) -> String {
    let mut content = Content::new(1);
    for text in [&interaction.external_id, &interaction.customer, &interaction.kind] {
        content.push_text(Some(text));
    }
    for text in [
        &interaction.channel,
        &interaction.product,
        &interaction.category,
        &interaction.outcome,
        &interaction.note,
    ] {
        content.push_text(text.as_deref());
    }
    for number in [
        Some(interaction.occurred_at.timestamp_micros()),
        interaction.direction.map(|direction| i64::from(direction.number())),
        interaction.duration_seconds.map(i64::from),
        Some(i64::from(interaction.is_complaint)),
        Some(i64::from(interaction.is_withdrawn)),
    ] {
        content.push_number(number);
    }
    content.digest()
}
