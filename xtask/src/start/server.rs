//! The server behind `npm start`, configured for development.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use super::database::Database;
use crate::failure::Outcome;
use crate::http;
use crate::process::Background;
use crate::project::Project;
use crate::secret;

// The accounts of the example data.
const ACCOUNTS: &str = r#"[
    {"id": "11111111-1111-4111-8111-111111111111", "email": "owner@example.test", "password": "owner-password",
     "app_metadata": {"role": "admin"}},
    {"id": "22222222-2222-4222-8222-222222222222", "email": "guest@example.test", "password": "guest-password"}
]"#;

/// A running server.
pub(super) struct Server(Background);

impl Server {
    /// Starts the server and waits until it is ready.
    pub(super) fn start(
        project: &Project,
        binary: &Path,
        database: &Database,
        address: SocketAddr,
    ) -> Outcome<Self> {
        let secret = secret::kept(project, "jwt")?;
        let mut server = Background::start(project, "server", binary, Signal::TERM, |command| {
            command
                .arg("serve")
                .env("DATABASE_URL", database.login())
                .env("SEAWALL_OWNER_DATABASE_URL", database.owner())
                .env("SEAWALL_LISTEN", address.to_string())
                .env("JWT_SECRET", secret)
                .env("SEAWALL_STATIC_DIR", project.at("web-demo/dist"))
                .env("SEAWALL_DEV_AUTH_USERS", ACCOUNTS)
                .env("SEAWALL_DEV_FAULTS", "true")
                // So that the example's owner is an administrator for the server too.
                .env("SEAWALL_ADMIN_CLAIM_KEY", ".app_metadata.role")
                .env("SEAWALL_ADMIN_CLAIM_VALUE", "admin")
                // The people of the example have no plan; what the page's policy says is what holds.
                .env("SEAWALL_DEFAULT_TIER", "enterprise");
        })?;
        server.until(Duration::from_secs(60), || {
            http::status(address, "/ready") == Some(200)
        })?;
        Ok(Self(server))
    }

    /// Fails if the server has ended by itself.
    pub(super) fn check(&mut self) -> Outcome {
        self.0.check()
    }
}
