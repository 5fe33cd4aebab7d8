//! The `seawall` binary.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    seawall_server::cli::Cli::parse().run()
}
