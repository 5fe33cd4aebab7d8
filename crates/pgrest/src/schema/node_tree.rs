//! Reads where a view's columns come from out of the view's stored rule.
//!
//! PostgreSQL prints a rule as a node tree: `({QUERY :field value … :targetList ({TARGETENTRY …} …) …})`. Of all
//! that only the outermost target list matters, and of each entry its position and the table column behind it.
//! Anything unexpected yields fewer entries, never an error: a relationship too few is the worst that can happen.

/// One output column of a view: `resno`, `resorigtbl`, `resorigcol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TargetEntry {
    /// Position in the view.
    pub(super) position: i32,
    /// Object id of the table behind it, 0 when it is computed.
    pub(super) table: i64,
    /// Position in that table.
    pub(super) column: i32,
}

/// The target list of the outermost query.
pub(super) fn target_list(rule: &str) -> Vec<TargetEntry> {
    let mut walker = Walker::default();
    for token in Tokens(rule) {
        walker.step(token);
    }
    walker.entries
}

/// Depth of the fields of `({QUERY …`.
const QUERY_DEPTH: usize = 2;
/// Depth of the fields of `:targetList ({TARGETENTRY …`.
const ENTRY_DEPTH: usize = 4;

#[derive(Default)]
struct Walker<'a> {
    depth: usize,
    in_targets: bool,
    field: &'a str,
    entry: Option<TargetEntry>,
    entries: Vec<TargetEntry>,
}

impl<'a> Walker<'a> {
    fn step(&mut self, token: &'a str) {
        match token {
            "(" | "{" => self.open(),
            ")" | "}" => self.close(),
            word => self.word(word),
        }
    }

    fn open(&mut self) {
        self.depth += 1;
        if self.in_targets && self.depth == ENTRY_DEPTH {
            self.entry = Some(TargetEntry {
                position: 0,
                table: 0,
                column: 0,
            });
        }
    }

    fn close(&mut self) {
        if self.depth == ENTRY_DEPTH {
            self.entries.extend(self.entry.take());
        }
        self.depth = self.depth.saturating_sub(1);
    }

    fn word(&mut self, word: &'a str) {
        if let Some(field) = word.strip_prefix(':') {
            self.field = field;
            if self.depth == QUERY_DEPTH {
                self.in_targets = field == "targetList";
            }
        } else if self.depth == ENTRY_DEPTH
            && let Some(entry) = &mut self.entry
        {
            match self.field {
                "resno" => entry.position = word.parse().unwrap_or_default(),
                "resorigtbl" => entry.table = word.parse().unwrap_or_default(),
                "resorigcol" => entry.column = word.parse().unwrap_or_default(),
                _ => {}
            }
            self.field = "";
        }
    }
}

/// Splits at spaces and brackets; a backslash protects the character after it.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start_matches([' ', '\n']);
        let end = match text.as_bytes().first()? {
            b'(' | b')' | b'{' | b'}' => 1,
            _ => word_length(text.as_bytes()),
        };
        let (token, rest) = text.split_at_checked(end)?;
        self.0 = rest;
        Some(token)
    }
}

fn word_length(text: &[u8]) -> usize {
    let mut escaped = false;
    text.iter()
        .position(|byte| {
            let ends = !escaped && matches!(byte, b' ' | b'\n' | b'(' | b')' | b'{' | b'}');
            escaped = !escaped && *byte == b'\\';
            ends
        })
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_outermost_target_list_counts() {
        let rule = r"({QUERY :rtable ({RTE :subquery {QUERY :targetList ({TARGETENTRY :resno 7 :resorigtbl 1 :resorigcol 1})}}) :targetList ({TARGETENTRY :expr {VAR :varno 1} :resno 1 :resname id :resorigtbl 16384 :resorigcol 2 :resjunk false} {TARGETENTRY :expr {CONST} :resno 2 :resname a\ b\} :resorigtbl 0 :resorigcol 0}) :override 0})";
        assert_eq!(
            target_list(rule),
            [
                TargetEntry {
                    position: 1,
                    table: 16384,
                    column: 2
                },
                TargetEntry {
                    position: 2,
                    table: 0,
                    column: 0
                }
            ]
        );
    }

    #[test]
    fn nonsense_yields_nothing() {
        assert_eq!(target_list(")))}}} :targetList ((("), []);
        assert_eq!(target_list(r"\"), []);
    }
}
