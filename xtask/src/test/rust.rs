//! Rust's tests. They are compiled in one go, so that every crate they share is built once with one set of
//! features; then each package's programs run by themselves.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::counts::Counts;
use super::ground::Ground;
use crate::build;
use crate::failure::Outcome;
use crate::process::Task;
use crate::project::Project;

/// Longer than any honest test program takes.
const LIMIT: Duration = Duration::from_secs(600);

/// Runs the tests of one package.
pub(super) fn package(ground: &Ground<'_>, package: &str) -> Outcome<Counts> {
    let mut sum = Counts::default();
    for program in programs(ground.project())?
        .iter()
        .filter(|program| program.package == package)
    {
        sum += run(ground, program)?;
    }
    Ok(sum)
}

/// Runs the examples in the documentation.
pub(super) fn examples(ground: &Ground<'_>) -> Outcome<Counts> {
    let task = build::examples(ground.project(), "test-examples")?.limit(LIMIT);
    let log = task.log().to_owned();
    let status = task.status()?;
    Counts::in_log(&log, status.success())
}

struct Program {
    package: String,
    folder: PathBuf,
    name: String,
    executable: PathBuf,
}

fn run(ground: &Ground<'_>, program: &Program) -> Outcome<Counts> {
    let task = Task::new(
        ground.project(),
        &format!("test-{}-{}", program.package, program.name),
        &program.executable,
    )?
    .dir(&program.folder)
    .env("CARGO_MANIFEST_DIR", &program.folder)
    .env("RUST_BACKTRACE", "0")
    .env("SEAWALL_TEST_DATABASE_URL", ground.database())
    .env(
        "SEAWALL_BINARY",
        build::server_binary(ground.project(), build::Profile::Debug),
    )
    .limit(LIMIT);
    let log = task.log().to_owned();
    let status = task.status()?;
    Counts::in_log(&log, status.success())
}

// Everything is compiled by now: this asks cargo where the programs are.
fn programs(project: &Project) -> Outcome<Vec<Program>> {
    let messages = build::tests(project, "test-programs")?
        .arg("--message-format=json")
        .output()?;
    Ok(messages
        .lines()
        .filter_map(|line| program(&serde_json::from_str(line).ok()?))
        .collect())
}

fn program(message: &Value) -> Option<Program> {
    let tested = message.get("profile")?.get("test")?.as_bool()?;
    let executable = message.get("executable")?.as_str()?;
    let manifest = Path::new(message.get("manifest_path")?.as_str()?);
    let kind = message.get("target")?.get("kind")?.get(0)?.as_str()?;
    let name = message.get("target")?.get("name")?.as_str()?;
    tested.then(|| Program {
        package: package_name(message).unwrap_or_default(),
        folder: manifest.parent().unwrap_or(manifest).to_owned(),
        name: format!("{kind}-{name}"),
        executable: PathBuf::from(executable),
    })
}

// "path+file:///somewhere/policy#seawall-policy@0.1.0", or without a name when it is the folder's.
fn package_name(message: &Value) -> Option<String> {
    let (path, fragment) = message.get("package_id")?.as_str()?.rsplit_once('#')?;
    match fragment.split_once('@') {
        Some((name, _)) => Some(name.to_owned()),
        None => path.rsplit_once('/').map(|(_, folder)| folder.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_package_out_of_both_forms_of_its_id() {
        let named = serde_json::json!({"package_id": "path+file:///a/crates/policy#seawall-policy@0.1.0"});
        let folder = serde_json::json!({"package_id": "path+file:///a/xtask#0.1.0"});
        assert_eq!(package_name(&named).as_deref(), Some("seawall-policy"));
        assert_eq!(package_name(&folder).as_deref(), Some("xtask"));
    }

    #[test]
    fn a_library_is_no_program() {
        let library = serde_json::json!({"profile": {"test": false}, "executable": null});
        assert!(program(&library).is_none());
    }
}
