//! pkg/src/messages.table.ts: what to tell a person, for the package's `seawall/messages`.

use seawall_policy::class::Category;
use seawall_policy::class::message::{CODES, for_category};

const INTRODUCTION: &str = "\
/**
 * What to tell a person when something failed, by category and by code. Written by `npm run codegen` from the table in
 * crates/policy: do not edit.
 *
 * `{wait}` stands for the time until it is worth trying again.
 */

import type { Category } from \"./vocabulary.js\";

";

/// The whole file.
pub(crate) fn document() -> String {
    let categories = Category::ALL.map(|category| line(category.name(), for_category(category)));
    let codes: Vec<String> = CODES.iter().map(|(code, text)| line(code, text)).collect();
    [
        INTRODUCTION,
        "/** The sentences for each category. */\nexport const BY_CATEGORY: Readonly<Record<Category, string>> = {\n",
        &categories.concat(),
        "};\n\n/** The sentences for the codes that deserve a better one. */\n",
        "export const BY_CODE: Readonly<Record<string, string>> = {\n",
        &codes.concat(),
        "};\n",
    ]
    .concat()
}

fn line(name: &str, text: &str) -> String {
    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let key = if is_plain {
        name.to_owned()
    } else {
        format!("\"{name}\"")
    };
    format!("  {key}: \"{text}\",\n")
}
