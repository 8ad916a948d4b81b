//! `kehu scheme`: code schemes.

use crate::{
    cli::Client,
    connection::Connection,
    definition::List,
    exit::Failure,
    output::{self, Format},
};
use clap::{Args, Subcommand};
use kehu_contract::coding::{
    CodeScheme, CodeTable, GetCodeSchemeRequest, ListCodeSchemesRequest, Recoding,
};
use std::collections::BTreeMap;

/// List code schemes, show one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu scheme list\n  kehu scheme show standard")]
pub(crate) struct Scheme {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List every code scheme
    List(List),
    /// Show a code scheme: its template, its tables, how many codes it can give
    Show(Show),
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    client: Client,

    /// Its id
    #[arg(value_name = "ID")]
    id: String,
}

impl Scheme {
    /// Does what was asked for.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::List(list) => list_all(&list).await,
            Action::Show(wanted) => show(wanted).await,
        }
    }
}

async fn list_all(list: &List) -> Result<(), Failure> {
    let connection = Connection::open(list.client.options()).await?;
    let fetch = |page_size, page_token| {
        let mut client = connection.codes();
        async move {
            let request = ListCodeSchemesRequest { page_size, page_token };
            let page = client.list_code_schemes(request).await?.into_inner();
            Ok((page.code_schemes, page.next_page_token))
        }
    };
    list.limit.pages(fetch, |schemes| print(schemes, list.client.output)).await
}

fn print(schemes: &[CodeScheme], format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return schemes.iter().try_for_each(output::json_line);
    }
    if schemes.is_empty() {
        return output::line("There are no code schemes yet: kehu code makes the standard one.");
    }
    let rows = schemes.iter().map(row).collect();
    let header = ["scheme", "template", "taxonomy", "codes a prefix", "state", "name"];
    output::line(&output::table(&header, &["codes a prefix"], rows))
}

fn row(scheme: &CodeScheme) -> Vec<String> {
    vec![
        scheme.id.clone(),
        scheme.template.clone(),
        scheme.taxonomy.clone(),
        scheme.capacity.to_string(),
        state(scheme),
        name(scheme),
    ]
}

fn name(scheme: &CodeScheme) -> String {
    let label = scheme.label.clone().unwrap_or_default();
    format!("{} {}", label.en, label.zh)
}

fn state(scheme: &CodeScheme) -> String {
    match scheme.broken_reason.as_str() {
        "" => "gives codes".to_owned(),
        reason => format!("broken: {reason}"),
    }
}

async fn show(wanted: Show) -> Result<(), Failure> {
    let connection = Connection::open(wanted.client.options()).await?;
    let request = GetCodeSchemeRequest { name: wanted.id };
    let held = connection.codes().get_code_scheme(request).await?.into_inner();
    let scheme = held.code_scheme.unwrap_or_default();
    if wanted.client.output == Format::Json {
        return output::json(&scheme);
    }
    let recoding = match scheme.recoding() {
        Recoding::OnClassChange => "another code when the class changes; the former one resolves",
        Recoding::Unspecified | Recoding::Permanent => "a customer keeps its code",
    };
    let mut rows = vec![
        ("name".to_owned(), name(&scheme)),
        ("template".to_owned(), scheme.template.clone()),
        ("taxonomy".to_owned(), scheme.taxonomy.clone()),
        ("recoding".to_owned(), recoding.to_owned()),
        ("codes a prefix".to_owned(), scheme.capacity.to_string()),
        ("state".to_owned(), state(&scheme)),
        ("made".to_owned(), output::time(scheme.create_time.as_ref())),
    ];
    rows.extend(
        scheme.tables.iter().map(|table| (format!("{{{}}}", table.attribute), codes(table))),
    );
    rows.retain(|(_, text)| !text.is_empty());
    let rows = rows.into_iter().map(|(name, text)| vec![name, text]).collect();
    output::line(&output::table(&[scheme.name.as_str(), ""], &[], rows))
}

/// `Germany: DE, France: FR; unknown: ZZ`.
fn codes(table: &CodeTable) -> String {
    let entries: BTreeMap<&String, &String> = table.entries.iter().collect();
    let entries: Vec<String> =
        entries.into_iter().map(|(value, code)| format!("{value}: {code}")).collect();
    let mut told = vec![entries.join(", "), format!("unknown: {}", table.unknown)];
    if table.passthrough {
        told.push("others as they are".to_owned());
    }
    told.retain(|text| !text.is_empty());
    told.join("; ")
}
