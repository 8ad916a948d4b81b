//! Rows of JSON Lines: each line is an object, and its members are the cells.
//!
//! Members of objects inside are columns of their own, `customer.id`. Lists are one cell as they are
//! written.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, BufRead};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::Error;
use crate::row::{Row, RowFault};
use crate::rows::Rows;

/// The most columns that a file may have.
const COLUMNS: usize = 1_000;
/// Objects in objects that are taken apart; what is deeper is one cell.
const DEPTH: usize = 4;

/// The members of an object, in the order in which they are written.
struct Object<'a>(Vec<(String, &'a RawValue)>);

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Object(members))
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

/// Whether a file that starts like this holds JSON objects, one a line. [`Error::JsonText`] where it
/// is JSON otherwise.
pub(crate) fn is_json(head: &[u8]) -> Result<bool, Error> {
    let head = head.trim_ascii_start();
    let Some(first) = head.first() else { return Ok(false) };
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if *first == b'{' {
        if serde_json::from_slice::<Object<'_>>(line).is_ok() {
            return Ok(true);
        }
        let opens = line.trim_ascii() == b"{";
        return if opens { Err(Error::JsonText) } else { Ok(false) };
    }
    let list = head.strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
    if list.is_some_and(|rest| rest.starts_with(b"{")) { Err(Error::JsonText) } else { Ok(false) }
}

/// The columns of a file: the members that any of its objects has, in order of first appearance.
pub(crate) fn members<R: BufRead>(mut rows: Rows<R>) -> io::Result<Vec<String>> {
    let mut known = HashSet::new();
    let mut members = Vec::new();
    let mut row = Row::default();
    while rows.read_whole(&mut row)? {
        for (name, _) in cells(&row.raw).unwrap_or_default() {
            if members.len() < COLUMNS && known.insert(name.clone()) {
                members.push(name);
            }
        }
    }
    Ok(members)
}

/// Reads the next object into `row`, a cell for each of `members`; `false` at the end.
pub(crate) fn read<R: BufRead>(
    rows: &mut Rows<R>,
    members: &[String],
    row: &mut Row,
) -> io::Result<bool> {
    if !rows.read_whole(row)? {
        return Ok(false);
    }
    let mut filled = vec![String::new(); members.len()];
    match cells(&row.raw).filter(|_| row.fault.is_none()) {
        Some(cells) => {
            for (name, value) in cells {
                if let Some(place) = members.iter().position(|member| *member == name) {
                    filled[place] = value;
                }
            }
        }
        None => row.fault = Some(RowFault::Json),
    }
    row.fill(&filled);
    Ok(true)
}

/// The members of the object in a line with what they hold; `None` where it is none.
fn cells(line: &[u8]) -> Option<Vec<(String, String)>> {
    let object: Object<'_> = serde_json::from_slice(line).ok()?;
    let mut cells = Vec::new();
    flatten(object, "", DEPTH, &mut cells);
    Some(cells)
}

fn flatten(object: Object<'_>, within: &str, depth: usize, cells: &mut Vec<(String, String)>) {
    for (name, value) in object.0 {
        let name = if within.is_empty() { name } else { format!("{within}.{name}") };
        let inner = if depth > 0 { serde_json::from_str(value.get()).ok() } else { None };
        match inner {
            Some(inner) => flatten(inner, &name, depth - 1, cells),
            None => cells.push((name.trim().to_owned(), text(value.get()))),
        }
    }
}

/// The cell of a value. A number has a point before its decimals: three of them get a zero, since
/// `1.234` could be a thousand otherwise.
fn text(value: &str) -> String {
    if value.starts_with('"') {
        return serde_json::from_str(value).unwrap_or_default();
    }
    match value.rsplit_once('.') {
        _ if value == "null" => String::new(),
        Some((_, decimals)) if decimals.len() == 3 && !value.starts_with('[') => {
            format!("{value}0")
        }
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_rows() {
        let line = br#"{"id":12345678901234567890,"a":1.234,"b":null,"c":"\u5ba2\"","d":{"e":[1,{}],"f":true}}"#;
        let cells = cells(line).unwrap();
        let shown: Vec<String> =
            cells.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let expected =
            ["id=12345678901234567890", "a=1.2340", "b=", "c=客\"", "d.e=[1,{}]", "d.f=true"];
        assert_eq!(shown, expected);
        for line in ["", "[]", "{", "{\"a\":1}x", "{\"a\":NaN}"] {
            assert!(super::cells(line.as_bytes()).is_none(), "{line}");
        }
    }

    #[test]
    fn what_is_no_json_lines() {
        assert!(is_json(b" \n{\"a\":1}\n{\"a\":2}").unwrap());
        assert!(!is_json(b"order_id,customer_id").unwrap());
        assert!(!is_json(b"{id},{customer}").unwrap());
        for text in ["{\n \"a\": 1\n}", "[\n{\"a\":1}]"] {
            assert!(matches!(is_json(text.as_bytes()), Err(Error::JsonText)), "{text}");
        }
    }
}
