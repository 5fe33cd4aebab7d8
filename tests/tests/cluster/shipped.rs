//! What ships as files of text: that the container, the compose file, the manifest and the unit agree with each other
//! and with the repository they are built from.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_default()
}

/// What stands between two words of a text, the first time.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).map_or("", |(_, rest)| rest);
    rest.split_once(after).map_or(rest, |(found, _)| found)
}

#[test]
fn the_container_is_built_by_the_pinned_compiler() {
    let container = text("ops/Containerfile");
    let pinned = text("rust-toolchain.toml");
    let pinned = between(&pinned, "channel = \"", "\"");
    assert!(!pinned.is_empty());
    assert_eq!(between(&container, "docker.io/library/rust:", "-"), pinned);
    assert_eq!(between(&container, "RUSTUP_TOOLCHAIN=", " "), pinned);
}

#[test]
fn the_container_brings_a_node_that_the_commands_take() {
    let container = text("ops/Containerfile");
    let node: u32 = between(&container, "docker.io/library/node:", "-")
        .parse()
        .unwrap();
    let package: Value = serde_json::from_str(&text("package.json")).unwrap();
    let oldest = package.pointer("/engines/node").and_then(Value::as_str).unwrap();
    assert!(node >= oldest.trim_start_matches(">=").parse().unwrap());
}

#[test]
fn the_container_ships_what_the_documents_say_it_ships() {
    let container = text("ops/Containerfile");
    for (built, copied) in [
        ("cargo xtask guided", "target/guided/seawall"),
        (
            "cargo build --profile dist --locked --package seawall-server",
            "target/dist/seawall",
        ),
    ] {
        assert!(
            container.contains(&format!("{built} && cp {copied} /seawall")),
            "{built}"
        );
    }
    assert!(container.contains("ARG GUIDED=1"));
    assert!(text("xtask/src/build/guided.rs").contains("project.target(\"guided/seawall\")"));
    let package: Value = serde_json::from_str(&text("package.json")).unwrap();
    let script = package.pointer("/scripts/build:guided").and_then(Value::as_str);
    assert_eq!(script, Some("node xtask/run.mjs guided"));
    assert!(text("docs/benchmarks.md").contains("**What is shipped** is the guided build"));
    assert!(text("docs/deployment.md").contains("--build-arg GUIDED=0"));
}

/// A workspace of which a member is missing cannot be built, and a secret in the context reaches every builder.
#[test]
fn the_builder_sees_every_member_of_the_workspace_and_no_secret() {
    let ignored = text(".dockerignore");
    let lines: Vec<&str> = ignored
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    assert_eq!(lines.first(), Some(&"*"), "nothing is seen that is not named");
    let seen: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix('!')).collect();
    for path in &seen {
        assert!(root().join(path).exists(), "{path}");
    }
    let covered = |path: &str| seen.iter().any(|seen| Path::new(path).starts_with(seen));
    let manifest = text("Cargo.toml");
    let members: Vec<&str> = between(&manifest, "members = [", "]")
        .split(',')
        .map(|member| member.trim().trim_matches('"'))
        .collect();
    assert!(members.len() > 5, "{members:?}");
    for member in members {
        assert!(covered(member), "{member}");
    }
    for needed in [
        "Cargo.lock",
        ".cargo/config.toml",
        "package-lock.json",
        "web-demo/database",
    ] {
        assert!(covered(needed), "{needed}");
    }
    for kept in ["ops/secrets", ".git", ".seawall", "target", "node_modules"] {
        assert!(!covered(kept), "{kept}");
    }
}

#[test]
fn every_file_names_the_same_image_of_this_version() {
    let manifest = text("Cargo.toml");
    let version = between(
        between(&manifest, "[workspace.package]", "["),
        "version = \"",
        "\"",
    );
    let image = format!("seawall:{version}");
    let compose = text("ops/compose.yml");
    assert_eq!(between(&compose, "image: &image ", "\n"), image);
    assert!(compose.contains("dockerfile: ops/Containerfile, args: { GUIDED: \"${GUIDED:-1}\" }"));
    assert_eq!(
        between(&text("ops/kubernetes.yaml"), "image: ", "\n").trim(),
        image
    );
    assert!(text("docs/deployment.md").contains(&format!("-t {image} .")));
}

/// The names of settings in a text, as keys: `SEAWALL_DB_POOL_FILE` is `db-pool`.
fn settings(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !(letter.is_ascii_uppercase() || letter == '_'));
    words
        .filter_map(|word| word.strip_prefix("SEAWALL_"))
        .map(|name| name.strip_suffix("_FILE").unwrap_or(name))
        .map(|name| name.to_lowercase().replace('_', "-"))
        .collect()
}

#[test]
fn every_setting_that_ships_is_one_of_the_servers() {
    let keys = text("server/src/config/key.rs");
    let files = [
        "Containerfile",
        "compose.yml",
        "kubernetes.yaml",
        "seawall.service",
    ];
    let named: BTreeSet<String> = files
        .iter()
        .flat_map(|file| settings(&text(&format!("ops/{file}"))))
        .collect();
    assert!(named.len() > 5, "{named:?}");
    let unknown: Vec<_> = named
        .iter()
        .filter(|name| !keys.contains(&format!("\"{name}\"")))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// Nobody who runs a file of these runs a server as root, or ends it before it has drained.
#[test]
fn the_server_is_nobodys_root_and_is_asked_to_stop() {
    let container = text("ops/Containerfile");
    assert!(container.contains("USER 10001") && container.contains("useradd --uid 10001"));
    assert!(container.contains("STOPSIGNAL SIGTERM"));
    assert!(text("ops/kubernetes.yaml").contains("runAsNonRoot: true"));
    let grace = text("ops/compose.yml");
    assert!(
        between(&grace, "stop_grace_period: ", "s")
            .parse::<u32>()
            .unwrap()
            > 10
    );
}
