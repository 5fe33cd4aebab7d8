//! `npm start`: everything set up, built and running on one port, until Ctrl-C.

mod database;
mod port;
mod server;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::arguments::Arguments;
use crate::build::{self, Profile};
use crate::console::{self, Work};
use crate::failure::{Failure, Outcome};
use crate::project::{Lock, Project};
use crate::{interrupt, setup};

use database::Database;
use server::Server;

const DEFAULT_PORT: u16 = 8000;

/// Runs everything until somebody asks to stop.
pub(crate) fn run(project: &Project, mut arguments: Arguments) -> Outcome {
    let profile = Profile::take(&mut arguments);
    let port = arguments.number("--port")?.unwrap_or(DEFAULT_PORT);
    arguments.finish()?;

    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let _one_at_a_time = Lock::take(project, "start")?;
    port::check_free(address)?;
    setup::run(project)?;
    build::everything(project, profile)?;
    serve(project, profile, address)
}

// The order of the bindings is the order of stopping, reversed: the server goes before its database.
fn serve(project: &Project, profile: Profile, address: SocketAddr) -> Outcome {
    console::headline("Starting");
    let binary = build::server_binary(project, profile);
    let mut database = None;
    console::step("database", || {
        database = Some(Database::start(project, &binary)?);
        Ok(Work::Done)
    })?;
    let mut database = database.ok_or(Failure::Interrupted)?;
    let mut server = None;
    console::step("server", || {
        server = Some(Server::start(project, &binary, &database, address)?);
        Ok(Work::Done)
    })?;
    let mut server = server.ok_or(Failure::Interrupted)?;

    announce(address, &database);
    let ended = watch(&mut server, &mut database);
    console::say("\nStopping");
    drop(server);
    drop(database);
    ended
}

// Being asked to stop is how a run ends well.
fn watch(server: &mut Server, database: &mut Database) -> Outcome {
    while interrupt::pause(Duration::from_millis(100)).is_ok() {
        server.check()?;
        database.check()?;
    }
    Ok(())
}

fn announce(address: SocketAddr, database: &Database) {
    let name = |text: &str| console::paint("1", text);
    console::headline("Seawall is running");
    console::say(&format!("  page       {}", name(&format!("http://{address}/"))));
    console::say(&format!(
        "  dashboard  {}",
        name(&format!("http://{address}/admin.html"))
    ));
    console::say(&format!("  REST       http://{address}/rest/v1"));
    console::say(&format!(
        "  auth       http://{address}/auth/v1 (for development only)"
    ));
    console::say(&format!(
        "  health     http://{address}/health   metrics http://{address}/metrics"
    ));
    console::say(&format!("  database   {}", database.describe()));
    console::say("  accounts   owner@example.test / owner-password (administrator)");
    console::say("             guest@example.test / guest-password");
    console::say("  logs       .seawall/logs\n\nCtrl-C stops everything.");
}
