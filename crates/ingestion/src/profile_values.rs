//! The values that sources gave to the fields of a customer.

use kehu_contract::ingestion::{ListProfileValuesRequest, ListProfileValuesResponse, ProfileValue};
use kehu_server::{Fault, Violations, convert, names, page};
use kehu_storage::PageRequest;
use kehu_storage::ingestion::{self as store, FieldValue, ValueKey};

use crate::Ingestion;
use crate::customer_service::KIND;

impl Ingestion {
    /// A page of them.
    pub(crate) async fn profile_values(
        &self,
        request: ListProfileValuesRequest,
    ) -> Result<ListProfileValuesResponse, Fault> {
        let mut violations = Violations::new();
        let id = names::parse_customer("customer", &request.customer, &mut violations);
        let field = Some(request.field.as_str()).filter(|field| !field.is_empty());
        if field.is_some_and(|field| !is_field(field)) {
            let text = "must be a field of a profile, such as city or attributes.tier";
            violations.add("field", text);
        }
        let current = if request.current_only { "current" } else { "" };
        let filters = [request.customer.as_str(), request.field.as_str(), current];
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        let after = page.after.as_deref().and_then(parse_key);
        if page.after.is_some() && after.is_none() {
            violations.add("page_token", "is not a token of this list");
        }
        violations.finish()?;
        let not_found = || Fault::NotFound { kind: KIND, name: request.customer.clone() };
        let id = self.standing(id.ok_or_else(not_found)?).await?;
        let page = PageRequest { limit: page.size, after };
        let found = store::list_values(&self.db, id, field, request.current_only, &page).await?;
        if found.items.is_empty() && store::get_customer(&self.db, id).await?.is_none() {
            return Err(not_found());
        }
        let next = found.next.map(|key| page::token(&token_key(&key), &filters));
        Ok(ListProfileValuesResponse {
            values: found.items.into_iter().map(value).collect(),
            next_page_token: next.unwrap_or_default(),
        })
    }
}

fn is_field(name: &str) -> bool {
    let known = store::Field::ALL.iter().any(|field| field.name() == name);
    known && name != store::Field::Attributes.name() || name.starts_with("attributes.")
}

fn token_key(key: &ValueKey) -> String {
    format!("{} {} {}", key.said_at, key.version, key.field)
}

fn parse_key(key: &str) -> Option<ValueKey> {
    let mut parts = key.splitn(3, ' ');
    let (said_at, version) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(ValueKey { field: parts.next()?.to_owned(), said_at, version })
}

fn value(value: FieldValue) -> ProfileValue {
    ProfileValue {
        field: value.field,
        value: value.value,
        source: value.source,
        source_update_time: Some(convert::timestamp(value.said_at)),
        last_confirm_time: Some(convert::timestamp(value.last_said_at)),
        valid_from_date: Some(convert::date(value.said_on)),
        known_from_time: Some(convert::timestamp(value.recorded_at)),
        known_to_time: value.superseded_at.map(convert::timestamp),
    }
}
