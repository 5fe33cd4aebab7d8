//! What belongs to a machine and not to the project: absolute paths of homes, hosts of registries.

use super::sources::{Source, Sources};
use crate::failure::Outcome;
use crate::project::Project;

// Written in halves, or this file would name what it forbids.
const HOMES: [&str; 3] = [
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Use", "rs/"),
];
const HOSTS: [&str; 4] = [
    concat!("registry.", "npmjs"),
    concat!("registry.", "yarnpkg"),
    concat!("index.", "crates.io"),
    concat!("pypi.", "org"),
];

/// No tracked text names a machine's folder or a registry's host.
pub(super) fn inspect(project: &Project, sources: &Sources) -> Outcome<Vec<String>> {
    let checkout = project.root().to_string_lossy().into_owned();
    let words: Vec<&str> = HOMES
        .iter()
        .chain(&HOSTS)
        .copied()
        .chain([checkout.as_str()])
        .collect();
    let leaks = sources.all().flat_map(|file| lines_with(file, &words));
    let resolved = sources
        .all()
        .filter(|file| file.path.ends_with("package-lock.json"))
        .flat_map(resolved_to_a_host);
    Ok(leaks.chain(resolved).collect())
}

fn lines_with(file: &Source, words: &[&str]) -> Vec<String> {
    let lines = file.text.lines().enumerate();
    let found = lines.filter(|(_, line)| words.iter().any(|word| line.contains(word)));
    found
        .map(|(index, line)| format!("{}:{}: {}", file.path, index + 1, line.trim()))
        .collect()
}

// A workspace's own packages resolve to a folder; nothing may resolve to an address.
fn resolved_to_a_host(lock: &Source) -> Vec<String> {
    lines_with(lock, &["\"resolved\": \"http", "\"resolved\": \"git"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_that_remembers_its_registry_is_found() {
        let lock = |text: &str| Source {
            path: "package-lock.json".to_owned(),
            text: text.to_owned(),
        };
        assert_eq!(
            resolved_to_a_host(&lock("  \"resolved\": \"https://example.test/a.tgz\",")).len(),
            1
        );
        assert!(resolved_to_a_host(&lock("  \"resolved\": \"pkg\",")).is_empty());
    }
}
