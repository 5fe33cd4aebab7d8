//! docs/PROTOCOL.md: what of PostgREST's protocol works, from the cases that the end-to-end tests replay.

use std::path::Path;

use super::{header, row};

const FILES: [&str; 9] = [
    "d1-select-and-embed",
    "d2-filters",
    "d3-order-ranges-counts",
    "d4-writes",
    "d5-functions",
    "d6-media-types",
    "d7-schemas-and-relations",
    "d8-identity",
    "d9-errors-and-options",
];

const HEAD: &str = "# PostgREST's protocol, case by case

<!-- Written by `npm run codegen` from tests/compat: do not edit. -->

Each line is a request that `npm test` sends to the server over a real PostgreSQL, and the status of the answer that
must come back; the whole answers are in the files of `tests/compat`, the tables they speak of in
`tests/compat/schema.sql`. Configuration (`PGRST_*`, in-database settings, a file) and reloading are tested apart.
";

/// The document.
pub(super) fn document() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/compat");
    let sections = FILES.iter().map(|name| {
        let text = std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap_or_default();
        section(&text)
    });
    std::iter::once(HEAD.to_owned()).chain(sections).collect()
}

fn section(text: &str) -> String {
    let mut blocks = text.trim_end().split("\n====\n");
    let title = blocks.next().unwrap_or_default().trim_start_matches("# ");
    let rows = blocks.filter_map(case);
    format!(
        "\n## {title}\n\n{}{}",
        header(&["what", "request", "answer"]),
        rows.collect::<String>()
    )
}

fn case(block: &str) -> Option<String> {
    let (asked, answer) = block.split_once("\n----\n")?;
    let (head, body) = asked.split_once("\n\n").unwrap_or((asked, ""));
    let mut lines = head.lines();
    let shows = lines.next()?.trim_start_matches("# ");
    let mut request: Vec<String> = lines.map(|line| format!("`{line}`")).collect();
    request.extend((!body.is_empty()).then(|| format!("`{}`", body.replace('\n', "` `"))));
    Some(row(&[shows, &request.join(" "), answer.lines().next()?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_a_row() {
        let text =
            "# D4 · Writes\n====\n# insert\nPOST /ports\nPrefer: a|b\n\n{}\n----\n201\ncontent-range: */*\n";
        let expected = "| insert | `POST /ports` `Prefer: a\\|b` `{}` | 201 |\n";
        assert!(section(text).starts_with("\n## D4 · Writes\n"));
        assert!(section(text).ends_with(expected), "{}", section(text));
    }

    #[test]
    fn every_file_has_cases() {
        assert_eq!(document().matches("\n## D").count(), FILES.len());
        assert!(document().lines().filter(|line| line.starts_with("| ")).count() > 120);
    }
}
