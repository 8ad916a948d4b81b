//! `kehu code`.

use crate::{
    cli::{Client, parse_date},
    commands::import_codes::ImportCodes,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    runs,
};
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use kehu_contract::{
    coding::{
        CodeScheme, CreateCodeSchemeRequest, GetCodeSchemeRequest, ListCodeSchemesRequest,
        ListLeftOutRequest, StartCodingRequest,
    },
    run::Run,
};
use kehu_server::convert;
use tonic::Code as Status;

/// The scheme of the quickstart: country, class of `value-six`, number, check character.
pub(crate) const STANDARD: &str = "standard";
/// So many customers without a code are named.
const LEFT_OUT: i32 = 20;

/// Give every customer without a code one.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  kehu code standard --as-of 2011-12-10\n  \
        kehu code import codes.csv --alias --dry-run"
)]
pub(crate) struct Code {
    #[command(subcommand)]
    action: Option<What>,

    #[command(flatten)]
    client: Client,

    /// Code scheme; `standard` is made when it does not exist yet
    #[arg(value_name = "SCHEME", default_value = STANDARD)]
    scheme: String,

    /// Date: the classes true on it are coded; the business date if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    as_of: Option<NaiveDate>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Give customers the codes that they had before
    Import(ImportCodes),
}

impl Code {
    /// Makes the standard scheme if it is asked for and missing, then codes.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        if let Some(What::Import(import)) = self.action {
            return import.run().await;
        }
        let connection = Connection::open(self.client.options()).await?;
        if self.scheme == STANDARD {
            create_standard(&connection).await?;
        }
        let run = start(&connection, &self.scheme, self.as_of, String::new()).await?;
        match self.client.output {
            Format::Json => output::json(&run),
            Format::Table => {
                output::line(&format!(
                    "{}: {} customers looked at, {} new codes",
                    run.name, run.done_count, run.changed_count
                ))?;
                print_left_out(&connection, &self.scheme, &run.name).await
            }
        }
    }
}

/// Names the customers that the run left out, the first of them.
pub(crate) async fn print_left_out(
    connection: &Connection,
    scheme: &str,
    run: &str,
) -> Result<(), Failure> {
    let request = ListLeftOutRequest {
        scheme: scheme.to_owned(),
        run: run.to_owned(),
        page_size: LEFT_OUT,
        ..Default::default()
    };
    let page = connection.codes().list_left_out(request).await?.into_inner();
    for one in &page.left_out {
        output::line(&format!("{} got no code: {}", one.customer, one.reason))?;
    }
    if !page.next_page_token.is_empty() {
        output::line(&format!("and others: kehu left-out --scheme {scheme} lists them all"))?;
    }
    Ok(())
}

/// Every code scheme, by id.
pub(crate) async fn schemes(connection: &Connection) -> Result<Vec<CodeScheme>, Failure> {
    let mut request = ListCodeSchemesRequest::default();
    let mut schemes = Vec::new();
    loop {
        let page = connection.codes().list_code_schemes(request.clone()).await?.into_inner();
        schemes.extend(page.code_schemes);
        if page.next_page_token.is_empty() {
            return Ok(schemes);
        }
        request.page_token = page.next_page_token;
    }
}

/// Creates the standard scheme, if it is missing.
pub(crate) async fn create_standard(connection: &Connection) -> Result<(), Failure> {
    let request = GetCodeSchemeRequest { name: format!("codeSchemes/{STANDARD}") };
    match connection.codes().get_code_scheme(request).await {
        Ok(_) => return Ok(()),
        Err(status) if status.code() == Status::NotFound => {}
        Err(status) => return Err(status.into()),
    }
    let request = CreateCodeSchemeRequest {
        code_scheme: Some(kehu_coding::standard_scheme()),
        validate_only: false,
    };
    connection.codes().create_code_scheme(request).await?;
    Ok(())
}

/// Codes every customer that needs it and waits for the end.
pub(crate) async fn start(
    connection: &Connection,
    scheme: &str,
    as_of: Option<NaiveDate>,
    request_id: String,
) -> Result<Run, Failure> {
    let request = StartCodingRequest {
        scheme: scheme.to_owned(),
        as_of_date: as_of.map(convert::date),
        request_id,
    };
    let run = connection.codes().start_coding(request).await?.into_inner().run;
    runs::follow(connection, "code", run).await
}
