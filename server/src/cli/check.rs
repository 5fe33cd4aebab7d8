//! `seawall check`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::app::App;
use crate::cli::CommandError;
use crate::config::{Config, Source};
use crate::lint::{self, Report, Scope, Severity};

/// The exit status where the database could not be looked at; findings are 1.
pub(super) const NOT_CHECKED: u8 = 2;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The mildest severity that fails: critical, error, warning or info
    #[arg(long, default_value = "error", value_name = "SEVERITY", value_parser = severity)]
    deny: Severity,
    /// Ask only these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = rule)]
    only: Vec<String>,
    /// Ask the index advisor too
    #[arg(long)]
    indexes: bool,
    /// How to write the report
    #[arg(long, default_value = "human", value_name = "FORMAT")]
    format: Format,
    /// List the rules and look at nothing
    #[arg(long)]
    rules: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// One JSON document
    Json,
    /// SARIF 2.1.0
    Sarif,
}

pub(super) fn run(source: Source, arguments: Arguments) -> Result<ExitCode, CommandError> {
    if arguments.rules {
        for (id, severity, why) in lint::reference() {
            println!("{id} ({severity})\n  {why}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let scope = Scope {
        only: BTreeSet::from_iter(arguments.only),
        indexes: arguments.indexes,
    };
    let config =
        Config::load(source).map_err(|error| CommandError::Check(format!("configuration: {error}")))?;
    let report = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(inspect(config, &scope))?;
    print(&report, arguments.format);
    let denied = report.at_least(arguments.deny).next().is_some();
    Ok(if denied {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn inspect(config: Config, scope: &Scope) -> Result<Report, CommandError> {
    let app = App::new(config)?;
    crate::rest::inspect(&app, scope)
        .await
        .map_err(CommandError::Check)
}

fn print(report: &Report, format: Format) {
    match format {
        Format::Human => print!("{}", report.human()),
        Format::Json => println!("{:#}", report.json()),
        Format::Sarif => println!("{:#}", report.sarif()),
    }
}

fn severity(word: &str) -> Result<Severity, String> {
    Severity::parse(word).ok_or_else(|| "must be critical, error, warning or info".to_owned())
}

fn rule(name: &str) -> Result<String, String> {
    let known = lint::reference().any(|(id, ..)| id == name);
    known
        .then(|| name.to_owned())
        .ok_or_else(|| format!("{name:?} is no rule; `seawall check --rules` lists them"))
}
