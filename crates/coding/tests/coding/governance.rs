//! Who may publish a taxonomy, and what stays on record of what was done with it.

use kehu_coding::Publishing;
use kehu_contract::coding::{
    ApproveTaxonomyRequest, CommentTaxonomyRequest, CreateTaxonomyRequest,
    ListTaxonomyEventsRequest, PublishTaxonomyRequest, Taxonomy, TaxonomyEvent, TaxonomyEventKind,
    create_taxonomy_request::Origin, taxonomy_service_server::TaxonomyService,
};
use kehu_server::auth::{Principal, Scope};
use kehu_tests::each_database;
use tonic::{Code, Request, Status};

use crate::world::{World, size};

/// A request of somebody who signed on.
fn of<T>(who: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let scopes = Scope::ALL.into_iter().collect();
    request.extensions_mut().insert(Principal { subject: who.to_owned(), scopes });
    request
}

/// The history of a taxonomy, two events on a page.
pub(crate) async fn events(world: &World, id: &str) -> Vec<TaxonomyEvent> {
    let mut request =
        ListTaxonomyEventsRequest { name: id.to_owned(), page_size: 2, ..Default::default() };
    let mut events = Vec::new();
    loop {
        let page = world.coding.list_taxonomy_events(Request::new(request.clone())).await.unwrap();
        let page = page.into_inner();
        events.extend(page.events);
        if page.next_page_token.is_empty() {
            return events;
        }
        request.page_token = page.next_page_token;
    }
}

async fn draft(world: &World, who: &str, large: &str, reason: &str) -> Taxonomy {
    let mut definition = size();
    definition.classes[0].predicate = large.to_owned();
    let request = CreateTaxonomyRequest {
        origin: Some(Origin::Definition(definition)),
        reason: reason.to_owned(),
        ..Default::default()
    };
    let response = world.coding.create_taxonomy(of(who, request)).await.unwrap();
    response.into_inner().taxonomy.unwrap()
}

async fn approve(world: &World, who: &str) -> Result<Taxonomy, Status> {
    let request = ApproveTaxonomyRequest { name: "size".to_owned(), reason: String::new() };
    let response = world.coding.approve_taxonomy(of(who, request)).await?;
    Ok(response.into_inner().taxonomy.unwrap())
}

async fn publish(world: &World, who: &str) -> Result<Taxonomy, Status> {
    let request = PublishTaxonomyRequest { name: "size".to_owned(), ..Default::default() };
    let response = world.coding.publish_taxonomy(of(who, request)).await?;
    Ok(response.into_inner().taxonomy.unwrap())
}

#[tokio::test]
async fn req_1_18_an_author_cannot_approve_alone() {
    each_database(async |test| {
        let mut world = World::new(test);
        let publishing = Publishing { simulation: false, approval: true };
        world.coding = world.coding.publishing(publishing);
        let first = draft(&world, "anna", "orders_total >= 10", "as sales wants it").await;
        assert_eq!((first.author.as_str(), first.approved_by.as_str()), ("anna", ""));
        let comment = "ten is too many for spare parts".to_owned();
        let request = CommentTaxonomyRequest { name: "size".to_owned(), comment };
        world.coding.comment_taxonomy(of("ben", request)).await.unwrap();

        let alone = approve(&world, "anna").await.unwrap_err();
        assert_eq!(alone.code(), Code::FailedPrecondition);
        assert!(alone.message().contains("somebody other than its author"), "{alone:?}");
        let unapproved = publish(&world, "anna").await.unwrap_err();
        assert_eq!(unapproved.code(), Code::FailedPrecondition, "{unapproved:?}");
        assert_eq!(approve(&world, "ben").await.unwrap().approved_by, "ben");
        // What takes the place of an approved draft is not approved.
        let second = draft(&world, "anna", "orders_total >= 8", "as ben says").await;
        assert_eq!((second.version, second.approved_by.as_str()), (1, ""));
        assert!(publish(&world, "anna").await.is_err());
        approve(&world, "ben").await.unwrap();
        let published = publish(&world, "anna").await.unwrap();
        assert_eq!((published.author.as_str(), published.approved_by.as_str()), ("anna", "ben"));
        assert_eq!(approve(&world, "ben").await.unwrap_err().code(), Code::FailedPrecondition);
    })
    .await;
}

#[tokio::test]
async fn req_4_13_what_was_done_stays_on_record() {
    each_database(async |test| {
        let world = World::new(test);
        draft(&world, "anna", "orders_total >= 10", "as sales wants it").await;
        let request =
            CommentTaxonomyRequest { name: "size".to_owned(), comment: "why ten?".to_owned() };
        world.coding.comment_taxonomy(of("ben", request)).await.unwrap();
        draft(&world, "anna", "orders_total >= 8", "as ben says").await;
        approve(&world, "ben").await.unwrap();
        publish(&world, "cleo").await.unwrap();
        draft(&world, "anna", "orders_total >= 7", "").await;
        let told: Vec<_> = events(&world, "size")
            .await
            .into_iter()
            .map(|it| (it.kind(), it.version, it.caller, it.note))
            .collect();
        let event =
            |kind, version, who: &str, note: &str| (kind, version, who.to_owned(), note.to_owned());
        assert_eq!(
            told,
            [
                event(TaxonomyEventKind::Drafted, 2, "anna", ""),
                event(TaxonomyEventKind::Published, 1, "cleo", ""),
                event(TaxonomyEventKind::Approved, 1, "ben", ""),
                event(TaxonomyEventKind::Drafted, 1, "anna", "as ben says"),
                event(TaxonomyEventKind::Commented, 1, "ben", "why ten?"),
                event(TaxonomyEventKind::Drafted, 1, "anna", "as sales wants it"),
            ]
        );
        let request = ListTaxonomyEventsRequest { name: "none".to_owned(), ..Default::default() };
        let unknown = world.coding.list_taxonomy_events(Request::new(request)).await.unwrap_err();
        assert_eq!(unknown.code(), Code::NotFound);
    })
    .await;
}
