//! What the text of a function, a view or a policy gives away.

/// What was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// SQL is built at run time, or the language is not SQL.
    pub(super) opaque: bool,
    /// Claims are looked at.
    pub(super) claims: bool,
    /// The request's headers or cookies are looked at.
    pub(super) request: bool,
    /// Triggers may be switched off, or what they reported wiped out.
    pub(super) silences: bool,
}

impl Seen {
    pub(super) fn add(&mut self, other: Self) {
        self.opaque |= other.opaque;
        self.claims |= other.claims;
        self.request |= other.request;
        self.silences |= other.silences;
    }
}

/// Words of what switches triggers off, or resets settings in the middle of a transaction.
const SILENCING: [&str; 4] = ["alter", "discard", "reset", "seawall"];

/// Looks at a text in that language. Machine code has no text and is taken to touch no table.
pub(super) fn look(language: &str, body: &str) -> Seen {
    let text = body.to_lowercase();
    let has = |needles: &[&str]| needles.iter().any(|needle| text.contains(needle));
    let hidden = hides_a_setting(&text);
    let opaque = match language {
        "internal" | "c" => false,
        "sql" => has(&["query_to_xml", "dblink"]),
        "plpgsql" => words(body).any(|word| word == "execute") || has(&["query_to_xml", "dblink"]),
        _ => true,
    };
    let foreign = !matches!(language, "internal" | "c" | "sql" | "plpgsql");
    Seen {
        opaque,
        claims: hidden || foreign || has(&["request.jwt"]),
        request: hidden || foreign || has(&["request.header", "request.cookie"]),
        silences: foreign || opaque || words(body).any(|word| SILENCING.contains(&word.as_str())),
    }
}

/// Whether a setting is read whose name is not written there.
fn hides_a_setting(text: &str) -> bool {
    let mut calls = text.split("current_setting").skip(1);
    calls.any(|after| {
        let argument = after.trim_start().strip_prefix('(').unwrap_or(after).trim_start();
        let named = argument.strip_prefix('\'').is_some_and(|rest| {
            let (_, after) = rest.split_once('\'').unwrap_or((rest, ""));
            matches!(after.trim_start().chars().next(), Some(',' | ')' | ':'))
        });
        !named
    })
}

/// Whether an expression reads rows of the relation of that name, rather than columns of the row it is about: there
/// the name is followed by a point.
pub(super) fn reads_from(expression: &str, relation: &str) -> bool {
    let is_part = |char: char| char.is_alphanumeric() || char == '_' || char == '$';
    // Such a name stands there with its quotes doubled.
    if relation.contains('"') {
        return true;
    }
    expression.match_indices(relation).any(|(at, _)| {
        let (before, after) = (expression.get(..at), expression.get(at + relation.len()..));
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        let whole = !before.ends_with(is_part) && !after.starts_with(is_part);
        whole && !after.strip_prefix('"').unwrap_or(after).starts_with('.')
    })
}

/// The words of a text, in lower case: names are among them, quoted or not.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|char: char| !(char.is_alphanumeric() || char == '_' || char == '$'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_headers_and_dynamic_sql_are_seen() {
        let jwt = "select current_setting('request.jwt.claims', true)::jsonb ->> 'sub'";
        assert_eq!(
            look("sql", jwt),
            Seen {
                claims: true,
                ..Seen::default()
            }
        );
        assert!(look("sql", "select current_setting('request.headers', true)").request);
        assert!(look("plpgsql", "begin EXECUTE format('delete from %I', t); end").opaque);
        assert!(!look("sql", "select executed_at from runs").opaque);
        assert_eq!(look("sql", "select 1"), Seen::default());
    }

    #[test]
    fn a_setting_whose_name_is_made_up_may_be_any() {
        for hiding in [
            "select current_setting('request.' || part)",
            "select current_setting(name)",
            "select pg_catalog.current_setting ( 'a' || b, true)",
        ] {
            assert!(
                look("sql", hiding).claims && look("sql", hiding).request,
                "{hiding}"
            );
        }
        assert!(!look("sql", "(tenant = current_setting('app.tenant'::text, true))").claims);
    }

    #[test]
    fn a_relation_that_is_read_is_told_from_its_columns() {
        let own = "(EXISTS ( SELECT FROM memberships m WHERE (m.room_id = messages.room_id)))";
        assert!(reads_from(own, "memberships") && !reads_from(own, "messages"));
        for reading in [
            "( SELECT FROM messages messages_1)",
            "(x IN ( SELECT FROM public.\"messages\"))",
        ] {
            assert!(reads_from(reading, "messages"), "{reading}");
        }
        assert!(!reads_from(
            "( SELECT FROM old_messages WHERE \"messages\".id = 1)",
            "messages"
        ));
    }

    #[test]
    fn what_switches_triggers_off_is_seen() {
        let silences = |body| look("plpgsql", body).silences;
        assert!(silences("begin alter table messages disable trigger all; end"));
        assert!(silences("begin reset all; end"));
        assert!(!silences("begin insert into messages select 1; end"));
    }

    #[test]
    fn another_language_may_do_anything() {
        let seen = look("plpython3u", "return 1");
        assert!(seen.opaque && seen.claims && seen.request);
    }

    #[test]
    fn quoted_names_are_words_too() {
        let found: Vec<String> =
            words("insert into public.\"Messages\"(body) select m.body from messages m").collect();
        assert!(found.iter().filter(|word| *word == "messages").count() == 2);
    }
}
