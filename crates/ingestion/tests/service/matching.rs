//! Customers that are probably one: found by a run, decided by a person.

use kehu_contract::google::r#type::Decimal;
use kehu_contract::ingestion::{
    CustomerProfile, CustomerRecord, GetMatchCandidateRequest, ListMatchCandidatesRequest,
    ListMergesRequest, MatchCandidate, MatchComparison, MatchField, MatchLevel, MatchState, Record,
    ReviewMatchRequest, ReviewMatchResponse, StartMatchingRequest, UndoMergeRequest,
    match_service_client::MatchServiceClient, record::Kind,
};
use kehu_core::matching::draw;
use kehu_ingestion::Ingestion;
use kehu_server::client::Client;
use kehu_storage::run::RunState;
use kehu_tests::{background, each_database, shop};
use tonic::{Code, Status};

use crate::records::record;
use crate::server::Server;

const PEOPLE: i64 = 120;

fn person(key: &str, name: &str, phone: &str, email: &str) -> Record {
    let given = [("phone", phone), ("email", email)];
    let given = given.into_iter().filter(|(_, value)| !value.is_empty());
    let profile = CustomerProfile {
        display_name: name.to_owned(),
        attributes: given.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        ..Default::default()
    };
    record(Kind::Customer(CustomerRecord {
        external_id: key.to_owned(),
        profile: Some(profile),
        ..Default::default()
    }))
}

/// People of whom no two are one, and of every tenth a second record with another spelling: customers
/// 1 and 121, 11 and 122 and so on are one.
fn population() -> Vec<Record> {
    let names = ["王", "李", "张", "刘", "陈", "杨", "黄", "趙", "吴", "周"];
    let given = ["伟", "芳", "娜", "敏", "静", "磊", "强", "軍", "艳", "杰"];
    let of = |n: i64, key: &str, again: bool| {
        let die = |k: i64, sides: u64| usize::try_from(draw(n * 16 + k) % sides).unwrap();
        let (first, second) = (given[die(1, 10)], given[die(2, 10)]);
        let name = format!("{}{first}{second}", names[die(0, 10)]);
        let phone = format!("139{:08}", die(3, 100_000_000));
        let email = format!("u{}@example.com", die(4, 1_000_000_000));
        match again {
            false => person(key, &name, &phone, &email),
            true => person(key, &format!("{name} 女士"), &format!("+86 {phone}"), ""),
        }
    };
    let once = (1..=PEOPLE).map(|n| of(n, &format!("p{n}"), false));
    let twice = (1..=PEOPLE).step_by(10).map(|n| of(n, &format!("q{n}"), true));
    once.chain(twice).collect()
}

/// The second record of person `n`, one of the tenths.
fn twin(n: i64) -> String {
    format!("customers/{}", PEOPLE + 1 + (n - 1) / 10)
}

struct Matching {
    server: Server,
    ingestion: Ingestion,
    client: MatchServiceClient<Client>,
}

impl Matching {
    async fn new(database: &kehu_tests::TestDatabase) -> Self {
        let server = Server::start(database).await;
        let ingestion = Ingestion::new(server.database.clone(), shop::settings());
        let client = MatchServiceClient::new(server.client());
        server.ingest("people", population()).await;
        Self { server, ingestion, client }
    }

    /// Runs it, and tells how many pairs are new.
    async fn run(&self, request: StartMatchingRequest) -> i64 {
        let started = self.client.clone().start_matching(request).await.unwrap().into_inner();
        let name = started.run.unwrap().name;
        let run_id = name.strip_prefix("runs/").unwrap().parse().unwrap();
        let (db, jobs) = (&self.server.database, self.ingestion.jobs());
        let run = background::carry_out(db, jobs, &[run_id]).await.pop().unwrap();
        assert_eq!(run.state, RunState::Succeeded, "{:?}", run.error);
        assert_eq!(run.done, run.total);
        run.changed
    }

    async fn list(&self, state: MatchState) -> Vec<MatchCandidate> {
        let mut request =
            ListMatchCandidatesRequest { page_size: 5, state: state.into(), ..Default::default() };
        let mut candidates = Vec::new();
        loop {
            let page = self.client.clone().list_match_candidates(request.clone()).await.unwrap();
            let page = page.into_inner();
            candidates.extend(page.candidates);
            if page.next_page_token.is_empty() {
                return candidates;
            }
            request.page_token = page.next_page_token;
        }
    }

    async fn review(
        &self,
        pair: &MatchCandidate,
        decision: MatchState,
    ) -> Result<ReviewMatchResponse, Status> {
        let request = ReviewMatchRequest {
            name: pair.name.clone(),
            decision: decision.into(),
            reason: "looked at".to_owned(),
            ..Default::default()
        };
        Ok(self.client.clone().review_match(request).await?.into_inner())
    }
}

fn number(decimal: Option<&Decimal>) -> f64 {
    decimal.unwrap().value.parse().unwrap()
}

fn pairs(candidates: &[MatchCandidate]) -> Vec<[String; 2]> {
    let mut pairs: Vec<[String; 2]> =
        candidates.iter().map(|pair| pair.customers.clone().try_into().unwrap()).collect();
    pairs.sort();
    pairs
}

fn twins() -> Vec<[String; 2]> {
    let mut twins: Vec<[String; 2]> =
        (1..=PEOPLE).step_by(10).map(|n| [format!("customers/{n}"), twin(n)]).collect();
    twins.sort();
    twins
}

#[tokio::test]
async fn pairs_are_found_and_say_why() {
    each_database(async |database| {
        let matching = Matching::new(database).await;
        assert_eq!(matching.run(StartMatchingRequest::default()).await, 12);
        let found = matching.list(MatchState::Unspecified).await;
        assert_eq!(pairs(&found), twins());
        let probabilities: Vec<f64> =
            found.iter().map(|pair| number(pair.probability.as_ref())).collect();
        assert!(probabilities.is_sorted_by(|one, other| one >= other), "{probabilities:?}");
        for pair in &found {
            let mut weight = number(pair.prior_weight.as_ref());
            for evidence in &pair.evidence {
                weight += number(evidence.weight.as_ref());
                let level = match evidence.field.as_str() {
                    "display_name" | "attributes.phone" => MatchLevel::Same,
                    _ => MatchLevel::Missing,
                };
                assert_eq!(evidence.level(), level, "{evidence:?}");
            }
            let probability = 1.0 / (1.0 + (-weight).exp2());
            assert!((probability - number(pair.probability.as_ref())).abs() < 1e-5, "{pair:?}");
        }
        let request = GetMatchCandidateRequest { name: found[0].name.clone() };
        let got = matching.client.clone().get_match_candidate(request).await.unwrap().into_inner();
        assert_eq!(got.candidate.as_ref(), Some(&found[0]));
        let names: Vec<&String> = got.customers.iter().map(|customer| &customer.name).collect();
        assert_eq!(names, found[0].customers.iter().collect::<Vec<_>>());
        // Another run finds the same and nothing new.
        assert_eq!(matching.run(StartMatchingRequest::default()).await, 0);
        assert_eq!(pairs(&matching.list(MatchState::Open).await), twins());
    })
    .await;
}

#[tokio::test]
async fn a_person_decides_once_until_something_changes() {
    each_database(async |database| {
        let matching = Matching::new(database).await;
        matching.run(StartMatchingRequest::default()).await;
        let found = matching.list(MatchState::Open).await;
        let accepted = matching.review(&found[0], MatchState::Accepted).await.unwrap();
        let merge = accepted.merge.unwrap();
        assert_eq!([merge.survivor.clone(), merge.absorbed.clone()], found[0].customers[..]);
        assert!(!accepted.freshness_token.is_empty());
        let rejected = matching.review(&found[1], MatchState::Rejected).await.unwrap();
        assert_eq!((rejected.merge, rejected.freshness_token.as_str()), (None, ""));
        for (decided, decision) in
            [(&found[0], MatchState::Rejected), (&found[1], MatchState::Accepted)]
        {
            let again = matching.review(decided, decision).await.unwrap_err();
            assert_eq!(again.code(), Code::FailedPrecondition);
        }
        assert_eq!(matching.run(StartMatchingRequest::default()).await, 0);
        assert_eq!(matching.list(MatchState::Open).await.len(), 10);
        let held = matching.list(MatchState::Rejected).await;
        assert_eq!((held.len(), held[0].reason.as_str()), (1, "looked at"));
        assert_eq!(matching.list(MatchState::Accepted).await[0].merge, merge.name);

        // One of the rejected has changed, and the merge is undone: both are asked about again, and
        // not even a run that merges takes them for one by itself.
        let undo = UndoMergeRequest {
            name: merge.name,
            reason: "a mistake".to_owned(),
            ..Default::default()
        };
        matching.server.customers().undo_merge(undo).await.unwrap();
        let first: i64 = found[1].customers[0].strip_prefix("customers/").unwrap().parse().unwrap();
        let changed = person(&format!("p{first}"), "", "", "new@example.com");
        matching.server.ingest("later", vec![changed]).await;
        let merging = StartMatchingRequest {
            merge_probability: Some(Decimal { value: "0.5".to_owned() }),
            ..Default::default()
        };
        assert_eq!(matching.run(merging).await, 0);
        let open = pairs(&matching.list(MatchState::Open).await);
        let asked: Vec<[String; 2]> = pairs(&found[..2]);
        assert_eq!(open, asked);
        assert_eq!(matching.list(MatchState::Accepted).await.len(), 10);
    })
    .await;
}

#[tokio::test]
async fn beyond_a_bound_they_are_merged_at_once_if_asked_for() {
    each_database(async |database| {
        let matching = Matching::new(database).await;
        let field = |field: &str, comparison: MatchComparison| MatchField {
            field: field.to_owned(),
            comparison: comparison.into(),
        };
        let request = StartMatchingRequest {
            fields: vec![
                field("attributes.phone", MatchComparison::Unspecified),
                field("display_name", MatchComparison::Name),
            ],
            merge_probability: Some(Decimal { value: "0.9".to_owned() }),
            ..Default::default()
        };
        // Of 132 with few names in all, a name is not enough for every pair.
        assert_eq!(matching.run(request).await, 12);
        let below = matching.list(MatchState::Open).await;
        assert!(!below.is_empty() && below.len() < 12);
        assert!(below.iter().all(|pair| number(pair.probability.as_ref()) < 0.9), "{below:?}");
        let request = ListMergesRequest { page_size: 1_000, ..Default::default() };
        let merges = matching.server.customers().list_merges(request).await.unwrap().into_inner();
        let mut all: Vec<[String; 2]> =
            merges.merges.into_iter().map(|merge| [merge.survivor, merge.absorbed]).collect();
        all.extend(pairs(&below));
        all.sort();
        assert_eq!(all, twins());
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_compared_or_decided_is_refused() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let mut client = MatchServiceClient::new(server.client());
        let field = |name: &str| MatchField { field: name.to_owned(), comparison: 0 };
        let decimal = |value: &str| Some(Decimal { value: value.to_owned() });
        for wrong in [
            StartMatchingRequest { fields: vec![field("attributes")], ..Default::default() },
            StartMatchingRequest { fields: vec![field("attributes.no")], ..Default::default() },
            StartMatchingRequest { fields: vec![field("city"); 2], ..Default::default() },
            StartMatchingRequest { fields: vec![field("city"); 17], ..Default::default() },
            StartMatchingRequest { review_probability: decimal("0"), ..Default::default() },
            StartMatchingRequest { review_probability: decimal("1.1"), ..Default::default() },
            StartMatchingRequest { merge_probability: decimal("0.4"), ..Default::default() },
        ] {
            let refused = client.start_matching(wrong.clone()).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{wrong:?}");
        }
        for decision in [0, 1, 9] {
            let request = ReviewMatchRequest {
                name: "matchCandidates/1".to_owned(),
                decision,
                reason: "why".to_owned(),
                ..Default::default()
            };
            let refused = client.review_match(request).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{decision}");
        }
        let request = GetMatchCandidateRequest { name: "matchCandidates/1".to_owned() };
        let missing = client.get_match_candidate(request).await.unwrap_err();
        assert_eq!(missing.code(), Code::NotFound);
    })
    .await;
}
