//! Who may import whom inside a crate, where the compiler would let everybody.

use super::sources::{Source, Sources};
use crate::failure::Outcome;
use crate::project::Project;

/// pgrest's stages in the order a request passes them, and the modules each may read.
const STAGES: &[(&str, &[&str])] = &[
    ("ident", &[]),
    ("request", &["error", "ident"]),
    ("schema", &["error", "ident"]),
    ("plan", &["error", "ident", "request", "schema"]),
    ("sql", &["error", "ident", "plan", "request", "schema"]),
    ("response", &["error", "plan", "request", "schema"]),
];

/// No stage of pgrest reads a later one.
pub(super) fn pgrest(_: &Project, sources: &Sources) -> Outcome<Vec<String>> {
    Ok(backward_imports(sources))
}

/// A layer does not know the routes, and a route not the layers.
pub(super) fn server(_: &Project, sources: &Sources) -> Outcome<Vec<String>> {
    let pairs = [("middleware", "routes"), ("routes", "middleware")];
    let mut broken = Vec::new();
    for (from, to) in pairs {
        let files = sources
            .rust("server/src")
            .filter(|file| stage_of(file, "server/src/") == Some(from));
        broken.extend(files.flat_map(|file| file.places(|line| imports(line, to))));
    }
    Ok(broken)
}

/// The page shows what a user of the package can do, so it imports no more than they can.
pub(super) fn page(_: &Project, sources: &Sources) -> Outcome<Vec<String>> {
    let files = sources.all().filter(|file| {
        file.is_in("web-demo/src")
            && [".ts", ".tsx", ".js", ".mjs"]
                .iter()
                .any(|end| file.path.ends_with(end))
    });
    Ok(files
        .flat_map(|file| file.places(|line| imported_module(line).is_some_and(|name| !is_public(name))))
        .collect())
}

fn backward_imports(sources: &Sources) -> Vec<String> {
    let mut broken = Vec::new();
    for file in sources.rust("crates/pgrest/src") {
        let stage = stage_of(file, "crates/pgrest/src/");
        let Some((own, allowed)) = STAGES.iter().find(|(name, _)| Some(*name) == stage) else {
            continue;
        };
        let forbidden = STAGES
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| name != own && !allowed.contains(name));
        broken.extend(forbidden.flat_map(|name| file.places(|line| imports(line, name))));
    }
    broken
}

// "crates/pgrest/src/plan/read.rs" and "crates/pgrest/src/plan.rs" are both of the stage "plan".
fn stage_of<'a>(file: &'a Source, folder: &str) -> Option<&'a str> {
    let inside = file.path.strip_prefix(folder)?;
    Some(inside.split('/').next()?.trim_end_matches(".rs"))
}

fn imports(line: &str, module: &str) -> bool {
    let path = format!("crate::{module}");
    line.match_indices(&path).any(|(at, _)| {
        let next = line.get(at + path.len()..).and_then(|rest| rest.chars().next());
        !next.is_some_and(|next| next.is_alphanumeric() || next == '_')
    })
}

fn imported_module(line: &str) -> Option<&str> {
    let line = line.trim();
    let (_, quoted) = line
        .split_once(" from ")
        .or_else(|| line.strip_prefix("import ").map(|rest| ("", rest)))?;
    let quoted = quoted.trim().trim_end_matches(';');
    let name = quoted.strip_prefix('"').or_else(|| quoted.strip_prefix('\''))?;
    name.get(..name.len().checked_sub(1)?)
}

fn is_public(module: &str) -> bool {
    let relative = module.starts_with("./") || module.starts_with("../");
    let package = module == "seawall" || module.starts_with("seawall/") || module == "@supabase/supabase-js";
    (relative && !module.contains("pkg/")) || package || module.starts_with("vite/client")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_reads_a_later_one_is_found() {
        let sources = Sources::given(&[
            (
                "crates/pgrest/src/request/select.rs",
                "use crate::plan::Plan;\nuse crate::planet::X;",
            ),
            ("crates/pgrest/src/sql.rs", "use crate::plan::Plan;"),
        ]);
        assert_eq!(
            backward_imports(&sources),
            ["crates/pgrest/src/request/select.rs:1: use crate::plan::Plan;"]
        );
    }

    #[test]
    fn the_modules_of_import_lines_are_read() {
        assert_eq!(imported_module("import { a } from \"seawall\";"), Some("seawall"));
        assert_eq!(imported_module("import './style.css'"), Some("./style.css"));
        assert_eq!(imported_module("const from = 1;"), None);
    }

    #[test]
    fn the_page_may_not_reach_into_the_package() {
        assert!(is_public("./rooms.js") && is_public("seawall") && is_public("@supabase/supabase-js"));
        assert!(!is_public("../../pkg/src/index.js") && !is_public("lodash"));
    }
}
