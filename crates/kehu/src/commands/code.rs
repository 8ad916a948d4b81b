//! `kehu code`.

use crate::{
    cli::{Client, parse_date},
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    runs,
};
use chrono::NaiveDate;
use clap::Args;
use kehu_contract::{
    coding::{CreateCodeSchemeRequest, GetCodeSchemeRequest, StartCodingRequest},
    run::Run,
};
use kehu_server::convert;
use tonic::Code as Status;

/// The scheme of the quickstart: country, class of `value-six`, number, check character.
pub(crate) const STANDARD: &str = "standard";

/// Give every customer without a code one.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  kehu code standard --as-of 2011-12-10")]
pub(crate) struct Code {
    #[command(flatten)]
    client: Client,

    /// Code scheme; `standard` is made when it does not exist yet
    #[arg(value_name = "SCHEME", default_value = STANDARD)]
    scheme: String,

    /// Date: the classes true on it are coded; the business date if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    as_of: Option<NaiveDate>,
}

impl Code {
    /// Makes the standard scheme if it is asked for and missing, then codes.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        if self.scheme == STANDARD {
            create_standard(&connection).await?;
        }
        let run = start(&connection, &self.scheme, self.as_of, String::new()).await?;
        match self.client.output {
            Format::Json => output::json(&run),
            Format::Table => output::line(&format!(
                "{}: {} customers looked at; who was due has a code now",
                run.name, run.done_count
            )),
        }
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
