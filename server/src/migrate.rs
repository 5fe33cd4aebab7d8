//! Migrations of what Seawall keeps in the database, and plain SQL files beside them.
//!
//! Run by the owner of the database, never by the role that requests run under.

use std::path::{Path, PathBuf};

use crate::config::Config;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

/// Several servers may start at once, and `create schema if not exists` is no protection against another one.
const LOCK: i64 = 0x5ea_3a11_0000;

static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// Why the database could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database cannot be reached, or refused something.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// No connection string says who may migrate.
    #[error("owner-database-url or store-database-url is needed")]
    Nobody,
    /// A migration failed.
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The folder or a file in it cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file's SQL failed.
    #[error("{file}: {source}")]
    File {
        /// The file's name.
        file: String,
        /// What the database said.
        source: sqlx::Error,
    },
}

/// Brings Seawall's own schema up to date; returns the names of the migrations it knows.
///
/// # Errors
/// When the database cannot be reached or a migration fails.
pub async fn migrate(uri: &SecretString) -> Result<Vec<String>, MigrateError> {
    let mut connection = connect(uri).await?;
    // Ends with the session.
    sqlx::query("select pg_advisory_lock($1)")
        .bind(LOCK)
        .execute(&mut connection)
        .await?;
    connection.execute("create schema if not exists seawall").await?;
    // sqlx keeps its own table on the search path; it belongs with the rest.
    connection.execute("set search_path = seawall, public").await?;
    MIGRATOR.run(&mut connection).await?;
    connection.close().await?;
    Ok(MIGRATOR
        .iter()
        .map(|migration| format!("{} {}", migration.version, migration.description))
        .collect())
}

/// Has servers throw away what they keep of a table whenever anybody writes to it.
///
/// # Errors
/// When there is no such table, or Seawall's schema is not there yet.
pub async fn watch(uri: &SecretString, table: &str) -> Result<(), MigrateError> {
    let mut connection = connect(uri).await?;
    sqlx::query("select seawall.watch($1::text::regclass)")
        .bind(table)
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    Ok(())
}

/// Brings Seawall's own schema up to date where the configuration says that the server does it itself.
///
/// # Errors
/// When nothing says who may migrate, when the database cannot be reached, or a migration fails.
pub(crate) async fn at_start(config: &Config) -> Result<(), MigrateError> {
    if !config.migrate {
        return Ok(());
    }
    let uri = config
        .database
        .owner_uri
        .as_ref()
        .or(config.cluster.store_uri.as_ref());
    migrate(uri.ok_or(MigrateError::Nobody)?).await?;
    tracing::info!("Seawall's own schema is up to date");
    Ok(())
}

/// Runs a folder's `.sql` files in the order of their names, each in a transaction of its own.
///
/// The files are run every time, so they must be idempotent.
///
/// # Errors
/// When the folder cannot be read or a file fails; files before it stay applied.
pub async fn apply(uri: &SecretString, folder: &Path) -> Result<Vec<String>, MigrateError> {
    let files = sql_files(folder)?;
    let mut connection = connect(uri).await?;
    let mut applied = Vec::new();
    for path in files {
        let file = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = read(&path)?;
        let failed = |source| MigrateError::File {
            file: file.clone(),
            source,
        };
        let mut transaction = connection.begin().await.map_err(failed)?;
        sqlx::raw_sql(AssertSqlSafe(text))
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        applied.push(file);
    }
    connection.close().await?;
    Ok(applied)
}

async fn connect(uri: &SecretString) -> Result<PgConnection, MigrateError> {
    Ok(PgConnection::connect(uri.expose_secret()).await?)
}

fn sql_files(folder: &Path) -> Result<Vec<PathBuf>, MigrateError> {
    let unreadable = |source| MigrateError::Unreadable {
        path: folder.to_path_buf(),
        source,
    };
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(unreadable)?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, MigrateError> {
    std::fs::read_to_string(path).map_err(|source| MigrateError::Unreadable {
        path: path.to_path_buf(),
        source,
    })
}
