//! Who a customer is, what class it is in and what it earns, by whatever is known of it.

use kehu_contract::coding::{LookupClass, LookupRequest, LookupResponse, lookup_request};
use kehu_contract::ingestion::SourceReference;
use kehu_core::{Reference, code_scheme::normalise, contact_key, key};
use kehu_server::{Fault, Violations, convert, freshness, names, summaries};
use kehu_storage::{
    change_log::Reading,
    coding::taxonomies,
    ingestion::external_code,
    lookup::{self, Found, Key, LiveClass, MOST_FOUND, Outcome},
};

use crate::Coding;
use crate::convert::{Taxonomies, code, earned, parse_code};

/// Longest key that is looked for, and the longest text, in characters.
const LONGEST_KEY: usize = 128;
const LONGEST_TEXT: usize = 200;

/// What was asked for: by which keys to look, by which when those lead to nobody, and how it is called
/// in what is said about it.
struct Asked {
    keys: Vec<Key>,
    then: Vec<Key>,
    /// The normal form of a code, which schemes may read as another.
    code: Option<String>,
    name: String,
}

impl Coding {
    pub(crate) async fn lookup(&self, request: LookupRequest) -> Result<LookupResponse, Fault> {
        let mut violations = Violations::new();
        let anew = !request.at_least_as_fresh.is_empty();
        let fresh =
            freshness::parse("at_least_as_fresh", &request.at_least_as_fresh, &mut violations);
        let asked = parse(request.key, &mut violations);
        violations.finish()?;
        let waited = if anew { Some(fresh.wait(&self.db, Reading::Codes).await?) } else { None };
        let live = lookup::live(&self.db, anew).await?;
        let freshness_token = match waited {
            Some(token) => token,
            None => freshness::token(&self.db, Some(live.through)).await?,
        };
        let mut outcome = lookup::look_up(&self.db, &live, &asked.keys).await?;
        if outcome == Outcome::Nobody && !asked.then.is_empty() {
            outcome = lookup::look_up(&self.db, &live, &asked.then).await?;
        }
        if let (Outcome::Nobody, Some(normal)) = (&outcome, &asked.code)
            && let Some(row) = self.given(normal).await?
        {
            outcome = lookup::look_up(&self.db, &live, &[Key::Code(row.normal)]).await?;
        }
        match outcome {
            Outcome::One(found) => self.found(*found, freshness_token).await,
            Outcome::Nobody => Err(Fault::NotFound { kind: "customer", name: asked.name }),
            Outcome::Several(customers) => {
                let named: Vec<String> =
                    customers.iter().take(MOST_FOUND).map(|id| names::customer(*id)).collect();
                let more = if customers.len() > MOST_FOUND { " and others" } else { "" };
                let named = named.join(", ");
                let description = format!("it leads to {named}{more}: look up one of them");
                Err(Fault::Precondition { kind: "KEY_UNIQUE", subject: asked.name, description })
            }
        }
    }

    async fn found(&self, found: Found, freshness_token: String) -> Result<LookupResponse, Fault> {
        let versions: Vec<i64> = found.classes.iter().map(|class| class.version_id).collect();
        let versions = taxonomies::published(&self.db, &versions).await?;
        let classes = found.classes.iter().map(|class| live_class(class, &versions));
        Ok(LookupResponse {
            customer: names::customer(found.customer),
            absorbed_customer: found.absorbed.map(names::customer).unwrap_or_default(),
            customer_summary: Some(summaries::message(found.summary)),
            classes: classes.collect::<Result<_, Fault>>()?,
            codes: found.codes.iter().map(code).collect(),
            freshness_token,
        })
    }
}

fn live_class(class: &LiveClass, versions: &Taxonomies) -> Result<LookupClass, Fault> {
    let unknown = || Fault::internal(format!("class {} is not in its taxonomy", class.class));
    let version = versions.get(&class.version_id).ok_or_else(unknown)?;
    let taxonomy = &version.definition;
    let of = taxonomy.class(&class.class).ok_or_else(unknown)?;
    let (strategy, strategy_class_id) = earned(taxonomy, of).unzip();
    Ok(LookupClass {
        taxonomy: names::resource(names::TAXONOMIES, &class.taxonomy),
        taxonomy_label: Some(convert::label(&taxonomy.label)),
        version: version.version,
        class_id: of.id.clone(),
        label: Some(convert::label(&of.label)),
        tags: of.tags.iter().map(convert::label).collect(),
        since_date: Some(convert::date(kehu_storage::time::date(class.since)?)),
        strategy,
        strategy_class_id: strategy_class_id.unwrap_or_default(),
    })
}

fn parse(key: Option<lookup_request::Key>, violations: &mut Violations) -> Asked {
    use lookup_request::Key as By;
    let one = |key: Option<Key>, name: String| Asked {
        keys: key.into_iter().collect(),
        then: Vec::new(),
        code: None,
        name,
    };
    match key {
        Some(By::Customer(name)) => {
            let customer = names::parse_customer("customer", &name, violations);
            one(customer.map(Key::Customer), name)
        }
        Some(By::Code(text)) => {
            let normal = parse_code("code", &text, violations);
            let then = vec![Key::ExternalCode(external_code(&text), None)];
            Asked { then, code: Some(normal.clone()), ..one(Some(Key::Code(normal)), text) }
        }
        Some(By::Reference(reference)) => by_reference(reference, violations),
        Some(By::Phone(text)) => {
            let key = contact_key::phone(&text);
            if key.is_none() {
                violations
                    .add("phone", "must be a phone number of 5 to 24 digits, without letters");
            }
            one(key.map(Key::Phone), text)
        }
        Some(By::Email(text)) => {
            let key = contact_key::email(&text).filter(|key| is_short(key, LONGEST_TEXT));
            if key.is_none() {
                violations.add("email", "must be an e-mail address, at most 200 characters");
            }
            one(key.map(Key::Email), text)
        }
        Some(By::Text(text)) => by_text(text, violations),
        None => {
            let message =
                "must be given: a customer, a code, a reference, a phone, an email or a text";
            violations.add("key", message);
            one(None, String::new())
        }
    }
}

/// PostgreSQL has no U+0000 in a text, and no key has another control character.
fn is_short(text: &str, longest: usize) -> bool {
    !text.is_empty() && text.chars().count() <= longest && !text.chars().any(char::is_control)
}

fn by_reference(reference: SourceReference, violations: &mut Violations) -> Asked {
    let SourceReference { source, external_id } = reference;
    let external_id = key::clean_customer(&external_id).0.into_owned();
    if !is_short(&external_id, LONGEST_KEY) {
        let message = "must be 1 to 128 characters, none of them a control character";
        violations.add("reference.external_id", message);
    }
    if !is_short(&source, LONGEST_KEY) {
        violations.add("reference.source", "must be the name of a source");
    }
    let name = format!("{source}/{external_id}");
    let then = vec![Key::ExternalCode(external_code(&external_id), Some(source.clone()))];
    let keys = vec![Key::Reference(Reference { source, external_id })];
    Asked { keys, then, code: None, name }
}

fn by_text(text: String, violations: &mut Violations) -> Asked {
    if !is_short(&text, LONGEST_TEXT) {
        let message = "must be 1 to 200 characters, none of them a control character";
        violations.add("text", message);
        return Asked { keys: Vec::new(), then: Vec::new(), code: None, name: text };
    }
    let normal = Some(normalise(&text)).filter(|normal| !normal.is_empty());
    let mut keys = vec![
        Key::AnyReference(key::clean_customer(&text).0.into_owned()),
        Key::ExternalCode(external_code(&text), None),
    ];
    keys.extend(normal.clone().map(Key::Code));
    keys.extend(contact_key::phone(&text).map(Key::Phone));
    keys.extend(contact_key::email(&text).map(Key::Email));
    Asked { keys, then: Vec::new(), code: normal, name: text }
}
