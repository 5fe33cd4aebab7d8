//! The database behind `npm start`: the embedded one, or the one DATABASE_URL names; with its login role and
//! the example application in it.

use std::path::Path;

use crate::failure::{Failure, Outcome, with_file};
use crate::postgres::{Cluster, Durability};
use crate::process::Task;
use crate::project::Project;
use crate::secret;

const EMBEDDED: &str = "seawall";
const EXAMPLE: &str = "web-demo/database";

/// A prepared database.
pub(super) struct Database {
    cluster: Option<Cluster>,
    owner: String,
    login: String,
}

impl Database {
    /// Starts or finds the database and brings it up to date.
    pub(super) fn start(project: &Project, binary: &Path) -> Outcome<Self> {
        let password = secret::kept(project, "login")?;
        let given = std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty());
        let (cluster, owner, role) = match given {
            // A cluster that is not ours may have an authenticator with users of its own: leave it alone.
            Some(owner) => (None, owner, "seawall_authenticator"),
            None => {
                let cluster = Cluster::start(project, EMBEDDED, Durability::Kept)?;
                let owner = cluster.url(EMBEDDED);
                (Some(cluster), owner, "authenticator")
            }
        };
        let login = with_account(&owner, role, &password)?;
        let database = Self {
            cluster,
            owner,
            login,
        };
        database.prepare(project, binary, role, &password)?;
        Ok(database)
    }

    /// The address the server logs in with.
    pub(super) fn login(&self) -> &str {
        &self.login
    }

    /// The address of the owner, who may migrate.
    pub(super) fn owner(&self) -> &str {
        &self.owner
    }

    /// Fails if the embedded server has ended by itself.
    pub(super) fn check(&mut self) -> Outcome {
        self.cluster.as_mut().map_or(Ok(()), Cluster::check)
    }

    /// What to tell the user about it.
    pub(super) fn describe(&self) -> &'static str {
        match self.cluster {
            Some(_) => "embedded PostgreSQL, kept between runs (`cargo xtask clean` removes it)",
            None => "the one DATABASE_URL names",
        }
    }

    fn prepare(&self, project: &Project, binary: &Path, role: &str, password: &str) -> Outcome {
        let folder = login_role(project, role, password)?;
        for scripts in [project.at(EXAMPLE), folder] {
            Task::new(project, "database-migrate", binary)?
                .doing("preparing the database")
                .args(["migrate", "--apply"])
                .arg(&scripts)
                .env("SEAWALL_OWNER_DATABASE_URL", &self.owner)
                .env("DATABASE_URL", &self.owner)
                .run()?;
        }
        Ok(())
    }
}

// Made here and not with the example's roles, because only this knows the password.
fn login_role(project: &Project, role: &str, password: &str) -> Outcome<std::path::PathBuf> {
    let path = project.state("secrets/login-role/login.sql")?;
    let script = format!(
        "do $$ begin\n  if not exists (select from pg_roles where rolname = '{role}') then\n    \
         create role {role} login noinherit;\n  end if;\nend $$;\n\
         alter role {role} login noinherit password '{password}';\n\
         grant anon, authenticated, service_role to {role};\n"
    );
    std::fs::write(&path, script).map_err(with_file("write", &path))?;
    path.parent()
        .map(Path::to_owned)
        .ok_or_else(|| Failure::because("the login role has no folder"))
}

/// The same database for another user.
fn with_account(url: &str, user: &str, password: &str) -> Outcome<String> {
    let wrong =
        || Failure::because("DATABASE_URL must look like postgres://user:password@host:5432/database");
    let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
    if !matches!(scheme, "postgres" | "postgresql") {
        return Err(wrong());
    }
    let (authority, path) = rest.split_once('/').ok_or_else(wrong)?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Ok(format!("{scheme}://{user}:{password}@{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::with_account;

    #[test]
    fn keeps_host_database_and_parameters() {
        let url = with_account(
            "postgresql://me:p%40ss@db.test:5433/app?sslmode=require",
            "a",
            "b",
        )
        .unwrap();
        assert_eq!(url, "postgresql://a:b@db.test:5433/app?sslmode=require");
    }

    #[test]
    fn refuses_what_is_no_address() {
        assert!(with_account("localhost/app", "a", "b").is_err());
        assert!(with_account("mysql://localhost/app", "a", "b").is_err());
        assert!(with_account("postgres://localhost", "a", "b").is_err());
    }
}
