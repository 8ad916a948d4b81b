//! Drafts and published versions.

use kehu_contract::google::r#type::Decimal;
use kehu_contract::scoring::{
    self as contract, CreateScorecardRequest, CumulativeShare, Direction, GetScorecardRequest,
    GradeCut, Grading, Indicator, ListScorecardsRequest, ListTemplatesRequest, Lookup,
    PublishScorecardRequest, Quantiles, ScorecardDefinition, VersionState,
    create_scorecard_request::Origin, grading::Rule, indicator::Transform,
    scorecard_service_server::ScorecardService,
};
use kehu_contract::shared::Label;
use kehu_tests::{date, each_database};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::world::World;

fn decimal(text: &str) -> Option<Decimal> {
    Some(Decimal { value: text.to_owned() })
}

fn indicator(id: &str, feature: &str, weight: &str, transform: Option<Transform>) -> Indicator {
    Indicator {
        id: id.to_owned(),
        label: Some(Label { zh: "名".to_owned(), en: String::new() }),
        feature: feature.to_owned(),
        direction: Direction::Up.into(),
        weight: decimal(weight),
        transform,
        missing: None,
        fade: None,
    }
}

/// A definition with a fault in every place.
fn faulty() -> ScorecardDefinition {
    let quantiles = |bin_count| Some(Transform::Quantiles(Quantiles { bin_count }));
    let lookup = Lookup { points: [("a".to_owned(), "x".to_owned())].into(), other_points: None };
    let cuts = vec![
        GradeCut { grade: "A".to_owned(), limit: decimal("0.9") },
        GradeCut { grade: "A".to_owned(), limit: decimal("0.5") },
    ];
    let rule = Rule::CumulativeShare(CumulativeShare {
        indicator: "nobody".to_owned(),
        cuts,
        rest_grade: "C".to_owned(),
    });
    let mut odd = indicator("one", "amount_total", "", quantiles(1));
    odd.direction = 9;
    ScorecardDefinition {
        id: "Not an id".to_owned(),
        label: None,
        indicators: vec![
            indicator("one", "no_such_feature", "1", quantiles(5)),
            odd,
            indicator("three", "amount_total", "-1", None),
            indicator("four", "preferred_channel", "1", Some(Transform::Lookup(lookup))),
            indicator("five", "preferred_channel", "1", quantiles(5)),
        ],
        grading: Some(Grading { rule: Some(rule) }),
    }
}

fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument);
    let mut fields: Vec<_> = status
        .get_details_bad_request()
        .unwrap()
        .field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect();
    fields.sort();
    fields
}

#[tokio::test]
async fn everything_wrong_is_told_at_once() {
    each_database(async |test| {
        let world = World::new(test).await;
        let status = world.create(Origin::Definition(faulty())).await.unwrap_err();
        assert_eq!(
            fields(&status),
            [
                "definition.grading.cumulative_share.cuts",
                "definition.grading.cumulative_share.cuts",
                "definition.grading.cumulative_share.indicator",
                "definition.id",
                "definition.indicators[0].feature",
                "definition.indicators[1].direction",
                "definition.indicators[1].id",
                "definition.indicators[1].quantiles.bin_count",
                "definition.indicators[1].weight",
                "definition.indicators[2].transform",
                "definition.indicators[2].weight",
                "definition.indicators[3].lookup.other_points",
                "definition.indicators[3].lookup.points[\"a\"]",
                "definition.indicators[4].feature",
                "definition.label",
            ]
        );
        let status = world.create(Origin::Template("nothing".to_owned())).await.unwrap_err();
        assert_eq!(fields(&status), ["template"]);
        let request = CreateScorecardRequest { origin: None, validate_only: false };
        let status = world.scoring.create_scorecard(Request::new(request)).await.unwrap_err();
        assert_eq!(fields(&status), ["origin"]);
    })
    .await;
}

async fn get(world: &World, name: &str, version: i64) -> Result<contract::Scorecard, Status> {
    let request = GetScorecardRequest { name: name.to_owned(), version };
    let response = world.scoring.get_scorecard(Request::new(request)).await?;
    Ok(response.into_inner().scorecard.unwrap())
}

#[tokio::test]
async fn publishing_freezes_a_version() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        let templates = world.scoring.list_templates(Request::new(ListTemplatesRequest {}));
        let templates = templates.await.unwrap().into_inner().templates;
        let abc = templates.iter().find(|template| template.id == "abc").unwrap();

        let origin = Some(Origin::Definition(abc.clone()));
        let checked = CreateScorecardRequest { origin, validate_only: true };
        let checked = world.scoring.create_scorecard(Request::new(checked)).await.unwrap();
        let checked = checked.into_inner().scorecard.unwrap();
        assert_eq!((checked.name.as_str(), checked.version), ("scorecards/abc", 1));
        assert_eq!(get(&world, "abc", 0).await.unwrap_err().code(), Code::NotFound);

        let draft = world.create(Origin::Template("abc".to_owned())).await.unwrap();
        assert_eq!((draft.state(), draft.calibrations.len()), (VersionState::Draft, 0));
        assert_eq!(draft.definition.as_ref(), Some(abc));
        let published = world.publish("abc", "2011-12-10").await;
        assert_eq!((published.name.as_str(), published.version), ("scorecards/abc", 1));
        assert_eq!(published.state(), VersionState::Published);
        assert_eq!(published.calibration_date, date("2011-12-10"));
        assert_eq!(published.calibration_count, 12);
        assert_eq!(published.calibrations[0].value_count, 12);
        assert_eq!(published.calibrations[0].thresholds.len(), 9);
        let grades: Vec<_> = published.grade_boundaries.iter().map(|one| &one.grade).collect();
        assert_eq!(grades, ["A", "B"]);
        assert_eq!(get(&world, &published.name, 0).await.unwrap(), published);

        let request =
            PublishScorecardRequest { name: "scorecards/abc".into(), ..Default::default() };
        let again = world.scoring.publish_scorecard(Request::new(request)).await.unwrap_err();
        assert_eq!(again.code(), Code::FailedPrecondition);
        let second = world.publish("abc", "2011-12-09").await;
        assert_eq!((second.name.as_str(), second.version), ("scorecards/abc", 2));
        assert_eq!(get(&world, "abc", 1).await.unwrap(), published);

        let list = ListScorecardsRequest::default();
        let listed = world.scoring.list_scorecards(Request::new(list)).await.unwrap().into_inner();
        assert_eq!(listed.scorecards, [second]);
    })
    .await;
}

#[tokio::test]
async fn there_must_be_somebody_to_calibrate_over() {
    each_database(async |test| {
        let world = World::new(test).await;
        world.create(Origin::Template("rfm".to_owned())).await.unwrap();
        let request = PublishScorecardRequest {
            name: "scorecards/rfm".to_owned(),
            calibration_date: date("2011-12-10"),
            allow_empty_population: false,
            simulation: String::new(),
        };
        let asked = Request::new(request.clone());
        let status = world.scoring.publish_scorecard(asked).await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        let violations = status.get_details_precondition_failure().unwrap().violations;
        assert_eq!(violations[0].subject, "scorecards/rfm");

        let request = PublishScorecardRequest { allow_empty_population: true, ..request };
        let published = world.scoring.publish_scorecard(Request::new(request)).await.unwrap();
        let scorecard = published.into_inner().scorecard.unwrap();
        assert_eq!(scorecard.calibration_count, 0);
        assert!(scorecard.calibrations.iter().all(|one| one.thresholds.is_empty()));
    })
    .await;
}
