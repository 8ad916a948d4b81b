//! `kehu resolve`.

use crate::{
    cli::Client,
    commands::code,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    pages::Limit,
};
use clap::Args;
use kehu_contract::coding::{
    self as contract, CodeEndReason, CodeScheme, DecodeCodeRequest, ListCodesRequest,
    ResolveCodeRequest, ResolveCodeResponse, ValidateCodeRequest, ValidateCodeResponse,
};
use kehu_contract::ingestion::{LookupCustomerRequest, lookup_customer_request::Key};
use tonic::Code;

/// Find the customer a code belongs to, or belonged to, and take the code apart; or list the codes
/// that begin alike.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu resolve GB-A000001X\n  kehu resolve GB-A --prefix --all")]
pub(crate) struct Resolve {
    #[command(flatten)]
    client: Client,

    /// The code, in any case and with or without separators
    code: String,

    /// List every code that begins so, current and former
    #[arg(long)]
    prefix: bool,

    #[command(flatten)]
    limit: Limit,
}

/// Whether a code is current; of a former one when it ended and why.
pub(crate) fn state(code: &contract::Code) -> String {
    if code.current {
        return "current".to_owned();
    }
    let Some(end) = &code.end_time else { return "an alias".to_owned() };
    let why = match code.end_reason() {
        CodeEndReason::ClassChange => {
            format!(": class {} became {}", code.class_code, code.end_class_code)
        }
        CodeEndReason::Merge => ": its customer was merged".to_owned(),
        CodeEndReason::Import => format!(": {} was imported", code.successor),
        CodeEndReason::Unspecified => String::new(),
    };
    format!("former, until {}{why}", output::time(Some(end)))
}

impl Resolve {
    /// Resolves the code; of one that was never given it tells what each scheme knows.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        if self.prefix {
            return self.list(&connection).await;
        }
        let request = ResolveCodeRequest { code: self.code.clone(), ..Default::default() };
        match connection.codes().resolve_code(request).await {
            Ok(found) => self.print(&connection, &found.into_inner()).await,
            Err(status) if status.code() == Code::NotFound => {
                if self.print_external(&connection).await? {
                    return Ok(());
                }
                for scheme in code::schemes(&connection).await? {
                    let checked = self.check(&connection, &scheme).await?;
                    self.print_checked(&scheme, &checked)?;
                }
                Err(status.into())
            }
            Err(status) => Err(status.into()),
        }
    }

    async fn list(&self, connection: &Connection) -> Result<(), Failure> {
        let fetch = |page_size, page_token| {
            let prefix = self.code.clone();
            let mut client = connection.codes();
            async move {
                let request =
                    ListCodesRequest { prefix, page_size, page_token, ..Default::default() };
                let page = client.list_codes(request).await?.into_inner();
                Ok((page.codes, page.next_page_token))
            }
        };
        self.limit.pages(fetch, |codes| self.show(codes)).await
    }

    fn show(&self, codes: &[contract::Code]) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return codes.iter().try_for_each(output::json_line);
        }
        if codes.is_empty() {
            return output::line("No code begins so.");
        }
        let rows = codes.iter().map(|code| {
            vec![code.code.clone(), code.customer.clone(), state(code), code.scheme.clone()]
        });
        let header = ["code", "customer", "state", "scheme"];
        output::line(&output::table(&header, &[], rows.collect()))
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
            output::line(&format!("{}; the current one is {}", state(&code), found.current_code))?;
        }
        let request = DecodeCodeRequest { code: code.code, scheme: String::new() };
        let decoded = connection.codes().decode_code(request).await?.into_inner();
        let rows = decoded.segments.into_iter().map(|segment| {
            vec![segment.segment, segment.text, segment.meaning.unwrap_or_default().en]
        });
        output::line(&output::table(&["segment", "text", "meaning"], &[], rows.collect()))
    }

    /// Prints whose code it is in a source system; whether it is one there. Who may not look
    /// customers up is not told.
    async fn print_external(&self, connection: &Connection) -> Result<bool, Failure> {
        let request =
            LookupCustomerRequest { key: Some(Key::Code(self.code.clone())), ..Default::default() };
        let customer = match connection.customers().lookup_customer(request).await {
            Ok(found) => found.into_inner().customer.unwrap_or_default(),
            Err(status) if matches!(status.code(), Code::NotFound | Code::PermissionDenied) => {
                return Ok(false);
            }
            Err(status) => return Err(status.into()),
        };
        if self.client.output == Format::Json {
            output::json(&customer)?;
            return Ok(true);
        }
        output::line(&format!("{}  {}", self.code, customer.name))?;
        for code in &customer.external_codes {
            output::line(&format!("a code of {}: {}", code.source, code.external_id))?;
        }
        Ok(true)
    }

    async fn check(
        &self,
        connection: &Connection,
        scheme: &CodeScheme,
    ) -> Result<ValidateCodeResponse, Failure> {
        let request = ValidateCodeRequest { code: self.code.clone(), scheme: scheme.id.clone() };
        Ok(connection.codes().validate_code(request).await?.into_inner())
    }

    fn print_checked(
        &self,
        scheme: &CodeScheme,
        checked: &ValidateCodeResponse,
    ) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return output::json_line(checked);
        }
        let problem = match checked.problem.as_str() {
            "" => "well formed, and never given",
            problem => problem,
        };
        output::line(&format!("{}: {problem}", scheme.id))?;
        for suggestion in &checked.suggestions {
            output::line(&format!("  did you mean {suggestion}?"))?;
        }
        Ok(())
    }
}
