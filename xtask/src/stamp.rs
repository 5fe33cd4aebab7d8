//! Stamps: what a step's inputs were when it last succeeded, so that it need not run again.
//!
//! Contents are hashed, not times: a fresh clone, a switched branch and a touched file all tell the truth.
//! The hash is for noticing change, not for security.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::failure::{Outcome, with_file};
use crate::project::Project;

const NEVER_INPUTS: [&str; 5] = ["node_modules", "dist", "target", ".git", "corpus"];

/// The inputs of one step, hashed.
pub(crate) struct Stamp {
    file: PathBuf,
    value: String,
}

impl Stamp {
    /// Hashes files and whole folders; a missing one counts as such.
    pub(crate) fn of(project: &Project, step: &str, inputs: &[&str]) -> Outcome<Self> {
        let mut hasher = DefaultHasher::new();
        for input in inputs {
            hash_path(&project.at(input), &mut hasher)?;
        }
        Ok(Self {
            file: project.state(&format!("stamps/{step}"))?,
            value: format!("{:016x}", hasher.finish()),
        })
    }

    /// The hash, as a word.
    pub(crate) fn value(&self) -> &str {
        &self.value
    }

    /// Whether the step last ran with these inputs and all it makes is still there.
    pub(crate) fn is_current(&self, outputs: &[PathBuf]) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|kept| kept == self.value)
            && outputs.iter().all(|output| output.exists())
    }

    /// Remembers that the step succeeded.
    pub(crate) fn save(&self) -> Outcome {
        fs::write(&self.file, &self.value).map_err(with_file("write", &self.file))
    }
}

fn hash_path(path: &Path, hasher: &mut DefaultHasher) -> Outcome {
    path.file_name().hash(hasher);
    if path.is_dir() {
        for entry in sorted_entries(path)? {
            hash_path(&entry, hasher)?;
        }
    } else if path.is_file() {
        fs::read(path).map_err(with_file("read", path))?.hash(hasher);
    }
    Ok(())
}

fn sorted_entries(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(with_file("list", folder))? {
        let entry = entry.map_err(with_file("list", folder))?;
        if !NEVER_INPUTS.iter().any(|name| entry.file_name() == *name) {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}
