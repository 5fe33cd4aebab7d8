//! The WebAssembly modules: compiled for size, bound for the web, optimised by binaryen, and put where the
//! package picks them up (`pkg/generated`, ignored by git).
//!
//! Cargo is asked every time, since only it knows what a module depends on; binding and optimising are
//! skipped when the module it gives is the one they had before.

mod data;
mod names;
mod split;
mod sweep;
mod text;
mod twin;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::arguments::Arguments;
use crate::console::{self, Work};
use crate::failure::{Failure, Outcome, with_file};
use crate::process::Task;
use crate::project::Project;
use crate::stamp::Stamp;

const TARGET: &str = "wasm32-unknown-unknown";

/// A module: the crate `crates/<name>-wasm`, and the folder and the file names of what is generated.
const MODULES: [&str; 3] = ["guard", "store", "shape"];

/// What rustc emits and every engine reads; `--all-features` gives types that only binaryen knows.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// How the module is compiled that decides about each call: the decisions for speed, which takes a sixth off a call and
/// adds a hundred bytes to the first half.
const GUARD_ALONE: [&str; 4] = [
    "--features",
    "alone",
    "--config",
    "profile.wasm.package.seawall-policy.opt-level=2",
];

/// Parts of the names of functions that are called only to panic.
const LAST_WORDS: [&str; 16] = [
    "panicking",
    "slice_index_fail",
    "slice_error_fail",
    "::assert_failed",
    "::unwrap_failed",
    "::expect_failed",
    "handle_alloc_error",
    "__rdl_alloc_error_handler",
    "raw_vec::handle_error",
    "capacity_overflow",
    "panic_already_borrowed",
    "panic_already_mutably_borrowed",
    "rust_panic",
    "rust_begin_unwind",
    "begin_panic",
    "default_hook",
];

/// Sets up and builds both modules; their twins in JavaScript only if asked for, since they take their time.
pub(crate) fn run(project: &Project, mut arguments: Arguments) -> Outcome {
    let with_twins = arguments.flag("--twins");
    arguments.finish()?;
    crate::setup::run(project)?;
    console::headline("Building WebAssembly");
    modules(project)?;
    if with_twins { twins(project) } else { Ok(()) }
}

/// Builds both modules and their twins.
pub(crate) fn build(project: &Project) -> Outcome {
    modules(project)?;
    twins(project)
}

/// Builds both modules, without their twins.
pub(crate) fn modules(project: &Project) -> Outcome {
    for module in MODULES {
        console::step(&format!("wasm: {module}"), || one(project, module))?;
        console::note(&sizes(project, module)?);
    }
    Ok(())
}

fn twins(project: &Project) -> Outcome {
    for module in MODULES {
        console::step(&format!("{module} without wasm"), || twin::make(project, module))?;
    }
    Ok(())
}

// One cargo run a module: together they would share the features of what they depend on, and the small one
// would carry what only the large one needs.
fn one(project: &Project, module: &str) -> Outcome<Work> {
    Task::cargo(project, &format!("wasm-compile-{module}"))?
        .args(["build", "--profile", "wasm", "--target", TARGET, "--package"])
        .arg(format!("seawall-{module}-wasm"))
        .args(if module == "guard" { &GUARD_ALONE[..] } else { &[] })
        .env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
            flags(project, module),
        )
        .run()?;
    finish(project, module)
}

// Panic messages name source files: without this the shipped module would name this machine's folders.
fn flags(project: &Project, module: &str) -> OsString {
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let mut flags = OsString::from(if module == "guard" {
        // Its constants stay apart, so that each half gets its own. Small functions become part of their callers: a call
        // through them takes a sixth less time, and the first half is smaller for it.
        "-Clink-arg=--no-merge-data-segments -Cllvm-args=-inline-threshold=225 --remap-path-prefix="
    } else {
        "-Clink-arg=--no-merge-data-segments -Clink-arg=--table-base=3000 --remap-path-prefix="
    });
    flags.push(project.root());
    flags.push("=seawall");
    if let Some(home) = cargo_home {
        flags.push(" --remap-path-prefix=");
        flags.push(home);
        flags.push("=cargo");
    }
    flags
}

fn finish(project: &Project, module: &str) -> Outcome<Work> {
    let compiled = project.target(&format!("{TARGET}/wasm/seawall_{module}_wasm.wasm"));
    let folder = project.at(&format!("pkg/generated/{module}"));
    let bound = folder.join(format!("{module}_bg.wasm"));

    // The module itself is the input; a copy inside the checkout lets the stamp see it.
    let input = format!(".seawall/wasm/{module}.wasm");
    let copy = project.state(&format!("wasm/{module}.wasm"))?;
    fs::copy(&compiled, &copy).map_err(with_file("copy", &compiled))?;
    let stamp = Stamp::of(
        project,
        &format!("wasm-{module}"),
        &[
            &input,
            "tools/Cargo.lock",
            "package.json",
            "xtask/src/wasm.rs",
            "xtask/src/wasm",
        ],
    )?;
    if stamp.is_current(std::slice::from_ref(&bound)) {
        return Ok(Work::Current);
    }
    bind(project, module, module, &copy, &folder)?;
    let silent = without_panics(&disassemble(project, module, &bound)?)?;
    if module == "guard" {
        assemble(project, module, &text::module(&silent), &bound)?;
        halve(project, &bound)?;
    } else {
        let glue = folder.join(format!("{module}.js"));
        let long = fs::read_to_string(&glue).map_err(with_file("read", &glue))?;
        let (shortened, short) = names::shorten(&silent, &long);
        fs::write(&glue, short).map_err(with_file("write", &glue))?;
        assemble(project, module, &text::module(&shortened), &bound)?;
        optimise(project, "whole", &bound, &["--skip-pass=memory-packing", "-g"])?;
        let swept = sweep::sweep(&disassemble(project, "whole", &bound)?)?;
        assemble(project, module, &swept, &bound)?;
        optimise(project, module, &bound, &["--strip-debug"])?;
    }
    stamp.save()?;
    Ok(Work::Done)
}

fn bind(project: &Project, log: &str, module: &str, compiled: &Path, folder: &Path) -> Outcome {
    Task::new(project, &format!("wasm-bind-{log}"), project.tool("wasm-bindgen"))?
        .args(["--target", "web", "--out-name", module, "--out-dir"])
        .arg(folder)
        .arg(compiled)
        .run()
}

fn optimise(project: &Project, log: &str, module: &Path, more: &[&str]) -> Outcome {
    let optimised = module.with_extension("opt");
    Task::new(project, &format!("wasm-opt-{log}"), tool(project, "wasm-opt")?)?
        .args([
            "-Oz",
            // A large function with one caller is not made part of it: where many do the same, brotli finds it.
            "--one-caller-inline-max-function-size",
            "20",
            "--converge",
        ])
        .args(FEATURES)
        .args(["--strip-producers"])
        .args(more)
        .arg("-o")
        .arg(&optimised)
        .arg(module)
        .run()?;
    fs::rename(&optimised, module).map_err(with_file("replace", module))
}

// A panic ends the module for good, whatever it would have said: the machinery that would say it is left out. So is what
// only it would print.
fn without_panics(text: &str) -> Outcome<Vec<text::Form>> {
    let silent = text::forms(text)?.into_iter().map(|form| {
        let is_function = form.kind() == "func";
        if is_function && LAST_WORDS.iter().any(|name| form.name().contains(name)) {
            form.with_body("(unreachable)")
        } else if is_function && prints_for_developers(&form) {
            form.with_body("(i32.const 0)")
        } else {
            form
        }
    });
    Ok(silent.collect())
}

// `Debug` of whatever there is, which then prints nothing and succeeds; JavaScript's values are printed in errors.
fn prints_for_developers(form: &text::Form) -> bool {
    let name = form.name();
    name.contains("fmt::Debug") && !name.contains("JsValue") && is_formatter(&form.signature())
}

fn is_formatter(signature: &str) -> bool {
    let numbers = signature.matches("i32").count();
    signature.matches("(param").count() == 2 && signature.contains("(result i32)") && numbers == 3
}

// One module in two: what a first call needs, and what may come later.
fn halve(project: &Project, bound: &Path) -> Outcome {
    optimise(project, "whole", bound, &["--skip-pass=memory-packing", "-g"])?;
    let (first, second) = split::split(&disassemble(project, "whole", bound)?)?;
    let rest = bound.with_file_name("rest_bg.wasm");
    for (log, text, path) in [("first", first, bound), ("rest", second, rest.as_path())] {
        assemble(project, log, &text, path)?;
        optimise(project, log, path, &["--strip-debug"])?;
    }
    quicken(project, &rest)
}

// What no page waits for may be larger by a hundredth, and a call through it takes a tenth less time.
fn quicken(project: &Project, module: &Path) -> Outcome {
    let quick = module.with_extension("quick");
    Task::new(project, "wasm-opt-quick", tool(project, "wasm-opt")?)?
        .arg("-O3")
        .args(FEATURES)
        .arg("-o")
        .arg(&quick)
        .arg(module)
        .run()?;
    fs::rename(&quick, module).map_err(with_file("replace", module))
}

fn disassemble(project: &Project, log: &str, module: &Path) -> Outcome<String> {
    let text = module.with_extension("wat");
    Task::new(project, &format!("wasm-dis-{log}"), tool(project, "wasm-dis")?)?
        .args(FEATURES)
        .arg(module)
        .arg("-o")
        .arg(&text)
        .run()?;
    fs::read_to_string(&text).map_err(with_file("read", &text))
}

fn assemble(project: &Project, log: &str, text: &str, module: &Path) -> Outcome {
    let source = module.with_extension("wat");
    fs::write(&source, text).map_err(with_file("write", &source))?;
    Task::new(project, &format!("wasm-as-{log}"), tool(project, "wasm-as")?)?
        .args(FEATURES)
        .arg("-g")
        .arg(&source)
        .arg("-o")
        .arg(module)
        .run()?;
    fs::remove_file(&source).map_err(with_file("remove", &source))
}

// Binaryen's programs come with npm.
fn tool(project: &Project, name: &str) -> Outcome<PathBuf> {
    let path = project.at("node_modules/.bin").join(name);
    if path.exists() {
        return Ok(path);
    }
    Err(Failure::because(format!(
        "{name} is missing from node_modules: run `npm ci` at the root"
    )))
}

fn sizes(project: &Project, module: &str) -> Outcome<String> {
    let folder = project.at(&format!("pkg/generated/{module}"));
    let size = |name: String| {
        let path = folder.join(name);
        fs::metadata(&path)
            .map(|file| file.len())
            .map_err(with_file("read", &path))
    };
    let (wasm, glue) = (size(format!("{module}_bg.wasm"))?, size(format!("{module}.js"))?);
    Ok(format!("{module}: {wasm} bytes of wasm, {glue} bytes of glue"))
}
