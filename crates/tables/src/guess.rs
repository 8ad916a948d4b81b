//! The mapping of a file as far as the file shows it, written for people: what was found, what they
//! have to state, and what they may.

use std::collections::BTreeMap;
use std::path::Path;

use encoding_rs::{Encoding, UTF_8};
use kehu_core::text::is_invisible;

use crate::columns::{FileKind, Role, kind_of, usual_places};
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

/// Names that columns have, folded, of attributes that are declared from the start.
const ATTRIBUTES: [(&str, &[&str]); 10] = [
    (
        "phone",
        &[
            "phone",
            "telephone",
            "tel",
            "mobile",
            "联系电话",
            "电话",
            "手机",
            "手机号",
            "手机号码",
            "電話",
        ],
    ),
    ("email", &["email", "emailaddress", "mail", "邮箱", "电子邮箱", "电子邮件"]),
    ("contact", &["contact", "contactname", "contactperson", "联系人", "聯絡人"]),
    ("employees", &["employees", "headcount", "员工人数", "从业人数", "人数"]),
    ("annual_revenue", &["annualrevenue", "turnover", "年营业额", "年营业收入", "年销售额"]),
    ("owner", &["owner", "accountmanager", "salesrep", "客户经理", "负责人", "业务员", "销售人员"]),
    ("acquisition_channel", &["acquisitionchannel", "leadsource", "来源渠道", "客户来源"]),
    ("birth_date", &["birthdate", "dateofbirth", "birthday", "出生日期", "生日"]),
    ("gender", &["gender", "sex", "性别"]),
    ("occupation", &["occupation", "profession", "职业"]),
];

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
    let (delimiter, samples) = match &table {
        Some(table) if table.start.json => (b',', of_objects(path, table)?),
        _ => samples(&head.decode(encoding), &header),
    };
    let kind = kind_of(&Mapping::default(), &header);
    let places = usual_places(kind, &header);
    let mut text = Text::default();
    text.of_file(path, table.as_ref(), encoding, delimiter);
    text.line(&format!("kind = {}", quoted(kind.name())));
    text.of_forms(table.as_ref(), &places, &samples);
    text.of_columns(kind, &header, &places, &samples);
    if kind == FileKind::Orders {
        text.of_orders(&places, &header);
    } else {
        text.of_records(kind);
    }
    text.of_attributes(kind, &header, &places);
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
        add(&mut cells, &row);
    }
    cells
}

/// The first different values of each member of JSON objects.
fn of_objects(path: &Path, table: &Table) -> Result<Vec<Vec<String>>, Error> {
    let mut body = table.start.open(path)?;
    let mut cells = vec![Vec::new(); table.start.layout.header.len()];
    let mut row = Row::default();
    for line in 0..ROWS as u64 {
        if !body.read(&mut row).map_err(|source| Error::Read { line, source })? {
            break;
        }
        add(&mut cells, &row);
    }
    Ok(cells)
}

fn add(cells: &mut [Vec<String>], row: &Row) {
    for (place, of) in cells.iter_mut().enumerate() {
        let cell = shown(row.cell(place));
        if of.len() < CELLS && !cell.is_empty() && !of.contains(&cell) {
            of.push(cell);
        }
    }
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
        self.line(&format!("# How {name}{rows} maps to records, as the file shows it."));
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
        let mut dates = places.iter().filter(|(role, _)| role.is_date());
        let open = |place: &usize| {
            samples.get(*place).is_some_and(|it| it.iter().any(|it| date::is_open(it)))
        };
        if dates.any(|(_, place)| open(place)) {
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
        kind: FileKind,
        header: &[String],
        places: &BTreeMap<Role, usize>,
        samples: &[Vec<String>],
    ) {
        let beside = |place: usize| match samples.get(place).map(|cells| cells.join(", ")) {
            Some(cells) if !cells.is_empty() => format!("  # {cells}"),
            _ => String::new(),
        };
        self.line("");
        let mut needed: Vec<&str> = kind.needed().map(|column| column.role.name()).collect();
        if kind == FileKind::Orders {
            needed.push("amount or quantity with unit_price");
        }
        self.line(&format!("# Needed: {}.", needed.join(", ")));
        self.line("[columns]");
        for role in kind.columns().map(|column| column.role) {
            let name = role.name();
            match places.get(&role) {
                Some(place) => {
                    let column = quoted(&header[*place]);
                    self.line(&format!("{name} = {column}{}", beside(*place)));
                }
                None if is_needed(kind, role, places) => {
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
        let free =
            kind.columns().map(|column| column.role).filter(|role| !places.contains_key(role));
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
    }

    fn of_records(&mut self, kind: FileKind) {
        self.line("");
        self.line("# What holds for all rows and stands in no column:");
        self.line("# [constants]");
        let example = match kind {
            FileKind::Customers => "customer_type = \"company\"",
            FileKind::Invoices | FileKind::Orders | FileKind::ExchangeRates => "currency = \"CNY\"",
            FileKind::Interactions => "kind = \"call\"",
            FileKind::Surveys => "measure = \"csat\"",
            FileKind::Assessments => "assessor = \"...\"",
        };
        self.line(&format!("# {example}"));
    }

    /// Columns without another use that may be attributes, by the labels of those that are declared
    /// from the start.
    fn of_attributes(&mut self, kind: FileKind, header: &[String], places: &BTreeMap<Role, usize>) {
        if !matches!(kind, FileKind::Orders | FileKind::Customers) {
            return;
        }
        self.line("");
        self.line("# Further columns as attributes of the customer, which are declared first (kehu attribute):");
        self.line("# [attributes]");
        let free = header
            .iter()
            .enumerate()
            .filter(|(place, name)| !name.is_empty() && !places.values().any(|used| used == place));
        let known: Vec<String> = free
            .filter_map(|(_, name)| Some(format!("# {} = {}", attribute(name)?, quoted(name))))
            .collect();
        if known.is_empty() {
            self.line("# loyalty_tier = \"Tier\"");
        }
        known.iter().for_each(|line| self.line(line));
    }
}

/// The attribute that a column is probably of.
fn attribute(name: &str) -> Option<&'static str> {
    let folded: String =
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let known = ATTRIBUTES.iter().find(|(_, names)| names.contains(&folded.as_str()));
    known.map(|(id, _)| *id)
}

/// Whether nothing can be read without it.
fn is_needed(kind: FileKind, role: Role, places: &BTreeMap<Role, usize>) -> bool {
    let has = |role| places.contains_key(&role);
    match role {
        Role::Amount if kind == FileKind::Orders => !(has(Role::Quantity) && has(Role::UnitPrice)),
        role => kind.needed().any(|column| column.role == role),
    }
}
