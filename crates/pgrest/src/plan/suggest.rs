//! "Perhaps you meant": the most similar name among those that exist.
//!
//! Candidates are ranked by the cosine of their letter groups, the best fifty once more by edit distance. The
//! letter groups make it cheap, the edit distance makes it right. Scores run from 0 to 1.

use std::collections::HashMap;

const RANKED: usize = 50;
const GRAM_SIZES: [usize; 2] = [3, 2];

/// The best candidate that scores at least `min_score`, with its score.
pub(super) fn nearest<'a>(
    candidates: impl IntoIterator<Item = &'a str>,
    wanted: &str,
    min_score: f64,
) -> Option<(f64, &'a str)> {
    let wanted = wanted.to_lowercase();
    let mut candidates: Vec<(String, &str)> = candidates
        .into_iter()
        .map(|name| (name.to_lowercase(), name))
        .collect();
    candidates.sort_unstable();
    candidates.dedup();
    if let Some((_, exact)) = candidates.iter().find(|(lower, _)| *lower == wanted) {
        return Some((1.0, exact));
    }
    GRAM_SIZES.iter().find_map(|size| {
        let ranked = rank(&candidates, &wanted, *size);
        ranked.into_iter().find(|(score, _)| *score >= min_score)
    })
}

fn rank<'a>(candidates: &[(String, &'a str)], wanted: &str, size: usize) -> Vec<(f64, &'a str)> {
    let grams = grams(wanted, size);
    let mut by_cosine: Vec<(f64, &str, &'a str)> = candidates
        .iter()
        .map(|(lower, name)| (cosine(&grams, &self::grams(lower, size)), lower.as_str(), *name))
        .filter(|(score, ..)| *score > 0.0)
        .collect();
    by_cosine.sort_by(|a, b| b.0.total_cmp(&a.0));
    by_cosine.truncate(RANKED);
    let mut by_distance: Vec<(f64, &'a str)> = by_cosine
        .into_iter()
        .map(|(_, lower, name)| (similarity(wanted, lower), name))
        .collect();
    by_distance.sort_by(|a, b| b.0.total_cmp(&a.0));
    by_distance
}

fn grams(text: &str, size: usize) -> HashMap<Vec<char>, f64> {
    let kept = text
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | ','));
    let mut letters: Vec<char> = std::iter::once('-')
        .chain(kept)
        .chain(std::iter::once('-'))
        .collect();
    letters.resize(letters.len().max(size), '-');
    let mut counts = HashMap::new();
    for gram in letters.windows(size) {
        *counts.entry(gram.to_vec()).or_insert(0.0) += 1.0;
    }
    counts
}

fn cosine(a: &HashMap<Vec<char>, f64>, b: &HashMap<Vec<char>, f64>) -> f64 {
    let dot: f64 = a
        .iter()
        .filter_map(|(gram, count)| b.get(gram).map(|other| count * other))
        .sum();
    let norm =
        |grams: &HashMap<Vec<char>, f64>| grams.values().map(|count| count * count).sum::<f64>().sqrt();
    let norms = norm(a) * norm(b);
    if norms > 0.0 { dot / norms } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "lengths of names")]
fn similarity(a: &str, b: &str) -> f64 {
    let longest = a.chars().count().max(b.chars().count());
    if longest == 0 {
        1.0
    } else {
        1.0 - edit_distance(a, b) as f64 / longest as f64
    }
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        let mut left = i + 1;
        for ((above_left, above), other) in row.iter().zip(row.iter().skip(1)).zip(&b) {
            left = (left + 1)
                .min(above + 1)
                .min(above_left + usize::from(letter != *other));
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_wins() {
        let names = ["films", "directors", "roles", "actors"];
        assert_eq!(nearest(names, "film", 0.33).map(|found| found.1), Some("films"));
        assert_eq!(nearest(names, "role", 0.75).map(|found| found.1), Some("roles"));
    }

    #[test]
    fn nothing_near_is_nothing() {
        assert_eq!(nearest(["films"], "noclosealternative", 0.33), None);
        assert_eq!(nearest([], "x", 0.0), None);
    }

    #[test]
    fn an_exact_match_scores_one() {
        assert_eq!(nearest(["Films"], "films", 0.9), Some((1.0, "Films")));
    }

    #[test]
    fn edit_distance_counts_changes() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
    }
}
