//! Writes the files that the product's own tables are the source of, or checks that they are current.

mod errors;
mod messages;
mod policy;
mod protocol;
mod server_codes;
mod settings;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

type Document = (&'static str, fn() -> String);

const DOCUMENTS: [Document; 5] = [
    ("docs/ERRORS.md", errors::document),
    ("docs/POLICY.md", policy::document),
    ("docs/PROTOCOL.md", protocol::document),
    ("pkg/src/messages.table.ts", messages::document),
    ("pkg/src/settings.table.ts", settings::document),
];

fn main() -> ExitCode {
    let checking = std::env::args().any(|word| word == "--check");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut status = ExitCode::SUCCESS;
    for (name, document) in DOCUMENTS {
        if let Err(problem) = bring_up_to_date(&root.join(name), &document(), checking) {
            eprintln!("{name} {problem}");
            status = ExitCode::FAILURE;
        }
    }
    status
}

fn bring_up_to_date(path: &PathBuf, text: &str, checking: bool) -> Result<(), String> {
    if std::fs::read_to_string(path).is_ok_and(|kept| kept == text) {
        return Ok(());
    }
    if checking {
        return Err("is not what the code says now: run `npm run codegen` and commit it".to_owned());
    }
    std::fs::write(path, text).map_err(|error| format!("cannot be written: {error}"))
}

/// A row of a Markdown table.
fn row(cells: &[&str]) -> String {
    let escaped: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", escaped.join(" | "))
}

/// The two lines that begin a Markdown table.
fn header(cells: &[&str]) -> String {
    format!("{}|{}\n", row(cells), " --- |".repeat(cells.len()))
}
