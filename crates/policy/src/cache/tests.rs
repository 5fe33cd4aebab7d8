use super::admit::{Part, Reply, judge, part};
use super::depend::{Relations, resource};
use super::evict::{Amount, Limits};
use super::freshness::{Age, Directives, Lifetimes};
use super::invalidate::{Marks, SLOTS, Target, is_like, slots_of};
use super::key::{Identity, canonical};
use super::lookup::{Mode, rescues};
use crate::class::{self, Category, Service};
use crate::time::{Span, UnixTime};

fn tables(query: &str) -> Vec<String> {
    Relations::default().tables_read("/rest/v1/messages", query)
}

fn sorted_tables(query: &str) -> Vec<String> {
    let mut found = tables(query);
    found.sort();
    found
}

fn key(method: &str, url: &str, headers: &[(&str, &str)], identity: &Identity<'_>) -> String {
    canonical(method, url, true, headers.iter().copied(), identity)
}

#[test]
fn a_plain_read_depends_on_its_table() {
    assert_eq!(sorted_tables("select=*&id=eq.1"), ["messages"]);
    assert_eq!(sorted_tables(""), ["messages"]);
}

#[test]
fn an_answer_depends_on_what_is_embedded_at_any_depth() {
    assert_eq!(
        sorted_tables("select=*,rooms(name,owner:people(*))"),
        ["messages", "people", "rooms"]
    );
    assert_eq!(
        sorted_tables("select=body,...rooms(room:name)"),
        ["messages", "rooms"]
    );
    assert_eq!(
        sorted_tables("select=*,author:profiles!inner(name)"),
        ["messages", "profiles"]
    );
    assert_eq!(
        sorted_tables("select=*,actors!roles!left(name)"),
        ["actors", "messages", "roles"]
    );
    assert_eq!(
        sorted_tables("select=id,data->a->>b,total::text,rooms()"),
        ["messages", "rooms"]
    );
}

#[test]
fn names_are_read_through_escapes_and_quotes() {
    assert_eq!(
        sorted_tables("select=%2A%2Crooms%28name%29"),
        ["messages", "rooms"]
    );
    assert_eq!(
        sorted_tables("select=*,\"odd, (name)\"(id)"),
        ["messages", "odd, (name)"]
    );
    assert_eq!(sorted_tables("select=*,\"a\\\"b\"(id)"), ["a\"b", "messages"]);
}

#[test]
fn a_select_that_is_cut_off_does_no_harm() {
    for query in [
        "select=((((",
        "select=\"",
        "select=%",
        "select=%2",
        "select=a!(",
        "select=\\",
        "select=)",
    ] {
        assert!(tables(query).contains(&"messages".to_owned()), "{query}");
    }
}

#[test]
fn relations_are_followed_both_ways_and_in_circles() {
    let mut relations = Relations::default();
    relations.reads("messages", "rooms");
    relations.reads("rooms", "messages");
    relations.writes("rpc/close_room", "rooms");
    relations.writes("rooms", "messages");
    assert_eq!(
        relations.tables_read("/rest/v1/messages", ""),
        ["messages", "rooms"]
    );
    assert_eq!(
        relations.tables_written("/rest/v1/rpc/close_room"),
        ["rpc/close_room", "rooms", "messages"]
    );
}

#[test]
fn a_resource_is_the_name_behind_a_path() {
    assert_eq!(resource("/rest/v1/messages"), "messages");
    assert_eq!(resource("/messages"), "messages");
    assert_eq!(resource("/rest/v1/rpc/top"), "rpc/top");
    assert_eq!(resource("/rest/v1/odd%20name"), "odd name");
}

#[test]
fn the_order_of_parameters_makes_no_other_key_but_that_of_repetitions_does() {
    let nobody = Identity::default();
    let one = key("GET", "/rest/v1/t?select=*&id=gt.1&id=lt.9", &[], &nobody);
    assert_eq!(
        one,
        key("GET", "/rest/v1/t?id=gt.1&select=*&id=lt.9#there", &[], &nobody)
    );
    assert_ne!(
        one,
        key("GET", "/rest/v1/t?id=lt.9&select=*&id=gt.1", &[], &nobody)
    );
    assert_ne!(
        one,
        key("HEAD", "/rest/v1/t?select=*&id=gt.1&id=lt.9", &[], &nobody)
    );
}

#[test]
fn headers_that_change_the_answer_make_another_key() {
    let nobody = Identity::default();
    let plain = key("GET", "/rest/v1/t", &[("Accept", "application/json")], &nobody);
    for (name, value) in [
        ("accept", "application/vnd.pgrst.object+json"),
        ("accept-profile", "private"),
        ("prefer", "count=exact"),
        ("range", "0-9"),
        ("range-unit", "items"),
        ("accept-language", "de"),
        ("x-tenant", "b"),
    ] {
        assert_ne!(
            plain,
            key("GET", "/rest/v1/t", &[(name, value)], &nobody),
            "{name}"
        );
    }
    let dressed = [
        ("X-Client-Info", "a"),
        ("accept", "application/json "),
        ("x-retry-count", "2"),
    ];
    assert_eq!(plain, key("GET", "/rest/v1/t", &dressed, &nobody));
}

#[test]
fn who_asks_makes_another_key() {
    let one = |subject, claims, api_key| {
        key(
            "GET",
            "/t",
            &[],
            &Identity {
                subject,
                claims,
                api_key,
            },
        )
    };
    let keys = [
        one("a", "", ""),
        one("", "a", ""),
        one("", "", "a"),
        one("", "", ""),
        one("ab", "", ""),
        one("a", "b", ""),
    ];
    for (index, key) in keys.iter().enumerate() {
        assert_eq!(keys.iter().position(|other| other == key), Some(index));
    }
}

#[test]
fn auth_is_never_kept_although_asked_for() {
    let sort = |method, path| part(&class::Target::of(method, path), method, true);
    assert_eq!(sort("GET", "/auth/v1/user"), Part::Bystander);
    assert_eq!(sort("POST", "/auth/v1/logout"), Part::Bystander);
    assert_eq!(sort("GET", "/rest/v1/t"), Part::Read);
    assert_eq!(sort("GET", "/rest/v1/rpc/top"), Part::Read);
}

#[test]
fn what_nobody_asked_to_keep_passes_by() {
    let sort = |method, path, kept| part(&class::Target::of(method, path), method, kept);
    assert_eq!(sort("HEAD", "/rest/v1/t", true), Part::Read);
    assert_eq!(sort("GET", "/rest/v1/rpc/top", false), Part::Bystander);
    assert_eq!(sort("POST", "/rest/v1/rpc/top", true), Part::Write);
    assert_eq!(sort("PATCH", "/rest/v1/t", false), Part::Write);
    assert_eq!(sort("GET", "/storage/v1/object/a/b", false), Part::Bystander);
}

#[test]
fn an_answer_is_kept_only_when_it_is_whole_and_may_be() {
    let reply = |status, code, control: &str| {
        judge(
            Service::Rest,
            status,
            code,
            &Directives::parse(control),
            "",
            false,
        )
    };
    assert_eq!(reply(200, None, ""), Reply::Keep);
    assert_eq!(reply(206, None, "private, max-age=1"), Reply::Keep);
    assert_eq!(reply(200, None, "No-Store"), Reply::Discard);
    assert_eq!(reply(204, None, ""), Reply::Pass);
    assert_eq!(reply(304, None, ""), Reply::Pass);
    assert_eq!(reply(401, None, ""), Reply::Discard);
    assert_eq!(reply(406, Some("PGRST116"), ""), Reply::Discard);
    assert_eq!(reply(503, None, ""), Reply::Failed(Category::Server));
    assert_eq!(reply(429, None, ""), Reply::Failed(Category::RateLimited));
    assert_eq!(
        reply(500, Some("42P17"), ""),
        Reply::Pass,
        "a mistake in a policy is not an outage"
    );
}

#[test]
fn ages_follow_each_other() {
    let lifetimes = Lifetimes {
        fresh: Span::from_secs(1),
        stale: Span::from_secs(2),
        kept: Span::from_secs(9),
    };
    let stored = UnixTime::from_millis(10_000);
    let age = |millis| lifetimes.judge(stored, UnixTime::from_millis(millis));
    assert_eq!(
        [age(10_000), age(10_999), age(11_000)],
        [Age::Fresh, Age::Fresh, Age::Stale]
    );
    assert_eq!(
        [age(12_999), age(13_000), age(19_000)],
        [Age::Stale, Age::LastKnown, Age::Gone]
    );
    assert_eq!(age(9_999), Age::LastKnown, "a clock set back makes nothing fresh");
}

#[test]
fn the_servers_word_only_shortens() {
    let within = |header: &str| Lifetimes::default().within(&Directives::parse(header));
    assert_eq!(within("max-age=5").fresh, Span::from_secs(5));
    assert_eq!(within("max-age=500").fresh, Lifetimes::default().fresh);
    assert_eq!(within("no-cache").fresh, Span::ZERO);
    let strict = within("max-age=5, must-revalidate");
    assert_eq!(
        strict.judge(UnixTime::from_millis(0), UnixTime::from_millis(5_000)),
        Age::Gone
    );
}

#[test]
fn the_last_known_answer_rescues_from_outages_alone() {
    assert!(rescues(Age::LastKnown, Mode::Default, Category::CircuitOpen));
    assert!(rescues(Age::Stale, Mode::Default, Category::Timeout));
    assert!(!rescues(Age::Gone, Mode::Default, Category::Offline));
    assert!(!rescues(Age::Fresh, Mode::Default, Category::Permission));
    assert!(!rescues(Age::Fresh, Mode::Default, Category::Aborted));
    assert!(!rescues(Age::Fresh, Mode::Reload, Category::Network));
}

#[test]
fn patterns_look_at_path_and_query() {
    let path = "/rest/v1/messages?room=eq.5&select=%2A";
    for pattern in [
        "*",
        "/rest/v1/messages*",
        "*room=eq.5*",
        "/rest/*/messages?*select=*",
        path,
        "*select=*",
    ] {
        assert!(is_like(pattern, path), "{pattern}");
    }
    for pattern in ["", "/rest/v1/messages", "*room=eq.6*", "rest*", "*select"] {
        assert!(!is_like(pattern, path), "{pattern}");
    }
}

#[test]
fn marks_that_are_damaged_are_none() {
    let mut marks = Marks::default();
    marks.mark(&Target::Table("t".to_owned()));
    let numbers = marks.to_numbers();
    assert_eq!(Marks::from_numbers(&numbers), Some(marks));
    assert_eq!(Marks::from_numbers(&[]), None);
    assert_eq!(Marks::from_numbers(&[1, 2, 3]), None);
    let from_the_future: Vec<u32> = numbers
        .iter()
        .enumerate()
        .map(|(index, at)| if index == 9 { 7 } else { *at })
        .collect();
    assert_eq!(Marks::from_numbers(&from_the_future), None);
}

#[test]
fn slots_of_an_answer_are_within_the_marks() {
    let tables: Vec<String> = (0..500).map(|index| format!("table {index}")).collect();
    let slots = slots_of("k", "u", &tables, &[]);
    assert!(slots.iter().all(|slot| usize::from(*slot) < SLOTS));
    assert!(
        slots.iter().skip(1).all(|slot| *slot > 0),
        "the first is for everything"
    );
}

#[test]
fn a_tenth_more_goes_than_must() {
    let total = Amount {
        entries: 100,
        bytes: 1_000,
    };
    let limits = Limits { total, largest: 600 };
    let excess = |entries, bytes| limits.excess(Amount { entries, bytes });
    assert_eq!(excess(100, 1_000), Amount::default());
    assert_eq!(
        excess(101, 10),
        Amount {
            entries: 11,
            bytes: 0
        }
    );
    assert_eq!(
        excess(50, 1_001),
        Amount {
            entries: 0,
            bytes: 101
        }
    );
    assert!(limits.admit(600) && !limits.admit(601));
}
