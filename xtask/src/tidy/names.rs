//! Names that say nothing, and markers that hide something.

use super::sources::{Source, Sources};
use crate::failure::Outcome;
use crate::project::Project;

const SAY_NOTHING: [&str; 8] = [
    "utils", "util", "helpers", "helper", "common", "misc", "shared", "mod",
];

/// No file and no folder has a name under which anything could be filed.
pub(super) fn files(_: &Project, sources: &Sources) -> Outcome<Vec<String>> {
    Ok(sources
        .all()
        .filter(|file| says_nothing(&file.path))
        .map(|file| file.path.clone())
        .collect())
}

/// Nothing is switched off in passing.
pub(super) fn markers(_: &Project, sources: &Sources) -> Outcome<Vec<String>> {
    let rust = sources
        .rust("")
        .flat_map(|file| marked(file, &[concat!("#[", "ignore"), concat!("#[", "allow(")]));
    let script = sources.all().filter(|file| is_script(file));
    let skips = [
        concat!(".", "skip("),
        concat!("it.", "todo("),
        concat!("test.", "todo("),
        concat!(".", "only("),
    ];
    Ok(rust.chain(script.flat_map(|file| marked(file, &skips))).collect())
}

fn says_nothing(path: &str) -> bool {
    path.split('/').any(|part| {
        let stem = part.split('.').next().unwrap_or(part);
        SAY_NOTHING.contains(&stem) && !part.ends_with(".json")
    })
}

fn is_script(file: &Source) -> bool {
    [".ts", ".mjs", ".js", ".tsx"]
        .iter()
        .any(|end| file.path.ends_with(end))
}

// Tests are looked at too, so not `places`, which stops before them.
fn marked(file: &Source, markers: &[&str]) -> Vec<String> {
    let found = |line: &&str| markers.iter().any(|marker| line.contains(marker));
    file.text
        .lines()
        .filter(found)
        .map(|line| format!("{}: {}", file.path, line.trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::says_nothing;

    #[test]
    fn a_drawer_for_everything_is_found_at_any_depth() {
        assert!(says_nothing("server/src/utils.rs") && says_nothing("pkg/src/helpers/a.ts"));
        assert!(says_nothing("crates/policy/src/limit/mod.rs"));
        assert!(!says_nothing("crates/policy/src/model.rs"));
    }
}
