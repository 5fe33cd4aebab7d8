use super::*;
use crate::breaker::{Mode, Share};
use crate::class::Class;
use crate::class::Service;
use crate::error::ConfigError;
use crate::time::Span;

fn refusal(settings: &[(&str, f64)]) -> String {
    let mut draft = PolicyDraft::default();
    for (path, number) in settings {
        if let Err(error) = draft.set(path, Value::Number(*number)) {
            return error.to_string();
        }
    }
    draft.finish().unwrap_err().to_string()
}

fn policy(settings: &[(&str, f64)]) -> Policy {
    let mut draft = PolicyDraft::default();
    for (path, number) in settings {
        draft.set(path, Value::Number(*number)).unwrap();
    }
    draft.finish().unwrap()
}

#[test]
fn the_defaults_are_those_that_are_promised() {
    let policy = Policy::default();
    let rules = policy.service(Service::Rest);
    assert_eq!(
        *rules.breaker.settings(),
        crate::breaker::BreakerSettings::default()
    );
    assert_eq!(rules.call(Class::Reads).timeout, Span::from_secs(10));
    let limits: Vec<u32> = Class::ALL
        .iter()
        .map(|class| rules.quota(*class).limit())
        .collect();
    assert_eq!(limits, [100, 30, 20, 10]);
    assert!(
        Class::ALL
            .iter()
            .all(|class| rules.quota(*class).window() == Span::from_secs(60))
    );
    assert_eq!(policy.per_address().limit(), 1_000);
}

#[test]
fn every_default_lies_within_its_own_bounds() {
    for setting in SETTINGS {
        let inside = setting.default >= setting.min && setting.default <= setting.max;
        assert!(inside, "{}", setting.path);
        let slots = if let Kind::Choice(words) = setting.kind {
            words.len() as f64 - 1.0
        } else {
            setting.max
        };
        assert!((slots - setting.max).abs() < 0.5, "{}", setting.path);
    }
}

#[test]
fn at_the_ends_of_their_bounds_settings_contradict_only_each_other() {
    for (setting, key) in SETTINGS.iter().zip(0..) {
        for number in [setting.min, setting.max] {
            let mut numbers: Vec<f64> = SETTINGS.iter().map(|other| other.default).collect();
            numbers[key] = number;
            let contradiction = Rules::try_new(&numbers, false).err();
            let is_expected = contradiction.is_none_or(ConfigError::is_between_settings);
            assert!(is_expected, "{}: {contradiction:?}", setting.path);
        }
    }
}

#[test]
fn errors_name_the_setting_its_bounds_and_the_value() {
    let cases: &[(&[(&str, f64)], &str)] = &[
        (
            &[("breaker.failureThreshold", -1.0)],
            "breaker.failureThreshold must be from 0 to 1000, not -1",
        ),
        (
            &[("timeout", 1e9)],
            "timeout must be from 0 to 600000 ms, not 1000000000",
        ),
        (&[("timeout", 0.5)], "timeout must be a whole number, not 0.5"),
        (
            &[("timeout", f64::NAN)],
            "timeout must be from 0 to 600000 ms, not NaN",
        ),
        (
            &[("breaker.jitter", 1.01)],
            "breaker.jitter must be from 0 to 1, not 1.01",
        ),
        (
            &[("brekaer.jitter", 1.0)],
            "brekaer.jitter is not a setting; did you mean breaker.jitter?",
        ),
        (&[("nonsense", 1.0)], "nonsense is not a setting"),
        (
            &[("services.mail.timeout", 1.0)],
            "services.mail is not a service; there are rest, rpc, auth, storage and functions",
        ),
        (
            &[("endpoints.messages.timeout", 1.0)],
            "endpoints.messages is not an endpoint; an endpoint is a path such as \"/rest/v1/messages\"",
        ),
        (
            &[("services.rest.limits.ip.limit", 1.0)],
            "services.rest.limits.ip.limit cannot be set for a service",
        ),
        (
            &[("breaker.mode", 1.0)],
            "breaker.mode must be one of active, metricsOnly, disabled, not 1",
        ),
    ];
    for (settings, expected) in cases {
        assert_eq!(refusal(settings), *expected);
    }
}

#[test]
fn contradictions_are_found_at_the_end_and_name_their_place() {
    assert_eq!(
        refusal(&[
            ("breaker.resetTimeout", 5_000.0),
            ("breaker.maxResetTimeout", 1_000.0)
        ]),
        "breaker.maxResetTimeout must be at least resetTimeout"
    );
    assert_eq!(
        refusal(&[("services.auth.retry.maxDelay", 10.0)]),
        "services.auth.retry.maxDelay must be at least baseDelay"
    );
}

#[test]
fn a_ceiling_follows_a_floor_that_stands_alone() {
    let policy = policy(&[
        ("breaker.resetTimeout", 600_000.0),
        ("services.rpc.breaker.resetTimeout", 900_000.0),
    ]);
    let ceiling = |service| policy.service(service).breaker.settings().max_reset_timeout;
    assert_eq!(ceiling(Service::Rest), Span::from_secs(600));
    assert_eq!(ceiling(Service::Rpc), Span::from_secs(900));
}

#[test]
fn the_nearest_word_wins() {
    let policy = policy(&[
        ("timeout", 1.0),
        ("services.rest.timeout", 2.0),
        ("endpoints.\"/rest/v1/slow\".timeout", 3.0),
        ("services.rest.timeouts.writes", 4.0),
    ]);
    let timeout =
        |service, endpoint: &str, class| policy.rules(service, endpoint).call(class).timeout.as_millis();
    assert_eq!(timeout(Service::Auth, "/auth/v1/token", Class::Auth), 1);
    assert_eq!(timeout(Service::Rest, "/rest/v1/messages", Class::Reads), 2);
    assert_eq!(timeout(Service::Rest, "/rest/v1/slow", Class::Reads), 3);
    assert_eq!(timeout(Service::Rest, "/rest/v1/slow", Class::Writes), 4);
}

#[test]
fn only_an_endpoint_with_breaker_settings_has_its_own() {
    let policy = policy(&[
        ("endpoints.\"/rest/v1/a\".breaker.failureThreshold", 3.0),
        ("endpoints.\"/rest/v1/b\".timeout", 3.0),
    ]);
    assert!(policy.rules(Service::Rest, "/rest/v1/a").own_breaker);
    assert!(!policy.rules(Service::Rest, "/rest/v1/b").own_breaker);
    assert!(!policy.service(Service::Rest).own_breaker);
}

#[test]
fn a_second_value_replaces_the_first() {
    let policy = policy(&[("breaker.failureRate", 0.1), ("breaker.failure_rate", 0.9)]);
    assert_eq!(
        policy.service(Service::Rest).breaker.settings().failure_rate,
        Share::from_percent(90)
    );
}

#[test]
fn modes_are_words() {
    let mut draft = PolicyDraft::default();
    draft
        .set("services.storage.breaker.mode", Value::Text("metricsOnly"))
        .unwrap();
    let policy = draft.finish().unwrap();
    assert_eq!(
        policy.service(Service::Storage).breaker.settings().mode,
        Mode::MetricsOnly
    );
    assert_eq!(
        policy.service(Service::Rest).breaker.settings().mode,
        Mode::Active
    );
}

#[cfg(feature = "document")]
mod document {
    use super::values::Values;
    use super::*;
    use crate::class::Service;
    use crate::policy::document::json_schema;

    const TOML: &str = r#"
        timeout = 2_000
        [breaker]
        failure_threshold = 3
        mode = "metricsOnly"
        [services.auth.limits.auth]
        limit = 5
        [endpoints."/rest/v1/messages".breaker]
        reset_timeout = 1_000
    "#;

    const JSON: &str = r#"{
        "$schema": "https://example.test/policy.json",
        "version": 1,
        "timeout": 2000,
        "breaker": { "failureThreshold": 3, "mode": "metricsOnly" },
        "services": { "auth": { "limits": { "auth": { "limit": 5 } } } },
        "endpoints": { "/rest/v1/messages": { "breaker": { "resetTimeout": 1000 } } }
    }"#;

    #[test]
    fn json_and_toml_say_the_same() {
        let (json, toml) = (Policy::from_json(JSON).unwrap(), Policy::from_toml(TOML).unwrap());
        assert_eq!(json.to_json(), toml.to_json());
        assert_eq!(json.service(Service::Auth).quota(Class::Auth).limit(), 5);
        assert!(json.rules(Service::Rest, "/rest/v1/messages").own_breaker);
    }

    #[test]
    fn what_is_printed_is_complete_and_reads_back() {
        let printed = Policy::from_json(JSON).unwrap().to_json_value();
        for setting in SETTINGS {
            let pointer = ["/", &setting.path.replace('.', "/")].concat();
            assert!(printed.pointer(&pointer).is_some(), "{pointer}");
        }
        let again = Policy::from_json(&printed.to_string()).unwrap();
        assert_eq!(again.to_json_value(), printed);
    }

    const CASES: &str = include_str!("../../tests/settings.txt");

    #[test]
    fn documents_come_to_what_is_written() {
        let mut cases = 0;
        for line in CASES.lines().filter(|line| line.starts_with('{')) {
            let (document, expected) = line.split_once(" => ").unwrap();
            let policy = Policy::from_json(document);
            match (expected.strip_prefix("refused "), policy) {
                (Some(message), Err(error)) => assert_eq!(error.to_string(), message, "{document}"),
                (None, Ok(policy)) => assert!(holds(&policy, expected), "{line}"),
                (_, found) => panic!("{line}\n   but: {found:?}"),
            }
            cases += 1;
        }
        assert!(cases > 50);
    }

    /// `SETTING at SERVICE ENDPOINT is NUMBER`
    fn holds(policy: &Policy, expected: &str) -> bool {
        let words: Vec<&str> = expected.split(' ').collect();
        let [path, "at", service, endpoint, "is", number] = words.as_slice() else {
            panic!("{expected}");
        };
        let service = Scope::Service(Service::from_name(service).unwrap());
        let place = [Scope::Document, service, Scope::Endpoint((*endpoint).to_owned())];
        let values = place.iter().fold(Values::default(), |outer, scope| {
            policy.draft.resolve(outer, scope)
        });
        let key = *Key::ALL.iter().find(|key| key.setting().path == *path).unwrap();
        values.number(key) == number.parse::<f64>().unwrap()
    }

    #[test]
    fn a_raised_ceiling_reads_back_too() {
        let policy =
            Policy::from_json(r#"{"services":{"rest":{"breaker":{"resetTimeout":900000}}}}"#).unwrap();
        let again = Policy::from_json(&policy.to_json()).unwrap();
        assert_eq!(again.services(), policy.services());
    }

    #[test]
    fn broken_documents_are_refused_with_the_reason() {
        let refused = |text: &str| Policy::from_json(text).unwrap_err().to_string();
        assert!(refused("{").starts_with("the policy document cannot be read: "));
        assert!(refused("[]").ends_with("it is not an object"));
        assert_eq!(
            refused(r#"{"timeout":null}"#),
            "timeout must be a number, not null"
        );
        assert_eq!(
            refused(r#"{"timeout":"10s"}"#),
            "timeout must be a number, not 10s"
        );
        assert_eq!(refused(r#"{"breaker":true}"#), "breaker is not a setting");
        assert_eq!(refused(r#"{"version":2}"#), "version must be from 1 to 1, not 2");
        assert!(Policy::from_toml("a = ").is_err());
    }

    #[test]
    fn the_schema_knows_every_setting() {
        let schema = json_schema();
        for setting in SETTINGS {
            let pointer = ["/properties/", &setting.path.replace('.', "/properties/")].concat();
            let leaf = schema.pointer(&pointer).unwrap();
            assert!(
                leaf["description"].as_str().unwrap().starts_with(setting.doc),
                "{pointer}"
            );
            assert!(!leaf["default"].is_null());
        }
        assert!(
            schema
                .pointer("/$defs/service/properties/limits/properties/ip")
                .is_none()
        );
        assert!(schema.pointer("/$defs/service/properties/version").is_none());
        assert!(
            schema
                .pointer("/$defs/endpoint/properties/retry/properties/budgetRatio")
                .is_none()
        );
        assert!(
            schema
                .pointer("/$defs/endpoint/properties/retry/properties/attempts")
                .is_some()
        );
    }
}
