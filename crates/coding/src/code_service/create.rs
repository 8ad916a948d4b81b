//! Creating a code scheme: everything that could make a run fail later is asked now.

use kehu_analytics::Catalogue;
use kehu_contract::coding::{CreateCodeSchemeRequest, CreateCodeSchemeResponse};
use kehu_core::code_scheme::{CodeScheme, CompiledScheme};
use kehu_server::{Fault, Violations, clock};
use kehu_storage::{
    Error,
    coding::{
        schemes::{self, StoredScheme},
        taxonomies,
    },
};

use crate::Coding;
use crate::convert::{self, parse_scheme, scheme_view};

impl Coding {
    pub(super) async fn create_code_scheme(
        &self,
        request: CreateCodeSchemeRequest,
    ) -> Result<CreateCodeSchemeResponse, Fault> {
        let mut violations = Violations::new();
        let scheme = parse_scheme(request.code_scheme.unwrap_or_default(), &mut violations);
        check_attributes(&scheme, self.analytics.catalogue(), &mut violations);
        let compiled = scheme.compile();
        match &compiled {
            Err(problems) => convert::problems("code_scheme", problems, &mut violations),
            Ok(compiled) => self.check_classes(&scheme, compiled, &mut violations).await?,
        }
        violations.finish()?;
        let capacity = compiled.map_or(0, |compiled| compiled.capacity());
        let stored = self.keep(scheme, request.validate_only).await?;
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
        let versions = taxonomies::published(&self.db, &scheme.taxonomy).await?;
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

    async fn keep(&self, scheme: CodeScheme, validate_only: bool) -> Result<StoredScheme, Fault> {
        let now = clock::now();
        if !validate_only {
            return Ok(schemes::create(&self.db, &scheme, now).await?);
        }
        match schemes::get(&self.db, &scheme.id).await {
            Err(Error::NotFound { .. }) => Ok(StoredScheme { definition: scheme, created_at: now }),
            Ok(_) => Err(Error::already_exists("code scheme", scheme.id).into()),
            Err(error) => Err(error.into()),
        }
    }
}

fn check_attributes(scheme: &CodeScheme, catalogue: &Catalogue, violations: &mut Violations) {
    for (index, table) in scheme.tables.iter().enumerate() {
        if catalogue.find(&table.attribute).is_none() {
            let field = format!("code_scheme.tables[{index}].attribute");
            let message = format!("{:?} is no feature: ListFeatures names them", table.attribute);
            violations.add(field, message);
        }
    }
}
