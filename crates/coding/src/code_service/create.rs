//! Creating a code scheme: everything that could make a run fail later is asked now.

use kehu_analytics::Catalogue;
use kehu_contract::coding::{CreateCodeSchemeRequest, CreateCodeSchemeResponse};
use kehu_core::code_scheme::{CodeScheme, CompiledScheme};
use kehu_core::taxonomy::Taxonomy;
use kehu_server::{Fault, Violations, auth, clock};
use kehu_storage::{
    Error,
    coding::schemes::SchemeVersion,
    definitions::{self, Definition, Signed},
};
use tonic::Request;

use crate::Coding;
use crate::convert::{self, parse_scheme, scheme_view};

impl Coding {
    pub(super) async fn create_code_scheme(
        &self,
        request: Request<CreateCodeSchemeRequest>,
    ) -> Result<CreateCodeSchemeResponse, Fault> {
        let signed = Signed { at: clock::now(), by: auth::caller(request.extensions()) };
        let request = request.into_inner();
        let mut violations = Violations::new();
        let scheme = parse_scheme(request.code_scheme.unwrap_or_default(), &mut violations);
        let catalogue = self.analytics.catalogue().await.map_err(convert::analytics_fault)?;
        check_attributes(&scheme, &catalogue, &mut violations);
        let compiled = scheme.compile();
        match &compiled {
            Err(problems) => convert::problems("code_scheme", problems, &mut violations),
            Ok(compiled) => self.check_classes(&scheme, compiled, &mut violations).await?,
        }
        violations.finish()?;
        let capacity = compiled.map_or(0, |compiled| compiled.capacity());
        let stored = self.keep(&scheme, request.validate_only, &signed).await?;
        Ok(CreateCodeSchemeResponse { code_scheme: Some(scheme_view(&stored, capacity)) })
    }

    /// Every class of the taxonomy must fit its segment, so that nobody is left without a code.
    async fn check_classes(
        &self,
        scheme: &CodeScheme,
        compiled: &CompiledScheme,
        violations: &mut Violations,
    ) -> Result<(), Fault> {
        if scheme.taxonomy.is_empty() {
            return Ok(());
        }
        let versions = definitions::published::<Taxonomy>(&self.db, &scheme.taxonomy).await?;
        let Some(in_force) = versions.first() else {
            let message = format!("no version of {} is published: publish one", scheme.taxonomy);
            violations.add("code_scheme.taxonomy", message);
            return Ok(());
        };
        for class in &in_force.definition.classes {
            if let Err(error) = compiled.class_text(&class.code) {
                violations.add("code_scheme.template", error.to_string());
            }
        }
        Ok(())
    }

    async fn keep(
        &self,
        scheme: &CodeScheme,
        validate_only: bool,
        signed: &Signed,
    ) -> Result<SchemeVersion, Fault> {
        if !validate_only {
            return Ok(definitions::create(&self.db, scheme, &(), signed).await?);
        }
        let version = definitions::preview(&self.db, scheme, signed).await?;
        if version.version > 1 {
            return Err(Error::already_exists(CodeScheme::KIND.name, &scheme.id).into());
        }
        Ok(version)
    }
}

fn check_attributes(scheme: &CodeScheme, catalogue: &Catalogue, violations: &mut Violations) {
    for (index, table) in scheme.tables.iter().enumerate() {
        if catalogue.find(&table.attribute).is_none() {
            let field = format!("code_scheme.tables[{index}].attribute");
            let unknown =
                || format!("{:?} is no feature: ListFeatures names them", table.attribute);
            let blocked = catalogue.why_blocked(&table.attribute);
            let message = blocked.map_or_else(unknown, str::to_owned);
            violations.add(field, message);
        }
    }
}
