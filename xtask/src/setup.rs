//! What the build needs beyond Node and Rust; each part is skipped when it is there already.

pub(crate) mod browsers;
mod crate_program;
mod firefox_driver;
mod llvm_tools;
mod node_modules;
mod system;
mod wasm_target;
mod wasm_tools;

pub(crate) use crate_program::CrateProgram;
pub(crate) use firefox_driver::find as firefox_driver;

use std::path::Path;

use crate::console;
use crate::failure::Outcome;
use crate::project::Project;

/// Sets up what building and starting need.
pub(crate) fn run(project: &Project) -> Outcome {
    console::headline("Setting up");
    console::step("WebAssembly target", || wasm_target::add(project))?;
    console::step("npm packages", || node_modules::install(project))?;
    console::step("wasm-bindgen and wasm-pack", || wasm_tools::build(project))
}

/// Sets up what the tests need besides: browsers by the system's package manager, programs from their crates.
pub(crate) fn for_tests(project: &Project) -> Outcome {
    console::step("browsers and Redis", || system::install(project))?;
    console::step("driver for Firefox", || firefox_driver::install(project))
}

/// Sets up what arranging the server by a load of it needs, and nothing else: a container's build has no more.
pub(crate) fn for_training(project: &Project, llvm_profdata: &Path) -> Outcome {
    console::headline("Setting up");
    console::step("PostgreSQL", || node_modules::install_database(project))?;
    console::step("nginx", || system::install_nginx(project))?;
    console::step("LLVM's tools", || llvm_tools::add(project, llvm_profdata))
}
