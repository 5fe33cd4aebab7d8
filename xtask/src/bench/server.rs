//! `npm run bench:server`: everything that is promised of the server's speed, in one run: proxy mode beside its peers,
//! the response cache, the audit, the token cache, the breaker, the pool and the write queue.
//!
//! Each part prints its own table; at the end the figures stand beside what is wanted of them, and all of it is in one
//! JSON file. A figure that is missed does not fail the command: it is a measurement, and says so.

use std::path::Path;

use serde_json::{Map, Value};

use super::load::{Built, figures};
use crate::arguments::Arguments;
use crate::console;
use crate::failure::{Failure, Outcome, when, with_file};
use crate::postgres::{Cluster, Durability};
use crate::process::Task;
use crate::project::Project;

/// Enough to see that everything runs, and nothing more.
const SMOKE: [(&str, &str); 3] = [
    ("BENCH_ROUNDS", "1"),
    ("BENCH_SPAN_MS", "200"),
    ("BENCH_REQUESTS", "300"),
];

/// Builds what is measured and measures it; `--debug` spares the optimised build of the load generators, and of the
/// server where `SEAWALL_BINARY` does not name another.
pub(super) fn run(project: &Project, mut arguments: Arguments) -> Outcome {
    let quickly = arguments.flag("--debug");
    arguments.finish()?;
    let generators = ["bench-cache", "bench-server"];
    let built = if quickly {
        Built::quickly(project, &generators)?
    } else {
        Built::shipped(project, &generators)?
    };
    let mut parts = Map::new();
    parts.insert("proxy".to_owned(), super::proxy::measure(project, &built.server)?);
    let cluster = Cluster::start(project, "bench", Durability::Thrown)?;
    for (name, headline) in [
        ("cache", "Measuring the response cache"),
        ("server", "Measuring audit, tokens, pool and queue"),
    ] {
        console::headline(headline);
        let generator = format!("bench-{name}");
        let task = built
            .task(project, &cluster, &generator)?
            .env("SEAWALL_QUIET", "1");
        super::shown(sized(task))?;
        parts.insert(name.to_owned(), read(&figures(project, &generator))?);
    }
    if !is_smoke() {
        match breaker(project) {
            Ok(figures) => drop(parts.insert("breaker".to_owned(), figures)),
            Err(Failure::Interrupted) => return Err(Failure::Interrupted),
            // What was measured before it is not lost with it.
            Err(failure) => console::say(&format!("the breaker was not measured: {failure}")),
        }
    }
    let all = project.target("bench-server.json");
    let text = format!("{:#}", Value::Object(parts.clone()));
    std::fs::write(&all, text).map_err(with_file("write", &all))?;
    console::headline("What is wanted, and what was seen");
    tell(&parts);
    console::say(&format!("as JSON: {}", all.display()));
    Ok(())
}

/// A smoke of seconds, for whoever changed the benchmark rather than the server.
pub(super) fn is_smoke() -> bool {
    std::env::var_os("BENCH_SMOKE").is_some()
}

/// A part, made small where only a smoke is wanted.
pub(super) fn sized(task: Task) -> Task {
    if !is_smoke() {
        return task;
    }
    SMOKE
        .into_iter()
        .fold(task, |task, (name, value)| task.env(name, value))
}

/// What a decision of the breaker takes, from the policy core's own benchmark: it is too little to be seen from
/// outside the process.
fn breaker(project: &Project) -> Outcome<Value> {
    console::headline("Measuring the breaker");
    let bench = Task::cargo(project, "bench-breaker")?
        .args(["bench", "--package", "seawall-policy", "--bench", "decide", "--"])
        .arg("breaker: admit");
    super::shown(bench)?;
    let estimates = read(&project.target("criterion/breaker_ admit + settle/new/estimates.json"))?;
    let nanoseconds = estimates
        .pointer("/median/point_estimate")
        .and_then(Value::as_f64)
        .ok_or_else(|| Failure::because("criterion's estimates have no median"))?;
    Ok(
        serde_json::json!({ "admit_and_settle_ns": nanoseconds, "targets": [{
        "what": "breaker: a decision and its settlement", "seen": nanoseconds / 1e3, "wanted": "at most 10",
        "unit": "µs", "holds": nanoseconds <= 10_000.0,
    }] }),
    )
}

/// A part's figures.
pub(super) fn read(path: &Path) -> Outcome<Value> {
    let text = std::fs::read_to_string(path).map_err(with_file("read", path))?;
    serde_json::from_str(&text).map_err(when("a benchmark's JSON cannot be read"))
}

/// Every target of every part, a line each.
fn tell(parts: &Map<String, Value>) {
    let targets = parts
        .values()
        .filter_map(|part| part.get("targets")?.as_array())
        .flatten();
    for target in targets {
        let text = |name: &str| target.get(name).and_then(Value::as_str).unwrap_or_default();
        let seen = target.get("seen").and_then(Value::as_f64).unwrap_or(f64::NAN);
        let word = match target.get("holds").and_then(Value::as_bool) {
            Some(true) => "holds",
            Some(false) | None => "MISSED",
        };
        console::say(&format!(
            "{:<64}{seen:>10.2} {:<4}{:<18}{word}",
            text("what"),
            text("unit"),
            text("wanted")
        ));
    }
}
