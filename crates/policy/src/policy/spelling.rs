//! What a misspelt name was probably meant to be.

/// The known name nearest to the one asked for, if it is near enough: a third of its letters may be wrong.
pub fn nearest<'a>(asked: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.map(|name| (distance(name, asked), name));
    let (wrong, name) = scored.min_by_key(|(wrong, _)| *wrong)?;
    (wrong * 3 <= name.len()).then_some(name)
}

/// Levenshtein's distance, over at most so many bytes that a hostile key costs nothing.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 64;
    let b: Vec<u8> = b.bytes().take(LONGEST).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let replaced = diagonal + usize::from(!from.eq_ignore_ascii_case(to));
            diagonal = *cell;
            left = replaced.min(*cell + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_a_stranger_is_not() {
        let known = ["timeout", "deadline", "retry"];
        let nearest = |asked| nearest(asked, known.into_iter());
        assert_eq!(nearest("timeuot"), Some("timeout"));
        assert_eq!(nearest("Deadlin"), Some("deadline"));
        assert_eq!(nearest("something"), None);
        assert_eq!(nearest(""), None);
    }
}
