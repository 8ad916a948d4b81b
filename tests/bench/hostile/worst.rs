//! The worst request of each method, within its limits (`crates/BOUNDS.md`).

use crate::call::framed;
use kehu_contract::{
    DESCRIPTORS,
    coding::{ClassDefinition, CreateTaxonomyRequest, TaxonomyDefinition, create_taxonomy_request},
    ingestion::{
        IngestRequest, IngestStart, Record, RecordBatch, ingest_request::Message as Ingest,
    },
};
use prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MethodDescriptor, Value,
};
use tonic::codegen::Bytes;

/// Messages within messages.
const DEPTH: usize = 4;
/// Items of a list of messages: as many as the limits let through, for most.
const ITEMS: usize = 100;
/// Classes of a taxonomy, and bytes of the predicate of each.
const CLASSES: usize = 200;
const PREDICATE: usize = 9_900;
/// Records of a batch.
const RECORDS: usize = 5_000;

/// A request.
#[derive(Clone)]
pub(crate) struct Worst {
    pub(crate) path: String,
    body: Bytes,
}

impl Worst {
    /// `ScoringService/GetScore`.
    pub(crate) fn name(&self) -> String {
        self.path.rsplit('.').next().unwrap_or_default().to_owned()
    }

    /// Its body.
    pub(crate) fn body(&self) -> Bytes {
        self.body.clone()
    }
}

/// That of each method which has an end, the most costly first.
pub(crate) fn all() -> Vec<Worst> {
    let pool = DescriptorPool::decode(DESCRIPTORS).expect("the compiler wrote the descriptors");
    let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
    let mut all: Vec<_> = methods.map(|method| of(&method)).collect();
    all.sort_by_key(|worst| std::cmp::Reverse(worst.body.len()));
    all
}

fn of(method: &MethodDescriptor) -> Worst {
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let body = match method.name() {
        "CreateTaxonomy" => framed(&taxonomy().encode_to_vec()),
        "Ingest" => ingest(),
        _ => framed(&filled(method.input(), 0).encode_to_vec()),
    };
    Worst { path, body: body.into() }
}

/// As many classes as may be, each with as long a predicate.
fn taxonomy() -> CreateTaxonomyRequest {
    let term = "amount_total > 1 AND ";
    let predicate = format!("{}orders_total > 1", term.repeat(PREDICATE / term.len() / 4));
    let class = |number: usize| ClassDefinition {
        id: format!("c{number}"),
        code: format!("{number}"),
        predicate: predicate.clone(),
        ..ClassDefinition::default()
    };
    let definition = TaxonomyDefinition {
        id: "worst".to_owned(),
        classes: (0..CLASSES).map(class).collect(),
        default_class: "c0".to_owned(),
        ..TaxonomyDefinition::default()
    };
    let origin = Some(create_taxonomy_request::Origin::Definition(definition));
    CreateTaxonomyRequest { origin, validate_only: true, ..Default::default() }
}

/// A stream with a batch of records that are all refused.
fn ingest() -> Vec<u8> {
    let start = IngestStart {
        stream_id: "worst".to_owned(),
        source: "worst".to_owned(),
        origin: "x".repeat(1_000),
    };
    let batch = RecordBatch { sequence: 1, records: vec![Record::default(); RECORDS] };
    let messages = [Ingest::Start(start), Ingest::Batch(batch)];
    let encoded =
        messages.map(|message| framed(&IngestRequest { message: Some(message) }.encode_to_vec()));
    encoded.concat()
}

/// A message that asks for much, of things that there are.
fn filled(kind: prost_reflect::MessageDescriptor, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(kind.clone());
    for field in kind.fields() {
        if let Some(value) = value(&field, depth) {
            message.set_field(&field, value);
        }
    }
    message
}

fn value(field: &FieldDescriptor, depth: usize) -> Option<Value> {
    let single = match field.kind() {
        Kind::String => Value::String(text(field.name())?.to_owned()),
        Kind::Int32 if field.name() == "page_size" => Value::I32(1_000),
        Kind::Int32 if field.name() == "month_count" => Value::I32(120),
        Kind::Int32 if field.name() == "point_count" => Value::I32(1_000),
        Kind::Bool if field.name() == "validate_only" => Value::Bool(true),
        Kind::Message(inner) if depth < DEPTH && !inner.full_name().starts_with("google.") => {
            Value::Message(filled(inner, depth + 1))
        }
        _ => return None,
    };
    if field.is_map() {
        return None;
    }
    let items = if depth < 2 { ITEMS } else { 1 };
    Some(if field.is_list() { Value::List(vec![single; items]) } else { single })
}

/// What a field of this name asks for; nothing where it would only narrow a list.
fn text(field: &str) -> Option<&'static str> {
    Some(match field {
        "name" | "customer" => "customers/1",
        "source" => "online-retail",
        "external_id" => "12347",
        "scorecard" | "scorecards" => "rfm",
        "taxonomy" | "taxonomies" => "value-six",
        "scheme" => "standard",
        "report" => "customers",
        "code" => "GB-H000001Q",
        "id" | "template" => "rfm",
        "stream_id" | "page_token" | "request_id" | "kind" | "known_time" => return None,
        _ => "x",
    })
}
