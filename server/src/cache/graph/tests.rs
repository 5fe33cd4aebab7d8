//! The graph of a small harbour, with the traps that catalogues hold.

use super::*;

const ROOMS: Node = 1;
const MEMBERSHIPS: Node = 2;
const MESSAGES: Node = 3;
const SUMMARIES: Node = 4;
const NOTES: Node = 5;
const LOG: Node = 6;
const UID: Node = -1;
const NOTED: Node = -2;
const DYNAMIC: Node = -3;
const BY_HEADER: Node = -4;

fn graph(reads: &BTreeMap<String, Vec<String>>, writes: &BTreeMap<String, Vec<String>>) -> Graph {
    let table = |node, name: &str| (node, "public".to_owned(), name.to_owned());
    let function = |node, name: &str, language: &str, body: &str| {
        (
            node,
            "public".to_owned(),
            name.to_owned(),
            language.to_owned(),
            body.to_owned(),
        )
    };
    let rows = Rows {
        relations: vec![
            table(ROOMS, "rooms"),
            table(MEMBERSHIPS, "memberships"),
            table(MESSAGES, "messages"),
            table(SUMMARIES, "room_summaries"),
            table(NOTES, "notes"),
            table(LOG, "log"),
        ],
        functions: vec![
            function(
                UID,
                "uid",
                "sql",
                "select current_setting('request.jwt.claims', true)",
            ),
            function(
                NOTED,
                "noted",
                "plpgsql",
                "begin insert into Log values (1); return new; end",
            ),
            function(DYNAMIC, "dynamic", "plpgsql", "begin execute q; end"),
            function(
                BY_HEADER,
                "by_header",
                "sql",
                "select current_setting('request.headers')",
            ),
        ],
        expressions: vec![(NOTES, "by_header()".to_owned())],
        reads: vec![
            (ROOMS, MEMBERSHIPS),
            (MEMBERSHIPS, UID),
            (SUMMARIES, ROOMS),
            (SUMMARIES, MESSAGES),
            (NOTES, BY_HEADER),
        ],
        writes: vec![
            (ROOMS, MESSAGES),
            (MESSAGES, NOTED),
            (SUMMARIES, ROOMS),
            (NOTES, DYNAMIC),
        ],
        keys: Vec::new(),
        watched: Vec::new(),
    };
    Graph::new(
        rows,
        &Told {
            reads,
            writes,
            schema: "public",
        },
    )
}

fn plain() -> Graph {
    graph(&BTreeMap::new(), &BTreeMap::new())
}

fn public(name: &str) -> Qualified {
    Qualified::new("public", name)
}

fn names(reach: &Reach) -> Vec<&str> {
    reach.tables.iter().map(|table| table.name.as_str()).collect()
}

#[test]
fn an_answer_depends_on_what_policies_ask() {
    let graph = plain();
    let rooms = graph.read(&public("rooms"));
    assert_eq!(names(&rooms), ["memberships", "rooms"]);
    assert!(rooms.claims && !rooms.opaque && !rooms.request && !rooms.returns);
}

#[test]
fn a_view_depends_on_its_tables_and_their_policies() {
    let summaries = plain().read(&public("room_summaries"));
    assert_eq!(
        names(&summaries),
        ["memberships", "messages", "room_summaries", "rooms"]
    );
}

#[test]
fn a_write_reaches_cascades_and_what_triggers_write() {
    assert_eq!(
        names(&plain().written(&public("rooms"))),
        ["log", "messages", "rooms"]
    );
    assert_eq!(
        names(&plain().written(&public("room_summaries"))),
        ["log", "messages", "room_summaries", "rooms"]
    );
}

#[test]
fn dynamic_sql_may_touch_anything_until_somebody_tells() {
    assert!(plain().written(&public("notes")).opaque);
    let told = BTreeMap::from([("rpc/dynamic".to_owned(), vec!["log".to_owned()])]);
    let written = graph(&BTreeMap::new(), &told).written(&public("notes"));
    assert!(!written.opaque);
    assert_eq!(names(&written), ["log", "notes"]);
}

#[test]
fn what_looks_at_headers_is_known() {
    assert!(plain().read(&public("notes")).request);
}

#[test]
fn of_what_is_not_in_the_catalogue_anything_may_be_true() {
    let unknown = plain().read(&public("made_up"));
    assert!(unknown.opaque && unknown.claims && unknown.request);
    assert!(plain().called(&public("made_up"), true)[0].opaque);
}

#[test]
fn a_called_function_reads_what_its_text_names() {
    let told = BTreeMap::from([("rpc/uid".to_owned(), vec!["notes".to_owned()])]);
    let reach = graph(&told, &BTreeMap::new()).called(&public("uid"), false);
    assert_eq!(names(&reach[0]), ["notes"]);
}
