//! Definitions of one's own: files brought onto a server.

use kehu_tests::{program, program::Server};

const WORTH: &str = "
id: worth
label: {zh: 价值, en: Worth}
indicators:
  - id: amount
    label: {zh: 金额, en: Amount}
    feature: amount_total
    transform: {bands: {cuts: [100.5, 1000], points: [0, 50, 100]}}
    direction: up
    weight: 1.00
    missing: {impute: 0}
grading: {cuts: [{grade: A, min: 50}]}
";

const SIZE: &str = "
id: size
label: {zh: 规模, en: By size}
purpose: {en: To test}
owner: {en: Testers}
default_class: small
classes:
  - {id: large, code: L, label: {en: Large}, predicate: worth_grade = 'A'}
  - {id: small, code: S, label: {en: Small}}
";

const SALES: &str = "invoice,customer,date,quantity,price\n\
    1,c1,2011-12-01,1,2000\n2,c2,2011-12-02,1,5\n";

#[tokio::test]
async fn what_is_written_in_files_scores_and_classifies() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let server = Server::on(&folder.path().join("data")).await;
    let (worth, size) = (write("worth.yaml", WORTH), write("size.yaml", SIZE));
    server.succeed(&["import", &write("sales.csv", SALES)]).await;
    server.succeed(&["business-date", "2011-12-10"]).await;

    let draft = server.succeed(&["scorecard", "apply", &worth]).await;
    assert_eq!(draft, "scorecards/worth, version 1: a draft\n");
    let published = "scorecards/worth, version 1: published, calibrated as of 2011-12-10\n";
    for _ in 0..2 {
        assert_eq!(server.succeed(&["scorecard", "apply", &worth, "--publish"]).await, published);
    }
    let published = "taxonomies/size, version 1: published\n";
    for _ in 0..2 {
        assert_eq!(server.succeed(&["taxonomy", "apply", &size, "--publish"]).await, published);
    }
    server.succeed(&["score", "worth"]).await;
    server.succeed(&["classify", "size"]).await;
    let summary = ["report", "--csv", "class-summary", "--taxonomy", "size"];
    let summary = server.succeed(&summary).await;
    assert!(summary.contains(",large,Large,,1,0.5000,2000.0000,"), "{summary}");

    // What is shown is a file that says the same.
    for kind in ["scorecard", "taxonomy"] {
        let id = if kind == "scorecard" { "worth" } else { "size" };
        let shown = write("shown.yaml", &server.succeed(&[kind, "show", id]).await);
        let applied = server.succeed(&[kind, "apply", &shown, "--publish"]).await;
        assert!(applied.contains("version 1: published"), "{applied}");
        let listed = server.succeed(&[kind, "list"]).await;
        assert!(listed.lines().any(|line| line.trim_start().starts_with(id)), "{listed}");
        let template = server.succeed(&[kind, "show", "--template", "abc"]).await;
        assert!(template.starts_with("id: abc\n"), "{template}");
    }

    let changed = SIZE.replace("worth_grade = 'A'", "amount_total >= 1");
    let changed = write("changed.yaml", &changed);
    let draft = server.succeed(&["taxonomy", "apply", &changed]).await;
    assert_eq!(draft, "taxonomies/size, version 2: a draft\n");

    for (kind, text, code, said) in [
        ("taxonomy", SIZE.replace("code: S", "kode: S"), 65, "classes[1]: unknown field `kode`"),
        ("taxonomy", SIZE.replace("worth_grade", "worth"), 64, "definition.classes[0].predicate"),
        ("scorecard", WORTH.replace("1.00", "much"), 65, "indicators[0].weight: \"much\""),
        ("scorecard", WORTH.replace("1.00", "-1"), 64, "definition.indicators[0].weight"),
    ] {
        let file = write("wrong.yaml", &text);
        let arguments = [kind, "apply", file.as_str(), "--server", server.url.as_str()];
        let (found, errors) = program::fail(&arguments).await;
        assert_eq!(found, code, "{errors}");
        assert!(errors.contains(said), "{errors}");
    }
    server.stop().await;
}

const CARE: &str = "
id: care
label: {zh: 关怀, en: Care}
purpose: {en: To test}
owner: {en: Testers}
default_class: small
service_levels:
  - {id: vip, label: {zh: 专属服务, en: VIP service}}
classes:
  - id: large
    code: L
    label: {zh: 大客户, en: Large}
    predicate: amount_total >= 100
    strategy:
      service_level: vip
      discount_percent: 7.5
      owner_role: {id: sales, label: {zh: 销售, en: Sales}}
      campaign: {id: gift, label: {zh: 礼品, en: Gift}}
  - {id: small, code: S, label: {zh: 小客户, en: Small}}
";

#[tokio::test]
async fn what_a_class_earns_is_due_and_ticked_off() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let server = Server::on(&folder.path().join("data")).await;
    server.succeed(&["import", &write("sales.csv", SALES)]).await;
    server.succeed(&["business-date", "2011-12-10"]).await;
    server.succeed(&["taxonomy", "apply", &write("care.yaml", CARE), "--publish"]).await;
    let shown = server.succeed(&["taxonomy", "show", "care"]).await;
    assert!(shown.contains("discount_percent: 7.5"), "{shown}");
    assert_eq!(server.succeed(&["actions", "list", "care"]).await, "Nothing is due.\n");
    server.succeed(&["classify", "care"]).await;
    let due = server.succeed(&["actions", "list", "care", "--owner-role", "sales"]).await;
    let line = due.lines().last().unwrap();
    assert!(line.contains("2011-12-10") && line.contains("Large 0 days; Gift"), "{due}");
    let name = line.split_whitespace().last().unwrap();
    let done = server.succeed(&["actions", "complete", name, "--by", "Li Lei"]).await;
    assert_eq!(done, format!("{name}: done on 2011-12-10 by Li Lei\n"));
    assert_eq!(server.succeed(&["actions", "list", "care"]).await, "Nothing is due.\n");
    let completed = server.succeed(&["actions", "list", "care", "--completed"]).await;
    assert!(completed.contains("Li Lei"), "{completed}");
    let changes = server.succeed(&["actions", "changes", "care"]).await;
    assert!(changes.contains("gift on 2011-12-10"), "{changes}");
    let strategies = ["report", "--csv", "strategies", "--taxonomy", "care"];
    let strategies = server.succeed(&strategies).await;
    assert!(strategies.contains("vip,VIP service,7.5000,,Sales,Gift,,1,0.5000,"), "{strategies}");
    let wrong = write("wrong.yaml", &CARE.replace("7.5", "107.5"));
    let arguments = ["taxonomy", "apply", &wrong, "--server", server.url.as_str()];
    let (code, errors) = program::fail(&arguments).await;
    assert_eq!(code, 64, "{errors}");
    assert!(errors.contains("definition.classes[0].strategy.terms.discount_percent"), "{errors}");
    server.stop().await;
}

const BY_AMOUNT: &str = "
id: worth
label: {zh: 价值, en: By amount}
purpose: {en: To test}
owner: {en: Testers}
default_class: small
classes:
  - {id: large, code: L, label: {zh: 大客户, en: Large}, predicate: amount_total >= 1000}
  - {id: small, code: S, label: {en: Small}}
";

#[tokio::test]
async fn a_version_is_tried_published_compared_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let server = Server::on(&folder.path().join("data")).await;
    server.succeed(&["import", &write("sales.csv", SALES)]).await;
    server.succeed(&["business-date", "2011-12-10"]).await;
    let first = write("first.yaml", BY_AMOUNT);
    server.succeed(&["taxonomy", "apply", &first, "--publish", "--reason", "a start"]).await;
    server.succeed(&["classify", "worth"]).await;
    let table = server.succeed(&["taxonomy", "show", "worth", "--table"]).await;
    assert!(table.contains("大客户 Large") && table.contains("amount_total >= 1000"), "{table}");
    assert!(table.contains("everybody else 其余客户"), "{table}");

    let second = write("second.yaml", &BY_AMOUNT.replace("1000", "5"));
    server.succeed(&["taxonomy", "apply", &second]).await;
    server.succeed(&["taxonomy", "comment", "worth", "five is a little"]).await;
    let tried = server.succeed(&["taxonomy", "simulate", "worth"]).await;
    assert!(tried.contains("version 2 against version 1"), "{tried}");
    assert!(tried.contains("1 of 2 customers move"), "{tried}");
    let run = tried.rsplit("--simulation ").next().unwrap().trim();
    let published = ["taxonomy", "publish", "worth", "--simulation", run];
    assert_eq!(server.succeed(&published).await, "taxonomies/worth, version 2: published\n");
    let compared = server.succeed(&["taxonomy", "compare", "worth", "2", "1"]).await;
    assert!(compared.contains("version 1 against version 2"), "{compared}");
    assert!(compared.contains("1 of 2 customers move"), "{compared}");
    let differs = server.succeed(&["taxonomy", "diff", "worth", "1", "2"]).await;
    assert!(differs.contains("-   predicate: amount_total >= 1000"), "{differs}");
    assert!(differs.contains("+   predicate: amount_total >= 5"), "{differs}");

    let back = ["taxonomy", "rollback", "worth", "1", "--reason", "too many"];
    let back = server.succeed(&back).await;
    assert!(back.starts_with("taxonomies/worth, version 3: published"), "{back}");
    let history = server.succeed(&["taxonomy", "history", "worth", "--all"]).await;
    for told in ["rolled back to 1", "too many", "five is a little", "a start"] {
        assert!(history.contains(told), "{told}: {history}");
    }
    let differs = server.succeed(&["taxonomy", "diff", "worth", "1", "3"]).await;
    assert_eq!(differs, "The two versions say the same.\n");
    server.stop().await;
}
