//! Programs that come from the system: browsers, the drivers of Chromium and WebKit, a display for it, a pooler,
//! Redis, Prometheus, clamd, a false clock, nginx.

use std::path::Path;

use super::browsers;
use crate::console::{self, Work};
use crate::failure::{Failure, Outcome};
use crate::process::{Task, on_path};
use crate::project::Project;

/// Where nginx may be beside the path, which is shorter for an ordinary user.
const NGINX: [&str; 3] = [
    "/usr/sbin/nginx",
    "/usr/local/bin/nginx",
    "/opt/homebrew/bin/nginx",
];

/// Installs what the tests lack, or says what it is. The suites that need it then fail by themselves and say so too.
pub(super) fn install(project: &Project) -> Outcome<Work> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(Work::Current);
    }
    if let Some(advice) = bring(project, &missing)? {
        console::say("");
        console::note(&advice);
    }
    Ok(Work::Done)
}

/// Installs nginx, the upstream of proxy mode's load; nothing can be measured without.
pub(super) fn install_nginx(project: &Project) -> Outcome<Work> {
    if on_path("nginx").is_some() || NGINX.iter().any(|program| Path::new(program).is_file()) {
        return Ok(Work::Current);
    }
    match bring(project, &["nginx"])? {
        None => Ok(Work::Done),
        Some(advice) => Err(Failure::because(advice)),
    }
}

/// Installs packages where this is Debian (or a child of it) and we are root; says how where not.
fn bring(project: &Project, missing: &[&str]) -> Outcome<Option<String>> {
    let by_apt = Path::new("/etc/debian_version").exists() && on_path("apt-get").is_some();
    if !(by_apt && rustix::process::geteuid().is_root()) {
        return Ok(Some(advice(missing, by_apt)));
    }
    apt(project, "update", &["update"])?;
    let words = [&["install", "-y", "--no-install-recommends"], missing].concat();
    apt(project, "install", &words)?;
    Ok(None)
}

// Debian's names.
fn missing() -> Vec<&'static str> {
    let wanted = [
        ("chromium", browsers::chromium().is_some()),
        ("chromium-driver", browsers::chromium_driver().is_some()),
        ("firefox-esr", browsers::firefox().is_some()),
        ("webkit2gtk-driver", browsers::webkit_driver().is_some()),
        ("xvfb", on_path("Xvfb").is_some()),
        ("pgbouncer", on_path("pgbouncer").is_some()),
        ("redis-server", on_path("redis-server").is_some()),
        ("prometheus", on_path("promtool").is_some()),
        ("clamav-daemon", on_path("clamd").is_some()),
        ("libfaketime", has_libfaketime()),
    ];
    wanted
        .iter()
        .filter(|(_, present)| !present)
        .map(|(name, _)| *name)
        .collect()
}

/// What steps the clock of one server under test, where Debian keeps it.
fn has_libfaketime() -> bool {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    folders
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .any(|library| library.exists())
}

fn apt(project: &Project, step: &str, words: &[&str]) -> Outcome {
    Task::new(project, &format!("setup-apt-{step}"), "apt-get")?
        .args(words)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run()
}

fn advice(missing: &[&str], by_apt: bool) -> String {
    let names = missing.join(" ");
    if by_apt {
        format!("missing: {names}; install with `sudo apt-get install {names}`")
    } else {
        format!("missing (Debian's names): {names}; install them with your system's package manager")
    }
}
