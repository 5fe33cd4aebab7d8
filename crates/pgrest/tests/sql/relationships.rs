//! The relationships that a catalogue implies.

use seawall_pgrest::ident::Qualified;
use seawall_pgrest::schema::{Catalogue, Link, Relationship, SchemaCache};
use serde_json::{Value, json};

use crate::subject::{Sent, cache};

fn catalogue_json() -> Value {
    serde_json::from_str(include_str!("catalogue.json")).expect("the catalogue is JSON")
}

fn cache_of(catalogue: Value) -> SchemaCache {
    let catalogue: Catalogue = serde_json::from_value(catalogue).expect("a catalogue");
    SchemaCache::new(catalogue, &["api".to_owned()])
}

fn between<'a>(cache: &'a SchemaCache, table: &str, foreign: &str) -> Vec<&'a Relationship> {
    let table = Qualified::new("api", table);
    let all = cache.relationships(&table).unwrap_or_default();
    all.iter()
        .filter(|rel| rel.foreign_table.name == foreign)
        .collect()
}

fn push(catalogue: &mut Value, part: &str, row: Value) {
    catalogue[part].as_array_mut().expect("a list").push(row);
}

#[test]
fn a_key_is_seen_from_both_sides() {
    let cache = cache();
    assert!(matches!(between(cache, "films", "directors").as_slice(), [only] if only.is_to_one()));
    let back = between(cache, "directors", "films");
    assert!(back.iter().any(|rel| matches!(&rel.link, Link::OneToMany(key) if key.columns == [("id".to_owned(), "director_id".to_owned())])));
}

#[test]
fn a_unique_key_is_one_to_one_both_ways() {
    let cache = cache();
    for (table, foreign) in [("films", "posters"), ("posters", "films")] {
        let found = between(cache, table, foreign);
        assert!(matches!(found.as_slice(), [only] if matches!(only.link, Link::OneToOne { .. })));
    }
}

#[test]
fn two_keys_in_a_primary_key_make_a_junction() {
    let cache = cache();
    let found = between(cache, "films", "actors");
    assert!(
        matches!(found.as_slice(), [only] if matches!(&only.link, Link::ManyToMany(junction) if junction.table.name == "roles"))
    );
}

#[test]
fn a_view_has_the_keys_of_the_table_behind_it() {
    let cache = cache();
    let view = cache
        .table(&Qualified::new("api", "public_films"))
        .expect("the view");
    assert_eq!(view.primary_key, ["film"]);
    assert_eq!(between(cache, "public_films", "directors").len(), 1);
    assert_eq!(between(cache, "directors", "public_films").len(), 1);
    assert_eq!(between(cache, "public_films", "actors").len(), 1);
}

#[test]
fn a_view_of_a_view_has_them_too() {
    let mut catalogue = catalogue_json();
    push(
        &mut catalogue,
        "tables",
        json!({ "schema": "api", "name": "outer_films", "is_view": true }),
    );
    push(
        &mut catalogue,
        "views",
        json!({ "oid": 8, "name": { "schema": "api", "name": "outer_films" }, "columns": { "1": "it" },
            "rule": "({QUERY :targetList ({TARGETENTRY :resno 1 :resorigtbl 7 :resorigcol 1})})" }),
    );
    let cache = cache_of(catalogue);
    let view = cache
        .table(&Qualified::new("api", "outer_films"))
        .expect("the view");
    assert_eq!(view.primary_key, ["it"]);
    assert_eq!(between(&cache, "outer_films", "posters").len(), 1);
}

#[test]
fn views_that_show_each_other_end() {
    let mut catalogue = catalogue_json();
    for (oid, other) in [(21, 22), (22, 21)] {
        push(
            &mut catalogue,
            "views",
            json!({ "oid": oid, "name": { "schema": "api", "name": format!("loop_{oid}") }, "columns": { "1": "x" },
                "rule": format!("({{QUERY :targetList ({{TARGETENTRY :resno 1 :resorigtbl {other} :resorigcol 1}})}})") }),
        );
    }
    assert!(
        cache_of(catalogue)
            .table(&Qualified::new("api", "films"))
            .is_some()
    );
}

#[test]
fn a_written_relationship_replaces_the_detected_one() {
    let mut catalogue = catalogue_json();
    push(
        &mut catalogue,
        "computed",
        json!({ "function": { "schema": "api", "name": "directors" }, "table": { "schema": "api", "name": "films" },
            "foreign_table": { "schema": "api", "name": "directors" }, "to_one": true }),
    );
    let cache = cache_of(catalogue);
    let found = between(&cache, "films", "directors");
    assert!(matches!(found.as_slice(), [only] if matches!(only.link, Link::Computed { .. })));
}

#[test]
fn a_hidden_junction_relates_nothing() {
    let mut catalogue = catalogue_json();
    let text = catalogue["constraints"].to_string().replace(
        r#""name":"roles","schema":"api""#,
        r#""name":"roles","schema":"hidden""#,
    );
    catalogue["constraints"] = serde_json::from_str(&text).expect("JSON still");
    let cache = cache_of(catalogue);
    assert!(between(&cache, "films", "actors").is_empty());
    assert!(cache.relationships(&Qualified::new("api", "actors")).is_some());
}

#[test]
fn an_aliased_embed_still_answers_to_its_relation_but_is_told() {
    let plan = |target: &str| Sent::get(target).plan(cache()).expect("a plan").1;
    let by_relation = plan("/directors?select=made:films(title)&films.year=gt.2000");
    assert_eq!(by_relation.misnamed_embeds(), [("films", "made")]);
    let by_alias = plan("/directors?select=made:films(title)&made.year=gt.2000");
    assert!(by_alias.misnamed_embeds().is_empty());
}
