//! The modules' twins in plain JavaScript, for where WebAssembly may not be compiled: pages whose content security
//! policy forbids it, and edge runtimes. Made from the very module that is shipped, so they cannot decide otherwise.
//!
//! Binaryen's wasm2js knows only the first version of WebAssembly: newer instructions are rewritten, and the
//! module is bound again as one without reference types.

use std::fs;
use std::path::Path;

use super::{bind, tool};
use crate::console::Work;
use crate::failure::{Outcome, with_file};
use crate::process::Task;
use crate::project::Project;
use crate::stamp::Stamp;

/// Makes `pkg/generated/<module>-js/<module>_twin.js` and its glue from what cargo compiled.
pub(super) fn make(project: &Project, module: &str) -> Outcome<Work> {
    let input = format!(".seawall/wasm/{module}.wasm");
    let folder = project.at(&format!("pkg/generated/{module}-js"));
    let twin = folder.join(format!("{module}_twin.js"));
    let stamp = Stamp::of(
        project,
        &format!("wasm-twin-{module}"),
        &[
            &input,
            "tools/Cargo.lock",
            "package.json",
            "xtask/src/wasm",
            "xtask/src/wasm.rs",
        ],
    )?;
    if stamp.is_current(std::slice::from_ref(&twin)) {
        return Ok(Work::Current);
    }
    let plain = project.state(&format!("wasm/{module}.plain.wasm"))?;
    rewrite(project, module, &project.at(&input), &plain)?;
    bind(project, &format!("twin-{module}"), module, &plain, &folder)?;
    translate(project, module, &folder.join(format!("{module}_bg.wasm")), &twin)?;
    remember_source(project, module, &folder)?;
    stamp.save()?;
    Ok(Work::Done)
}

// The section that names the features is what wasm-bindgen decides by.
fn rewrite(project: &Project, module: &str, compiled: &Path, plain: &Path) -> Outcome {
    // What rustc names there would be named again.
    Task::new(
        project,
        &format!("wasm-twin-strip-{module}"),
        tool(project, "wasm-opt")?,
    )?
    .args(["--strip-target-features", "--strip-debug", "-o"])
    .arg(plain)
    .arg(compiled)
    .run()?;
    Task::new(
        project,
        &format!("wasm-twin-rewrite-{module}"),
        tool(project, "wasm-opt")?,
    )?
    .args([
        "--enable-bulk-memory",
        "--enable-mutable-globals",
        "--enable-nontrapping-float-to-int",
        "--enable-sign-ext",
        "--llvm-memory-copy-fill-lowering",
        "--llvm-nontrapping-fptoint-lowering",
        "--signext-lowering",
        "--emit-target-features",
        "-o",
    ])
    .arg(plain)
    .arg(plain)
    .run()
}

fn translate(project: &Project, module: &str, bound: &Path, twin: &Path) -> Outcome {
    let small = bound.with_extension("small.wasm");
    Task::new(
        project,
        &format!("wasm-twin-opt-{module}"),
        tool(project, "wasm-opt")?,
    )?
    .args([
        "-Oz",
        "--enable-mutable-globals",
        "--strip-debug",
        "--strip-producers",
        "--strip-target-features",
        "-o",
    ])
    .arg(&small)
    .arg(bound)
    .run()?;
    Task::new(
        project,
        &format!("wasm-twin-js-{module}"),
        tool(project, "wasm2js")?,
    )?
    .arg("-Oz")
    .arg(&small)
    .arg("-o")
    .arg(twin)
    .run()?;
    for scrap in [small.as_path(), bound] {
        fs::remove_file(scrap).map_err(with_file("remove", scrap))?;
    }
    Ok(())
}

// The package's build leaves a twin out that was made from another module than the one it ships.
fn remember_source(project: &Project, module: &str, folder: &Path) -> Outcome {
    let shipped = project.at(&format!("pkg/generated/{module}/{module}_bg.wasm"));
    let copy = folder.join("source.wasm");
    fs::copy(&shipped, &copy)
        .map(drop)
        .map_err(with_file("copy", &shipped))
}
