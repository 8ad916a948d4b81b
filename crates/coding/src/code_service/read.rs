//! Reading codes: to whom one belongs, what it says, and whether it is one.

use kehu_contract::coding::{
    CountLeftOutRequest, CountLeftOutResponse, DecodeCodeRequest, DecodeCodeResponse, LeftOutCount,
    ListCodeHistoryRequest, ListCodeHistoryResponse, ListCodesRequest, ListCodesResponse,
    ListLeftOutRequest, ListLeftOutResponse, ResolveCodeRequest, ResolveCodeResponse,
    ValidateCodeRequest, ValidateCodeResponse,
};
use kehu_core::code_scheme::{CodeScheme, CompiledScheme, DecodedSegment, SegmentKind};
use kehu_core::{CustomerId, Label, taxonomy::Taxonomy};
use kehu_server::{Fault, Violation, Violations, aside, freshness, names, page};
use kehu_storage::{
    PageRequest,
    change_log::Reading,
    coding::{
        classes,
        codes::{self, CodeRow},
    },
    definitions,
    facts::{self, CustomerSet},
    ingestion,
};

use crate::Coding;
use crate::assign::compiled;
use crate::convert::{code, left_out, parse_code, segment};

/// Most suggestions in an answer.
const SUGGESTIONS: usize = 20;
/// Schemes that are looked at for a code of which nothing is known.
const MOST_SCHEMES: u64 = 1_000;

impl Coding {
    pub(super) async fn resolve_code(
        &self,
        request: ResolveCodeRequest,
    ) -> Result<ResolveCodeResponse, Fault> {
        let mut violations = Violations::new();
        let normal = parse_code("code", &request.code, &mut violations);
        let fresh =
            freshness::parse("at_least_as_fresh", &request.at_least_as_fresh, &mut violations);
        violations.finish()?;
        let freshness_token = fresh.wait(&self.db, Reading::Codes).await?;
        let Some(row) = self.given(&normal).await? else {
            return Err(Fault::NotFound { kind: "code", name: normal });
        };
        let current = if row.current {
            Some(row.code.clone())
        } else {
            codes::current(&self.db, &row.scheme, row.customer).await?.map(|now| now.code)
        };
        Ok(ResolveCodeResponse {
            code: Some(code(&row)),
            current_code: current.unwrap_or_default(),
            freshness_token,
        })
    }

    pub(super) async fn list_code_history(
        &self,
        request: ListCodeHistoryRequest,
    ) -> Result<ListCodeHistoryResponse, Fault> {
        let mut violations = Violations::new();
        let customer = names::parse_customer("customer", &request.customer, &mut violations);
        let fresh =
            freshness::parse("at_least_as_fresh", &request.at_least_as_fresh, &mut violations);
        violations.finish()?;
        let customer = customer.unwrap_or(CustomerId(0));
        let freshness_token = fresh.wait(&self.db, Reading::Codes).await?;
        let survivor = ingestion::survivor(&self.db, customer, None).await?;
        let customer = survivor.unwrap_or(customer);
        let rows = codes::of_customer(&self.db, customer).await?;
        if rows.is_empty() {
            self.check_exists(customer).await?;
        }
        let codes = rows.iter().map(code).collect();
        Ok(ListCodeHistoryResponse { codes, freshness_token })
    }

    pub(super) async fn list_codes(
        &self,
        request: ListCodesRequest,
    ) -> Result<ListCodesResponse, Fault> {
        let mut violations = Violations::new();
        let prefix = parse_code("prefix", &request.prefix, &mut violations);
        let scheme = &request.scheme;
        let scheme = names::parse_optional("scheme", names::CODE_SCHEMES, scheme, &mut violations);
        let named = scheme.as_deref().unwrap_or_default();
        let which = if request.current { "current codes" } else { "codes" };
        let filters = [which, &prefix, named];
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        violations.finish()?;
        if let Some(scheme) = &scheme {
            definitions::get::<CodeScheme>(&self.db, scheme, None).await?;
        }
        let page = PageRequest { limit: page.size, after: page.after };
        let (db, scheme) = (&self.db, scheme.as_deref());
        let found = codes::beginning_with(db, &prefix, scheme, request.current, &page).await?;
        Ok(ListCodesResponse {
            codes: found.items.iter().map(code).collect(),
            next_page_token: found.next.map(|key| page::token(&key, &filters)).unwrap_or_default(),
        })
    }

    pub(super) async fn list_left_out(
        &self,
        request: ListLeftOutRequest,
    ) -> Result<ListLeftOutResponse, Fault> {
        let mut violations = Violations::new();
        let scheme =
            names::parse_resource("scheme", names::CODE_SCHEMES, &request.scheme, &mut violations);
        let scheme = scheme.unwrap_or_default();
        let run = match request.run.as_str() {
            "" => None,
            name => names::parse_run("run", name, &mut violations),
        };
        let fresh =
            freshness::parse("at_least_as_fresh", &request.at_least_as_fresh, &mut violations);
        let filters = ["left_out", &scheme, &request.run];
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        violations.finish()?;
        definitions::get::<CodeScheme>(&self.db, &scheme, None).await?;
        let after = page.after.and_then(|key| key.parse().ok());
        let page = PageRequest { limit: page.size, after };
        let freshness_token = fresh.wait(&self.db, Reading::Codes).await?;
        let found = codes::list_left_out(&self.db, &scheme, run, &page).await?;
        let token = |key: i64| page::token(&key.to_string(), &filters);
        Ok(ListLeftOutResponse {
            left_out: found.items.iter().map(left_out).collect(),
            next_page_token: found.next.map(token).unwrap_or_default(),
            freshness_token,
        })
    }

    pub(super) async fn count_left_out(
        &self,
        request: CountLeftOutRequest,
    ) -> Result<CountLeftOutResponse, Fault> {
        let mut violations = Violations::new();
        let fresh =
            freshness::parse("at_least_as_fresh", &request.at_least_as_fresh, &mut violations);
        violations.finish()?;
        let freshness_token = fresh.wait(&self.db, Reading::Codes).await?;
        let mut counts = Vec::new();
        let kinds = [
            (names::TAXONOMIES, classes::count_left_out(&self.db).await?),
            (names::CODE_SCHEMES, codes::count_left_out(&self.db).await?),
        ];
        for (kind, counted) in kinds {
            counts.extend(counted.into_iter().map(|(id, customers)| LeftOutCount {
                left_out_by: names::resource(kind, &id),
                customers,
            }));
        }
        Ok(CountLeftOutResponse { counts, freshness_token })
    }

    pub(crate) async fn check_exists(&self, customer: CustomerId) -> Result<(), Fault> {
        let one = CustomerSet::Ids(vec![customer.0]);
        if facts::customer_ids(&self.db, &one).await?.is_empty() {
            return Err(Fault::NotFound { kind: "customer", name: names::customer(customer) });
        }
        Ok(())
    }

    pub(super) async fn decode_code(
        &self,
        request: DecodeCodeRequest,
    ) -> Result<DecodeCodeResponse, Fault> {
        let (normal, named) = checked(&request.code, &request.scheme)?;
        let given = if named.is_none() { self.given(&normal).await? } else { None };
        let named = given.map(|row| row.scheme).or(named);
        let (scheme, compiled) = self.scheme(named.as_deref()).await?;
        let decoded = compiled.decode(&normal);
        let decoded = decoded.map_err(|error| invalid("code", error.to_string()))?;
        let class = self.class(&scheme, &compiled, &decoded).await?;
        Ok(DecodeCodeResponse {
            segments: decoded.iter().map(|part| segment(part, class.as_ref())).collect(),
            scheme: names::resource(names::CODE_SCHEMES, &scheme.id),
        })
    }

    pub(super) async fn validate_code(
        &self,
        request: ValidateCodeRequest,
    ) -> Result<ValidateCodeResponse, Fault> {
        let (normal, named) = checked(&request.code, &request.scheme)?;
        let (scheme, compiled) = self.scheme(named.as_deref()).await?;
        let normal = compiled.normalise(&normal);
        let validity = compiled.validate(&normal);
        let given = codes::resolve(&self.db, &normal).await?;
        let problem = compiled.decode(&normal).err();
        Ok(ValidateCodeResponse {
            valid: validity.check_ok,
            assigned: given.is_some_and(|row| row.scheme == scheme.id),
            expected_check: validity.expected_check.unwrap_or_default(),
            problem: problem.map(|error| error.to_string()).unwrap_or_default(),
            suggestions: self.suggestions(&compiled, &normal).await?,
        })
    }

    /// The slips of the pen that lead to a code that was given.
    async fn suggestions(
        &self,
        compiled: &CompiledScheme,
        normal: &str,
    ) -> Result<Vec<String>, Fault> {
        let possible = compiled.suggestions(normal);
        let normals: Vec<String> = possible.iter().map(|code| compiled.normalise(code)).collect();
        let mut existing = codes::existing(&self.db, &normals).await?;
        existing.truncate(SUGGESTIONS);
        Ok(existing)
    }

    /// The code as it is held. What a scheme reads as something else, an O as the digit 0 say, is
    /// looked for, too.
    pub(crate) async fn given(&self, normal: &str) -> Result<Option<CodeRow>, Fault> {
        if let Some(row) = codes::resolve(&self.db, normal).await? {
            return Ok(Some(row));
        }
        for scheme in self.schemes().await? {
            let Ok(compiled) = compiled(&scheme) else { continue };
            let folded = compiled.normalise(normal);
            if folded == normal {
                continue;
            }
            if let Some(row) = codes::resolve(&self.db, &folded).await? {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    async fn schemes(&self) -> Result<Vec<CodeScheme>, Fault> {
        let schemes = definitions::list(&self.db, &PageRequest::first(MOST_SCHEMES)).await?;
        let schemes = aside::readable(schemes.items)?;
        Ok(schemes.into_iter().map(|scheme| scheme.definition).collect())
    }

    /// The scheme that is named, else the only one there is.
    async fn scheme(&self, named: Option<&str>) -> Result<(CodeScheme, CompiledScheme), Fault> {
        let scheme = match named {
            Some(id) => definitions::get::<CodeScheme>(&self.db, id, None).await?.definition,
            None => only(self.schemes().await?)?,
        };
        let compiled = compiled(&scheme)?;
        Ok((scheme, compiled))
    }

    /// The name of the class that a code shows, in the newest version that has it.
    async fn class(
        &self,
        scheme: &CodeScheme,
        compiled: &CompiledScheme,
        decoded: &[DecodedSegment],
    ) -> Result<Option<Label>, Fault> {
        let Some(shown) = decoded.iter().find(|part| part.kind == SegmentKind::Class) else {
            return Ok(None);
        };
        for version in definitions::published::<Taxonomy>(&self.db, &scheme.taxonomy).await? {
            for class in version.definition.classes {
                let text = compiled.class_text(&class.code).ok().flatten();
                if text.as_deref() == Some(shown.text.as_str()) {
                    return Ok(Some(class.label));
                }
            }
        }
        Ok(None)
    }
}

/// The normal form of a code, and the scheme if one is named.
fn checked(code: &str, scheme: &str) -> Result<(String, Option<String>), Fault> {
    let mut violations = Violations::new();
    let normal = parse_code("code", code, &mut violations);
    let named = names::parse_optional("scheme", names::CODE_SCHEMES, scheme, &mut violations);
    violations.finish()?;
    Ok((normal, named))
}

fn only(mut schemes: Vec<CodeScheme>) -> Result<CodeScheme, Fault> {
    if schemes.len() > 1 {
        return Err(invalid("scheme", "must be given: there are several code schemes"));
    }
    schemes.pop().ok_or_else(|| Fault::Precondition {
        kind: "CODE_SCHEME_CREATED",
        subject: names::CODE_SCHEMES.to_owned(),
        description: "there is no code scheme: create one first".to_owned(),
    })
}

fn invalid(field: &str, description: impl Into<String>) -> Fault {
    Fault::Invalid(vec![Violation { field: field.to_owned(), description: description.into() }])
}
