//! `kehu attribute`: the attributes that customers may have, on the server and in files.

use crate::{
    cli::Client,
    connection::Connection,
    definition::{self, List},
    exit::Failure,
    output::{self, Format},
};
use clap::{Args, Subcommand};
use kehu_contract::ingestion::{
    self as contract, AttributeSensitivity, DeclareAttributeRequest, GetAttributeRequest,
    ListAttributesRequest,
};
use kehu_core::attribute::Attribute as Written;
use std::path::PathBuf;

/// List the attributes that customers may have, show one as a file, declare one that is written in a
/// file. It takes values and is a feature at once.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kehu attribute list\n  kehu attribute declare assets.yaml\n  \
    kehu attribute show birth_date > birth_date.yaml\n\n\
    A file says what the attribute is:\n\n  \
    id: assets\n  label: {zh: 资产, en: Assets}\n  type: decimal      # decimal, integer, text, \
    boolean or date\n  family: value      # social, behaviour or value\n  unit: currency\n\n\
    One that is sensitive takes values once it says on which ground it is processed:\n\n  \
    sensitivity: sensitive\n  basis: {lawful_basis: consent, purpose: To offer plans by age}\n\n\
    The form is that of crates/core/templates/attributes."
)]
pub(crate) struct Attribute {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List every attribute, those that Kehu comes with among them
    List(List),
    /// Print an attribute in the form of the file that `declare` reads
    Show(Show),
    /// Declare the attribute of the file; nothing happens when it is declared as it stands
    Declare(Declare),
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    client: Client,

    /// Its id
    #[arg(value_name = "ID")]
    id: String,

    /// The number of a declaration; the one that holds if not given
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "NUMBER")]
    version: i64,
}

#[derive(Debug, Args)]
struct Declare {
    #[command(flatten)]
    client: Client,

    /// File of the attribute, YAML
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Check the file and declare nothing
    #[arg(long)]
    check: bool,
}

impl Attribute {
    /// Does what was asked for.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::List(list) => list_all(&list).await,
            Action::Show(wanted) => wanted.run().await,
            Action::Declare(declare) => declare.run().await,
        }
    }
}

async fn list_all(list: &List) -> Result<(), Failure> {
    let connection = Connection::open(list.client.options()).await?;
    let fetch = |page_size, page_token| {
        let mut client = connection.attributes();
        async move {
            let request = ListAttributesRequest { page_size, page_token };
            let page = client.list_attributes(request).await?.into_inner();
            Ok((page.attributes, page.next_page_token))
        }
    };
    list.limit.pages(fetch, |attributes| print(attributes, list.client.output)).await
}

fn print(attributes: &[contract::Attribute], format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return attributes.iter().try_for_each(output::json_line);
    }
    let rows = attributes.iter().map(row).collect();
    let header = ["attribute", "version", "type", "family", "feature", "state", "name"];
    output::line(&output::table(&header, &["version"], rows))
}

fn row(attribute: &contract::Attribute) -> Vec<String> {
    let label = attribute.label.clone().unwrap_or_default();
    vec![
        attribute.id.clone(),
        attribute.version.to_string(),
        word(attribute.r#type().as_str_name(), "ATTRIBUTE_TYPE_"),
        word(attribute.family().as_str_name(), "FEATURE_FAMILY_"),
        attribute.feature.clone(),
        state(attribute),
        format!("{} {}", label.en, label.zh),
    ]
}

fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_lowercase()
}

fn state(attribute: &contract::Attribute) -> String {
    let sensitivity = attribute.sensitivity();
    match attribute.unusable_reason.as_str() {
        "" if sensitivity == AttributeSensitivity::Ordinary => "in use".to_owned(),
        "" => format!("in use, {}", word(sensitivity.as_str_name(), "ATTRIBUTE_SENSITIVITY_")),
        _ => "needs a basis".to_owned(),
    }
}

impl Show {
    async fn run(&self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = GetAttributeRequest { name: self.id.clone(), version: self.version };
        let answer = connection.attributes().get_attribute(request).await?.into_inner();
        let attribute = answer.attribute.unwrap_or_default();
        if self.client.output == Format::Json {
            return output::json(&attribute);
        }
        let written = kehu_ingestion::attribute(attribute).map_err(Failure::internal)?;
        output::line(written.to_yaml().trim_end())
    }
}

impl Declare {
    async fn run(&self) -> Result<(), Failure> {
        let written = definition::read(&self.file, Written::from_yaml)?;
        let connection = Connection::open(self.client.options()).await?;
        let request = DeclareAttributeRequest {
            attribute: Some(kehu_ingestion::attribute_message(&written)),
            etag: String::new(),
            validate_only: self.check,
        };
        let answer = connection.attributes().declare_attribute(request).await?.into_inner();
        let attribute = answer.attribute.unwrap_or_default();
        if self.client.output == Format::Json {
            return output::json(&attribute);
        }
        output::line(&said(&attribute, self.check))
    }
}

fn said(attribute: &contract::Attribute, check: bool) -> String {
    let name = &attribute.name;
    if !attribute.unusable_reason.is_empty() {
        return format!("{name}: {}", attribute.unusable_reason);
    }
    let feature = match attribute.feature.as_str() {
        "" => "kept, and no feature".to_owned(),
        feature => format!("feature {feature}"),
    };
    let declared = if check { "would be declared" } else { "declared" };
    format!("{name} {declared}, version {}: {feature}", attribute.version)
}
