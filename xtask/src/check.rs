//! `npm run check`: what is quick and fails often, for before a commit.

use crate::arguments::Arguments;
use crate::codegen;
use crate::console::{self, Work};
use crate::failure::Outcome;
use crate::project::Project;
use crate::test::checks;
use crate::tidy;

/// Checks format, house rules, generated documents and lints; stops at the first that fails.
pub(crate) fn run(project: &Project, arguments: Arguments) -> Outcome {
    arguments.finish()?;
    console::headline("Checking");
    let done = |check: Outcome| check.map(|()| Work::Done);
    console::step("format", || done(checks::formatted(project)))?;
    console::step("house rules", || done(tidy::hold(project)))?;
    console::step("generated documents", || done(codegen::check(project)))?;
    console::step("clippy", || done(checks::lints(project)))
}
