use super::*;

fn ask(url: &str) -> Ask<'_> {
    Ask {
        method: "GET",
        url,
        accept: Some("application/json"),
        prefer: None,
        has_range: false,
        is_marked: false,
    }
}

fn answer(body: &str, range: &str) -> Answer {
    Answer {
        body: body.as_bytes().to_vec(),
        range: Some(range.to_owned()),
    }
}

fn merged(url: &str, bodies: &[&str]) -> Option<String> {
    let answers: Vec<_> = bodies.iter().map(|body| answer(body, "0-0/*")).collect();
    let whole = Split::plan(&ask(url), 60)?.whole(&answers)?;
    Some(String::from_utf8(whole.body).unwrap())
}

#[test]
fn every_value_is_in_one_part_and_no_url_is_too_long() {
    let values: Vec<String> = (0..500)
        .map(|value| format!("\"name {value}, \\\"é\\\"\""))
        .collect();
    let url = format!("/rest/v1/t?select=a&b=gt.1&name=in.({})", values.join(","));
    let split = Split::plan(&ask(&url), 900).unwrap();
    let mut seen = Vec::new();
    for url in &split.urls {
        assert!(url.len() <= 900, "{}", url.len());
        assert!(url.starts_with("/rest/v1/t?select=a&b=gt.1&name=in.("));
        let query = Query::parse(url).unwrap();
        seen.extend(super::super::list::read(query.only("name").unwrap()).unwrap());
    }
    let mut expected: Vec<_> = (0..500).map(|value| format!("name {value}, \"é\"")).collect();
    expected.sort();
    seen.sort();
    assert_eq!(seen, expected);
}

#[test]
fn values_that_may_be_equal_stay_together() {
    let split = Split::plan(&ask("t?id=in.(5,06,7,05,5.0,6,5)"), 26).unwrap();
    assert_eq!(split.urls, ["t?id=in.(05,5,%225.0%22)", "t?id=in.(06,6,7)"]);
}

#[test]
fn rows_without_an_order_follow_each_other_as_written() {
    assert_eq!(
        merged(
            "t?id=in.(1,2)",
            &["[{\"id\":1.0}, \n {\"id\":3}]", "[]", "[{\"id\":2}]"]
        )
        .as_deref(),
        Some("[{\"id\":1.0}, \n {\"id\":3}, \n {\"id\":2}]")
    );
}

#[test]
fn rows_are_merged_in_the_order_asked_for() {
    let parts = [
        r#"[{"n":9,"t":"2026-01-01T00:00:00.5+00:00"},{"n":10,"t":"2026-01-01T00:00:00+00:00"},{"n":null,"t":null}]"#,
        r#"[{"n":-1.5,"t":null},{"n":10,"t":"2025-01-01T00:00:00+00:00"}]"#,
    ];
    assert_eq!(
        merged("t?id=in.(1,2)&order=n", &parts).as_deref(),
        Some(
            r#"[{"n":-1.5,"t":null},{"n":9,"t":"2026-01-01T00:00:00.5+00:00"},{"n":10,"t":"2026-01-01T00:00:00+00:00"},{"n":10,"t":"2025-01-01T00:00:00+00:00"},{"n":null,"t":null}]"#
        )
    );
    let parts = [
        r#"[{"t":null},{"t":"2026-01-02T00:00:00"},{"t":"2026-01-01T00:00:00.25"}]"#,
        r#"[{"t":"2026-01-01T00:00:00.3"}]"#,
    ];
    assert_eq!(
        merged("t?id=in.(1,2)&order=t.desc", &parts).as_deref(),
        Some(
            r#"[{"t":null},{"t":"2026-01-02T00:00:00"},{"t":"2026-01-01T00:00:00.3"},{"t":"2026-01-01T00:00:00.25"}]"#
        )
    );
}

#[test]
fn an_order_only_the_database_knows_is_not_guessed() {
    for parts in [
        [r#"[{"n":"a"}]"#, r#"[{"n":"B"}]"#],
        [r#"[{"n":1}]"#, r#"[{"n":"2026-01-01"}]"#],
        [
            r#"[{"n":"2026-01-01T00:00:00+01:00"}]"#,
            r#"[{"n":"2026-01-01T00:00:00+02:00"}]"#,
        ],
        [r#"[{"n":2},{"n":1}]"#, r#"[{"n":3}]"#],
        [r#"[{"m":2}]"#, r#"[{"n":3}]"#],
    ] {
        assert_eq!(merged("t?id=in.(1,2)&order=n", &parts), None, "{parts:?}");
    }
    for order in ["rel(n)", "n->a", "n.upwards", "\"n\""] {
        assert!(
            Split::plan(&ask(&format!("t?id=in.(1,2)&order={order}")), 60).is_none(),
            "{order}"
        );
    }
    assert!(Split::plan(&ask("t?id=in.(1,2)&select=id&order=n"), 60).is_none());
}

#[test]
fn counts_are_summed() {
    let split = Split::plan(
        &Ask {
            prefer: Some("count=exact"),
            ..ask("t?id=in.(1,2)")
        },
        60,
    )
    .unwrap();
    let whole = split
        .whole(&[
            answer("[{},{}]", "0-1/2"),
            answer("[]", "*/0"),
            answer("[{}]", "0-0/1"),
        ])
        .unwrap();
    assert_eq!(whole.range.as_deref(), Some("0-2/3"));
    let head = Ask {
        method: "HEAD",
        prefer: Some("count=exact"),
        ..ask("t?id=in.(1,2)")
    };
    let whole = Split::plan(&head, 60)
        .unwrap()
        .whole(&[answer("", "0-1/2"), answer("", "*/0")])
        .unwrap();
    assert_eq!(whole.range.as_deref(), Some("0-1/2"));
}

#[test]
fn what_is_not_the_sum_of_its_parts_is_sent_as_it_is() {
    for url in [
        "t?id=in.(1,2)&limit=1",
        "t?id=in.(1,2)&offset=1",
        "t?id=in.(1,2)&select=count()",
        "t?id=not.in.(1,2)",
        "t?or=(id.in.(1,2))",
        "t?at=in.(\"2026-01-01 00:00:00\",1)",
        "t?x=eq.1",
    ] {
        assert!(Split::plan(&ask(url), 60).is_none(), "{url}");
    }
    let base = ask("t?id=in.(1,2)");
    for refused in [
        Ask {
            accept: Some("text/csv"),
            ..base
        },
        Ask {
            accept: Some("application/vnd.pgrst.object+json"),
            ..base
        },
        Ask {
            prefer: Some("count=planned"),
            ..base
        },
        Ask {
            method: "POST",
            ..base
        },
        Ask {
            method: "DELETE",
            ..base
        },
    ] {
        assert!(Split::plan(&refused, 60).is_none(), "{refused:?}");
    }
    assert!(Split::plan(&base, 8).is_none(), "not one value fits");
}

#[test]
fn a_write_is_split_only_when_it_may_be_repeated() {
    let marked = Ask {
        method: "DELETE",
        is_marked: true,
        prefer: Some("return=representation"),
        ..ask("t?id=in.(1,2)")
    };
    let split = Split::plan(&marked, 60).unwrap();
    assert!(split.is_in_turn());
    let whole = split
        .whole(&[answer("[{\"id\":1}]", "*/*"), answer("[{\"id\":2}]", "*/*")])
        .unwrap();
    assert_eq!(whole.body, b"[{\"id\":1},{\"id\":2}]");
}
