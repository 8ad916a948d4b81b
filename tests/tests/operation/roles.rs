//! The four roles in processes of their own, and every command against their addresses.

use kehu_tests::{
    ServerDatabase,
    program::{self, Server},
};
use std::{collections::BTreeSet, path::Path};

const SALES: &str = "invoice,customer,date,quantity,price\n\
    1,c1,2011-12-01,1,2000.5\n2,c1,2011-12-03,2,0.25\n3,c2,2011-12-02,1,5\nx,c3,never,1,5\n";

/// Commands that talk to no server, or make one of their own.
const OF_ONE_PROCESS: [&str; 7] =
    ["quickstart", "serve", "config", "migrate", "mapping", "completions", "help"];

/// Commands in the order in which somebody would use them; `{folder}` is a folder of their own.
const COMMANDS: &[&[&str]] = &[
    &["health"],
    &["import", "{folder}/sales.csv"],
    &["rejects"],
    &["business-date", "2011-12-10"],
    &["data"],
    &["attribute", "list"],
    &["city-tier", "list"],
    &["late-reason", "list"],
    &["rates"],
    &["score", "rfm", "rfm-mean", "abc", "value"],
    &["classify", "value-six", "rfm-11"],
    &["evaluate", "value-six"],
    &["code"],
    &["report", "--out", "{folder}/report.html"],
    &["explain", "import/c1"],
    &["explain", "import/c1", "--scorecard", "value", "--if", "amount_365d=38000"],
    &["profile", "c1", "--history"],
    &["find", "nobody"],
    &["lookup", "c1"],
    &["watch", "--once"],
    &["duplicates", "list"],
    &["quality", "--measure"],
    &["recommend", "c1"],
    &["history", "c1"],
    &["timeline", "c1"],
    &["features", "c1"],
    &["members", "value-six"],
    &["left-out"],
    &["merge", "import/c1", "import/c2", "--reason", "the same shop"],
    &["override", "list", "value-six"],
    &["actions", "list", "value-six"],
    &["taxonomy", "list"],
    &["scorecard", "list"],
    &["scorecard", "simulate", "value"],
    &["scheme", "list"],
    &["scheme", "show", "standard"],
    &["model", "list"],
    &["runs", "list"],
    &["resolve", "GB-H", "--prefix"],
];

/// Starts a process for each role, and says how to reach all of them.
async fn roles(database: &str) -> (Vec<Server>, String) {
    let mut servers = Vec::new();
    for role in ["ingestion", "scoring", "coding", "reporting"] {
        servers.push(Server::start(&["--role", role, "--database-url", database]).await);
    }
    let urls: Vec<&str> = servers.iter().map(|server| server.url.as_str()).collect();
    let urls = urls.join(",");
    (servers, urls)
}

async fn call(urls: &str, folder: &Path, arguments: &[&str]) -> String {
    let folder = folder.display().to_string();
    let filled: Vec<String> = arguments.iter().map(|it| it.replace("{folder}", &folder)).collect();
    let mut filled: Vec<&str> = filled.iter().map(String::as_str).collect();
    filled.extend(["--server", urls]);
    program::succeed(&filled).await
}

#[tokio::test]
async fn every_command_finds_the_role_that_serves_it() {
    let Some(shared) = ServerDatabase::migrated().await else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sales.csv"), SALES).unwrap();
    let (servers, urls) = roles(&shared.url).await;
    for arguments in COMMANDS {
        call(&urls, folder.path(), arguments).await;
    }
    let explained = call(&urls, folder.path(), &["explain", "import/c1"]).await;
    assert!(explained.contains("value-six:") && explained.contains("contribution"), "{explained}");
    let retract = ["runs", "retract", "1", "--reason", "another date was meant"];
    let retracted = call(&urls, folder.path(), &retract).await;
    assert!(retracted.contains("takes back") && retracted.contains("succeeded"), "{retracted}");

    let help = program::succeed(&["--help"]).await;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let known: BTreeSet<&str> = commands
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let tried: BTreeSet<&str> =
        COMMANDS.iter().map(|command| command[0]).chain(OF_ONE_PROCESS).collect();
    assert_eq!(tried, known);
    for server in servers {
        server.stop().await;
    }
}

#[tokio::test]
async fn what_no_role_given_serves_is_said() {
    let Some(shared) = ServerDatabase::migrated().await else { return };
    let first = Server::start(&["--role", "ingestion", "--database-url", &shared.url]).await;
    let second = Server::start(&["--role", "scoring", "--database-url", &shared.url]).await;
    let urls = format!("{},{}", first.url, second.url);
    let (code, said) = program::fail(&["members", "abc", "--server", &urls]).await;
    assert_eq!(code, 69, "{said}");
    assert!(said.contains("does not serve kehu.coding.v1.ClassificationService"), "{said}");
    first.stop().await;
    second.stop().await;
}
