//! A module as text, form by form: what binaryen's `wasm-dis` writes and `wasm-as` reads.
//!
//! Functions keep their names here, so one can be taken out, emptied or moved to another module without counting
//! anything anew. No more is understood of a form than its kind, its name, and the names that it calls.

use std::collections::BTreeSet;

use crate::failure::{Failure, Outcome};

/// One field of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) text: String,
}

impl Form {
    /// `func`, `data`, `export`, …
    pub(super) fn kind(&self) -> &str {
        self.words().next().unwrap_or_default()
    }

    /// The name after its kind, with its dollar sign; for an export the name in quotation marks.
    pub(super) fn name(&self) -> &str {
        self.words().nth(1).unwrap_or_default()
    }

    /// What lies between white space and brackets; in a name or text in quotation marks both are letters.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let mut quoted = false;
        let mut escaped = false;
        self.text
            .split(move |letter: char| {
                if escaped {
                    escaped = false;
                } else if quoted && letter == '\\' {
                    escaped = true;
                } else if letter == '"' {
                    quoted = !quoted;
                } else {
                    return !quoted && (letter.is_whitespace() || letter == '(' || letter == ')');
                }
                false
            })
            .filter(|word| !word.is_empty())
    }

    /// The functions it calls or takes hold of.
    pub(super) fn callees(&self) -> BTreeSet<&str> {
        let mut words = self.words();
        let mut found = BTreeSet::new();
        while let Some(word) = words.next() {
            if matches!(word, "call" | "return_call" | "ref.func") {
                found.extend(words.next());
            }
        }
        found
    }

    /// A function's parameters and result, as they are written.
    pub(super) fn signature(&self) -> String {
        let line = self.text.lines().next().unwrap_or_default();
        let name = line
            .find(self.name())
            .map_or(0, |start| start + self.name().len());
        let rest = line.get(name..).unwrap_or_default();
        // The body follows on its own lines, but may be on this one where somebody wrote it so.
        let end = rest.find("(local").unwrap_or(rest.len());
        rest.get(..end)
            .unwrap_or_default()
            .trim()
            .trim_end_matches(" )")
            .to_owned()
    }

    /// The same function with another body.
    pub(super) fn with_body(&self, body: &str) -> Self {
        Self {
            text: format!("(func {} {} {body})", self.name(), self.signature()),
        }
    }
}

/// The fields of a module's text.
pub(super) fn forms(text: &str) -> Outcome<Vec<Form>> {
    let broken = || Failure::because("what wasm-dis wrote is no module as text".to_owned());
    let body = text.trim().strip_prefix("(module").ok_or_else(broken)?;
    let body = body
        .get(body.find('\n').ok_or_else(broken)?..)
        .ok_or_else(broken)?;
    let mut found = Vec::new();
    let (mut depth, mut start, mut quoted, mut escaped, mut comment) =
        (0_usize, 0_usize, false, false, false);
    for (at, letter) in body.char_indices() {
        match letter {
            '\n' => comment = false,
            _ if comment => (),
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => (),
            ';' => comment = true,
            '(' => {
                if depth == 0 {
                    start = at;
                }
                depth += 1;
            }
            ')' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    let text = body.get(start..=at).ok_or_else(broken)?.to_owned();
                    found.push(Form { text });
                }
            }
            _ => (),
        }
    }
    if depth == 0 { Ok(found) } else { Err(broken()) }
}

/// A module's text of such fields.
pub(super) fn module<'a>(forms: impl IntoIterator<Item = &'a Form>) -> String {
    let mut text = String::from("(module\n");
    for form in forms {
        text.push_str(&form.text);
        text.push('\n');
    }
    text.push_str(")\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"(module $m.wasm
 (type $0 (func (param i32) (result i32)))
 (memory $0 17)
 (data $.rodata (i32.const 16) "a)(\"\\")
 (export "one" (func $one))
 ;; a remark (with a bracket
 (func $one (type $0) (param $0 i32) (result i32)
  (call $"a (b)::c"
   (local.get $0)
  )
 )
)
"#;

    #[test]
    fn fields_are_told_apart_whatever_texts_and_remarks_hold() {
        let forms = forms(TEXT).unwrap();
        let kinds: Vec<&str> = forms.iter().map(Form::kind).collect();
        assert_eq!(kinds, ["type", "memory", "data", "export", "func"]);
        assert_eq!(forms[4].name(), "$one");
        assert_eq!(forms[4].callees(), BTreeSet::from(["$\"a (b)::c\""]));
    }

    #[test]
    fn a_function_with_another_body_keeps_its_signature() {
        let forms = forms(TEXT).unwrap();
        let expected = "(func $one (type $0) (param $0 i32) (result i32) (unreachable))";
        assert_eq!(forms[4].with_body("(unreachable)").text, expected);
    }
}
