//! The client commands that list and show, on a server of their own.

use kehu_tests::{program, program::Server};
use serde_json::Value;

const SALES: &str = "invoice,customer,date,quantity,price\n\
    1,c1,2011-12-01,1,2000.5\nC2,c1,2011-12-03,-1,0.25\n3,c2,2011-12-02,1,5\n";

/// A server that has scored and classified two customers.
async fn served(folder: &std::path::Path) -> Server {
    let server = Server::on(&folder.join("data")).await;
    let sales = folder.join("sales.csv");
    std::fs::write(&sales, SALES).expect("the folder can be written");
    for arguments in [
        &["import", &sales.display().to_string()][..],
        &["business-date", "2011-12-10"],
        &["score", "abc", "rfm", "rfm-mean", "value"],
        &["classify", "abc"],
    ] {
        server.succeed(arguments).await;
    }
    server
}

/// What a command prints as JSON, a message a line.
async fn json(server: &Server, arguments: &[&str]) -> Vec<Value> {
    let text = server.succeed(&[arguments, &["--output", "json"]].concat()).await;
    let values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    values.map(|value| value.unwrap_or_else(|error| panic!("{error}: {text}"))).collect()
}

#[tokio::test]
async fn what_is_known_of_a_customer_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let server = served(folder.path()).await;
    // A key that one source has is enough.
    for key in ["c1", "import/c1", "customers/1"] {
        let text = server.succeed(&["history", key]).await;
        assert!(text.contains("abc_grade = 'A'"), "{text}");
    }
    let events = json(&server, &["timeline", "c1"]).await;
    let kinds: Vec<&Value> = events.iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["return", "sale"]);
    let text = server.succeed(&["timeline", "c1"]).await;
    assert!(text.contains("2000.50 CNY") && text.contains("-0.25 CNY"), "{text}");
    let text = server.succeed(&["timeline", "c1", "--limit", "1"]).await;
    assert!(!text.contains("2000.50 CNY"), "{text}");

    let features = ["features", "c1", "--feature", "amount_total", "--feature", "recency_days"];
    let text = server.succeed(&features).await;
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[2..], [["amount_total", "2000.25"], ["recency_days", "9"]]);
    let before = [&features[..], &["--as-of", "2011-12-01"]].concat();
    let text = server.succeed(&before).await;
    assert!(text.contains("2000.5") && !text.contains("2000.25"), "{text}");
    let text = server.succeed(&["features"]).await;
    assert!(text.contains("recency_days"), "{text}");

    let (code, errors) = program::fail(&["timeline", "nobody", "--server", &server.url]).await;
    assert_eq!(code, 3, "{errors}");
    server.stop().await;
}

#[tokio::test]
async fn members_are_listed_on_both_axes() {
    let folder = tempfile::tempdir().unwrap();
    let server = served(folder.path()).await;
    let members = json(&server, &["members", "abc"]).await;
    let names: Vec<&Value> = members.iter().map(|member| &member["customer"]).collect();
    assert_eq!(names, ["customers/1", "customers/2"]);
    let class = members[0]["classId"].as_str().unwrap();
    assert_eq!(json(&server, &["members", "abc", "--class", class]).await, members[..1]);
    assert_eq!(json(&server, &["members", "abc", "--limit", "1"]).await, members[..1]);
    // Nothing was known before it was computed.
    let before = ["members", "abc", "--known-at", "2011-12-10T00:00:00Z"];
    assert!(json(&server, &before).await.is_empty());
    let text = server.succeed(&before).await;
    assert_eq!(text, "There are no such members.\n");
    let wrong = ["members", "abc", "--known-at", "yesterday"];
    let (code, errors) = program::fail(&wrong).await;
    assert!(code == 64 && errors.contains("use a time with its zone"), "{code}: {errors}");
    server.stop().await;
}

#[tokio::test]
async fn runs_are_listed_shown_and_followed() {
    let folder = tempfile::tempdir().unwrap();
    let server = served(folder.path()).await;
    let runs = json(&server, &["runs", "list", "--kind", "classification"]).await;
    let [run] = &runs[..] else { panic!("{runs:?}") };
    assert_eq!(run["state"], "RUN_STATE_SUCCEEDED");
    let name = run["name"].as_str().unwrap();
    let number = name.strip_prefix("runs/").unwrap();
    assert_eq!(json(&server, &["runs", "show", number]).await, runs);
    assert_eq!(json(&server, &["runs", "watch", name]).await, runs);
    assert_eq!(json(&server, &["runs", "cancel", name]).await, runs);
    let text = server.succeed(&["runs", "show", name]).await;
    assert!(text.contains("taxonomies/abc version 1"), "{text}");
    let all = json(&server, &["runs", "list", "--all"]).await;
    assert_eq!(json(&server, &["runs", "list", "--limit", "1"]).await, all[..1]);
    let (code, errors) = program::fail(&["runs", "show", "99", "--server", &server.url]).await;
    assert_eq!(code, 3, "{errors}");
    server.stop().await;
}

#[tokio::test]
async fn runs_are_chosen_by_their_state() {
    let folder = tempfile::tempdir().unwrap();
    let server = served(folder.path()).await;
    let all = json(&server, &["runs", "list", "--all"]).await;
    assert!(json(&server, &["runs", "list", "--state", "failed,cancelling"]).await.is_empty());
    let oldest = ["runs", "list", "--state", "succeeded", "--oldest-first", "--all"];
    let mut ended = json(&server, &oldest).await;
    ended.reverse();
    assert_eq!(ended, all);
    let (code, errors) = program::fail(&["runs", "list", "--state", "done"]).await;
    assert!(code == 64 && errors.contains("succeeded"), "{code}: {errors}");
    server.stop().await;
}

const NAMED: &str = "order_id,customer_id,date,amount,customer_name,city\n\
    1,c1,2011-12-01,2000.5,Müller & Söhne,Köln\n2,c2,2011-12-02,5,=Ann,Leeds\n";

#[tokio::test]
async fn lists_say_who_customers_are() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::on(&folder.path().join("data")).await;
    let sales = folder.path().join("sales.csv");
    std::fs::write(&sales, NAMED).unwrap();
    server.succeed(&["import", &sales.display().to_string()]).await;
    for arguments in [&["business-date", "2011-12-10"][..], &["score", "abc"], &["classify", "abc"]]
    {
        server.succeed(arguments).await;
    }
    let text = server.succeed(&["members", "abc"]).await;
    assert!(text.contains("Müller & Söhne") && text.contains("Leeds"), "{text}");
    assert!(text.contains("import/c1"), "{text}");

    let class = json(&server, &["members", "abc"]).await[0]["classId"].as_str().unwrap().to_owned();
    let file = folder.path().join("customers.csv");
    let path = file.display().to_string();
    let report =
        ["report", "--taxonomy", "abc", "--csv", "customers", "--class", &class, "--excel"];
    let mut command =
        program::kehu(&[&report[..], &["--out", &path, "--server", &server.url]].concat());
    let ended = command.env("LC_ALL", "de_DE.UTF-8").status().await.unwrap();
    assert!(ended.success());
    let text = std::fs::read_to_string(&file).unwrap();
    let mut lines = text.strip_prefix('\u{feff}').expect("Excel is told that it is UTF-8").lines();
    assert!(lines.next().unwrap().contains(";Customer name;Country;City;"), "{text}");
    let row = lines.next().unwrap();
    assert!(row.contains(";Müller & Söhne;") && row.contains(";2000,5000;"), "{text}");
    assert_eq!(lines.count(), 0, "of the class alone: {text}");
    server.stop().await;
}

#[tokio::test]
async fn a_mapping_is_written_from_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (sales, mapping) = (path("sales.csv"), path("sales.toml"));
    std::fs::write(&sales, "Belegnr;Kunde;Datum;Betrag;Stadt\n1;a;03.04.2024;1.234,50;Bonn\n")
        .unwrap();
    program::succeed(&["mapping", &sales, "--out", &mapping]).await;
    let written = std::fs::read_to_string(&mapping).unwrap();
    assert!(written.contains("date = \"Datum\"  # 03.04.2024"), "{written}");
    let (code, errors) = program::fail(&["mapping", &sales, "--out", &mapping]).await;
    assert!(code == 64 && errors.contains("is there already"), "{code}: {errors}");
    // What is marked as needed is stated, and the file can be imported.
    let stated = written
        .replace("# order_id = \"\"", "order_id = \"Belegnr\"")
        .replace("# customer_id = \"\"", "customer_id = \"Kunde\"")
        .replace("# decimal_comma", "decimal_comma");
    std::fs::write(&mapping, stated).unwrap();
    let server = Server::on(&folder.path().join("data")).await;
    let loaded = server.succeed(&["import", &sales, "--mapping", &mapping]).await;
    assert!(loaded.contains("1,234.50"), "{loaded}");
    server.stop().await;
}

#[tokio::test]
async fn shells_complete_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let script = program::succeed(&["completions", shell]).await;
        assert!(script.contains("business-date") && script.contains("known-at"), "{shell}");
    }
}
