//! The mapping of a file as far as the file shows it, written for people: what was found, what they
//! have to state, and what they may.

use std::collections::BTreeMap;
use std::path::Path;

use encoding_rs::{Encoding, UTF_8};
use kehu_core::text::is_invisible;

use crate::columns::{Role, usual_names, usual_places};
use crate::header::{DELIMITERS, TITLES, names};
use crate::mapping::Mapping;
use crate::number::Notation;
use crate::row::Row;
use crate::rows::Rows;
use crate::source::Head;
use crate::{Error, Table, date, encoding};

/// Rows whose cells may be shown.
const ROWS: usize = 200;
/// Cells shown of a column, and letters of each.
const CELLS: usize = 3;
const LETTERS: usize = 24;

/// A mapping of the file as TOML with comments, which `Mapping::parse` reads once what is missing has
/// been stated. Fails on a file that cannot be read at all, with what keeps it from being read.
pub fn guess(path: &Path) -> Result<String, Error> {
    let (header, encoding, table) = match Table::scan(path, Mapping::default()) {
        Ok(table) => (table.start.layout.header.clone(), table.start.encoding, Some(table)),
        Err(Error::Header { found, encoding, .. }) => {
            let encoding = encoding.and_then(encoding::named).unwrap_or(UTF_8);
            (found, encoding, None)
        }
        Err(error) => return Err(error),
    };
    let head = Head::read(path)?;
    let (delimiter, samples) = samples(&head.decode(encoding), &header);
    let places = usual_places(&header);
    let mut text = Text::default();
    text.of_file(path, table.as_ref(), encoding, delimiter);
    text.of_forms(table.as_ref(), &places, &samples);
    text.of_columns(&header, &places, &samples);
    text.of_orders(&places, &header);
    Ok(text.0)
}

/// What separates the cells, and the first different cells of each column.
fn samples(text: &[u8], header: &[String]) -> (u8, Vec<Vec<String>>) {
    for delimiter in DELIMITERS {
        let mut rows = Rows::new(text, delimiter);
        let mut row = Row::default();
        // Reading from memory cannot fail.
        for _ in 0..TITLES {
            if !rows.read(&mut row).unwrap_or(false) {
                break;
            }
            if names(&row) == header {
                return (delimiter, cells(&mut rows, header.len()));
            }
        }
    }
    (b',', vec![Vec::new(); header.len()])
}

fn cells(rows: &mut Rows<&[u8]>, columns: usize) -> Vec<Vec<String>> {
    let mut cells = vec![Vec::new(); columns];
    let mut row = Row::default();
    for _ in 0..ROWS {
        if !rows.read(&mut row).unwrap_or(false) {
            break;
        }
        for (place, of) in cells.iter_mut().enumerate() {
            let cell = shown(row.cell(place));
            if of.len() < CELLS && !cell.is_empty() && !of.contains(&cell) {
                of.push(cell);
            }
        }
    }
    cells
}

/// A cell as a comment may show it.
fn shown(cell: &str) -> String {
    let visible = cell.trim().chars().filter(|letter| !is_invisible(*letter));
    visible.take(LETTERS).collect()
}

/// A text as TOML writes it, which in this is like JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn of_file(
        &mut self,
        path: &Path,
        table: Option<&Table>,
        encoding: &'static Encoding,
        delimiter: u8,
    ) {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let name = shown(&name);
        let rows = table.map(|table| format!(", {} rows", table.lines())).unwrap_or_default();
        self.line(&format!(
            "# How {name}{rows} maps to orders and customers, as the file shows it."
        ));
        self.line("# Look it over; what begins with # is open or not needed. Then:");
        self.line(&format!("#   kehu import {name} --mapping THIS_FILE"));
        self.line("");
        self.line("# The system that keys of customers and orders are from: a-z, 0-9, - and _.");
        self.line("source = \"import\"");
        self.line(&format!("encoding = {}", quoted(&encoding.name().to_lowercase())));
        self.line(&format!("delimiter = {}", quoted(&char::from(delimiter).to_string())));
    }

    fn of_forms(
        &mut self,
        table: Option<&Table>,
        places: &BTreeMap<Role, usize>,
        samples: &[Vec<String>],
    ) {
        let notations: Vec<Notation> = table.map_or_else(Vec::new, |table| {
            table.forms.numbers.iter().map(|(_, format)| format.notation).collect()
        });
        if !notations.is_empty() && notations.iter().all(|it| *it == Notation::Comma) {
            self.line("decimal_comma = true");
        } else if notations.contains(&Notation::Mixed) {
            self.line("# Cells show both 1.234,50 and 1,234.50: state which it is.");
            self.line("# decimal_comma = true");
        } else {
            self.line("# decimal_comma = true        # 1.234,50; false: 1,234.50; found by column if absent");
        }
        let dates = places.get(&Role::Date).and_then(|place| samples.get(*place));
        if dates.is_some_and(|cells| cells.iter().any(|cell| date::is_open(cell))) {
            self.line(
                "# Day first or month first is found from all dates. Where they do not prove it:",
            );
            self.line("# date_formats = [\"%d/%m/%Y\"]");
        } else {
            self.line(
                "# date_formats = [\"%Y-%m-%d\"]  # only where dates have a form of their own",
            );
        }
        self.line("# time_zone = \"Asia/Shanghai\"  # of times that state none; the enterprise's if absent");
        self.line("# currency = \"CNY\"             # of rows that state none; the base currency if absent");
    }

    fn of_columns(
        &mut self,
        header: &[String],
        places: &BTreeMap<Role, usize>,
        samples: &[Vec<String>],
    ) {
        let beside = |place: usize| match samples.get(place).map(|cells| cells.join(", ")) {
            Some(cells) if !cells.is_empty() => format!("  # {cells}"),
            _ => String::new(),
        };
        self.line("");
        self.line("# Needed: order_id, customer_id, date, and amount or quantity with unit_price.");
        self.line("[columns]");
        for (role, _) in usual_names() {
            let name = role.name();
            match places.get(&role) {
                Some(place) => {
                    let column = quoted(&header[*place]);
                    self.line(&format!("{name} = {column}{}", beside(*place)));
                }
                None if is_needed(role, places) => {
                    self.line(&format!(
                        "# {name} = \"\"  # NEEDED: the column is not known by its name"
                    ));
                }
                None => {}
            }
        }
        let used: Vec<usize> = places.values().copied().collect();
        let unused: Vec<usize> = (0..header.len())
            .filter(|place| !used.contains(place) && !header[*place].is_empty())
            .collect();
        if unused.is_empty() {
            return;
        }
        self.line("");
        self.line("# Columns without a use. Roles besides those above:");
        let free = usual_names().map(|(role, _)| role).filter(|role| !places.contains_key(role));
        let free: Vec<&str> = free.map(Role::name).collect();
        self.line(&format!("#   {}", free.join(", ")));
        for place in unused {
            self.line(&format!("# ? = {}{}", quoted(&header[place]), beside(place)));
        }
    }

    fn of_orders(&mut self, places: &BTreeMap<Role, usize>, header: &[String]) {
        self.line("");
        let order = places.get(&Role::OrderId).map(|place| header[*place].to_lowercase());
        if order.is_some_and(|name| name.starts_with("invoice")) {
            self.line("# An order whose number begins so, before digits alone, is a return or a correction.");
            self.line("[returns]");
            self.line("cancelled_prefix = \"C\"");
            self.line("adjustment_prefix = \"A\"");
        } else {
            self.line("# Returns by the prefix of their order's number, before digits alone:");
            self.line("# [returns]");
            self.line("# cancelled_prefix = \"C\"");
        }
        if places.contains_key(&Role::Status) {
            self.line("");
            self.line(
                "# Values of the column status; all others are orders that were carried out.",
            );
            self.line("[status]");
            self.line("cancelled = [\"cancelled\"]");
            self.line("# returned = [\"returned\"]");
        }
        self.line("");
        self.line("# Further columns as attributes of the customer, which are declared first (kehu attribute):");
        self.line("# [attributes]");
        self.line("# loyalty_tier = \"Tier\"");
    }
}

/// Whether nothing can be read without it.
fn is_needed(role: Role, places: &BTreeMap<Role, usize>) -> bool {
    let has = |role| places.contains_key(&role);
    match role {
        Role::OrderId | Role::CustomerId | Role::Date => true,
        Role::Amount => !(has(Role::Quantity) && has(Role::UnitPrice)),
        _ => false,
    }
}
