//! Where requests name an organisation: `/rest/v1/* org_id`, `/files/{organisation}/**`.

use http::Uri;

use super::filter;

const PLACE: &str = "{organisation}";

/// A pattern of paths, and the column whose filters name an organisation there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    path: Vec<Part>,
    column: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// This word.
    Word(String),
    /// Any one word: `*`.
    Any,
    /// All that follows, even nothing: `**`.
    Rest,
    /// The organisation itself.
    Organisation,
}

impl Rule {
    /// Parses a rule.
    ///
    /// # Errors
    /// With a sentence about what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let path = words.next().filter(|path| path.starts_with('/')).ok_or_else(|| {
            format!("must be a path and perhaps a column, such as /rest/v1/* org_id, not {text:?}")
        })?;
        let column = words.next().map(str::to_owned);
        if let Some(surplus) = words.next() {
            return Err(format!("has {surplus:?} too many"));
        }
        let parts: Vec<Part> = segments(path).map(|segment| part(&segment)).collect();
        let rest = parts.iter().position(|part| *part == Part::Rest);
        if rest.is_some_and(|place| place + 1 != parts.len()) {
            return Err("may have ** only at the end".to_owned());
        }
        if column.is_none() && !parts.contains(&Part::Organisation) {
            return Err(format!("{path} says neither {PLACE} nor a column"));
        }
        Ok(Self { path: parts, column })
    }

    /// Adds the organisations that a request names by this rule.
    pub(super) fn named(&self, uri: &Uri, into: &mut Vec<String>) {
        let segments: Vec<String> = segments(uri.path()).collect();
        let Some(found) = self.matched(&segments) else {
            return;
        };
        into.extend(found);
        if let Some(column) = &self.column {
            filter::named(uri.query().unwrap_or_default(), column, into);
        }
    }

    /// The organisations in a path that fits.
    fn matched(&self, segments: &[String]) -> Option<Vec<String>> {
        let mut found = Vec::new();
        let mut at = 0;
        for part in &self.path {
            if *part == Part::Rest {
                return Some(found);
            }
            let segment = segments.get(at)?;
            match part {
                Part::Word(word) if word == segment => {}
                Part::Word(_) => return None,
                Part::Organisation => found.push(segment.clone()),
                Part::Any | Part::Rest => {}
            }
            at += 1;
        }
        (at == segments.len()).then_some(found)
    }
}

fn part(segment: &str) -> Part {
    match segment {
        "*" => Part::Any,
        "**" => Part::Rest,
        PLACE => Part::Organisation,
        word => Part::Word(word.to_owned()),
    }
}

/// The words of a path as a service reads them: decoded, and without the empty ones.
fn segments(path: &str) -> impl Iterator<Item = String> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(filter::decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(rule: &str, uri: &str) -> Vec<String> {
        let mut named = Vec::new();
        Rule::parse(rule)
            .unwrap()
            .named(&uri.parse().unwrap(), &mut named);
        named
    }

    #[test]
    fn a_place_in_the_path_names_an_organisation() {
        assert_eq!(named("/orgs/{organisation}/**", "/orgs/red/users/7"), ["red"]);
        assert_eq!(named("/orgs/{organisation}/**", "/orgs/red"), ["red"]);
        assert_eq!(named("/orgs/{organisation}", "/orgs/red/users"), [] as [&str; 0]);
        assert_eq!(named("/orgs/{organisation}/**", "/orgs"), [] as [&str; 0]);
        assert_eq!(named("/*/{organisation}", "/x/y"), ["y"]);
    }

    #[test]
    fn other_spellings_of_a_path_are_the_same_path() {
        for spelling in ["/%6frgs/red", "//orgs//red/", "/orgs/%72ed"] {
            assert_eq!(named("/orgs/{organisation}", spelling), ["red"], "{spelling}");
        }
    }

    #[test]
    fn nonsense_is_no_rule() {
        for text in [
            "",
            "rest org_id",
            "/rest/v1/*",
            "/a/**/b org_id",
            "/a org_id surplus",
        ] {
            assert!(Rule::parse(text).is_err(), "{text}");
        }
    }
}
