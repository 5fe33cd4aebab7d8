//! The rows of a JSON answer as the bytes they came in.
//!
//! Nothing is parsed into values and printed again: `1.0`, `1e400`, long numbers and the order of keys reach each
//! caller as the server wrote them.

use core::ops::Range;

/// A JSON array of objects, by where its rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<'a> {
    body: &'a [u8],
    rows: Vec<Range<usize>>,
}

/// One member of a row, by where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// The name between its quotes, as written.
    pub name: &'a [u8],
    /// The value, as written.
    pub value: &'a [u8],
    /// Where the member begins and ends in the row.
    at: Range<usize>,
}

impl<'a> Rows<'a> {
    /// Finds the rows; `None` where the body is anything but one array of objects.
    #[must_use]
    pub fn find(body: &'a [u8]) -> Option<Self> {
        let mut scan = Scan { body, at: 0 };
        let mut rows = Vec::new();
        scan.expect(b'[')?;
        if scan.peek()? == b']' {
            scan.at += 1;
        } else {
            loop {
                if scan.peek()? != b'{' {
                    return None;
                }
                rows.push(scan.value()?);
                match scan.next()? {
                    b',' => {}
                    b']' => break,
                    _ => return None,
                }
            }
        }
        scan.skip_spaces();
        (scan.at == body.len()).then_some(Self { body, rows })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Each row's bytes, in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.rows
            .iter()
            .map(|row| self.body.get(row.clone()).unwrap_or_default())
    }

    /// What stands between two rows, a comma with the server's own spaces; `None` where it differs from row to row.
    #[must_use]
    pub fn separator(&self) -> Option<&'a [u8]> {
        let mut between = self.rows.windows(2).map(|pair| {
            pair.first()
                .zip(pair.get(1))
                .and_then(|(one, next)| self.body.get(one.end..next.start))
        });
        let Some(first) = between.next() else {
            return Some(b",");
        };
        between.all(|other| other == first).then_some(first).flatten()
    }
}

/// The members of one row, in order; `None` where it is anything but one object.
#[must_use]
pub fn members(row: &[u8]) -> Option<Vec<Member<'_>>> {
    let mut scan = Scan { body: row, at: 0 };
    let mut members = Vec::new();
    scan.expect(b'{')?;
    if scan.peek()? == b'}' {
        return (scan.at + 1 == row.len()).then_some(members);
    }
    loop {
        scan.skip_spaces();
        let name = scan.value()?;
        scan.expect(b':')?;
        let value = scan.value()?;
        members.push(Member {
            name: row.get(name.start + 1..name.end - 1)?,
            value: row.get(value.clone())?,
            at: name.start..value.end,
        });
        match scan.next()? {
            b',' => {}
            b'}' => return (scan.at == row.len()).then_some(members),
            _ => return None,
        }
    }
}

/// The value of the only member of this name.
#[must_use]
pub fn only<'a>(members: &[Member<'a>], name: &str) -> Option<&'a [u8]> {
    let mut found = members.iter().filter(|member| member.name == name.as_bytes());
    let first = found.next()?;
    found.next().is_none().then_some(first.value)
}

/// The row without a member, which need not stand where it was asked for: embeds follow all columns.
#[must_use]
pub fn without(row: &[u8], members: &[Member<'_>], name: &str) -> Option<Vec<u8>> {
    let index = members.iter().position(|member| member.name == name.as_bytes())?;
    let own = members.get(index)?.at.clone();
    let before = index.checked_sub(1).and_then(|at| members.get(at));
    let (from, to) = match (before, members.get(index + 1)) {
        (Some(before), _) => (before.at.end, own.end),
        (None, Some(after)) => (own.start, after.at.start),
        (None, None) => (own.start, own.end),
    };
    Some([row.get(..from)?, row.get(to..)?].concat())
}

/// A text as PostgreSQL writes it in JSON. Only for printable ASCII, where there is one way to do so.
#[must_use]
pub(crate) fn quoted(text: &str) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for byte in text.bytes() {
        if byte == b'"' || byte == b'\\' {
            quoted.push(b'\\');
        }
        quoted.push(byte);
    }
    quoted.push(b'"');
    quoted
}

/// A list of rows as the body of an answer.
#[must_use]
pub fn list<'a>(rows: impl IntoIterator<Item = &'a [u8]>, separator: &[u8]) -> Vec<u8> {
    let mut body = vec![b'['];
    for (index, row) in rows.into_iter().enumerate() {
        if index > 0 {
            body.extend_from_slice(separator);
        }
        body.extend_from_slice(row);
    }
    body.push(b']');
    body
}

struct Scan<'a> {
    body: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn skip_spaces(&mut self) {
        while self.body.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> Option<u8> {
        self.skip_spaces();
        self.body.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    /// Passes one value of any kind; what is inside it is trusted to be JSON.
    fn value(&mut self) -> Option<Range<usize>> {
        self.skip_spaces();
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            if depth > 0 {
                self.skip_spaces();
            }
            match *self.body.get(self.at)? {
                b'"' => self.string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => self.at += 1,
                _ => self.scalar()?,
            }
            if depth == 0 {
                return Some(start..self.at);
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            let byte = *self.body.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => return Some(()),
                b'\\' => self.at += 1,
                _ => {}
            }
        }
    }

    fn scalar(&mut self) -> Option<()> {
        let start = self.at;
        let ends = |byte: u8| matches!(byte, b',' | b':' | b']' | b'}' | b'[' | b'{' | b'"');
        while let Some(byte) = self.body.get(self.at)
            && !ends(*byte)
            && !byte.is_ascii_whitespace()
        {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(body: &str) -> Option<Vec<String>> {
        let rows = Rows::find(body.as_bytes())?;
        Some(
            rows.iter()
                .map(|row| String::from_utf8(row.to_vec()).unwrap())
                .collect(),
        )
    }

    #[test]
    fn rows_are_found_as_they_were_written() {
        let body = r#"[{"a":1.0,"b":[{"c":"},{"}]}, 
 {"a":1e400} , {}]"#;
        assert_eq!(
            rows(body).unwrap(),
            [r#"{"a":1.0,"b":[{"c":"},{"}]}"#, r#"{"a":1e400}"#, "{}"]
        );
        assert_eq!(rows(" [ ] ").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn anything_but_an_array_of_objects_has_no_rows() {
        for body in [
            "",
            "{}",
            "[1]",
            "[{}",
            "[{}]x",
            "[{},]",
            "null",
            "[{\"a\":]}]",
            "[{}{}]",
        ] {
            assert_eq!(rows(body), None, "{body}");
        }
    }

    #[test]
    fn the_separator_is_the_servers_own() {
        let separator = |body: &'static str| Rows::find(body.as_bytes()).unwrap().separator();
        assert_eq!(separator("[{}, \n {}, \n {}]"), Some(b", \n ".as_slice()));
        assert_eq!(separator("[{}]"), Some(b",".as_slice()));
        assert_eq!(separator("[{}, {},{}]"), None);
    }

    #[test]
    fn members_are_found_by_name() {
        let row = br#"{"id": 7 ,"n":{"id":8},"s":"a\"}","id2":null}"#;
        let members = members(row).unwrap();
        assert_eq!(only(&members, "id"), Some(b"7".as_slice()));
        assert_eq!(only(&members, "s"), Some(br#""a\"}""#.as_slice()));
        assert_eq!(only(&members, "none"), None);
    }

    #[test]
    fn a_member_is_taken_out_wherever_it_stands() {
        for (row, rest) in [
            (r#"{"k":1,"a":2,"b":3}"#, r#"{"a":2,"b":3}"#),
            (r#"{"a":2, "k":1,"b":3}"#, r#"{"a":2,"b":3}"#),
            (r#"{"a":2,"b":3,"k":1}"#, r#"{"a":2,"b":3}"#),
            (r#"{"k":1}"#, "{}"),
        ] {
            let found = members(row.as_bytes()).unwrap();
            assert_eq!(
                without(row.as_bytes(), &found, "k").unwrap(),
                rest.as_bytes(),
                "{row}"
            );
        }
    }

    #[test]
    fn a_name_shown_twice_is_nobodys() {
        assert_eq!(only(&members(br#"{"id":1,"id":2}"#).unwrap(), "id"), None);
    }

    #[test]
    fn a_text_is_quoted_as_postgresql_does() {
        assert_eq!(quoted(r#"a"b\c"#), br#""a\"b\\c""#);
    }
}
