//! Reading a document of a format to come: the fields that this program does not know are left
//! out, wherever they stand.
//!
//! The types themselves refuse unknown fields, because people's mistakes must not pass. So a
//! document is read again without the field that was refused, until none is.

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Value, map};

/// The document without the fields that `T` does not know; why not, otherwise.
pub(super) fn read<T: DeserializeOwned>(mut document: Value) -> Result<T, String> {
    loop {
        match T::deserialize(Node(&document)) {
            Ok(read) => return Ok(read),
            Err(Refusal::Other(why)) => return Err(why),
            Err(Refusal::Unknown { field, known, path }) => {
                if !leave_out(&mut document, &path, &field, known) {
                    return Err(format!("unknown field {field}"));
                }
            }
        }
    }
}

/// Takes a field out of the part at `path` (innermost step first): out of the object in it that
/// has it and most of the `known` ones, of equal ones the outermost.
fn leave_out(document: &mut Value, path: &[Step], field: &str, known: &[&str]) -> bool {
    let outer: Vec<Step> = path.iter().rev().cloned().collect();
    let Some(part) = at(document, &outer) else { return false };
    let mut likest: Option<(usize, Vec<Step>)> = None;
    let mut waiting = vec![(&*part, Vec::new())];
    while let Some((value, place)) = waiting.pop() {
        if let Some(object) = value.as_object().filter(|object| object.contains_key(field)) {
            let likeness = known.iter().filter(|known| object.contains_key(**known)).count();
            if likest.as_ref().is_none_or(|(most, _)| likeness > *most) {
                likest = Some((likeness, place.clone()));
            }
        }
        for (step, inner) in steps(value) {
            waiting.push((inner, [place.as_slice(), &[step]].concat()));
        }
    }
    let Some((_, place)) = likest else { return false };
    let object = at(part, &place).and_then(Value::as_object_mut);
    object.is_some_and(|object| object.remove(field).is_some())
}

fn at<'a>(document: &'a mut Value, place: &[Step]) -> Option<&'a mut Value> {
    place.iter().try_fold(document, |part, step| match step {
        Step::Key(key) => part.get_mut(key),
        Step::Place(place) => part.get_mut(place),
    })
}

fn steps(value: &Value) -> Vec<(Step, &Value)> {
    match value {
        Value::Array(elements) => {
            elements.iter().enumerate().map(|(place, inner)| (Step::Place(place), inner)).collect()
        }
        Value::Object(object) => {
            object.iter().map(|(key, inner)| (Step::Key(key.clone()), inner)).collect()
        }
        _ => Vec::new(),
    }
}

/// A step from the outside to a part of a document.
#[derive(Debug, Clone)]
enum Step {
    Key(String),
    Place(usize),
}

/// Why a document was refused.
#[derive(Debug)]
enum Refusal {
    /// A field is not known, in the part at `path` or in one within it.
    Unknown {
        field: String,
        known: &'static [&'static str],
        path: Vec<Step>,
    },
    Other(String),
}

impl Refusal {
    fn at(mut self, step: Step) -> Self {
        if let Refusal::Unknown { path, .. } = &mut self {
            path.push(step);
        }
        self
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::Unknown { field, .. } => write!(formatter, "unknown field {field}"),
            Refusal::Other(why) => formatter.write_str(why),
        }
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: std::fmt::Display>(why: T) -> Self {
        Refusal::Other(why.to_string())
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Refusal::Unknown { field: field.to_owned(), known, path: Vec::new() }
    }
}

/// A part of a document.
#[derive(Clone, Copy)]
struct Node<'de>(&'de Value);

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(elements) => visitor.visit_seq(Elements { elements, next: 0 }),
            Value::Object(object) => {
                visitor.visit_map(Entries { entries: object.iter(), value: None })
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::String(variant) => {
                let variant: StrDeserializer<'de, Refusal> = variant.as_str().into_deserializer();
                visitor.visit_enum(variant)
            }
            Value::Object(object) if object.len() == 1 => {
                let Some((name, value)) = object.iter().next() else {
                    return Err(de::Error::custom("an enum has one variant"));
                };
                visitor.visit_enum(Variant { name, value })
            }
            _ => Err(de::Error::custom("an enum is a text, or an object with one field")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Elements<'de> {
    elements: &'de [Value],
    next: usize,
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refusal> {
        let place = self.next;
        let Some(element) = self.elements.get(place) else { return Ok(None) };
        self.next += 1;
        seed.deserialize(Node(element)).map(Some).map_err(|error| error.at(Step::Place(place)))
    }
}

struct Entries<'de> {
    entries: map::Iter<'de>,
    value: Option<(&'de String, &'de Value)>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refusal> {
        self.value = self.entries.next();
        let Some((key, _)) = self.value else { return Ok(None) };
        let key: StrDeserializer<'de, Refusal> = key.as_str().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        let Some((key, value)) = self.value.take() else {
            return Err(de::Error::custom("a value without a key"));
        };
        seed.deserialize(Node(value)).map_err(|error| error.at(Step::Key(key.clone())))
    }
}

struct Variant<'de> {
    name: &'de String,
    value: &'de Value,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Refusal;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Refusal> {
        let name: StrDeserializer<'de, Refusal> = self.name.as_str().into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Refusal;

    fn unit_variant(self) -> Result<(), Refusal> {
        self.newtype_variant_seed(std::marker::PhantomData)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refusal> {
        let step = |error: Refusal| error.at(Step::Key(self.name.clone()));
        seed.deserialize(Node(self.value)).map_err(step)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Refusal> {
        let step = |error: Refusal| error.at(Step::Key(self.name.clone()));
        Node(self.value).deserialize_any(visitor).map_err(step)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let step = |error: Refusal| error.at(Step::Key(self.name.clone()));
        Node(self.value).deserialize_any(visitor).map_err(step)
    }
}
