//! The order of rows, where it can be known without the database.
//!
//! Each row gets a key whose bytes are in the order asked for, so that comparing rows is comparing bytes.

use super::super::query::Query;
use super::super::rows;
use super::super::select::{self, Shown};
use super::super::text::{self, DAY, UUID, is_shaped};

/// What rows are ordered by; nothing, where no order was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    columns: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    /// The name by which rows show it.
    shown: String,
    descends: bool,
    nulls_first: bool,
}

/// A type of column that has one order. Values of two kinds in one column show that it is of another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind<'a> {
    Bool,
    Number,
    Uuid,
    Day,
    /// An instant, by what follows its seconds: the zone.
    Instant(&'a [u8]),
}

impl Order {
    /// Reads a query's `order`; `None` where it orders by anything that its rows do not show.
    pub(super) fn of(query: &Query<'_>) -> Option<Self> {
        let mut columns = Vec::new();
        let select = query.only("select");
        if query.has("select") && select.is_none() {
            return None;
        }
        let mut rest = if query.has("order") {
            Some(query.only("order")?)
        } else {
            None
        };
        while let Some(given) = rest {
            let (item, following) = text::cut(given, b',');
            rest = following;
            columns.push(Column::read(item, select)?);
        }
        Some(Self { columns })
    }

    /// All rows in one order; `None` where the order is one that only the database knows.
    pub(super) fn merge<'a>(&self, parts: &[Vec<&'a [u8]>]) -> Option<Vec<&'a [u8]>> {
        let all: Vec<&[u8]> = parts.concat();
        if self.columns.is_empty() {
            return Some(all);
        }
        let mut kinds = vec![None; self.columns.len()];
        let mut keys = Vec::with_capacity(all.len());
        for row in &all {
            keys.push(self.key(row, &mut kinds)?);
        }
        // A part that is in another order than ours shows that a column is not of the type it looks like.
        let mut start = 0;
        for part in parts {
            let end = start + part.len();
            if !keys.get(start..end)?.is_sorted() {
                return None;
            }
            start = end;
        }
        let order = text::sorted(all.len(), &|one, other| keys.get(one) > keys.get(other));
        Some(order.iter().filter_map(|at| all.get(*at).copied()).collect())
    }

    fn key<'a>(&self, row: &'a [u8], kinds: &mut [Option<Kind<'a>>]) -> Option<Vec<u8>> {
        let members = rows::members(row)?;
        let mut key = Vec::new();
        for (column, kind) in self.columns.iter().zip(kinds) {
            let written = rows::only(&members, &column.shown)?;
            if written == b"null" {
                key.push(if column.nulls_first { 0 } else { 2 });
                continue;
            }
            key.push(1);
            let start = key.len();
            let own = push(&mut key, written)?;
            if *kind.get_or_insert(own) != own {
                return None;
            }
            if column.descends {
                key.iter_mut().skip(start).for_each(|byte| *byte = !*byte);
            }
        }
        Some(key)
    }
}

impl Column {
    /// Reads `column`, `column.desc`, `column.asc.nullsfirst`.
    fn read(item: &str, select: Option<&str>) -> Option<Self> {
        let (name, mut rest) = text::cut(item, b'.');
        let (mut descends, mut nulls_first) = (false, None);
        while let Some(given) = rest {
            let (word, following) = text::cut(given, b'.');
            rest = following;
            match word {
                "asc" => descends = false,
                "desc" => descends = true,
                "nullsfirst" => nulls_first = Some(true),
                "nullslast" => nulls_first = Some(false),
                _ => return None,
            }
        }
        let Shown::As(shown) = select::shown(select, name).filter(|_| select::is_name(name))? else {
            return None;
        };
        Some(Self {
            shown,
            descends,
            nulls_first: nulls_first.unwrap_or(descends),
        })
    }
}

/// Appends a value so that its bytes are in its type's order; `None` where only the database knows that order.
fn push<'a>(key: &mut Vec<u8>, written: &'a [u8]) -> Option<Kind<'a>> {
    let [b'"', inside @ .., b'"'] = written else {
        if matches!(written, b"true" | b"false") {
            key.push(u8::from(written == b"true"));
            return Some(Kind::Bool);
        }
        push_number(key, written)?;
        return Some(Kind::Number);
    };
    if is_shaped(inside, UUID) {
        key.extend_from_slice(inside);
        return Some(Kind::Uuid);
    }
    if is_shaped(inside, DAY) {
        key.extend_from_slice(inside);
        return Some(Kind::Day);
    }
    let (seconds, mut zone) = inside.split_at_checked(19)?;
    key.extend_from_slice(seconds);
    if let Some((b'.', fraction)) = zone.split_first() {
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        key.extend_from_slice(fraction.get(..digits)?);
        zone = fraction.get(digits..)?;
    }
    key.push(0);
    let is_zone = zone.is_empty() || is_shaped(zone, b"+dd:dd") || is_shaped(zone, b"-dd:dd");
    (is_zone && is_shaped(seconds, b"dddd-dd-ddTdd:dd:dd")).then_some(Kind::Instant(zone))
}

/// A decimal number of any length: its sign, the power of ten of its first digit, and its digits.
fn push_number(key: &mut Vec<u8>, written: &[u8]) -> Option<()> {
    let (is_negative, mut rest) = match written.split_first()? {
        (b'-', rest) => (true, rest),
        _ => (false, written),
    };
    let mut digits = Vec::new();
    let (mut power, mut has_point) = (0_i64, false);
    while let Some((byte, following)) = rest.split_first() {
        rest = following;
        match byte {
            b'.' => has_point = true,
            b'e' | b'E' => {
                power += exponent(rest)?;
                break;
            }
            b'0' if digits.is_empty() => power -= i64::from(has_point),
            b'0'..=b'9' => {
                digits.push(*byte);
                power += i64::from(!has_point);
            }
            _ => return None,
        }
    }
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    let start = key.len();
    key.push(if digits.is_empty() { 1 } else { 2 });
    if !digits.is_empty() {
        key.extend_from_slice(&(power ^ i64::MIN).to_be_bytes());
        key.extend_from_slice(&digits);
        key.push(0);
        if is_negative {
            key.iter_mut().skip(start + 1).for_each(|byte| *byte = !*byte);
            key.iter_mut().skip(start).take(1).for_each(|sign| *sign = 0);
        }
    }
    Some(())
}

fn exponent(written: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match written.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, written),
    };
    let size = text::number(core::str::from_utf8(digits).ok()?).filter(|size| *size < 1_000_000)?;
    let size = i64::try_from(size).ok()?;
    Some(if is_negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: &str) -> Vec<u8> {
        let mut key = Vec::new();
        push_number(&mut key, number.as_bytes()).unwrap();
        key
    }

    #[test]
    fn keys_of_numbers_are_in_the_numbers_order() {
        let rising = [
            "-1e400",
            "-10",
            "-9.99",
            "-9.9",
            "-0.1",
            "-0.05",
            "0",
            "0.001",
            "0.0010000000000000000001",
            "1",
            "1.5",
            "9",
            "10",
            "12345678901234567890",
            "12345678901234567891",
            "1e400",
        ];
        for pair in rising.windows(2) {
            assert!(key(pair[0]) < key(pair[1]), "{pair:?}");
        }
        for (one, same) in [
            ("1.0", "1"),
            ("-0", "0"),
            ("100", "1e2"),
            ("0.10", "1E-1"),
            ("0.0", "0"),
        ] {
            assert_eq!(key(one), key(same), "{one} {same}");
        }
    }
}
