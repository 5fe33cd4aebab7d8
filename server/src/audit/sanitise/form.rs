//! Query strings and forms: `name=value` pairs, PostgREST's filters among them.

use super::{REDACTED, Sanitiser};

/// Filters whose value names columns itself: `or=(email.eq.a,phone.eq.b)`.
const LOGIC: [&str; 4] = ["or", "and", "not.or", "not.and"];

/// Cleans a query string; it comes back decoded, for people to read.
pub(super) fn clean(sanitiser: &Sanitiser, given: &str) -> String {
    let pairs = given.split('&').map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
        if sanitiser.is_sensitive(&name) {
            format!("{}={REDACTED}", sanitiser.text(&name))
        } else if LOGIC
            .iter()
            .any(|logic| name == *logic || name.ends_with(&format!(".{logic}")))
        {
            format!("{name}={}", logic(sanitiser, &value))
        } else {
            let separator = if pair.contains('=') { "=" } else { "" };
            format!("{}{separator}{}", sanitiser.text(&name), sanitiser.text(&value))
        }
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// Each condition begins with its column; a list of values belongs to the column before it.
fn logic(sanitiser: &Sanitiser, value: &str) -> String {
    let mut kept = String::with_capacity(value.len());
    let mut in_list = false;
    for (condition, sign) in conditions(value) {
        let column = condition.split('.').next().unwrap_or_default();
        if in_list {
            kept.push_str(REDACTED);
            in_list = sign != Some(')');
        } else if condition.contains('.') && sanitiser.is_sensitive(column) {
            kept.push_str(column);
            kept.push('.');
            kept.push_str(REDACTED);
            in_list = sign == Some('(');
        } else {
            kept.push_str(condition);
        }
        kept.extend(sign);
    }
    sanitiser.text(&kept)
}

/// The pieces between commas and brackets, quoted ones left whole, each with what ended it.
fn conditions(value: &str) -> impl Iterator<Item = (&str, Option<char>)> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut quoted = false;
        let end = text.find(|character| {
            quoted ^= character == '"';
            !quoted && ",()".contains(character)
        });
        let Some(end) = end else {
            rest = None;
            return Some((text, None));
        };
        rest = text.get(end + 1..);
        Some((text.get(..end)?, text.get(end..)?.chars().next()))
    })
}

/// Percent-decoding that never fails: what is no escape stays as it is.
pub(super) fn decode(given: &str) -> String {
    let mut bytes = Vec::with_capacity(given.len());
    let mut rest = given.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        match (first, behind) {
            (b'%', [high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(16 * hex(*high) + hex(*low));
                rest = tail;
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = behind;
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.saturating_sub(b'A') + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(given: &str) -> String {
        clean(&Sanitiser::new(&[], true), given)
    }

    #[test]
    fn a_sensitive_column_keeps_its_name_only() {
        assert_eq!(
            query("email=eq.a%40b.example&id=eq.5"),
            "email=[redacted]&id=eq.5"
        );
        assert_eq!(
            query("select=id,body&order=id.desc"),
            "select=id,body&order=id.desc"
        );
        assert_eq!(query("apikey=abc&flag"), "apikey=[redacted]&flag");
    }

    #[test]
    fn conditions_name_their_columns_themselves() {
        assert_eq!(
            query("or=(first_name.eq.Anna,age.gt.3,and(phone.eq.1,done.is.true))"),
            "or=(first_name.[redacted],age.gt.3,and(phone.[redacted],done.is.true))"
        );
        assert_eq!(
            query("or=(email.in.(a.b,cd),id.eq.1)"),
            "or=(email.[redacted]([redacted],[redacted]),id.eq.1)"
        );
    }

    #[test]
    fn a_quoted_value_is_one_value() {
        assert_eq!(
            query("or=(first_name.eq.%22Anna,Maria)%22,id.eq.1)"),
            "or=(first_name.[redacted],id.eq.1)"
        );
    }

    #[test]
    fn escapes_that_are_none_stay() {
        assert_eq!(decode("100%+a%2"), "100% a%2");
        assert_eq!(decode("%C3%A9"), "é");
    }
}
