//! wasm-bindgen, its test runner and wasm-pack, built from the crate `tools/`: pinned, and no binary fetched.

use crate::console::Work;
use crate::failure::{Failure, Outcome, with_file};
use crate::process::Task;
use crate::project::Project;
use crate::stamp::Stamp;

const TOOLS: [&str; 3] = ["wasm-bindgen", "wasm-bindgen-test-runner", "wasm-pack"];

/// Builds the tools when their sources, their lock file or the compiler changed.
pub(super) fn build(project: &Project) -> Outcome<Work> {
    check_versions_agree(project)?;
    let stamp = Stamp::of(project, "wasm-tools", &["tools", "rust-toolchain.toml"])?;
    if stamp.is_current(&TOOLS.map(|tool| project.tool(tool))) {
        return Ok(Work::Current);
    }
    Task::cargo(project, "setup-tools")?
        .args(["build", "--locked", "--manifest-path", "tools/Cargo.toml"])
        .env("CARGO_TARGET_DIR", project.target("tools"))
        .run()?;
    stamp.save()?;
    Ok(Work::Done)
}

// A module compiled against one version of wasm-bindgen can only be bound by the same version.
fn check_versions_agree(project: &Project) -> Outcome {
    let tools = locked_version(project, "tools/Cargo.lock", "wasm-bindgen-cli")?;
    let product = locked_version(project, "Cargo.lock", "wasm-bindgen")?;
    if tools == product {
        return Ok(());
    }
    Err(Failure::because(format!(
        "Cargo.lock has wasm-bindgen {product} but tools/Cargo.lock builds {tools}: pin both to one version"
    )))
}

fn locked_version(project: &Project, lock: &str, package: &str) -> Outcome<String> {
    let path = project.at(lock);
    let text = std::fs::read_to_string(&path).map_err(with_file("read", &path))?;
    version_in(&text, package).ok_or_else(|| Failure::because(format!("{lock} does not name {package}")))
}

fn version_in(lock: &str, package: &str) -> Option<String> {
    let mut lines = lock
        .lines()
        .skip_while(|line| *line != format!("name = \"{package}\""));
    lines.next()?;
    Some(
        lines
            .next()?
            .strip_prefix("version = \"")?
            .strip_suffix('"')?
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn reads_the_version_of_exactly_that_package() {
        let lock = "[[package]]\nname = \"a-b\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"a\"\nversion = \"2.0.0\"\n";
        assert_eq!(version_in(lock, "a").as_deref(), Some("2.0.0"));
        assert_eq!(version_in(lock, "b"), None);
    }
}
