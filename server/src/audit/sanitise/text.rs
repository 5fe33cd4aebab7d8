//! A text, read once from left to right: at the start of every word it is asked what begins here.

use std::net::IpAddr;

use super::{numbers, tokens};

/// Characters that are looked at for one thing, at most: the names and addresses of people are shorter. It is asked
/// anew at every word, so that without a bound a long text without spaces would cost its length squared.
const MOST_AHEAD: usize = 320;

/// An IPv6 address that ends as an IPv4 address does.
const LONGEST_ADDRESS: usize = 45;

/// Replaces what looks personal or secret.
pub(super) fn clean(given: &str, addresses: bool) -> String {
    let mut kept = String::with_capacity(given.len());
    let mut rest = given;
    let mut before = None;
    while let Some(character) = rest.chars().next() {
        let credentials = || {
            let end = kept.ends_with("//").then(|| tokens::credentials(rest))?;
            Some(Found::Replaced(end?, "[secret]@"))
        };
        let found = credentials().or_else(|| {
            let begins = starts_a_word(before, character);
            begins.then(|| find(rest, addresses)).flatten()
        });
        let end = match found {
            Some(Found::Replaced(end, label)) => {
                kept.push_str(label);
                end
            }
            Some(Found::Kept(end)) => {
                kept.push_str(rest.get(..end).unwrap_or_default());
                end
            }
            None => {
                kept.push(character);
                character.len_utf8()
            }
        };
        before = rest.get(..end).and_then(|passed| passed.chars().next_back());
        rest = rest.get(end..).unwrap_or_default();
    }
    kept
}

enum Found {
    Replaced(usize, &'static str),
    /// It is known to be harmless, and no part of it is to be looked at.
    Kept(usize),
}

/// A word starts where letters and digits do; signs such as `+` and `-----` start one wherever they stand.
fn starts_a_word(before: Option<char>, first: char) -> bool {
    let inside = before.is_some_and(|before| before.is_alphanumeric() || before == '_');
    match first {
        '+' | '(' | '-' => !inside,
        _ => first.is_alphanumeric() && !inside,
    }
}

fn find(rest: &str, addresses: bool) -> Option<Found> {
    if let Some(end) = tokens::uuid(rest) {
        return Some(Found::Kept(end));
    }
    if let Some((end, label)) = tokens::find(rest) {
        return Some(Found::Replaced(end, label));
    }
    if let Some(end) = email(rest) {
        return Some(Found::Replaced(end, "[email]"));
    }
    if let Some(end) = address(rest) {
        return Some(if addresses {
            Found::Replaced(end, "[ip]")
        } else {
            Found::Kept(end)
        });
    }
    if let Some(end) = numbers::iban(rest) {
        return Some(Found::Replaced(end, "[iban]"));
    }
    numbers::find(rest).map(|(end, label)| Found::Replaced(end, label))
}

/// `someone@somewhere.example`, in any script, and with its sign escaped.
fn email(text: &str) -> Option<usize> {
    let local = |character: char| character.is_alphanumeric() || "._+-'~!#$&*=?^{}|".contains(character);
    let mut ahead = text.char_indices().take(MOST_AHEAD);
    let (end, _) = ahead.find(|(_, character)| !local(*character))?;
    let behind = text.get(end..)?;
    let sign = ["@", "%40", "&#64;", " [at] ", "(at)"]
        .into_iter()
        .find(|sign| behind.starts_with(sign))?;
    let domain = behind.get(sign.len()..)?;
    let part = |character: char| character.is_alphanumeric() || character == '-' || character == '.';
    let length = domain.find(|character| !part(character)).unwrap_or(domain.len());
    let name = domain.get(..length)?.trim_end_matches(['.', '-']);
    let (host, top) = name.rsplit_once('.')?;
    (end > 0 && !host.is_empty() && top.chars().count() >= 2).then(|| end + sign.len() + name.len())
}

/// The address of a machine, of either kind.
fn address(text: &str) -> Option<usize> {
    let part = |character: char| character.is_ascii_hexdigit() || character == '.' || character == ':';
    let end = text
        .char_indices()
        .take(LONGEST_ADDRESS)
        .take_while(|(_, character)| part(*character))
        .count();
    let candidate = text.get(..end)?.trim_end_matches(['.', ':']);
    let has_form = candidate.matches('.').count() == 3 || candidate.matches(':').count() >= 2;
    (has_form && candidate.parse::<IpAddr>().is_ok()).then_some(candidate.len())
}
