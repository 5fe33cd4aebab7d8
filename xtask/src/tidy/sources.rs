//! The files of the project: those git knows or would take.

use std::path::Path;

use crate::failure::Outcome;
use crate::process::Task;
use crate::project::Project;

/// A text file.
pub(super) struct Source {
    /// Its path from the root, with forward slashes.
    pub(super) path: String,
    /// Its content.
    pub(super) text: String,
}

impl Source {
    /// Whether it is below a folder or is that file.
    pub(super) fn is_in(&self, path: &str) -> bool {
        Path::new(&self.path).starts_with(path)
    }

    /// The lines before the tests that end a Rust file, each with its number from 1.
    pub(super) fn lines_before_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self
            .text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line));
        numbered
            .take_while(|(_, line)| !line.starts_with("#[cfg(test)]") && !line.starts_with("#[cfg(all(test"))
    }

    /// The lines that match, as places to print.
    pub(super) fn places(&self, broken: impl Fn(&str) -> bool) -> Vec<String> {
        let lines = self
            .lines_before_tests()
            .filter(|(_, line)| !is_comment(line) && broken(line));
        lines
            .map(|(number, line)| format!("{}:{number}: {}", self.path, line.trim()))
            .collect()
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// Every text file of the project.
pub(super) struct Sources(Vec<Source>);

impl Sources {
    /// Reads them.
    pub(super) fn of(project: &Project) -> Outcome<Self> {
        let git = Task::new(project, "tidy-files", "git")?;
        let names = git
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .output()?;
        let read = |path: &str| {
            let bytes = std::fs::read(project.at(path)).ok()?;
            Some(Source {
                path: path.to_owned(),
                text: String::from_utf8(bytes).ok()?,
            })
        };
        Ok(Self(
            names
                .split('\0')
                .filter(|name| !name.is_empty())
                .filter_map(read)
                .collect(),
        ))
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }

    /// Rust files below a folder.
    pub(super) fn rust<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a Source> {
        self.0
            .iter()
            .filter(move |source| source.is_in(folder) && source.path.ends_with(".rs"))
    }

    #[cfg(test)]
    pub(super) fn given(files: &[(&str, &str)]) -> Self {
        let source = |(path, text): &(&str, &str)| Source {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        Self(files.iter().map(source).collect())
    }
}
