//! The browsers of this machine, and how the wasm tests are told about them.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::failure::{Outcome, with_file};
use crate::process::on_path;
use crate::project::Project;

const CHROMIUM: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
const FIREFOX: [&str; 2] = ["firefox-esr", "firefox"];

/// The Chromium of this machine.
pub(crate) fn chromium() -> Option<PathBuf> {
    CHROMIUM.iter().find_map(|name| on_path(name))
}

/// The driver of that Chromium.
pub(crate) fn chromium_driver() -> Option<PathBuf> {
    on_path("chromedriver")
}

/// The Firefox of this machine.
pub(crate) fn firefox() -> Option<PathBuf> {
    FIREFOX.iter().find_map(|name| on_path(name))
}

/// WebKit's driver, which brings its browser along.
pub(crate) fn webkit_driver() -> Option<PathBuf> {
    on_path("WebKitWebDriver")
}

/// Writes the capabilities the wasm tests ask of the drivers: webdriver.json, with this machine's programs.
pub(crate) fn capabilities(project: &Project) -> Outcome<PathBuf> {
    let source = project.at("webdriver.json");
    let text = std::fs::read_to_string(&source).map_err(with_file("read", &source))?;
    let mut all: Value = serde_json::from_str(&text).map_err(with_file("read", &source))?;
    for (browser, program) in [
        ("goog:chromeOptions", chromium()),
        ("moz:firefoxOptions", firefox()),
    ] {
        if let (Some(options), Some(program)) = (all.get_mut(browser).and_then(Value::as_object_mut), program)
        {
            options.insert("binary".to_owned(), json!(program.to_string_lossy()));
        }
    }
    let path = project.state("webdriver.json")?;
    std::fs::write(&path, all.to_string()).map_err(with_file("write", &path))?;
    Ok(path)
}
