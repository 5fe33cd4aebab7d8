//! The names by which a module and its glue know each other.
//!
//! wasm-bindgen's say what they do, and each import's ends in a hash that no compression makes smaller; they stand in
//! the module and in the glue. Nobody else reads them, so each becomes a letter or two.

use std::collections::BTreeMap;

use super::text::Form;

/// The memory keeps its name: wasm2js and whoever debugs a page look for it.
const KEPT: &str = "memory";

/// The same module and the same glue, with short names for what passes between the two.
pub(super) fn shorten(forms: &[Form], glue: &str) -> (Vec<Form>, String) {
    let mut names = Names::default();
    let forms = forms.iter().map(|form| names.shorten(form)).collect();
    (forms, names.in_glue(glue))
}

#[derive(Default)]
struct Names {
    /// The modules that are imported from, as the glue spells them.
    modules: BTreeMap<String, String>,
    imports: BTreeMap<String, String>,
    exports: BTreeMap<String, String>,
}

impl Names {
    fn shorten(&mut self, form: &Form) -> Form {
        let quoted: Vec<&str> = form.words().filter(|word| word.starts_with('"')).collect();
        let mut text = form.text.clone();
        match (form.kind(), quoted.as_slice()) {
            ("import", [module, name, ..]) => {
                let place = short(&mut self.modules, module);
                let shorter = short(&mut self.imports, name);
                text = text.replacen(&format!("{module} {name}"), &format!("{place} {shorter}"), 1);
            }
            ("export", [name, ..]) if name.trim_matches('"') != KEPT => {
                text = text.replacen(name, &short(&mut self.exports, name), 1);
            }
            _ => (),
        }
        Form { text }
    }

    /// Imports are the keys of an object, exports the properties of `wasm`, and modules are keys in quotation marks.
    fn in_glue(&self, glue: &str) -> String {
        let mut shortened = String::with_capacity(glue.len());
        let mut rest = glue;
        while let Some(start) = rest.find(|letter: char| is_letter(letter) || letter == '"') {
            let (before, word) = rest.split_at(start);
            shortened.push_str(before);
            let (word, after) = word.split_at(end_of(word));
            let is_export = shortened.ends_with("wasm.");
            shortened.push_str(self.short_of(word, is_export, after).unwrap_or(word));
            rest = after;
        }
        shortened + rest
    }

    fn short_of(&self, word: &str, is_export: bool, after: &str) -> Option<&str> {
        let is_key = after.starts_with(':');
        let found = if word.starts_with('"') && is_key {
            return self.modules.get(word).map(String::as_str);
        } else if is_export {
            self.exports.get(&format!("\"{word}\""))
        } else if is_key {
            self.imports.get(&format!("\"{word}\""))
        } else {
            None
        };
        found.map(|name| name.trim_matches('"'))
    }
}

/// Where the name or the text in quotation marks ends that begins here.
fn end_of(word: &str) -> usize {
    let end = if let Some(text) = word.strip_prefix('"') {
        text.find('"').map(|end| end + 2)
    } else {
        word.find(|letter| !is_letter(letter))
    };
    end.unwrap_or(word.len())
}

fn is_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '$')
}

/// The short name for this one; both in quotation marks.
fn short(names: &mut BTreeMap<String, String>, name: &str) -> String {
    let next = format!("\"{}\"", letters(names.len()));
    names.entry(name.to_owned()).or_insert(next).clone()
}

fn letters(place: usize) -> String {
    const LETTERS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";
    let last = LETTERS
        .get(place % LETTERS.len())
        .copied()
        .map_or('_', char::from);
    match place / LETTERS.len() {
        0 => last.to_string(),
        more => format!("{}{last}", letters(more - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        Form {
            text: text.to_owned(),
        }
    }

    #[test]
    fn module_and_glue_have_the_same_short_names() {
        let forms = [
            form(r#"(import "./m_bg.js" "__wbg_get_0123456789abcdef" (func $get (param i32)))"#),
            form(r#"(import "./m_bg.js" "__wbg_set_fedcba9876543210" (func $set))"#),
            form(r#"(export "memory" (memory $0))"#),
            form(r#"(export "box_get" (func $box))"#),
            form("(func $box (nop))"),
        ];
        let glue = "{ __wbg_set_fedcba9876543210: function(get) { wasm.box_get(get); }, \
                    __wbg_get_0123456789abcdef: b }; \"./m_bg.js\": i; wasm.memory; box_get(\"box_get\")";
        let (forms, glue) = shorten(&forms, glue);
        let expected =
            "{ b: function(get) { wasm.a(get); }, a: b }; \"a\": i; wasm.memory; box_get(\"box_get\")";
        assert_eq!(glue, expected);
        let texts: Vec<&str> = forms.iter().map(|form| form.text.as_str()).collect();
        let expected = [
            r#"(import "a" "a" (func $get (param i32)))"#,
            r#"(import "a" "b" (func $set))"#,
            r#"(export "memory" (memory $0))"#,
            r#"(export "a" (func $box))"#,
            "(func $box (nop))",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn names_never_end() {
        assert_eq!(
            [0, 25, 26, 27, 701, 702].map(letters),
            ["a", "z", "aa", "ab", "zz", "aaa"]
        );
    }
}
