//! SQL text as tokens and parentheses: enough to look at conditions that PostgreSQL itself has printed.
//!
//! This is no parser. What rules ask of it (which calls there are, what stands around them) needs none, and text
//! it does not understand gives fewer answers, never a failure.

/// A piece of SQL text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name or keyword; unquoted ones in lower case.
    Name(String),
    /// A string.
    Text(String),
    /// A number.
    Number(String),
    /// An operator or a mark.
    Mark(String),
}

impl Token {
    pub(super) fn is(&self, text: &str) -> bool {
        match self {
            Self::Name(own) | Self::Mark(own) => own == text,
            Self::Text(_) | Self::Number(_) => false,
        }
    }

    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Text(_) | Self::Number(_) | Self::Mark(_) => None,
        }
    }
}

/// A pair of parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) open: usize,
    pub(super) close: usize,
    /// Whether it is a sub-select.
    pub(super) select: bool,
    /// Whether that has a FROM.
    pub(super) from: bool,
}

/// Tokens and their parentheses.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens {
    pub(super) all: Vec<Token>,
    groups: Vec<Group>,
}

/// A function call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// Schema, or empty.
    pub(super) schema: String,
    pub(super) name: String,
    /// Where its name begins.
    pub(super) start: usize,
    pub(super) open: usize,
    pub(super) close: usize,
}

impl Tokens {
    pub(super) fn of(text: &str) -> Self {
        let all: Vec<Token> = Scanner::new(text).collect();
        let groups = groups(&all);
        Self { all, groups }
    }

    pub(super) fn at(&self, index: usize) -> Option<&Token> {
        self.all.get(index)
    }

    pub(super) fn is(&self, index: usize, text: &str) -> bool {
        self.at(index).is_some_and(|token| token.is(text))
    }

    /// The token before one, if it is this.
    pub(super) fn follows(&self, index: usize, text: &str) -> bool {
        index.checked_sub(1).is_some_and(|before| self.is(before, text))
    }

    /// The parentheses around a token, the innermost first.
    pub(super) fn around(&self, index: usize) -> impl Iterator<Item = Group> {
        let mut around: Vec<Group> = self
            .groups
            .iter()
            .copied()
            .filter(|group| group.open < index && index < group.close)
            .collect();
        around.sort_by_key(|group| std::cmp::Reverse(group.open));
        around.into_iter()
    }

    /// Whether what stands there is computed for each row, and not once in a scalar sub-select.
    pub(super) fn is_per_row(&self, index: usize) -> bool {
        self.around(index)
            .find(|group| group.select)
            .is_none_or(|group| group.from)
    }

    /// Every function call.
    pub(super) fn calls(&self) -> impl Iterator<Item = Call> {
        self.groups.iter().filter_map(|group| self.call(*group))
    }

    /// The call whose arguments these parentheses hold.
    pub(super) fn call(&self, group: Group) -> Option<Call> {
        let name_at = group.open.checked_sub(1)?;
        let name = self.at(name_at)?.name()?;
        let qualified = self.follows(name_at, ".");
        if !qualified && KEYWORDS.contains(&name) {
            return None;
        }
        let schema_at = name_at.checked_sub(2).filter(|_| qualified);
        let schema = schema_at.and_then(|at| self.at(at)?.name()).unwrap_or_default();
        Some(Call {
            schema: schema.to_owned(),
            name: name.to_owned(),
            start: schema_at.unwrap_or(name_at),
            open: group.open,
            close: group.close,
        })
    }

    /// Whether a relation is named with its schema.
    pub(super) fn names_relation(&self, schema: &str, name: &str) -> bool {
        self.all.windows(3).any(|three| match three {
            [first, dot, last] => first.name() == Some(schema) && dot.is(".") && last.name() == Some(name),
            _ => false,
        })
    }
}

/// Words before a parenthesis that are not functions.
const KEYWORDS: &[&str] = &[
    "all", "and", "any", "array", "as", "between", "by", "case", "else", "exists", "filter", "from",
    "having", "in", "is", "join", "like", "ilike", "limit", "not", "on", "or", "over", "return", "row",
    "select", "similar", "some", "then", "union", "using", "values", "when", "where", "with",
];

fn groups(all: &[Token]) -> Vec<Group> {
    let mut open: Vec<Group> = Vec::new();
    let mut closed = Vec::new();
    for (index, token) in all.iter().enumerate() {
        if token.is("(") {
            let select = all.get(index + 1).is_some_and(|next| next.is("select"));
            open.push(Group {
                open: index,
                close: index,
                select,
                from: false,
            });
        } else if token.is(")") {
            closed.extend(open.pop().map(|group| Group {
                close: index,
                ..group
            }));
        } else if token.is("from")
            && let Some(group) = open.last_mut()
        {
            group.from = true;
        }
    }
    closed.sort_by_key(|group| group.open);
    closed
}

struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self
            .rest
            .find(|letter| !belongs(letter))
            .unwrap_or(self.rest.len());
        self.take(end)
    }

    fn skip_blank(&mut self) {
        loop {
            let before = self.rest.len();
            self.take_while(char::is_whitespace);
            if self.rest.starts_with("--") {
                self.take_while(|letter| letter != '\n');
            } else if self.rest.starts_with("/*") {
                self.take_past("*/");
            }
            if self.rest.len() == before {
                return;
            }
        }
    }

    fn take_past(&mut self, end: &str) -> &'a str {
        let length = self.rest.find(end).map_or(self.rest.len(), |at| at + end.len());
        self.take(length)
    }

    /// Something in quotes that are doubled inside.
    fn quoted(&mut self, quote: char) -> String {
        let mut out = String::new();
        self.take(quote.len_utf8());
        loop {
            out.push_str(self.take_while(|letter| letter != quote));
            self.take(quote.len_utf8());
            if !self.rest.starts_with(quote) {
                return out;
            }
            out.push(quote);
            self.take(quote.len_utf8());
        }
    }

    /// Text between dollar marks, if that is what begins here.
    fn dollar_quoted(&mut self) -> Option<Token> {
        let after = self.rest.strip_prefix('$')?;
        let tag_end = after.find(|letter: char| !letter.is_alphanumeric() && letter != '_')?;
        if !after.get(tag_end..)?.starts_with('$') {
            return None;
        }
        let mark = self.take(tag_end + 2);
        let text = self.take_past(mark);
        Some(Token::Text(text.trim_end_matches(mark).to_owned()))
    }
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip_blank();
        let first = self.rest.chars().next()?;
        let token = match first {
            '\'' => Token::Text(self.quoted('\'')),
            '"' => Token::Name(self.quoted('"')),
            '$' => match self.dollar_quoted() {
                Some(text) => text,
                None => Token::Mark(self.take(1).to_owned()),
            },
            _ if first.is_alphabetic() || first == '_' => {
                let word = self.take_while(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '$'));
                Token::Name(word.to_lowercase())
            }
            _ if first.is_ascii_digit() => Token::Number(
                self.take_while(|letter| letter.is_ascii_digit() || letter == '.')
                    .to_owned(),
            ),
            '(' | ')' | '[' | ']' | ',' | '.' | ';' => Token::Mark(self.take(1).to_owned()),
            ':' => Token::Mark(self.take_while(|letter| letter == ':').to_owned()),
            _ if OPERATOR.contains(first) => {
                Token::Mark(self.take_while(|letter| OPERATOR.contains(letter)).to_owned())
            }
            _ => Token::Mark(self.take(first.len_utf8()).to_owned()),
        };
        Some(token)
    }
}

const OPERATOR: &str = "=<>!~@#%^&|`?+-*/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_names_and_comments_are_told_apart() {
        let tokens = Tokens::of("a.\"B c\" = 'it''s' -- '\n /* \" */ ->> $x$y'z$x$::text");
        let name = |text: &str| Token::Name(text.to_owned());
        let mark = |text: &str| Token::Mark(text.to_owned());
        let text = |text: &str| Token::Text(text.to_owned());
        let expected = [
            name("a"),
            mark("."),
            name("B c"),
            mark("="),
            text("it's"),
            mark("->>"),
            text("y'z"),
            mark("::"),
            name("text"),
        ];
        assert_eq!(tokens.all, expected);
    }

    #[test]
    fn what_is_in_a_scalar_sub_select_is_not_per_row() {
        let per_row = |text: &str| {
            let tokens = Tokens::of(text);
            let call = tokens.calls().find(|call| call.name == "uid").unwrap();
            assert_eq!(call.schema, "auth");
            tokens.is_per_row(call.start)
        };
        assert!(per_row("(auth.uid() = user_id)"));
        assert!(!per_row("(( SELECT auth.uid() AS uid) = user_id)"));
        assert!(per_row(
            "(EXISTS ( SELECT 1 FROM m WHERE (m.user_id = auth.uid())))"
        ));
        assert!(!per_row(
            "(EXISTS ( SELECT 1 FROM m WHERE (m.user_id = ( SELECT auth.uid()))))"
        ));
    }

    #[test]
    fn nothing_a_text_holds_makes_it_fail() {
        for text in [
            "", "(", ")))", "'", "\"", "$", "$a", "$a$", "/*", "--", "é(ü)", "((a)", ":", "1.2.3.", "\u{0}",
        ] {
            let tokens = Tokens::of(text);
            assert!(tokens.calls().count() <= 1, "{text}");
        }
    }
}
