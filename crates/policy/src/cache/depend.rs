//! Which tables an answer depends on, and which a write changes.
//!
//! The client sees names, not the database: a table is what a path names, what `select` embeds, and what a hint
//! names (a junction, or a foreign key, which does no harm). What hides behind a view, a function or a trigger only
//! the application knows; it says so in [`Relations`].

/// What the application knows of its database and a request does not show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relations {
    reads: Vec<(String, String)>,
    writes: Vec<(String, String)>,
}

impl Relations {
    /// Reading `name`, a view or a function, reads that table too.
    pub fn reads(&mut self, name: &str, table: &str) {
        self.reads.push((name.to_owned(), table.to_owned()));
    }

    /// Writing to `name`, a table or a function, changes that table too.
    pub fn writes(&mut self, name: &str, table: &str) {
        self.writes.push((name.to_owned(), table.to_owned()));
    }

    /// The tables that an answer to this path and query depends on, each once; its own first.
    #[must_use]
    pub fn tables_read(&self, endpoint: &str, query: &str) -> Vec<String> {
        let mut tables = vec![resource(endpoint)];
        for pair in query.split('&') {
            if let Some(("select", list)) = pair.split_once('=') {
                embeds(&decoded(list), &mut tables);
            }
        }
        follow(&self.reads, tables)
    }

    /// The tables that a write to this path changes, each once; its own first.
    #[must_use]
    pub fn tables_written(&self, endpoint: &str) -> Vec<String> {
        follow(&self.writes, vec![resource(endpoint)])
    }
}

/// The name behind a path: a table's own, `rpc/name` for a function, and the path itself elsewhere.
#[must_use]
pub fn resource(endpoint: &str) -> String {
    let path = endpoint.trim_end_matches('/');
    let below = path.strip_prefix("/rest/v1/");
    decoded(below.unwrap_or(path.trim_start_matches('/')))
}

/// Adds what is embedded in a `select` list: every name that a parenthesis follows, and its hints.
///
/// It takes too much rather than too little: `amount.sum()` gives a table named `sum`, which nobody writes to.
fn embeds(list: &str, tables: &mut Vec<String>) {
    let mut names: Vec<String> = vec![String::new()];
    let mut chars = list.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => quoted(&mut chars, &mut names),
            '!' => names.push(String::new()),
            '(' => {
                let found = names
                    .drain(..)
                    .filter(|name| !matches!(name.as_str(), "" | "inner" | "left"));
                tables.extend(found);
                names.push(String::new());
            }
            ',' | ')' | ':' | '.' | '>' => {
                names.clear();
                names.push(String::new());
            }
            ' ' | '\n' | '\t' | '\r' => (),
            other => extend(&mut names, other),
        }
    }
}

fn quoted(chars: &mut core::str::Chars<'_>, names: &mut [String]) {
    while let Some(char) = chars.next() {
        match char {
            '"' => return,
            '\\' => chars
                .next()
                .into_iter()
                .for_each(|escaped| extend(names, escaped)),
            other => extend(names, other),
        }
    }
}

fn extend(names: &mut [String], char: char) {
    if let Some(name) = names.last_mut() {
        name.push(char);
    }
}

/// Adds what these names lead to, and what that leads to, each once.
fn follow(relations: &[(String, String)], names: Vec<String>) -> Vec<String> {
    let mut tables: Vec<String> = Vec::with_capacity(names.len());
    let mut waiting = names;
    waiting.reverse();
    while let Some(name) = waiting.pop() {
        if tables.contains(&name) {
            continue;
        }
        let further = relations.iter().filter(|(from, _)| *from == name);
        waiting.extend(further.map(|(_, to)| to.clone()));
        tables.push(name);
    }
    tables
}

/// The text behind percent signs and pluses; what is no such escape stays as it is.
#[must_use]
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let escaped = match byte {
            b'%' => escape(&mut rest),
            b'+' => Some(b' '),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(byte));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn escape(rest: &mut core::str::Bytes<'_>) -> Option<u8> {
    let mut ahead = rest.clone();
    let high = char::from(ahead.next()?).to_digit(16)?;
    let low = char::from(ahead.next()?).to_digit(16)?;
    *rest = ahead;
    u8::try_from(high * 16 + low).ok()
}
