//! The project's own commands. `npm start` is `cargo xtask start`, and so on for each.
//!
//! Every command may be repeated cheaply, says what it is doing and for how long, keeps the noise of what it
//! runs in `.seawall/logs`, and ends a failure in one sentence a person can act on. Nothing here decides
//! anything about the product.

mod arguments;
mod bench;
mod build;
mod chaos;
mod check;
mod clean;
mod codegen;
mod console;
mod database;
mod deny;
mod docs;
mod failure;
mod fuzz;
mod http;
mod interrupt;
mod postgres;
mod process;
mod project;
mod secret;
mod setup;
mod stamp;
mod start;
mod test;
mod tidy;
mod wasm;

use std::process::ExitCode;

use arguments::Arguments;
use failure::{Failure, Outcome};
use project::Project;

const USAGE: &str = "\
usage: cargo xtask <command>

  start [--port N] [--release]   build everything and run it: database, server, page
  test [--sdk] [suite ...]       set up and run every suite, or those of the npm package, or those named
  build [--release]              build wasm, package, page and server
  guided                         build the server as it is shipped, arranged by what a load of it uses
  check                          the quick gate: format, house rules, generated documents, clippy
  bench [sdk] [arguments]        run the benchmarks, or only those of the npm package beside its peers
  bench direct                   direct mode beside PostgREST and pgbench
  bench stack                    what the middleware costs a request, beside nginx
  chaos [--debug]                stop, pause, slow and cut what the server leans on, under load
  api                            send the server all that its description allows, and much that it does not
  fuzz [--seconds N] [target]    run the fuzz targets (needs a nightly toolchain)
  database                       run a throw-away PostgreSQL for tests started by hand
  setup                          install what the build needs
  wasm [--twins]                 build the two WebAssembly modules (and their twins in plain JavaScript)
  tidy                           check the house rules
  codegen [--check]              write (or check) the generated documents
  docs                           write the API reference of the npm package
  deny                           check licences, sources and advisories of the dependencies
  clean                          remove databases, logs and secrets that the commands above keep";

fn main() -> ExitCode {
    interrupt::listen();
    let mut arguments = Arguments::from_environment();
    let command = arguments.command();
    match Project::find().and_then(|project| dispatch(&command, &project, arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure),
    }
}

fn dispatch(command: &str, project: &Project, arguments: Arguments) -> Outcome {
    match command {
        "start" => start::run(project, arguments),
        "test" => test::run(project, arguments),
        "build" => build::run(project, arguments),
        "guided" => arguments.finish().and_then(|()| build::guided::run(project)),
        "check" => check::run(project, arguments),
        "bench" => bench::run(project, arguments),
        "chaos" => chaos::run(project, arguments),
        "api" => chaos::api(project, arguments),
        "fuzz" => fuzz::run(project, arguments),
        "database" => database::run(project, arguments),
        "setup" => arguments.finish().and_then(|()| setup::run(project)),
        "wasm" => wasm::run(project, arguments),
        "tidy" => arguments.finish().and_then(|()| tidy::run(project)),
        "codegen" => codegen::run(project, arguments),
        "docs" => arguments.finish().and_then(|()| docs::run(project)),
        "deny" => arguments.finish().and_then(|()| deny::run(project)),
        "clean" => arguments.finish().and_then(|()| clean::run(project)),
        "" | "help" | "--help" | "-h" => {
            console::say(USAGE);
            Ok(())
        }
        unknown => Err(Failure::because(format!(
            "there is no command {unknown:?}\n\n{USAGE}"
        ))),
    }
}

fn report(failure: &Failure) -> ExitCode {
    match failure {
        Failure::Interrupted => ExitCode::from(130),
        Failure::Told => ExitCode::FAILURE,
        Failure::Because { .. } => {
            console::complain(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}
