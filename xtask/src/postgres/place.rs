//! Where the database lives: inside the checkout if the account that runs it can get there, else under
//! `/var/lib`. A root's home is closed to others, and a checkout is often just there.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::account::{self, Account};
use crate::failure::{Outcome, with_file};
use crate::project::Project;

/// A folder that the database's account owns, and that account.
pub(crate) struct Place {
    folder: PathBuf,
    account: Option<Account>,
}

impl Place {
    /// The place of this checkout.
    pub(crate) fn of(project: &Project) -> Outcome<Self> {
        let account = account::unprivileged()?;
        let inside = project.state("postgres/")?;
        let folder = match account {
            Some(_) if !others_reach(project.root()) => outside(project),
            _ => inside,
        };
        let place = Self { folder, account };
        place.own(&place.folder)?;
        Ok(place)
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The account that runs the database, if it is not our own.
    pub(crate) fn account(&self) -> Option<Account> {
        self.account
    }

    /// Whether the account can run programs that are in the checkout.
    pub(crate) fn reaches(&self, path: &Path) -> bool {
        self.account.is_none() || others_reach(path)
    }

    /// Makes a folder and gives it to the account.
    pub(crate) fn own(&self, folder: &Path) -> Outcome {
        fs::create_dir_all(folder).map_err(with_file("create", folder))?;
        self.give(folder)
    }

    /// Gives a file or a folder to the account.
    pub(crate) fn give(&self, path: &Path) -> Outcome {
        match self.account {
            Some((uid, gid)) => chown(path, Some(uid), Some(gid)).map_err(with_file("hand over", path)),
            None => Ok(()),
        }
    }
}

/// Removes every database of this checkout.
pub(crate) fn forget(project: &Project) -> Outcome {
    for folder in [project.state("postgres/")?, outside(project)] {
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(with_file("remove", &folder))?;
        }
    }
    Ok(())
}

fn outside(project: &Project) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    project.root().hash(&mut hasher);
    PathBuf::from(format!("/var/lib/seawall-{:016x}", hasher.finish()))
}

// To run a program one reads it and traverses every folder above it.
fn others_reach(path: &Path) -> bool {
    let allows = |part: &Path, bits: u32| {
        fs::metadata(part).is_ok_and(|found| found.permissions().mode() & bits == bits)
    };
    allows(path, 0o005) && path.ancestors().skip(1).all(|folder| allows(folder, 0o001))
}
