//! As much of Phoenix's channel protocol as says who speaks: the token of `phx_join` and `access_token`.
//!
//! Both serialisations are understood: an object, and since version 2 an array. Realtime also takes the token under
//! its old name, `user_token`, and believes that one first; of two that differ none is shown for the other.

use serde::Deserialize;

/// A message that brings a token, or takes it away.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bringing {
    /// Most messages.
    Nothing,
    /// The token the client speaks under from now on, in one of its channels.
    Token { topic: String, token: String },
    /// The channel is left, and whoever spoke there.
    Left(String),
    /// It cannot be told: nested or spelt so that two readers could disagree.
    Unclear,
}

#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    topic: Option<String>,
    event: String,
    #[serde(default)]
    payload: Payload,
}

#[derive(Deserialize, Default)]
#[serde(untagged)]
enum Payload {
    Token {
        access_token: Option<serde_json::Value>,
        user_token: Option<serde_json::Value>,
    },
    #[default]
    Other,
}

/// Looks for a token in a message of text.
pub(super) fn look(text: &str) -> Bringing {
    // Escapes could hide the words from a search; honest clients write plain ones.
    let words = ["access_token", "user_token", "phx_leave", "\\u"];
    let may_bring = words.iter().any(|word| text.contains(word));
    if !may_bring {
        return Bringing::Nothing;
    }
    let Some((topic, event, payload)) = parse(text) else {
        return Bringing::Unclear;
    };
    if event == "phx_leave" {
        return Bringing::Left(topic);
    }
    if event != "phx_join" && event != "access_token" {
        return Bringing::Nothing;
    }
    let Payload::Token {
        access_token,
        user_token,
    } = payload
    else {
        return Bringing::Nothing;
    };
    match (token(access_token), token(user_token)) {
        (None, None) => Bringing::Nothing,
        (Some(token), None) | (None, Some(token)) => Bringing::Token { topic, token },
        (Some(token), Some(same)) if token == same => Bringing::Token { topic, token },
        (Some(_), Some(_)) => Bringing::Unclear,
    }
}

fn token(value: Option<serde_json::Value>) -> Option<String> {
    let token = value?.as_str()?.to_owned();
    (!token.is_empty()).then_some(token)
}

fn parse(text: &str) -> Option<(String, String, Payload)> {
    if text.trim_start().starts_with('[') {
        // Reference of the join, reference, topic, event, payload.
        type Row = (
            serde::de::IgnoredAny,
            serde::de::IgnoredAny,
            Option<String>,
            String,
            Payload,
        );
        let (_, _, topic, event, payload) = serde_json::from_str::<Row>(text).ok()?;
        return Some((topic.unwrap_or_default(), event, payload));
    }
    let Object {
        topic,
        event,
        payload,
    } = serde_json::from_str(text).ok()?;
    Some((topic.unwrap_or_default(), event, payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_in(topic: &str, token: &str) -> Bringing {
        Bringing::Token {
            topic: topic.to_owned(),
            token: token.to_owned(),
        }
    }

    fn token(token: &str) -> Bringing {
        token_in("realtime:a", token)
    }

    #[test]
    fn both_serialisations_bring_tokens() {
        let object = r#"{"topic":"realtime:a","event":"phx_join","payload":{"config":{},"access_token":"a.b.c"},"ref":"1"}"#;
        assert_eq!(look(object), token("a.b.c"));
        assert_eq!(
            look(r#"["1","2","realtime:a","access_token",{"access_token":"x.y.z"}]"#),
            token("x.y.z")
        );
    }

    #[test]
    fn other_messages_bring_nothing() {
        assert_eq!(
            look(r#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}"#),
            Bringing::Nothing
        );
        let chat = r#"["1","2","realtime:a","broadcast",{"event":"say","payload":{"access_token":"mine"}}]"#;
        assert_eq!(look(chat), Bringing::Nothing);
        assert_eq!(
            look(r#"["1","2","a","access_token",{"access_token":null}]"#),
            Bringing::Nothing
        );
    }

    #[test]
    fn an_escaped_word_is_still_read() {
        let text = r#"["1","2","a","access\u005ftoken",{"access\u005ftoken":"x.y.z"}]"#;
        assert_eq!(look(text), token_in("a", "x.y.z"));
    }

    #[test]
    fn a_channel_that_is_left_is_named() {
        assert_eq!(
            look(r#"["1","2","a","phx_leave",{}]"#),
            Bringing::Left("a".to_owned())
        );
        let object = r#"{"topic":"a","event":"phx_leave","payload":{},"ref":"1"}"#;
        assert_eq!(look(object), Bringing::Left("a".to_owned()));
        let chat = r#"["1","2","a","broadcast",{"event":"phx_leave"}]"#;
        assert_eq!(look(chat), Bringing::Nothing);
    }

    #[test]
    fn a_token_under_its_old_name_is_seen_too() {
        let join = |payload: &str| look(&format!(r#"["1","1","realtime:a","phx_join",{payload}]"#));
        for payload in [
            r#"{"user_token":"x.y.z"}"#,
            r#"{"access_token":null,"user_token":"x.y.z"}"#,
            r#"{"user_token":"x.y.z","access_token":"x.y.z"}"#,
        ] {
            assert_eq!(join(payload), token("x.y.z"), "{payload}");
        }
    }

    #[test]
    fn of_two_tokens_none_is_shown_for_the_other() {
        let join = |payload: &str| look(&format!(r#"["1","1","realtime:a","phx_join",{payload}]"#));
        for payload in [
            r#"{"access_token":"a.b.c","user_token":"x.y.z"}"#,
            r#"{"access_token":"sb_publishable_a","user_token":"x.y.z"}"#,
            r#"{"user_token":"a.b.c","user_token":"x.y.z"}"#,
        ] {
            assert_eq!(join(payload), Bringing::Unclear, "{payload}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_passed_over() {
        assert_eq!(look(r#"{"event":"access_token","event":"x""#), Bringing::Unclear);
    }
}
