//! The wasm modules' own tests, by wasm-pack, in Node and in two engines.

use std::path::PathBuf;
use std::time::Duration;

use super::counts::Counts;
use super::ground::Ground;
use crate::failure::{Failure, Outcome};
use crate::process::Task;
use crate::setup::{self, browsers};

const CRATES: [&str; 2] = ["guard-wasm", "store-wasm"];
const LIMIT: Duration = Duration::from_secs(900);

/// In Node.
pub(super) fn node(ground: &Ground<'_>) -> Outcome<Counts> {
    each(ground, "node", &["--node".to_owned()])
}

/// In headless Chromium.
pub(super) fn chromium(ground: &Ground<'_>) -> Outcome<Counts> {
    let driver = needed(
        browsers::chromium_driver().filter(|_| browsers::chromium().is_some()),
        "Chromium",
    )?;
    each(
        ground,
        "chromium",
        &[
            "--headless".into(),
            "--chrome".into(),
            "--chromedriver".into(),
            driver,
        ],
    )
}

/// In headless Firefox.
pub(super) fn firefox(ground: &Ground<'_>) -> Outcome<Counts> {
    let driver = setup::firefox_driver(ground.project()).filter(|_| browsers::firefox().is_some());
    let driver = needed(driver, "Firefox")?;
    each(
        ground,
        "firefox",
        &[
            "--headless".into(),
            "--firefox".into(),
            "--geckodriver".into(),
            driver,
        ],
    )
}

fn needed(driver: Option<PathBuf>, browser: &str) -> Outcome<String> {
    let driver =
        driver.ok_or_else(|| Failure::because(format!("{browser} or its driver is not installed")))?;
    Ok(driver.to_string_lossy().into_owned())
}

fn each(ground: &Ground<'_>, place: &str, flags: &[String]) -> Outcome<Counts> {
    let mut sum = Counts::default();
    for name in CRATES {
        sum += pack(ground, place, name, flags)?;
    }
    Ok(sum)
}

// wasm-pack looks for wasm-bindgen's runner on PATH and must not fetch its own.
fn pack(ground: &Ground<'_>, place: &str, name: &str, flags: &[String]) -> Outcome<Counts> {
    let project = ground.project();
    let tools = project.tool("wasm-pack");
    let own_path = std::env::var_os("PATH").unwrap_or_default();
    let folders = tools
        .parent()
        .map(PathBuf::from)
        .into_iter()
        .chain(std::env::split_paths(&own_path));
    let path = std::env::join_paths(folders).map_err(crate::failure::when("PATH cannot be extended"))?;

    let task = Task::new(project, &format!("test-wasm-{place}-{name}"), &tools)?
        .args(["test", "--mode", "no-install"])
        .args(flags)
        .arg(project.at("crates").join(name))
        .env("PATH", path)
        .env("CARGO_TARGET_DIR", project.target(""))
        .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", ground.capabilities())
        .env("WASM_BINDGEN_TEST_TIMEOUT", "60")
        .env("RUST_BACKTRACE", "0")
        .limit(LIMIT);
    let log = task.log().to_owned();
    let status = task.status()?;
    Counts::in_log(&log, status.success())
}
