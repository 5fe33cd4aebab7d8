//! A position in a text, and the account of what was expected there.
//!
//! The rules are those of Parsec, because PostgREST's error texts are: alternatives are tried only if the
//! one before failed without consuming anything; of several failures the farthest counts; failures at
//! the same place pool what they expected; [`Cursor::label`] renames what a construct expected when it
//! failed at once.

use super::account::{Account, Expected, Found};

/// Marks a failure; the account of it is in the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failed;

/// What a parser yields.
pub(super) type Parsed<T> = Result<T, Failed>;

/// A position in a text.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    position: usize,
    depth: usize,
    recording: bool,
    /// What would have been accepted here by parsers that succeeded without consuming.
    hints: Account,
    /// The account of the last failure.
    failure: Account,
}

impl<'a> Cursor<'a> {
    /// A cursor that keeps no account: fast, and mute about failures.
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            position: 0,
            depth: 0,
            recording: false,
            hints: Account::default(),
            failure: Account::default(),
        }
    }

    /// A cursor that can explain a failure.
    pub(super) fn recording(text: &'a str) -> Self {
        Self {
            recording: true,
            ..Self::new(text)
        }
    }

    /// The next character, not consumed.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// What is left of the text.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    /// Consumes what is left of the text.
    pub(super) fn take_rest(&mut self) -> &'a str {
        let rest = self.rest();
        self.consume(rest.len());
        rest
    }

    /// Consumes the characters that satisfy a test; may be none.
    pub(super) fn run(&mut self, expected: &[Expected], accepts: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !accepts(c)).unwrap_or(rest.len());
        self.consume(length);
        if self.recording {
            let account = self.here(expected);
            self.hint(account);
        }
        rest.get(..length).unwrap_or_default()
    }

    /// Consumes the characters that satisfy a test, at least one.
    pub(super) fn run1(&mut self, expected: &[Expected], accepts: impl Fn(char) -> bool) -> Parsed<&'a str> {
        match self.peek() {
            Some(c) if accepts(c) => Ok(self.run(expected, accepts)),
            Some(_) | None => Err(self.fail_here(expected)),
        }
    }

    /// Consumes a plain word that ends with the text or before a delimiter: a short cut past the grammar
    /// for what most lists are made of. Not taken when an account is kept, which it would lack.
    pub(super) fn plain_word(&mut self, delimiters: &[char]) -> Option<&'a str> {
        if self.recording {
            return None;
        }
        let rest = self.rest();
        let length = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        let (word, after) = rest.split_at_checked(length)?;
        let ends = after.is_empty() || after.starts_with(delimiters);
        (ends && !word.is_empty()).then(|| {
            self.consume(length);
            word
        })
    }

    /// Consumes spaces and tabs.
    pub(super) fn spaces(&mut self) {
        self.run(&[], |c| c == ' ' || c == '\t');
    }

    /// Consumes one character that satisfies a test.
    pub(super) fn one(&mut self, expected: &[Expected], accepts: impl Fn(char) -> bool) -> Parsed<char> {
        match self.peek() {
            Some(c) if accepts(c) => {
                self.consume(c.len_utf8());
                Ok(c)
            }
            Some(_) | None => Err(self.fail_here(expected)),
        }
    }

    /// Consumes a literal. One that matches in part is consumed that far: see [`Cursor::attempt`].
    pub(super) fn literal(&mut self, literal: &'static str) -> Parsed<()> {
        self.word(literal, |found, wanted| found == wanted)
    }

    /// Consumes a lower-case literal in whatever case it is written. Its failures are to be labelled.
    pub(super) fn keyword(&mut self, keyword: &'static str) -> Parsed<()> {
        for wanted in keyword.chars() {
            self.one(&[], |c| c == wanted || c == wanted.to_ascii_uppercase())?;
        }
        Ok(())
    }

    /// Succeeds, consuming nothing, where a literal follows.
    pub(super) fn followed_by(&mut self, literal: &'static str) -> Parsed<()> {
        if self.rest().starts_with(literal) {
            return Ok(());
        }
        self.attempt(|cursor| cursor.literal(literal))
    }

    /// Succeeds, consuming nothing, where no such character follows.
    pub(super) fn not_followed_by(
        &mut self,
        expected: &[Expected],
        accepts: impl Fn(char) -> bool,
    ) -> Parsed<()> {
        match self.peek() {
            Some(c) if accepts(c) => {
                let after = self.position + c.len_utf8();
                Err(self.fail_unexpected(after, c, &[]))
            }
            Some(_) | None => {
                if self.recording {
                    let account = self.here(expected);
                    self.hint(account);
                }
                Ok(())
            }
        }
    }

    /// Succeeds at the end of the text.
    pub(super) fn end(&mut self) -> Parsed<()> {
        match self.peek() {
            None => Ok(()),
            Some(c) => {
                let end = [Expected::Construct("end of input")];
                Err(self.fail_unexpected(self.position, c, &end))
            }
        }
    }

    /// Runs a parser; its failure consumes nothing.
    pub(super) fn attempt<T>(&mut self, parser: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let start = self.position;
        let hints = self.hints.clone();
        parser(self).inspect_err(|_| {
            if self.position != start {
                self.position = start;
                self.failure = hints.merge(std::mem::take(&mut self.failure));
            }
        })
    }

    /// Runs a parser; `None` if it fails without consuming.
    pub(super) fn optional<T>(&mut self, parser: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<Option<T>> {
        let start = self.position;
        match parser(self) {
            Ok(value) => Ok(Some(value)),
            Err(Failed) if self.position == start => {
                self.hints = std::mem::take(&mut self.failure);
                Ok(None)
            }
            Err(Failed) => Err(Failed),
        }
    }

    /// Runs a parser; what it expected at its first character is called by one name.
    pub(super) fn label<T>(
        &mut self,
        name: &'static str,
        parser: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Parsed<T> {
        let start = self.position;
        let hints = std::mem::take(&mut self.hints);
        let result = parser(self);
        if self.recording && self.position == start {
            let account = match result {
                Ok(_) => &mut self.hints,
                Err(Failed) => &mut self.failure,
            };
            if result.is_err() || !account.is_empty() {
                account.rename(name);
            }
            *account = hints.merge(std::mem::take(account));
        }
        result
    }

    /// Fails here without saying what was expected.
    pub(super) fn reject<T>(&mut self) -> Parsed<T> {
        self.failure = std::mem::take(&mut self.hints);
        Err(Failed)
    }

    /// Runs a parser one level deeper, unless that is too deep.
    pub(super) fn deeper<T>(&mut self, parser: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= super::MAX_DEPTH {
            return Err(self.fail_here(&[Expected::Construct("less nesting")]));
        }
        self.depth += 1;
        let result = parser(self);
        self.depth -= 1;
        result
    }

    /// Line and column of the failure, from 1; a tab leads to the next multiple of eight.
    pub(super) fn failure_position(&self) -> (usize, usize) {
        let before = self.text.get(..self.failure.position).unwrap_or(self.text);
        before.chars().fold((1, 1), |(line, column), c| match c {
            '\n' => (line + 1, 1),
            '\t' => (line, column + 8 - (column - 1) % 8),
            _ => (line, column + 1),
        })
    }

    /// What was found and what was expected, in one line.
    pub(super) fn failure_details(&self) -> String {
        self.failure.describe()
    }

    fn word(&mut self, literal: &'static str, matches: impl Fn(char, char) -> bool) -> Parsed<()> {
        let start = self.position;
        let mut found = self.rest().chars();
        let mut length = 0;
        for wanted in literal.chars() {
            match found.next() {
                Some(c) if matches(c, wanted) => length += c.len_utf8(),
                other => {
                    let found = other.map_or(Found::End, Found::Char);
                    let account = self.account(start, Some(found), &[Expected::Literal(literal)]);
                    if length > 0 {
                        self.consume(length);
                    }
                    return Err(self.fail(account));
                }
            }
        }
        self.consume(length);
        Ok(())
    }

    fn consume(&mut self, length: usize) {
        if length > 0 {
            self.position += length;
            self.hints = Account::default();
        }
    }

    fn here(&self, expected: &[Expected]) -> Account {
        let found = self.peek().map_or(Found::End, Found::Char);
        self.account(self.position, Some(found), expected)
    }

    fn account(&self, position: usize, found: Option<Found>, expected: &[Expected]) -> Account {
        if !self.recording {
            return Account::default();
        }
        Account {
            position,
            found,
            unexpected: None,
            expected: expected.to_vec(),
        }
    }

    fn hint(&mut self, account: Account) {
        self.hints = std::mem::take(&mut self.hints).merge(account);
    }

    fn fail(&mut self, account: Account) -> Failed {
        self.failure = std::mem::take(&mut self.hints).merge(account);
        Failed
    }

    fn fail_here(&mut self, expected: &[Expected]) -> Failed {
        let account = self.here(expected);
        self.fail(account)
    }

    fn fail_unexpected(&mut self, at: usize, c: char, expected: &[Expected]) -> Failed {
        let mut account = self.account(at, None, expected);
        account.unexpected = self.recording.then(|| format!("{c:?}"));
        self.fail(account)
    }
}
