//! One module in two: what a first call needs, and the rest, which works on the same memory.
//!
//! The module is compiled as one, so both halves mean the same by every address, and nothing in the sources knows of
//! the cut. The first half holds all that is reachable from [`FIRST`]; it exports its memory and whatever of it the
//! second half calls. The second half brings the other functions, and those constants that only they read.
//!
//! It refuses a module with a table of functions: what is called through one has no half.

use std::collections::{BTreeMap, BTreeSet};

use super::data::{Datum, numbers};
use super::text::{Form, forms, module};
use crate::failure::{Failure, Outcome};

/// What JavaScript may call before the second half is there.
pub(super) const FIRST: &[&str] = &[
    "check",
    "early",
    "early_answered",
    "early_over",
    "letters",
    "numbers",
    "target",
];

/// The name under which the second half imports from the first.
const FIRST_HALF: &str = "h";

/// The two halves, as text.
pub(super) fn split(text: &str) -> Outcome<(String, String)> {
    let forms = forms(text)?;
    if forms.iter().any(|form| form.kind() == "elem") {
        return Err(Failure::because(
            "a module with a table of functions cannot be split".to_owned(),
        ));
    }
    let functions: BTreeMap<&str, &Form> = of_kind(&forms, "func").map(|form| (form.name(), form)).collect();
    let exported: BTreeMap<&str, &str> = of_kind(&forms, "export").filter_map(exported_function).collect();
    let roots = FIRST.iter().filter_map(|name| exported.get(name).copied());
    let first = reachable(roots, &functions);
    let second: BTreeSet<&str> = functions
        .keys()
        .copied()
        .filter(|name| !first.contains(name))
        .collect();
    let shared: BTreeSet<&str> = second
        .iter()
        .flat_map(|name| functions.get(name).map(|form| form.callees()).unwrap_or_default())
        .filter(|name| first.contains(name))
        .collect();
    let data: Vec<Datum<'_>> = of_kind(&forms, "data").filter_map(Datum::of).collect();
    let read = read_by(&first, &functions, &data);
    let halves = Halves {
        forms: &forms,
        functions,
        exported,
        first,
        second,
        shared,
        data,
        read,
    };
    Ok((halves.first(), halves.second()))
}

struct Halves<'a> {
    forms: &'a [Form],
    functions: BTreeMap<&'a str, &'a Form>,
    exported: BTreeMap<&'a str, &'a str>,
    first: BTreeSet<&'a str>,
    second: BTreeSet<&'a str>,
    shared: BTreeSet<&'a str>,
    data: Vec<Datum<'a>>,
    read: BTreeSet<usize>,
}

impl Halves<'_> {
    fn first(&self) -> String {
        let mut parts: Vec<Form> = of_kind(self.forms, "type").cloned().collect();
        parts.extend(of_kind(self.forms, "memory").cloned());
        parts.extend(self.globals().cloned());
        parts.extend(self.data_of(true));
        parts.push(form("(export \"memory\" (memory $0))".to_owned()));
        for (place, global) in self.globals().enumerate() {
            parts.push(form(format!("(export \"_{place}\" (global {}))", global.name())));
        }
        parts.extend(self.exports(&self.first));
        for (place, name) in self.shared.iter().enumerate() {
            parts.push(form(format!("(export \"{}\" (func {name}))", short(place))));
        }
        parts.extend(self.functions_of(&self.first));
        module(&parts)
    }

    fn second(&self) -> String {
        let mut parts: Vec<Form> = of_kind(self.forms, "type").cloned().collect();
        parts.push(form(format!(
            "(import \"{FIRST_HALF}\" \"memory\" (memory $0 1))"
        )));
        for (place, global) in self.globals().enumerate() {
            let name = global.name();
            parts.push(form(format!(
                "(import \"{FIRST_HALF}\" \"_{place}\" (global {name} (mut i32)))"
            )));
        }
        for (place, name) in self.shared.iter().enumerate() {
            let signature = self
                .functions
                .get(name)
                .map(|form| form.signature())
                .unwrap_or_default();
            let import = format!(
                "\"{FIRST_HALF}\" \"{}\" (func {name} {})",
                short(place),
                signature
            );
            parts.push(form(format!("(import {import})")));
        }
        parts.extend(self.data_of(false));
        parts.extend(self.exports(&self.second));
        parts.extend(self.functions_of(&self.second));
        module(&parts)
    }

    /// The stack's pointer; what cannot change is for linkers.
    fn globals(&self) -> impl Iterator<Item = &Form> {
        of_kind(self.forms, "global").filter(|form| form.text.contains("(mut "))
    }

    fn exports(&self, functions: &BTreeSet<&str>) -> Vec<Form> {
        let own = |(_, function): &(&&str, &&str)| functions.contains(**function);
        let names = self
            .exported
            .iter()
            .filter(own)
            .filter(|(name, _)| !name.starts_with("__"));
        names
            .map(|(name, function)| form(format!("(export \"{name}\" (func {function}))")))
            .collect()
    }

    fn functions_of(&self, names: &BTreeSet<&str>) -> Vec<Form> {
        names
            .iter()
            .filter_map(|name| self.functions.get(name).copied().cloned())
            .collect()
    }

    fn data_of(&self, first: bool) -> Vec<Form> {
        let places = self
            .data
            .iter()
            .enumerate()
            .filter(|(place, _)| self.read.contains(place) == first);
        places.map(|(_, datum)| datum.form.clone()).collect()
    }
}

fn form(text: String) -> Form {
    Form { text }
}

pub(super) fn of_kind<'a>(forms: &'a [Form], kind: &'static str) -> impl Iterator<Item = &'a Form> {
    forms.iter().filter(move |form| form.kind() == kind)
}

/// `(export "name" (func $name))` as the two names.
pub(super) fn exported_function(form: &Form) -> Option<(&str, &str)> {
    let mut words = form.words().skip(1);
    let (name, kind, function) = (words.next()?, words.next()?, words.next()?);
    (kind == "func").then_some((name.trim_matches('"'), function))
}

fn reachable<'a>(
    roots: impl Iterator<Item = &'a str>,
    functions: &BTreeMap<&'a str, &'a Form>,
) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&str> = roots.collect();
    while let Some(name) = next.pop() {
        if let Some(function) = functions.get(name)
            && found.insert(name)
        {
            next.extend(function.callees());
        }
    }
    found
}

/// The places of the objects that these functions may read, directly or by what they read.
fn read_by(names: &BTreeSet<&str>, functions: &BTreeMap<&str, &Form>, data: &[Datum<'_>]) -> BTreeSet<usize> {
    let meant: BTreeSet<u64> = names
        .iter()
        .filter_map(|name| functions.get(name))
        .flat_map(|form| numbers(form))
        .collect();
    // Code that runs to an object's end has its beginning too; where the next object begins there, that one is meant.
    let begins = |address: u64| data.iter().any(|datum| datum.start == address);
    let ends_at = |datum: &Datum<'_>| meant.contains(&datum.end()) && !begins(datum.end());
    let is_read = |datum: &Datum<'_>| {
        datum.may_change() || ends_at(datum) || meant.iter().any(|number| datum.may_be_meant_by(*number))
    };
    let read = data.iter().enumerate().filter(|(_, datum)| is_read(datum));
    let mut found: BTreeSet<usize> = read.map(|(place, _)| place).collect();
    let mut addresses = Vec::new();
    for place in &found {
        addresses.extend(data.get(*place).into_iter().flat_map(Datum::addresses));
    }
    while let Some(address) = addresses.pop() {
        for (place, datum) in data.iter().enumerate() {
            if datum.holds(address) && found.insert(place) {
                addresses.extend(datum.addresses());
            }
        }
    }
    found
}

/// A name of one or two letters.
fn short(place: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let letter = |place: usize| {
        LETTERS
            .get(place % LETTERS.len())
            .copied()
            .map_or('_', char::from)
    };
    match place / LETTERS.len() {
        0 => letter(place).to_string(),
        more => format!("{}{}", letter(more - 1), letter(place)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"(module $m.wasm
 (type $0 (func (result i32)))
 (global $__stack_pointer (mut i32) (i32.const 1048576))
 (global $global$1 i32 (i32.const 9))
 (memory $0 17)
 (data $.rodata.a (i32.const 1048576) "\00\01\10\00")
 (data $.rodata.b (i32.const 1048832) "far")
 (data $.rodata.c (i32.const 1049000) "late")
 (data $.data.d (i32.const 1049100) "\01")
 (export "memory" (memory $0))
 (export "early" (func $early))
 (export "save" (func $save))
 (export "__wbindgen_start" (func $save))
 (func $early (type $0) (result i32)
  (i32.load (i32.const 1048576)))
 (func $save (type $0) (result i32)
  (drop (call $early)) (i32.load offset=1049000 (i32.const 0)))
)
"#;

    #[test]
    fn each_half_has_what_only_it_needs_and_the_second_borrows_the_rest() {
        let (first, second) = split(WHOLE).unwrap();
        for held in [
            "(func $early (type",
            "$.rodata.a",
            "$.rodata.b",
            "$.data.d",
            "(export \"A\" (func $early))",
            "(export \"_0\" (global $__stack_pointer))",
        ] {
            assert!(first.contains(held), "{held} is not in {first}");
        }
        assert!(
            !first.contains("$save") && !first.contains("$.rodata.c"),
            "{first}"
        );
        for held in [
            "(func $save",
            "$.rodata.c",
            "(import \"h\" \"A\" (func $early (type $0) (result i32)))",
            "(export \"save\" (func $save))",
        ] {
            assert!(second.contains(held), "{held} is not in {second}");
        }
        assert!(
            !second.contains("$.data.d") && !second.contains("__wbindgen_start"),
            "{second}"
        );
    }

    #[test]
    fn where_one_object_ends_and_another_begins_the_other_is_meant() {
        let (whole, size) = (
            "(data $.rodata.a (i32.const 16) \"aaaa\")",
            "(module $m\n (memory $0 1)",
        );
        let code = "(export \"early\" (func $early))\n (func $early (drop (i32.const 20)))";
        let next = "(data $.rodata.b (i32.const 20) \"b\")";
        let (first, _) = split(&format!("{size}\n {whole}\n {next}\n {code}\n)")).unwrap();
        assert!(
            first.contains("$.rodata.b") && !first.contains("$.rodata.a"),
            "{first}"
        );
        let (first, _) = split(&format!("{size}\n {whole}\n {code}\n)")).unwrap();
        assert!(first.contains("$.rodata.a"), "{first}");
    }

    #[test]
    fn a_table_of_functions_is_refused() {
        assert!(split("(module $m\n (elem $0 (i32.const 1) $f)\n)").is_err());
    }
}
