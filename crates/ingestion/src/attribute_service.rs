//! `kehu.ingestion.v1.AttributeService`.

use std::sync::Arc;

use kehu_contract::ingestion::{
    self as contract, CustomerProfile, DeclareAttributeRequest, DeclareAttributeResponse,
    GetAttributeRequest, GetAttributeResponse, ListAttributesRequest, ListAttributesResponse,
    attribute_service_server::AttributeService,
};
use kehu_core::attribute::{self, Attribute, Attributes, Sensitivity};
use kehu_server::{Fault, Violations, auth, clock, names, page};
use kehu_storage::definitions::{self, Definition, Signed};
use kehu_storage::ingestion::COUNTRY_AS_GIVEN;
use kehu_storage::ingestion::attributes::AttributeVersion;
use tonic::{Request, Response, Status};

use crate::Ingestion;
use crate::convert::attribute as convert;

/// Attributes that an enterprise may declare: each is a column of every predicate.
const DECLARED: usize = 500;

impl Ingestion {
    /// What profiles may say: read only where one of them says something of an attribute.
    pub(crate) async fn declared(
        &self,
        profiles: impl IntoIterator<Item = &CustomerProfile>,
    ) -> Result<Arc<Attributes>, Fault> {
        let mut keys = profiles.into_iter().flat_map(|profile| profile.attributes.keys());
        match keys.all(|key| key == COUNTRY_AS_GIVEN) {
            true => Ok(Arc::clone(&self.checker.attributes)),
            false => Ok(self.attributes.current().await?),
        }
    }

    async fn declare(
        &self,
        request: DeclareAttributeRequest,
        signed: &Signed,
    ) -> Result<contract::Attribute, Fault> {
        let mut violations = Violations::new();
        if request.attribute.is_none() {
            violations.add("attribute", "must be given");
        }
        let given = request.attribute.unwrap_or_default();
        let wanted = convert::parse(given, &mut violations);
        check_shipped(wanted.as_ref(), &mut violations);
        violations.finish()?;
        let wanted = wanted.ok_or_else(|| Fault::internal("a good request has an attribute"))?;
        let held = self.version(&wanted.id, None).await?;
        let etag = held.as_ref().map_or(convert::UNDECLARED, |held| &held.etag);
        if !request.etag.is_empty() && request.etag != etag {
            return Err(Fault::EtagMismatch { name: names::attribute(&wanted.id) });
        }
        check_type(&wanted, held.as_ref())?;
        let after = match held {
            Some(held) if held.definition == wanted => return Ok(convert::declared(held)),
            Some(held) => held.version,
            None => {
                self.check_count().await?;
                0
            }
        };
        if request.validate_only {
            return Ok(contract::Attribute { version: after + 1, ..convert::message(&wanted) });
        }
        let kept = definitions::follow_up(&self.db, &wanted, &(), after, signed).await?;
        Ok(convert::declared(kept))
    }

    /// A version of what somebody has declared, the latest without a number.
    async fn version(
        &self,
        id: &str,
        version: Option<i64>,
    ) -> Result<Option<AttributeVersion>, Fault> {
        match definitions::get::<Attribute>(&self.db, id, version).await {
            Ok(version) => Ok(Some(version)),
            Err(kehu_storage::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn check_count(&self) -> Result<(), Fault> {
        let ids = definitions::ids(self.db.reader(), &Attribute::KIND).await?;
        if ids.len() < DECLARED {
            return Ok(());
        }
        Err(Fault::Precondition {
            kind: "ATTRIBUTES_BELOW_LIMIT",
            subject: "attributes".to_owned(),
            description: format!("{DECLARED} attributes are declared, as many as may be"),
        })
    }

    async fn attribute(&self, request: GetAttributeRequest) -> Result<contract::Attribute, Fault> {
        let mut violations = Violations::new();
        let id = names::parse_attribute("name", &request.name, &mut violations);
        let version = names::parse_version("version", request.version, &mut violations);
        violations.finish()?;
        let id = id.unwrap_or_default();
        if let Some(found) = self.version(&id, version).await? {
            return Ok(convert::declared(found));
        }
        let shipped = attribute::templates().iter().find(|shipped| shipped.id == id);
        let shipped = shipped.filter(|_| version.is_none()).map(convert::message);
        shipped.ok_or(Fault::NotFound { kind: Attribute::KIND.name, name: request.name })
    }

    async fn attributes_page(
        &self,
        request: ListAttributesRequest,
    ) -> Result<ListAttributesResponse, Fault> {
        let mut violations = Violations::new();
        let filters = ["attributes"];
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        violations.finish()?;
        let declared = definitions::in_force::<Attribute>(&self.db, &[] as &[&str]).await?;
        let shipped = attribute::templates().iter();
        let shipped =
            shipped.filter(|one| declared.iter().all(|other| other.definition.id != one.id));
        let mut attributes: Vec<_> = shipped.map(convert::message).collect();
        attributes.extend(declared.iter().cloned().map(convert::declared));
        attributes.sort_by(|one, other| one.id.cmp(&other.id));
        attributes.retain(|one| page.after.as_ref().is_none_or(|after| one.id > *after));
        let size = usize::try_from(page.size).unwrap_or(usize::MAX);
        let more = attributes.len() > size;
        attributes.truncate(size);
        let last = attributes.last().filter(|_| more);
        let next_page_token = last.map(|last| page::token(&last.id, &filters)).unwrap_or_default();
        Ok(ListAttributesResponse { attributes, next_page_token })
    }
}

/// Of one that Kehu comes with, what it says of persons stays as careful as it is.
fn check_shipped(wanted: Option<&Attribute>, violations: &mut Violations) {
    let Some(wanted) = wanted else { return };
    let shipped = attribute::templates().iter().find(|shipped| shipped.id == wanted.id);
    let Some(shipped) = shipped.filter(|one| one.sensitivity != wanted.sensitivity) else { return };
    match shipped.sensitivity {
        Sensitivity::Ordinary => {}
        Sensitivity::Identifying => {
            violations.add("attribute.sensitivity", "must stay identifying: it leads to a person");
        }
        Sensitivity::Sensitive => {
            let text = "must stay sensitive: give the basis on which it is processed instead";
            violations.add("attribute.sensitivity", text);
        }
    }
}

/// Values that are held would be of another type.
fn check_type(wanted: &Attribute, held: Option<&AttributeVersion>) -> Result<(), Fault> {
    let shipped = attribute::templates().iter().find(|shipped| shipped.id == wanted.id);
    let held = held.map(|held| &held.definition).or(shipped);
    if held.is_none_or(|held| held.kind == wanted.kind) {
        return Ok(());
    }
    Err(Fault::Precondition {
        kind: "ATTRIBUTE_TYPE_KEPT",
        subject: names::attribute(&wanted.id),
        description: format!(
            "attribute {} has another type, and the type of an attribute never changes: declare one \
             with another id",
            wanted.id
        ),
    })
}

#[tonic::async_trait]
impl AttributeService for Ingestion {
    async fn declare_attribute(
        &self,
        request: Request<DeclareAttributeRequest>,
    ) -> Result<Response<DeclareAttributeResponse>, Status> {
        let signed = Signed { at: clock::now(), by: auth::caller(request.extensions()) };
        let attribute = Some(self.declare(request.into_inner(), &signed).await?);
        Ok(Response::new(DeclareAttributeResponse { attribute }))
    }

    async fn get_attribute(
        &self,
        request: Request<GetAttributeRequest>,
    ) -> Result<Response<GetAttributeResponse>, Status> {
        let attribute = Some(self.attribute(request.into_inner()).await?);
        Ok(Response::new(GetAttributeResponse { attribute }))
    }

    async fn list_attributes(
        &self,
        request: Request<ListAttributesRequest>,
    ) -> Result<Response<ListAttributesResponse>, Status> {
        Ok(Response::new(self.attributes_page(request.into_inner()).await?))
    }
}
