//! What nothing can reach is taken out of a module: constants that no code reads, and functions that only a table names.
//!
//! A linker keeps what anything mentions, and optimisers keep what a table holds. So whatever panics would have said
//! stays when the panics are gone, with what prints it and the tables of letters that it prints by: more than half of the
//! constants that were left were dead. Here a function lives that an export reaches, or whose place in the table a
//! living function or constant may mean; a constant lives that these may read.
//!
//! Any number may be an address. The linker is asked to let places in the table begin where other numbers are rare.

use std::collections::{BTreeMap, BTreeSet};

use super::data::{Datum, numbers};
use super::split::{exported_function, of_kind};
use super::text::{Form, forms, module};
use crate::failure::Outcome;

/// Where the linker lets places in the table begin.
pub(super) const TABLE_BASE: u64 = 3_000;

/// Stands in the table for what is gone.
const GONE: &str = "$gone";

/// The same module without what is dead in it.
pub(super) fn sweep(text: &str) -> Outcome<String> {
    let forms = forms(text)?;
    let mut living = Living::new(&forms);
    living.find();
    let (data, names) = (living.data(), living.functions);
    let mut is_first = true;
    let mut kept = Vec::new();
    for form in &forms {
        match form.kind() {
            "elem" => kept.push(without(form, &names)),
            "func" if !names.contains(form.name()) => (),
            "data" => {
                if std::mem::take(&mut is_first) {
                    kept.extend(data.clone());
                }
            }
            _ => kept.push(form.clone()),
        }
    }
    kept.push(Form {
        text: format!("(func {GONE} (unreachable))"),
    });
    Ok(module(&kept))
}

struct Living<'a> {
    known: BTreeMap<&'a str, &'a Form>,
    constants: Vec<Datum<'a>>,
    /// The table's functions by their places.
    table: BTreeMap<u64, &'a str>,
    functions: BTreeSet<&'a str>,
    read: BTreeSet<usize>,
    /// What was found to live and not looked at yet.
    next: Vec<&'a str>,
    unread: Vec<usize>,
}

impl<'a> Living<'a> {
    fn new(forms: &'a [Form]) -> Self {
        let mut living = Self {
            known: of_kind(forms, "func").map(|form| (form.name(), form)).collect(),
            constants: of_kind(forms, "data").filter_map(Datum::of).collect(),
            table: of_kind(forms, "elem").flat_map(places).collect(),
            functions: BTreeSet::new(),
            read: BTreeSet::new(),
            next: of_kind(forms, "export")
                .filter_map(exported_function)
                .map(|(_, name)| name)
                .collect(),
            unread: Vec::new(),
        };
        // What may change is read by whoever changes it, and by none of its own numbers.
        let changing = living
            .constants
            .iter()
            .enumerate()
            .filter(|(_, datum)| datum.may_change());
        living.unread = changing.map(|(place, _)| place).collect();
        living.read = living.unread.iter().copied().collect();
        living
    }

    fn find(&mut self) {
        loop {
            if let Some(name) = self.next.pop() {
                if let Some(form) = self.known.get(name).copied()
                    && self.functions.insert(name)
                {
                    self.next.extend(form.callees());
                    for number in numbers(form) {
                        self.meant(number);
                    }
                }
            } else if let Some(place) = self.unread.pop() {
                let addresses: Vec<u64> = self
                    .constants
                    .get(place)
                    .into_iter()
                    .flat_map(Datum::addresses)
                    .collect();
                for address in addresses {
                    self.meant(address);
                }
            } else {
                return;
            }
        }
    }

    /// Whatever a number may mean lives.
    fn meant(&mut self, number: u64) {
        self.next.extend(self.table.get(&number).copied());
        let begins = self.constants.iter().any(|datum| datum.start == number);
        for (place, datum) in self.constants.iter().enumerate() {
            // Code that runs to an object's end has its beginning too.
            let ends = number == datum.end() && !begins;
            if (datum.may_be_meant_by(number) || ends) && self.read.insert(place) {
                self.unread.push(place);
            }
        }
    }

    /// What is read, as one object with zeros for what is not: binaryen knows best where it is worth a cut.
    fn data(&self) -> Option<Form> {
        let read = || self.read.iter().filter_map(|place| self.constants.get(*place));
        let start = read().map(|datum| datum.start).min()?;
        let end = read().map(Datum::end).max()?;
        let mut bytes = vec![0; usize::try_from(end - start).ok()?];
        for datum in read() {
            let at = usize::try_from(datum.start - start).ok()?;
            bytes
                .get_mut(at..at + datum.bytes.len())?
                .copy_from_slice(&datum.bytes);
        }
        let text: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
        Some(Form {
            text: format!("(data $read (i32.const {start}) \"{text}\")"),
        })
    }
}

/// `(elem $0 (table $0) (i32.const 3000) func $f $g)` as places and names.
fn places(form: &Form) -> Vec<(u64, &str)> {
    let mut words = form.words().skip_while(|word| *word != "i32.const").skip(1);
    let base: u64 = words
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or_default();
    let names = words.filter(|word| *word != "func");
    (base..).zip(names).collect()
}

fn without(form: &Form, living: &BTreeSet<&str>) -> Form {
    let names = places(form);
    let base = names.first().map_or(TABLE_BASE, |(place, _)| *place);
    let names: Vec<&str> = names
        .into_iter()
        .map(|(_, name)| if living.contains(name) { name } else { GONE })
        .collect();
    Form {
        text: format!(
            "(elem {} (table $0) (i32.const {base}) func {})",
            form.name(),
            names.join(" ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"(module $m.wasm
 (type $0 (func))
 (memory $0 17)
 (table $0 3003 3003 funcref)
 (elem $0 (table $0) (i32.const 3000) func $"a b" $c $d)
 (data $.rodata.a (i32.const 1048576) "\00\01\10\00")
 (data $.rodata.b (i32.const 1048832) "\ba\0b\00\00")
 (data $.rodata.dead (i32.const 1048900) "what nobody says")
 (data $.rodata.e (i32.const 1049000) "e")
 (export "run" (func $run))
 (func $run (type $0)
  (drop (i32.load (i32.const 1048576))) (call $other))
 (func $other (type $0)
  (drop (i32.const 3000)))
 (func $"a b" (type $0)
  (nop))
 (func $c (type $0)
  (drop (i32.load offset=1048900 (i32.const 0))))
 (func $d (type $0)
  (drop (i32.load8_u (i32.const 1049000))))
)
"#;

    #[test]
    fn what_is_reached_stays_and_the_rest_goes() {
        let swept = sweep(WHOLE).unwrap();
        for kept in ["(func $run ", "(func $other ", "(func $\"a b\" ", "(func $d "] {
            assert!(swept.contains(kept), "{kept} is not in {swept}");
        }
        assert!(!swept.contains("(func $c "), "{swept}");
        assert!(swept.contains("func $\"a b\" $gone $d)"), "{swept}");
    }

    #[test]
    fn constants_keep_their_addresses() {
        let swept = sweep(WHOLE).unwrap();
        let datum = format!(
            "(data $read (i32.const 1048576) \"\\00\\01\\10\\00{}",
            "\\00".repeat(252)
        );
        assert!(swept.contains(&datum), "{swept}");
        assert!(swept.contains("\\ba\\0b\\00\\00"), "{swept}");
        assert!(!swept.contains("\\77\\68\\61\\74"), "{swept}");
        assert!(swept.contains("\\65\")"), "{swept}");
    }
}
