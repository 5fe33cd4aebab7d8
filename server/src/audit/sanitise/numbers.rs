//! Numbers that mean somebody: cards, accounts, telephones, social security.

/// Characters that people put between groups of digits.
const BETWEEN: [char; 6] = [' ', '-', '.', '/', '(', ')'];

/// The longest text that is looked at as one number.
const MOST_CHARACTERS: usize = 48;

/// The end of the number at the start of a text, and what it is.
pub(super) fn find(text: &str) -> Option<(usize, &'static str)> {
    let first = text.chars().next()?;
    if !(first.is_ascii_digit() || first == '+' || first == '(') {
        return None;
    }
    let digits = digits(text);
    card(&digits)
        .map(|end| (end, "[card]"))
        .or_else(|| social(text).map(|end| (end, "[id]")))
        .or_else(|| phone(text, &digits).map(|end| (end, "[phone]")))
}

/// The digits from the start on, each with where it ends, as long as they can belong to one number.
fn digits(text: &str) -> Vec<(u8, usize)> {
    let mut digits = Vec::new();
    let mut between = 0;
    for (at, character) in text.char_indices().take(MOST_CHARACTERS) {
        match u8::try_from(character) {
            Ok(byte) if byte.is_ascii_digit() => {
                digits.push((byte - b'0', at + 1));
                between = 0;
            }
            Ok(b'+') if at == 0 => {}
            Ok(_) if BETWEEN.contains(&character) && between < 3 => between += 1,
            Ok(_) | Err(_) => break,
        }
    }
    digits
}

/// From 13 to 19 digits that an issuer gives out and whose check digit is right.
fn card(digits: &[(u8, usize)]) -> Option<usize> {
    if !matches!(digits.first(), Some((2..=6, _))) {
        return None;
    }
    (13..=19.min(digits.len())).rev().find_map(|length| {
        let candidate = digits.get(..length)?;
        let sum = candidate.iter().rev().enumerate().map(|(idx, (digit, _))| {
            let weighted = if idx % 2 == 1 { digit * 2 } else { *digit };
            u32::from(if weighted > 9 { weighted - 9 } else { weighted })
        });
        (sum.sum::<u32>() % 10 == 0)
            .then(|| candidate.last().map(|(_, end)| *end))
            .flatten()
    })
}

/// `123-45-6789`.
fn social(text: &str) -> Option<usize> {
    (pattern(text, "ddd-dd-dddd") && !digit_at(text, 11)).then_some(11)
}

/// With a plus or two zeros, with the zero of a trunk, or as North America writes it.
fn phone(text: &str, digits: &[(u8, usize)]) -> Option<usize> {
    let end = digits.last().map(|(_, end)| *end)?;
    let written = text.get(..end)?;
    let grouped = written.contains(BETWEEN);
    let count = digits.len();
    let leading = |wanted: &[u8]| {
        digits
            .iter()
            .map(|(digit, _)| *digit)
            .take(wanted.len())
            .eq(wanted.iter().copied())
    };
    let international = written.starts_with('+') && (7..=15).contains(&count);
    let dialled = leading(&[0, 0]) && (10..=17).contains(&count);
    let national =
        leading(&[0]) && !leading(&[0, 0]) && (9..=12).contains(&count) && !looks_like_a_date(written);
    let american = [
        "(ddd) ddd-dddd",
        "(ddd)ddd-dddd",
        "ddd-ddd-dddd",
        "ddd.ddd.dddd",
        "ddd ddd dddd",
    ]
    .iter()
    .any(|form| pattern(text, form));
    let asian = written.starts_with('1') && count == 11 && !grouped && leading(&[1]) && !leading(&[1, 0]);
    (international || dialled || national || american || asian).then_some(end)
}

/// `01.02.2024` and the like.
fn looks_like_a_date(written: &str) -> bool {
    ["dd.dd.dddd", "dd/dd/dddd", "dd-dd-dddd"]
        .iter()
        .any(|form| pattern(written, form))
}

/// Whether a text begins with a form in which `d` is a digit.
fn pattern(text: &str, form: &str) -> bool {
    let mut characters = text.chars();
    form.chars().all(|wanted| match (wanted, characters.next()) {
        ('d', Some(given)) => given.is_ascii_digit(),
        (wanted, given) => given == Some(wanted),
    })
}

fn digit_at(text: &str, at: usize) -> bool {
    text.as_bytes().get(at).is_some_and(u8::is_ascii_digit)
}

/// The end of the account number (IBAN) at the start of a text.
pub(super) fn iban(text: &str) -> Option<usize> {
    let head: Vec<char> = text.chars().take(4).collect();
    let [a, b, c, d] = head.as_slice() else {
        return None;
    };
    if !(a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit() && d.is_ascii_digit()) {
        return None;
    }
    let mut characters = Vec::new();
    let mut space_before = false;
    for (at, character) in text.char_indices().take(MOST_CHARACTERS) {
        match character {
            _ if character.is_ascii_alphanumeric() => {
                characters.push((character.to_ascii_uppercase(), at + 1));
                space_before = false;
            }
            ' ' | '-' if !space_before => space_before = true,
            _ => break,
        }
    }
    (15..=34.min(characters.len())).rev().find_map(|length| {
        let candidate = characters.get(..length)?;
        let rotated = candidate.iter().skip(4).chain(candidate.iter().take(4));
        let remainder = rotated.fold(0_u32, |remainder, (character, _)| match character.to_digit(36) {
            Some(value) if value < 10 => (remainder * 10 + value) % 97,
            Some(value) => (remainder * 100 + value) % 97,
            None => remainder,
        });
        (remainder == 1)
            .then(|| candidate.last().map(|(_, end)| *end))
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_told_by_its_check_digit() {
        assert_eq!(find("4111 1111 1111 1111 exp"), Some((19, "[card]")));
        assert_eq!(find("4111-1111-1111-1112"), None);
        assert_eq!(find("378282246310005,"), Some((15, "[card]")));
        assert_eq!(find("1700000000000"), None);
    }

    #[test]
    fn telephones_are_told_from_dates_and_counts() {
        for phone in [
            "+49 30 1234567",
            "0049301234567",
            "(555) 123-4567",
            "030/1234567",
            "13812345678",
        ] {
            assert_eq!(find(phone).map(|found| found.1), Some("[phone]"), "{phone}");
        }
        for other in [
            "2024-01-02",
            "01.02.2024",
            "12345",
            "2024-01-02T03:04:05",
            "10000000000",
            "0.5",
        ] {
            assert_eq!(find(other), None, "{other}");
        }
    }

    #[test]
    fn an_account_is_told_by_its_remainder() {
        assert_eq!(iban("DE89 3704 0044 0532 0130 00 please"), Some(27));
        assert_eq!(iban("GB82WEST12345698765432"), Some(22));
        assert_eq!(iban("DE89 3704 0044 0532 0130 01"), None);
    }
}
