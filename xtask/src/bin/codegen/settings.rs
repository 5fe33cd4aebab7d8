//! pkg/src/settings.table.ts: the same table in the few bytes that a page can afford.

use seawall_policy::error::ConfigError;
use seawall_policy::policy::{CEILINGS, Kind, Reach, SETTINGS, Setting};

const INTRODUCTION: &str = "\
/**
 * Every setting of the policy document. Written by `npm run codegen` from the table in crates/policy: do not edit.
 *
 * A row is the path; the kind (c count, m milliseconds, r ratio, f flag, w one of the words) with the reach (0 document,
 * 1 services too, 2 endpoints too); the default; and the bounds, or the words.
 */

";

/// The whole file.
pub(crate) fn document() -> String {
    let rows: Vec<String> = SETTINGS.iter().map(row).collect();
    let names: Vec<String> = SETTINGS.iter().map(|setting| quoted(setting.path)).collect();
    let ceilings: Vec<String> = CEILINGS
        .iter()
        .map(|(floor, ceiling)| format!("  [{}, {}],\n", *floor as usize, *ceiling as usize))
        .collect();
    let conflicts: Vec<String> = ConfigError::ALL
        .iter()
        .filter(|error| error.is_between_settings())
        .map(|error| format!("{} {} {}\n", error.code(), error.key(), error.rule()))
        .collect();
    [
        INTRODUCTION,
        "/** The settings' names. */\nexport type SettingName =\n  | ",
        &names.join("\n  | "),
        ";\n\n/** The rows, one a line. */\nexport const TABLE = `\n",
        &rows.concat(),
        "`;\n\n/** A ceiling that is not given beside its floor is raised to it: the places of both. */\n",
        "export const CEILINGS: readonly (readonly [number, number])[] = [\n",
        &ceilings.concat(),
        "];\n\n/** What settings within their bounds may contradict: the core's number, the setting, the rule. */\nexport const CONFLICTS = `\n",
        &conflicts.concat(),
        "`;\n",
    ]
    .concat()
}

fn row(setting: &Setting) -> String {
    let reach = match setting.reach {
        Reach::Document => 0,
        Reach::Service => 1,
        Reach::Endpoint => 2,
    };
    let (path, default) = (setting.path, setting.default);
    let bounds = format!(" {} {}", setting.min, setting.max);
    let (kind, rest) = match setting.kind {
        Kind::Count => ('c', bounds),
        Kind::Millis => ('m', bounds),
        Kind::Ratio => ('r', bounds),
        Kind::Flag => ('f', String::new()),
        Kind::Choice(words) => ('w', [" ", &words.join(" ")].concat()),
    };
    format!("{path} {kind}{reach} {default}{rest}\n")
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}
