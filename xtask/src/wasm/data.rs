//! A module's constants, object by object, and what may mean them.
//!
//! Code means an object by a number that lies within it; whether a number is an address nobody knows, so each is taken for
//! one.

use super::text::Form;

/// How far before an object's beginning a number in the code may lie that means it.
const BEFORE: u64 = 8;

/// An object among the constants.
pub(super) struct Datum<'a> {
    pub(super) form: &'a Form,
    pub(super) start: u64,
    pub(super) bytes: Vec<u8>,
}

impl<'a> Datum<'a> {
    pub(super) fn of(form: &'a Form) -> Option<Self> {
        let mut words = form.words().skip(2);
        (words.next()? == "i32.const").then_some(())?;
        let start = words.next()?.parse().ok()?;
        let text = form.text.get(form.text.find('"')? + 1..form.text.rfind('"')?)?;
        Some(Self {
            form,
            start,
            bytes: unescaped(text),
        })
    }

    /// Whether code that has this number may mean the object: compilers fold an index that begins at one into the
    /// address.
    pub(super) fn may_be_meant_by(&self, number: u64) -> bool {
        (self.start.saturating_sub(BEFORE)..self.end()).contains(&number)
    }

    pub(super) fn holds(&self, address: u64) -> bool {
        (self.start..self.end()).contains(&address)
    }

    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// What may change must not be put back to its beginning by the second half.
    pub(super) fn may_change(&self) -> bool {
        !self.form.name().starts_with("$.rodata")
    }

    /// Words that may be addresses.
    pub(super) fn addresses(&self) -> impl Iterator<Item = u64> {
        let skipped = usize::try_from(self.start.next_multiple_of(4) - self.start).unwrap_or_default();
        let words = self.bytes.get(skipped..).unwrap_or_default().chunks_exact(4);
        words.filter_map(|word| Some(u64::from(u32::from_le_bytes(*word.first_chunk()?))))
    }
}

/// Every number a function has: a constant, or an offset.
pub(super) fn numbers(form: &Form) -> Vec<u64> {
    let number = |word: &str| word.strip_prefix("offset=").unwrap_or(word).parse().ok();
    form.words().filter_map(number).collect()
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'\\' {
            bytes.push(*byte);
            continue;
        }
        let [escape, after @ ..] = rest else { break };
        let hex = |byte: u8| char::from(byte).to_digit(16);
        match (hex(*escape), after.first().copied().and_then(hex)) {
            (Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = after.get(1..).unwrap_or_default();
            }
            _ => {
                bytes.push(match escape {
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'r' => b'\r',
                    other => *other,
                });
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_bytes() {
        assert_eq!(unescaped(r#"a\00\ff\\\"\n"#), b"a\x00\xff\\\"\n");
    }
}
