//! `seawall migrate`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::CommandError;
use crate::config::{Source, owner_uri};
use crate::migrate;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Also run a folder's .sql files, in the order of their names
    #[arg(long, value_name = "FOLDER")]
    apply: Option<PathBuf>,
    /// Also have writes to these tables, by whomever, end what servers keep of them
    #[arg(long, value_name = "TABLE", value_delimiter = ',', num_args = 1..)]
    cache_triggers: Vec<String>,
}

pub(super) fn run(source: &Source, arguments: &Arguments) -> Result<(), CommandError> {
    let uri = owner_uri(source)?;
    let work = async {
        for name in migrate::migrate(&uri).await? {
            println!("migrated {name}");
        }
        if let Some(folder) = &arguments.apply {
            for name in migrate::apply(&uri, folder).await? {
                println!("applied {name}");
            }
        }
        for table in &arguments.cache_triggers {
            migrate::watch(&uri, table).await?;
            println!("watched {table}");
        }
        Ok(())
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
