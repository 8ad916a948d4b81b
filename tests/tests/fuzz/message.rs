//! Random messages of any type.

use std::collections::HashMap;

use fastrand::Rng;
use prost::{Message, bytes::Bytes};
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, MethodDescriptor, Value,
};

/// Messages within messages.
const DEPTH: usize = 6;
/// What names things of the world, or what somebody may take for it.
const KNOWN: [&str; 40] = [
    "customers/1",
    "1",
    "customers/0",
    "customers/-1",
    "shop",
    "online-retail",
    "c1",
    "c2",
    "o1",
    "taxonomies/value-six",
    "value-six",
    "abc",
    "high-value",
    "scorecards/rfm",
    "rfm",
    "value",
    "codeSchemes/standard",
    "standard",
    "runs/1",
    "runs/999",
    "rejects/1",
    "GB-H000001Q",
    "GBP",
    "EUR",
    "GB",
    "DE",
    "UTC",
    "recency",
    "orders_total",
    "orders_total > 0",
    "amount_total / 0 > 1",
    "{country:2}-{class:1}{seq:6}{check:mod37_36}",
    "{seq:1}",
    "sale",
    "2011-12-10",
    "12.5",
    "-0",
    "550e8400-e29b-41d4-a716-446655440000",
    "zh-CN",
    "scoring",
];
/// What breaks programs.
const ODD: [&str; 16] = [
    "",
    " ",
    "\0",
    "a\0b",
    "\u{feff}x",
    "\u{202e}x",
    "😀",
    "客户",
    "'; DROP TABLE customer; --",
    "9223372036854775808",
    "1e400",
    "NaN",
    "../../etc/passwd",
    "%00",
    "\r\n",
    "((((((((((((((((",
];

/// What is sent in one call: a message, or a few where the method takes a stream.
pub(crate) fn random(rng: &mut Rng, method: &MethodDescriptor) -> Vec<Bytes> {
    let count = if method.is_client_streaming() { rng.usize(1..4) } else { 1 };
    (0..count).map(|place| one(rng, &method.input(), place)).collect()
}

fn one(rng: &mut Rng, kind: &MessageDescriptor, place: usize) -> Bytes {
    let mut message = filled(rng, kind, 0);
    // A stream begins with a start, most of the time.
    let choice = if place == 0 { "start" } else { "batch" };
    let field = kind.get_field_by_name(choice).filter(|_| rng.u8(..10) > 0);
    if let Some((field, Kind::Message(inner))) = field.map(|field| (field.clone(), field.kind())) {
        message.set_field(&field, Value::Message(filled(rng, &inner, 1)));
    }
    let mut bytes = message.encode_to_vec();
    if rng.u8(..8) == 0 {
        damage(rng, &mut bytes);
    }
    bytes.into()
}

/// Cuts the bytes short, turns some of them, or adds to them.
fn damage(rng: &mut Rng, bytes: &mut Vec<u8>) {
    match rng.u8(..3) {
        0 => bytes.truncate(rng.usize(..=bytes.len())),
        1 => {
            for _ in 0..rng.usize(1..4).min(bytes.len()) {
                let place = rng.usize(..bytes.len());
                bytes[place] = rng.u8(..);
            }
        }
        _ => bytes.extend((0..rng.usize(1..30)).map(|_| rng.u8(..))),
    }
}

fn filled(rng: &mut Rng, kind: &MessageDescriptor, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(kind.clone());
    if kind.full_name() == "google.type.Date" && rng.u8(..10) > 0 {
        date(rng, &mut message);
        return message;
    }
    for field in kind.fields() {
        if depth > DEPTH || rng.u8(..10) < 3 {
            continue;
        }
        message.set_field(&field, value(rng, &field, depth));
    }
    message
}

/// A day in the years that the world knows, mostly.
fn date(rng: &mut Rng, message: &mut DynamicMessage) {
    message.set_field_by_name("year", Value::I32(rng.i32(2009..2013)));
    message.set_field_by_name("month", Value::I32(rng.i32(1..13)));
    message.set_field_by_name("day", Value::I32(rng.i32(1..30)));
}

fn value(rng: &mut Rng, field: &FieldDescriptor, depth: usize) -> Value {
    if field.is_map() {
        return map(rng, field, depth);
    }
    if field.is_list() {
        let count = if rng.u8(..50) == 0 { rng.usize(..300) } else { rng.usize(..4) };
        // A great list of great messages would only take long.
        let count = if depth > 2 { count.min(4) } else { count };
        return Value::List((0..count).map(|_| single(rng, &field.kind(), depth)).collect());
    }
    single(rng, &field.kind(), depth)
}

fn map(rng: &mut Rng, field: &FieldDescriptor, depth: usize) -> Value {
    let Kind::Message(entry) = field.kind() else { return Value::Map(HashMap::new()) };
    let kind = entry.map_entry_value_field().kind();
    let entries =
        (0..rng.usize(..4)).map(|_| (MapKey::String(text(rng)), single(rng, &kind, depth)));
    Value::Map(entries.collect())
}

fn single(rng: &mut Rng, kind: &Kind, depth: usize) -> Value {
    match kind {
        Kind::Double => Value::F64(*pick(rng, &[0.0, -1.5, f64::NAN, f64::INFINITY, f64::MAX])),
        Kind::Float => Value::F32(*pick(rng, &[0.0, -1.5, f32::NAN, f32::INFINITY, f32::MAX])),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(number(rng) as i32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(number(rng)),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(number(rng) as u32),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(number(rng) as u64),
        Kind::Bool => Value::Bool(rng.bool()),
        Kind::String => Value::String(text(rng)),
        Kind::Bytes => Value::Bytes(text(rng).into_bytes().into()),
        Kind::Message(inner) => Value::Message(filled(rng, inner, depth + 1)),
        Kind::Enum(kind) => {
            let known: Vec<i32> = kind.values().map(|value| value.number()).collect();
            let any = number(rng) as i32;
            Value::EnumNumber(if rng.u8(..10) == 0 { any } else { *pick(rng, &known) })
        }
    }
}

/// Small numbers mostly, and those at the ends of what a field can hold.
fn number(rng: &mut Rng) -> i64 {
    match rng.u8(..10) {
        0 => *pick(rng, &[i64::MIN, i64::MAX, -1, 1 << 31, (1 << 53) + 1, 253_402_300_800]),
        1 => rng.i64(..),
        _ => rng.i64(0..20),
    }
}

fn text(rng: &mut Rng) -> String {
    match rng.u8(..20) {
        0 => "x".repeat(rng.usize(..70_000)),
        1..3 => (0..rng.usize(..12)).map(|_| rng.char(..)).collect(),
        3..6 => (*pick(rng, &ODD)).to_owned(),
        6..8 => rng.i64(-1_000..1_000_000).to_string(),
        _ => (*pick(rng, &KNOWN)).to_owned(),
    }
}

fn pick<'a, T>(rng: &mut Rng, choices: &'a [T]) -> &'a T {
    &choices[rng.usize(..choices.len())]
}

/// The messages for people, cut to what one can read.
pub(crate) fn shown(method: &MethodDescriptor, messages: &[Bytes]) -> String {
    let mut shown = String::new();
    for bytes in messages {
        match DynamicMessage::decode(method.input(), bytes.clone()) {
            Ok(message) => shown.push_str(&format!("{message} ")),
            Err(error) => shown.push_str(&format!("{} damaged bytes ({error}) ", bytes.len())),
        }
    }
    shown.chars().take(1_500).collect()
}
