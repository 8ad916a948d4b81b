//! `kehu resolve`.

use crate::{
    cli::Client,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
};
use clap::Args;
use kehu_contract::coding::{
    DecodeCodeRequest, ResolveCodeRequest, ResolveCodeResponse, ValidateCodeRequest,
    ValidateCodeResponse,
};
use tonic::Code;

/// Find the customer a code belongs to, or belonged to, and take the code apart.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  kehu resolve GB-A000001X")]
pub(crate) struct Resolve {
    #[command(flatten)]
    client: Client,

    /// The code, in any case and with or without separators
    code: String,
}

impl Resolve {
    /// Resolves the code; one that was never given is checked for slips of the pen.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = ResolveCodeRequest { code: self.code.clone() };
        match connection.codes().resolve_code(request).await {
            Ok(found) => self.print(&connection, &found.into_inner()).await,
            Err(status) if status.code() == Code::NotFound => {
                suggest(&self.check(&connection).await?)?;
                Err(status.into())
            }
            Err(status) => Err(status.into()),
        }
    }

    async fn print(
        &self,
        connection: &Connection,
        found: &ResolveCodeResponse,
    ) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return output::json(found);
        }
        let code = found.code.clone().unwrap_or_default();
        output::line(&format!("{}  {}", code.code, code.customer))?;
        if !code.current {
            output::line(&format!("a former code; the current one is {}", found.current_code))?;
        }
        let request = DecodeCodeRequest { code: code.code, scheme: String::new() };
        let decoded = connection.codes().decode_code(request).await?.into_inner();
        let rows = decoded.segments.into_iter().map(|segment| {
            vec![segment.segment, segment.text, segment.meaning.unwrap_or_default().en]
        });
        output::line(&output::table(&["segment", "text", "meaning"], &[], rows.collect()))
    }

    async fn check(&self, connection: &Connection) -> Result<ValidateCodeResponse, Failure> {
        let request = ValidateCodeRequest { code: self.code.clone(), scheme: String::new() };
        Ok(connection.codes().validate_code(request).await?.into_inner())
    }
}

fn suggest(checked: &ValidateCodeResponse) -> Result<(), Failure> {
    if !checked.problem.is_empty() {
        output::line(&checked.problem)?;
    }
    for suggestion in &checked.suggestions {
        output::line(&format!("did you mean {suggestion}?"))?;
    }
    Ok(())
}
