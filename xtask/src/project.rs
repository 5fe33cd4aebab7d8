//! Where things are: the checkout, what the commands keep in it, and where cargo builds.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome, when, with_file};

/// A checkout of the project.
pub(crate) struct Project {
    root: PathBuf,
    target: PathBuf,
}

impl Project {
    /// The checkout this command was started in.
    pub(crate) fn find() -> Outcome<Self> {
        let root = match std::env::var_os("CARGO_MANIFEST_DIR") {
            Some(xtask) => Path::new(&xtask).parent().map(Path::to_owned),
            None => upward_from_here()?,
        };
        let root = root.ok_or_else(|| Failure::because("run this inside a checkout of Seawall"))?;
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Ok(Self { root, target })
    }

    /// The top of the checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path in the checkout.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// A path among what the commands keep (`.seawall`, ignored by git); its folder is made if missing.
    pub(crate) fn state(&self, path: &str) -> Outcome<PathBuf> {
        let path = self.root.join(".seawall").join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(with_file("create", folder))?;
        }
        Ok(path)
    }

    /// A path in cargo's target folder.
    pub(crate) fn target(&self, path: &str) -> PathBuf {
        self.target.join(path)
    }

    /// One of the tools that `setup` builds or installs.
    pub(crate) fn tool(&self, name: &str) -> PathBuf {
        self.target.join("tools/debug").join(name)
    }
}

fn upward_from_here() -> Outcome<Option<PathBuf>> {
    let here = std::env::current_dir().map_err(when("cannot tell the current folder"))?;
    Ok(here
        .ancestors()
        .find(|folder| folder.join("xtask/Cargo.toml").is_file())
        .map(Path::to_owned))
}

/// The promise that a command runs once at a time in a checkout; released with the process, however it ends.
pub(crate) struct Lock {
    _held: File,
}

impl Lock {
    /// Takes the lock of that name, or fails at once.
    pub(crate) fn take(project: &Project, name: &str) -> Outcome<Self> {
        let path = project.state(&format!("{name}.lock"))?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = file.map_err(with_file("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _held: file }),
            Err(_) => Err(Failure::because(format!(
                "another `npm {name}` is running in this checkout"
            ))),
        }
    }
}
