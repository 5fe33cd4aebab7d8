//! Small steps through text, each written once: the modules that use them are loaded by pages, and bytes count.

use core::cmp::min;

/// The text before the first such byte, and what follows it where there is one. The byte is ASCII.
#[inline(never)]
pub(super) fn cut(text: &str, mark: u8) -> (&str, Option<&str>) {
    match text.bytes().position(|byte| byte == mark) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

/// Whether one text is in the other.
#[inline(never)]
pub(super) fn holds(text: &str, part: &[u8]) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window == part)
}

/// A number without sign; `None` where the text is anything else.
#[inline(never)]
pub(super) fn number(text: &str) -> Option<usize> {
    let digit = |number: usize, byte: u8| {
        let digit = usize::from(byte.wrapping_sub(b'0'));
        if digit > 9 {
            None
        } else {
            number.checked_mul(10)?.checked_add(digit)
        }
    };
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0, digit)
}

/// Whether bytes have a shape: `x` stands for a hexadecimal digit in lower case, `d` for a decimal one, all else for
/// itself.
#[inline(never)]
pub(super) fn is_shaped(bytes: &[u8], shape: &[u8]) -> bool {
    bytes.len() == shape.len()
        && bytes.iter().zip(shape).all(|(byte, shape)| match shape {
            b'x' => byte.is_ascii_digit() || (b'a'..=b'f').contains(byte),
            b'd' => byte.is_ascii_digit(),
            other => byte == other,
        })
}

/// The shape of a UUID.
pub(super) const UUID: &[u8] = b"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
/// The shape of a day.
pub(super) const DAY: &[u8] = b"dddd-dd-dd";

/// What the most forgiving collation may compare: ASCII letters without case, digits, nothing else.
#[inline(never)]
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::new();
    for byte in text.bytes().filter(u8::is_ascii_alphanumeric) {
        folded.push(char::from(byte.to_ascii_lowercase()));
    }
    folded
}

/// The numbers below `len` in order; those of which neither is after the other stay as they were.
///
/// The library's sort is made anew for each type it sorts, and is ten times as long.
#[inline(never)]
pub(super) fn sorted(len: usize, is_after: &dyn Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut from: Vec<usize> = (0..len).collect();
    let mut width = 1;
    while width < len {
        let mut to = Vec::with_capacity(len);
        let mut start = 0;
        while start < len {
            let (middle, end) = (min(start + width, len), min(start + 2 * width, len));
            let (mut left, mut right) = (start, middle);
            while let (Some(one), Some(other)) = (
                from.get(left).filter(|_| left < middle),
                from.get(right).filter(|_| right < end),
            ) {
                let takes_right = is_after(*one, *other);
                to.push(if takes_right { *other } else { *one });
                left += usize::from(!takes_right);
                right += usize::from(takes_right);
            }
            to.extend_from_slice(from.get(left..middle).unwrap_or_default());
            to.extend_from_slice(from.get(right..end).unwrap_or_default());
            start = end;
        }
        from = to;
        width *= 2;
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorting_is_stable_and_complete() {
        for len in [0_usize, 1, 2, 3, 7, 64, 1_000] {
            let key = |index: usize| (index * 7_919) % 13;
            let mut expected: Vec<usize> = (0..len).collect();
            expected.sort_by_key(|index| key(*index));
            assert_eq!(sorted(len, &|one, other| key(one) > key(other)), expected);
        }
    }

    #[test]
    fn numbers_are_digits_only() {
        assert_eq!(number("0120"), Some(120));
        for text in ["", "-1", "+1", "1.0", "99999999999999999999999"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn text_is_cut_at_the_first_mark() {
        assert_eq!(cut("a=b=c", b'='), ("a", Some("b=c")));
        assert_eq!(cut("abc", b'='), ("abc", None));
        assert_eq!(cut("é=", b'='), ("é", Some("")));
    }
}
