//! The compiler's WebAssembly target.

use crate::console::Work;
use crate::failure::Outcome;
use crate::process::Task;
use crate::project::Project;

const TARGET: &str = "wasm32-unknown-unknown";

/// Adds the target. rust-toolchain.toml names it, but with RUSTUP_AUTO_INSTALL=0 nobody installs it by itself.
pub(super) fn add(project: &Project) -> Outcome<Work> {
    let sysroot = Task::new(project, "setup-sysroot", "rustc")?
        .args(["--print", "sysroot"])
        .output()?;
    let library = std::path::Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(TARGET)
        .join("lib");
    if library.is_dir() {
        return Ok(Work::Current);
    }
    Task::new(project, "setup-target", "rustup")?
        .args(["target", "add", TARGET])
        .run()?;
    Ok(Work::Done)
}
