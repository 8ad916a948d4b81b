//! Tables as Excel workbooks (ISO/IEC 29500, `.xlsx`): a sheet whose head stays, is styled and
//! filters, and one of what the columns mean where that is said. Nothing else knows how a workbook is
//! written. Texts are texts: no cell is a formula.

use crate::{
    currency,
    labels::Labels,
    report::table::{Cell, Column, Kind, Row, Table},
};
use chrono::{Datelike, NaiveDate};
use futures::stream::{self, BoxStream, StreamExt};
use kehu_core::{Label, label::Language};
use kehu_server::Fault;
use prost::bytes::Bytes;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
    XlsxError,
};
use std::{
    fs::File,
    io::{Read, Seek},
};
use tokio::{sync::mpsc, task};

/// Most rows below the head of a sheet.
const ROWS_OF_SHEET: u32 = 1_048_575;
/// Most letters of a cell.
const MOST_LETTERS: usize = 32_767;
/// Most letters of the name of a sheet.
const MOST_OF_NAME: usize = 31;
/// Digits of a number that a spreadsheet keeps.
const DIGITS: usize = 15;
/// Bytes of a part of the file.
const PART: usize = 64 * 1024;

/// What a workbook is about.
#[derive(Debug, Clone)]
pub(crate) struct About {
    /// What the report is called.
    pub(crate) title: Label,
    /// The business date.
    pub(crate) as_of: NaiveDate,
    /// ISO 4217 code of the base currency.
    pub(crate) currency: String,
    /// Language of the labels.
    pub(crate) language: Language,
}

/// The table as a file, in parts. It is written whole, beside the memory, before the first part comes.
/// [`Fault::Precondition`] for one with more rows than a sheet can have.
pub(crate) async fn write(
    table: Table,
    about: About,
) -> Result<BoxStream<'static, Result<Bytes, Fault>>, Fault> {
    let Table { columns, mut parts } = table;
    let (give, take) = mpsc::channel(1);
    let writing = task::spawn_blocking(move || Book::write(&columns, &about, take));
    while let Some(part) = parts.next().await {
        // A writer that has failed takes no more, and says why below.
        if give.send(part?).await.is_err() {
            break;
        }
    }
    drop(give);
    let file = writing.await.map_err(Fault::internal)??;
    Ok(stream::try_unfold(file, next_part).boxed())
}

async fn next_part(mut file: File) -> Result<Option<(Bytes, File)>, Fault> {
    let read = task::spawn_blocking(move || {
        let mut part = Vec::with_capacity(PART);
        file.by_ref().take(PART as u64).read_to_end(&mut part)?;
        Ok::<_, std::io::Error>((part, file))
    });
    let (part, file) = read.await.map_err(Fault::internal)?.map_err(Fault::internal)?;
    Ok((!part.is_empty()).then(|| (Bytes::from(part), file)))
}

/// A sheet that is being written.
struct Book<'a> {
    columns: &'a [Column],
    formats: Vec<Format>,
    rows: u32,
}

impl<'a> Book<'a> {
    fn write(
        columns: &'a [Column],
        about: &About,
        mut parts: mpsc::Receiver<Vec<Row>>,
    ) -> Result<File, Fault> {
        let mut workbook = Workbook::new();
        workbook.set_properties(&properties(about).map_err(Fault::internal)?);
        let formats = columns.iter().map(|column| format(column.kind, &about.currency)).collect();
        let mut book = Self { columns, formats, rows: 0 };
        let sheet = workbook.add_worksheet_with_constant_memory().map_err(Fault::internal)?;
        book.head(sheet, about).map_err(Fault::internal)?;
        while let Some(rows) = parts.blocking_recv() {
            for row in rows {
                book.row(sheet, &row)?;
            }
        }
        book.filter(sheet).map_err(Fault::internal)?;
        define(&mut workbook, columns, about.language).map_err(Fault::internal)?;
        let mut file = tempfile::tempfile().map_err(Fault::internal)?;
        workbook.save_to_writer(&mut file).map_err(Fault::internal)?;
        file.rewind().map_err(Fault::internal)?;
        Ok(file)
    }

    fn head(&self, sheet: &mut Worksheet, about: &About) -> Result<(), XlsxError> {
        let title = about.title.get(about.language);
        sheet.set_name(title.chars().take(MOST_OF_NAME).collect::<String>())?;
        let labels = self.columns.iter().map(|column| column.label.get(about.language));
        for ((place, column), label) in (0..).zip(self.columns).zip(labels) {
            sheet.set_column_width(place, width(column.kind))?;
            sheet.write_string_with_format(0, place, label, &head_format())?;
        }
        sheet.set_freeze_panes(1, 0)?;
        Ok(())
    }

    fn row(&mut self, sheet: &mut Worksheet, row: &Row) -> Result<(), Fault> {
        if self.rows == ROWS_OF_SHEET {
            return Err(Fault::Precondition {
                kind: "REPORT_FITS_SHEET",
                subject: "reports".to_owned(),
                description: format!(
                    "it has more than the {ROWS_OF_SHEET} rows of a sheet: export it as CSV"
                ),
            });
        }
        self.rows += 1;
        for ((place, cell), format) in (0..).zip(row).zip(&self.formats) {
            write_cell(sheet, (self.rows, place), cell, format).map_err(Fault::internal)?;
        }
        Ok(())
    }

    fn filter(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        let last = u16::try_from(self.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
        sheet.autofilter(0, 0, self.rows, last)?;
        Ok(())
    }
}

/// The same report is the same file: it is as old as its date.
fn properties(about: &About) -> Result<DocProperties, XlsxError> {
    let created = excel_date(about.as_of).or_else(|_| ExcelDateTime::from_ymd(1900, 1, 1))?;
    let properties = DocProperties::new().set_title(about.title.get(about.language));
    Ok(properties.set_author("Kehu").set_creation_datetime(&created))
}

fn excel_date(date: NaiveDate) -> Result<ExcelDateTime, XlsxError> {
    let year = u16::try_from(date.year()).unwrap_or_default();
    let [month, day] =
        [date.month(), date.day()].map(|part| u8::try_from(part).unwrap_or_default());
    ExcelDateTime::from_ymd(year, month, day)
}

fn write_cell(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell,
    format: &Format,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Null => {}
        Cell::Id(text) | Cell::Text(text) => {
            sheet.write_string_with_format(row, column, cut(text), format)?;
        }
        Cell::Date(date) => match excel_date(*date) {
            Ok(date) => {
                sheet.write_datetime_with_format(row, column, &date, format)?;
            }
            // Spreadsheets know no dates before 1900.
            Err(_) => {
                sheet.write_string_with_format(row, column, date.to_string(), format)?;
            }
        },
        Cell::Count(count) => {
            write_number(sheet, (row, column), Decimal::from(*count), format)?;
        }
        Cell::Number(number) => write_number(sheet, (row, column), *number, format)?,
    }
    Ok(())
}

/// A number; one of more digits than a spreadsheet keeps is written as a text, so that none is lost.
fn write_number(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    number: Decimal,
    format: &Format,
) -> Result<(), XlsxError> {
    let number = number.normalize();
    let digits = number.mantissa().unsigned_abs().to_string().len();
    match number.to_f64().filter(|_| digits <= DIGITS) {
        Some(number) => sheet.write_number_with_format(row, column, number, format)?,
        None => sheet.write_string_with_format(row, column, number.to_string(), format)?,
    };
    Ok(())
}

/// The text as far as it fits a cell.
fn cut(text: &str) -> String {
    // Letters are counted in UTF-16, as spreadsheets do; two for what is beyond 16 bits.
    let mut left = MOST_LETTERS;
    let fits = |letter: &char| {
        let fits = letter.len_utf16() <= left;
        left = left.saturating_sub(letter.len_utf16());
        fits
    };
    text.chars().take_while(fits).collect()
}

/// The sheet of what the columns mean, where one says it.
fn define(
    workbook: &mut Workbook,
    columns: &[Column],
    language: Language,
) -> Result<(), XlsxError> {
    let defined: Vec<_> = columns.iter().filter(|column| column.definition.is_some()).collect();
    if defined.is_empty() {
        return Ok(());
    }
    let name = Labels::of(language).definitions;
    let sheet = workbook.add_worksheet();
    sheet.set_name(name.chars().take(MOST_OF_NAME).collect::<String>())?;
    sheet.set_column_width(0, width(Kind::Text))?;
    sheet.set_column_width(1, 100)?;
    for (row, column) in (0..).zip(defined) {
        sheet.write_string_with_format(row, 0, column.label.get(language), &head_format())?;
        let definition = column.definition.as_ref().map_or("", |it| it.get(language));
        sheet.write_string_with_format(row, 1, definition, &Format::new().set_text_wrap())?;
    }
    Ok(())
}

fn head_format() -> Format {
    Format::new()
        .set_bold()
        .set_font_color(Color::White)
        .set_background_color(Color::RGB(0x1F_4E_79))
        .set_border_bottom(FormatBorder::Thin)
        .set_align(FormatAlign::VerticalCenter)
        .set_text_wrap()
}

/// How the cells of a kind are shown; the cells themselves keep every decimal.
fn format(kind: Kind, currency: &str) -> Format {
    let format = Format::new();
    match kind {
        Kind::Id | Kind::Text => format.set_num_format("@"),
        Kind::Date => format.set_num_format("yyyy-mm-dd"),
        Kind::Count => format.set_num_format("#,##0"),
        Kind::Amount => {
            let decimals = usize::try_from(currency::minor_digits(currency)).unwrap_or_default();
            let point = if decimals == 0 { "" } else { "." };
            format.set_num_format(format!("#,##0{point}{}", "0".repeat(decimals)))
        }
        Kind::Share => format.set_num_format("0.0%"),
        Kind::Number => format.set_num_format("#,##0.00"),
    }
}

/// In letters.
fn width(kind: Kind) -> f64 {
    match kind {
        Kind::Text => 26.0,
        Kind::Id | Kind::Amount => 17.0,
        Kind::Date | Kind::Count | Kind::Share | Kind::Number => 13.0,
    }
}
