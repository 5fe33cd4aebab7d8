//! The `Accept` header as a list, best first.

use super::MediaType;

/// Reads an `Accept` header: by quality, then by how specific they are, then as sent. What is given
/// quality zero is left out, unless nothing else is there.
#[must_use]
pub fn accepted(header: &str) -> Vec<MediaType> {
    let mut ranges: Vec<_> = split_outside_quotes(header, ',').map(Weighted::read).collect();
    if ranges.iter().any(|range| range.quality > 0) {
        ranges.retain(|range| range.quality > 0);
    }
    ranges.sort_by_key(|range| std::cmp::Reverse((range.quality, range.specificity)));
    ranges.iter().map(|range| MediaType::parse(&range.text)).collect()
}

/// Splits at a separator, but not inside double quotes.
pub(super) fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

/// A media type with what decides its place.
struct Weighted {
    text: String,
    /// In thousandths.
    quality: u32,
    specificity: i64,
}

impl Weighted {
    fn read(range: &str) -> Self {
        let (text, quality) = match split_quality(range) {
            (text, None) => (text, 1000),
            (text, Some(value)) => (text, thousandths(value)),
        };
        let semicolons = count(text, ';');
        let stars = count(text, '*');
        Self {
            text: text.trim().to_owned(),
            quality,
            specificity: semicolons - stars,
        }
    }
}

/// Separates `;q=…`; what follows it is about nothing we know.
fn split_quality(range: &str) -> (&str, Option<&str>) {
    let mut offset = 0;
    for part in split_outside_quotes(range, ';') {
        let value = part
            .trim()
            .strip_prefix("q=")
            .or_else(|| part.trim().strip_prefix("Q="));
        if let Some(value) = value
            && offset > 0
        {
            return (range.get(..offset - 1).unwrap_or(range), Some(value));
        }
        offset += part.len() + 1;
    }
    (range, None)
}

/// A quality in thousandths; what is no number counts as one.
fn thousandths(text: &str) -> u32 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole.parse::<u32>(), digits.parse::<u32>()) {
        (Ok(whole), Ok(fraction)) => (whole.min(1) * 1000 + fraction).min(1000),
        (Ok(_) | Err(_), Ok(_) | Err(_)) => 1000,
    }
}

fn count(text: &str, wanted: char) -> i64 {
    text.chars().filter(|&c| c == wanted).map(|_| 1).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(header: &str) -> Vec<String> {
        accepted(header).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_best_comes_first() {
        let cases: &[(&str, &[&str])] = &[
            ("text/csv, application/json", &["text/csv", "application/json"]),
            (
                "text/csv;q=0.5, application/json",
                &["application/json", "text/csv"],
            ),
            ("*/*, text/csv", &["text/csv", "*/*"]),
            (
                "text/csv;q=0.1, */*;q=0.9, application/json;q=0.95",
                &["application/json", "*/*", "text/csv"],
            ),
            (
                "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8",
                &["text/html", "application/xhtml+xml", "application/xml", "*/*"],
            ),
        ];
        for (header, expected) in cases {
            assert_eq!(&printed(header), expected, "{header}");
        }
    }

    #[test]
    fn quality_zero_is_a_refusal() {
        assert_eq!(
            printed("text/csv;q=0, application/json;q=0.1"),
            ["application/json"]
        );
        assert_eq!(printed("text/csv;q=0"), ["text/csv"]);
    }

    #[test]
    fn separators_inside_quotes_separate_nothing() {
        let header = "application/vnd.pgrst.plan; for=\"text/csv;q=0, x\"";
        assert_eq!(accepted(header).len(), 1);
    }

    #[test]
    fn odd_qualities_count_as_one_or_are_cut() {
        for (header, expected) in [
            ("text/csv;q=high", 1000),
            ("text/csv;q=7", 1000),
            ("text/csv;q=0.12345", 123),
            ("text/csv;q=.5", 1000),
            ("text/csv;q=", 1000),
        ] {
            assert_eq!(Weighted::read(header).quality, expected, "{header}");
        }
    }
}
