//! Definitions that cannot be evaluated any more, and that the server goes on without.

use crate::connection::Connection;
use kehu_contract::{
    coding::{ListCodeSchemesRequest, ListTaxonomiesRequest},
    scoring::ListScorecardsRequest,
};
use serde::Serialize;
use std::future::Future;
use tonic::{Code, Response, Status};

/// As many definitions of a kind as there are, unless somebody keeps thousands.
const PAGE: i32 = 1_000;

/// A definition that is set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Broken {
    /// Its resource name.
    pub(crate) name: String,
    /// Why.
    pub(crate) reason: String,
}

/// Those of all kinds.
pub(crate) async fn all(connection: &Connection) -> Result<Vec<Broken>, Status> {
    let mut all = scorecards(connection).await?;
    all.extend(taxonomies(connection).await?);
    all.extend(code_schemes(connection).await?);
    Ok(all)
}

/// Broken scorecards.
pub(crate) async fn scorecards(connection: &Connection) -> Result<Vec<Broken>, Status> {
    let (request, mut client) = (ListScorecardsRequest::default(), connection.scorecards());
    let request = ListScorecardsRequest { page_size: PAGE, ..request };
    let listed = told(client.list_scorecards(request)).await?;
    Ok(those(listed.scorecards.into_iter().map(|one| (one.name, one.broken_reason))))
}

/// Broken taxonomies.
pub(crate) async fn taxonomies(connection: &Connection) -> Result<Vec<Broken>, Status> {
    let (request, mut client) = (ListTaxonomiesRequest::default(), connection.taxonomies());
    let request = ListTaxonomiesRequest { page_size: PAGE, ..request };
    let listed = told(client.list_taxonomies(request)).await?;
    Ok(those(listed.taxonomies.into_iter().map(|one| (one.name, one.broken_reason))))
}

async fn code_schemes(connection: &Connection) -> Result<Vec<Broken>, Status> {
    let (request, mut client) = (ListCodeSchemesRequest::default(), connection.codes());
    let request = ListCodeSchemesRequest { page_size: PAGE, ..request };
    let listed = told(client.list_code_schemes(request)).await?;
    Ok(those(listed.code_schemes.into_iter().map(|one| (one.name, one.broken_reason))))
}

fn those(definitions: impl Iterator<Item = (String, String)>) -> Vec<Broken> {
    let broken = definitions.filter(|(_, reason)| !reason.is_empty());
    broken.map(|(name, reason)| Broken { name, reason }).collect()
}

/// Nothing where that is not told: by a listener for probes, a process of another role, or to who
/// may not read.
async fn told<T: Default>(
    answer: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Status> {
    match answer.await {
        Ok(answer) => Ok(answer.into_inner()),
        Err(status) => match status.code() {
            Code::Unimplemented | Code::Unauthenticated | Code::PermissionDenied => {
                Ok(T::default())
            }
            _ => Err(status),
        },
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} is broken, and left out: {}", self.name, self.reason)
    }
}
