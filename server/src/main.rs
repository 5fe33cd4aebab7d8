//! The `seawall` binary.

use std::process::ExitCode;

use clap::Parser as _;

/// A request is many small allocations on one thread freed on another; the system's allocator spent a quarter of the
/// server's time on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    seawall_server::cli::Cli::parse().run()
}
