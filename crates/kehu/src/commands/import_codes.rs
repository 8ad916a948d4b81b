//! `kehu code import`.

use crate::{
    cli::Client,
    commands::code::STANDARD,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
};
use clap::Args;
use kehu_contract::coding::{
    CodeProblem, ImportCodesRequest, ImportCodesResponse, ImportedCode, imported_code::Customer,
};
use kehu_contract::ingestion::SourceReference;
use std::{fs, path::PathBuf};

/// Most codes in a request.
const AT_ONCE: usize = 1_000;

/// Give customers the codes that they had before, from a file with a line for each: the code, a comma or
/// tab, and the customer as customers/17 or SOURCE/KEY. A first line `code,customer` is passed over.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu code import codes.csv --dry-run\n  \
    kehu code import codes.csv --scheme standard --alias")]
pub(crate) struct ImportCodes {
    #[command(flatten)]
    client: Client,

    /// The file
    file: PathBuf,

    /// Code scheme
    #[arg(long, default_value = STANDARD, value_name = "SCHEME")]
    scheme: String,

    /// Keep them as aliases, of any form, that lead to their customers and are never current
    #[arg(long)]
    alias: bool,

    /// Import codes as well that look like others
    #[arg(long)]
    allow_look_alikes: bool,

    /// Say what it would come to, and write nothing
    #[arg(long)]
    dry_run: bool,
}

impl ImportCodes {
    /// Imports the file in pieces; a failure when some of it was not imported.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let text = fs::read_to_string(&self.file).map_err(|error| {
            Failure::Usage(format!("cannot read {}: {error}", self.file.display()))
        })?;
        let codes = read(&text)?;
        let connection = Connection::open(self.client.options()).await?;
        let (mut imported, mut unchanged, mut wrong) = (0, 0, 0);
        for piece in codes.chunks(AT_ONCE) {
            let request = ImportCodesRequest {
                scheme: self.scheme.clone(),
                codes: piece.iter().map(|(_, code)| code.clone()).collect(),
                as_alias: self.alias,
                allow_look_alikes: self.allow_look_alikes,
                validate_only: self.dry_run,
            };
            let done = connection.codes().import_codes(request).await?.into_inner();
            self.show(piece, &done)?;
            imported += done.imported_count;
            unchanged += done.unchanged_count;
            wrong += done.problems.len();
        }
        let would = if self.dry_run { "would be " } else { "" };
        if self.client.output == Format::Table {
            output::line(&format!(
                "{imported} codes {would}imported, {unchanged} are there already, {wrong} refused"
            ))?;
        }
        match wrong {
            0 => Ok(()),
            _ => Err(Failure::Usage(format!("{wrong} codes of the file were refused"))),
        }
    }

    fn show(
        &self,
        piece: &[(usize, ImportedCode)],
        done: &ImportCodesResponse,
    ) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return output::json_line(done);
        }
        for CodeProblem { index, code, customer, description, .. } in &done.problems {
            let place = usize::try_from(*index).ok().and_then(|index| piece.get(index));
            let line = place.map_or(0, |(line, _)| *line);
            let of = if customer.is_empty() { String::new() } else { format!(" ({customer})") };
            output::line(&format!("line {line}: {code}: {description}{of}"))?;
        }
        Ok(())
    }
}

/// The codes with the numbers of their lines.
fn read(text: &str) -> Result<Vec<(usize, ImportedCode)>, Failure> {
    let mut codes = Vec::new();
    for (line, number) in text.trim_start_matches('\u{feff}').lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || (number == 1 && line.to_lowercase().starts_with("code")) {
            continue;
        }
        let cells = line.split_once([',', '\t', ';']);
        let cells = cells.map(|(code, customer)| (unquoted(code), unquoted(customer)));
        let customer = cells.and_then(|(_, customer)| whose(customer));
        let (Some((code, _)), Some(customer)) = (cells, customer) else {
            return Err(Failure::Usage(format!(
                "line {number}: write the code, a comma, and customers/17 or SOURCE/KEY"
            )));
        };
        codes.push((number, ImportedCode { code: code.to_owned(), customer: Some(customer) }));
    }
    Ok(codes)
}

fn unquoted(cell: &str) -> &str {
    let cell = cell.trim();
    cell.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(cell)
}

fn whose(customer: &str) -> Option<Customer> {
    if customer.starts_with("customers/") {
        return Some(Customer::Name(customer.to_owned()));
    }
    let (source, external_id) = customer.split_once('/')?;
    Some(Customer::Reference(SourceReference {
        source: source.to_owned(),
        external_id: external_id.to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_code_and_its_customer() {
        let text = "\u{feff}code,customer\nA-1,crm/17\n\n\"B-2\";customers/3\n";
        let Ok(read) = read(text) else { panic!("it can be read") };
        let lines: Vec<_> = read.iter().map(|(line, it)| (*line, it.code.as_str())).collect();
        assert_eq!(lines, [(2, "A-1"), (4, "B-2")]);
        assert!(super::read("A-1\n").is_err());
    }
}
