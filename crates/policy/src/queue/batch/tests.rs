use super::*;

const LIMITS: Limits = Limits {
    max_size: 50,
    max_url: 8_000,
};

fn ask(url: &str) -> Ask<'_> {
    Ask {
        url,
        accept: Some("application/json"),
        prefer: None,
        has_range: false,
        scope: "user",
    }
}

/// Offers every URL, and closes the batch of the first.
fn batched(batcher: &mut Batcher, urls: &[&str]) -> Option<String> {
    let places: Vec<_> = urls.iter().map(|url| batcher.offer(&ask(url), LIMITS)).collect();
    batcher.close(places.first()?.as_ref()?.batch)
}

fn text(body: Option<Vec<u8>>) -> Option<String> {
    body.map(|body| String::from_utf8(body).unwrap())
}

#[test]
fn reads_that_differ_in_one_filter_become_one() {
    let mut batcher = Batcher::default();
    let url = batched(
        &mut batcher,
        &["/rest/v1/t?select=*&id=eq.1", "/rest/v1/t?select=*&id=eq.2"],
    );
    assert_eq!(url.as_deref(), Some("/rest/v1/t?select=*&id=in.(1,2)"));
    assert_eq!(
        batcher.answer(
            0,
            200,
            Some("0-2/3"),
            b"[{\"id\":2,\"x\":1.0}, \n {\"id\":1}, \n {\"id\":2}]"
        ),
        Verdict::Split
    );
    assert_eq!(text(batcher.body(0, 0)).as_deref(), Some("[{\"id\":1}]"));
    assert_eq!(
        text(batcher.body(0, 1)).as_deref(),
        Some("[{\"id\":2,\"x\":1.0}, \n {\"id\":2}]")
    );
    assert_eq!(batcher.range(0, 1).as_deref(), Some("0-1/*"));
}

#[test]
fn reads_that_differ_in_two_filters_stay_apart() {
    let mut batcher = Batcher::default();
    assert_eq!(
        batched(&mut batcher, &["t?a=eq.1&b=eq.1", "t?a=eq.2&b=eq.2"]),
        None
    );
}

#[test]
fn the_second_read_decides_by_which_filter_they_meet() {
    let mut batcher = Batcher::default();
    let urls = [
        "t?a=eq.1&b=eq.1",
        "t?a=eq.1&b=eq.2",
        "t?a=eq.2&b=eq.1",
        "t?a=eq.1&b=eq.3",
    ];
    assert_eq!(
        batched(&mut batcher, &urls).as_deref(),
        Some("t?a=eq.1&b=in.(1,2,3)")
    );
}

#[test]
fn a_column_that_is_not_selected_is_added_and_taken_out_again() {
    let mut batcher = Batcher::default();
    let url = batched(&mut batcher, &["t?select=name&id=eq.1", "t?select=name&id=eq.2"]);
    assert_eq!(url.as_deref(), Some("t?select=name,seawall_key:id&id=in.(1,2)"));
    let body = br#"[{"name":"a","seawall_key":1}]"#;
    assert_eq!(batcher.answer(0, 200, Some("0-0/1"), body), Verdict::Split);
    assert_eq!(text(batcher.body(0, 0)).as_deref(), Some(r#"[{"name":"a"}]"#));
    assert_eq!(text(batcher.body(0, 1)).as_deref(), Some("[]"));
    assert_eq!(batcher.range(0, 1).as_deref(), Some("*/*"));
}

#[test]
fn a_single_object_that_is_not_there_is_asked_alone() {
    let mut batcher = Batcher::default();
    for url in ["t?id=eq.1", "t?id=eq.2"] {
        let accept = Some("application/vnd.pgrst.object+json");
        batcher.offer(&Ask { accept, ..ask(url) }, LIMITS).unwrap();
    }
    batcher.close(0).unwrap();
    assert_eq!(
        batcher.answer(0, 200, Some("0-0/1"), br#"[{"id":2}]"#),
        Verdict::Split
    );
    assert_eq!(batcher.body(0, 0), None);
    assert_eq!(text(batcher.body(0, 1)).as_deref(), Some(r#"{"id":2}"#));
}

#[test]
fn counts_are_each_reads_own() {
    let mut batcher = Batcher::default();
    for url in ["t?id=eq.1", "t?id=eq.2"] {
        batcher
            .offer(
                &Ask {
                    prefer: Some("count=exact"),
                    ..ask(url)
                },
                LIMITS,
            )
            .unwrap();
    }
    batcher.close(0).unwrap();
    batcher.answer(0, 200, Some("0-1/2"), br#"[{"id":2},{"id":2}]"#);
    assert_eq!(batcher.range(0, 0).as_deref(), Some("*/0"));
    assert_eq!(batcher.range(0, 1).as_deref(), Some("0-1/2"));
}

#[test]
fn rows_in_doubt_send_all_apart_and_are_not_batched_again() {
    for (range, body) in [
        ("0-0/2", r#"[{"id":1}]"#),
        ("0-0/1", r#"[{"id":1.0}]"#),
        ("0-0/1", r#"[{"name":"a"}]"#),
        ("0-0/1", r#"[{"id":1,"id":1}]"#),
        ("0-0/1", r#"{"id":1}"#),
        ("0-0/*", r#"[{"id":1}]"#),
        ("", r#"[{"id":1}]"#),
    ] {
        let mut batcher = Batcher::default();
        let urls = ["t?id=eq.1", "t?id=eq.2"];
        batched(&mut batcher, &urls).unwrap();
        assert_eq!(
            batcher.answer(0, 200, Some(range), body.as_bytes()),
            Verdict::Apart,
            "{body}"
        );
        assert_eq!(batcher.offer(&ask(urls[0]), LIMITS), None, "{body}");
    }
}

#[test]
fn an_error_about_one_value_sends_all_apart_and_one_about_none_is_shared() {
    let mut batcher = Batcher::default();
    batched(&mut batcher, &["t?id=eq.1", "t?id=eq.2"]).unwrap();
    for (status, verdict) in [
        (400, Verdict::Apart),
        (500, Verdict::Apart),
        (206, Verdict::Apart),
        (503, Verdict::Share),
        (401, Verdict::Share),
    ] {
        assert_eq!(batcher.answer(0, status, None, b""), verdict, "{status}");
    }
    assert!(batcher.offer(&ask("t?id=eq.1"), LIMITS).is_some());
}

#[test]
fn what_is_not_the_sum_of_its_rows_is_sent_alone() {
    for url in [
        "t?id=eq.1&limit=1",
        "t?id=eq.1&offset=1",
        "t?id=eq.1&select=count()",
        "t?id=gt.1",
        "t?a.id=eq.1",
        "t?data->>id=eq.1",
        "t?id=eq.05",
        "t?id=eq.",
        "t",
    ] {
        assert_eq!(Batcher::default().offer(&ask(url), LIMITS), None, "{url}");
    }
    let csv = Ask {
        accept: Some("text/csv"),
        ..ask("t?id=eq.1")
    };
    assert_eq!(Batcher::default().offer(&csv, LIMITS), None);
    let planned = Ask {
        prefer: Some("count=planned"),
        ..ask("t?id=eq.1")
    };
    assert_eq!(Batcher::default().offer(&planned, LIMITS), None);
}

#[test]
fn different_scopes_and_headers_do_not_meet() {
    let mut batcher = Batcher::default();
    let first = batcher.offer(&ask("t?id=eq.1"), LIMITS).unwrap();
    let other = batcher
        .offer(
            &Ask {
                scope: "other",
                ..ask("t?id=eq.2")
            },
            LIMITS,
        )
        .unwrap();
    let counted = batcher
        .offer(
            &Ask {
                prefer: Some("count=exact"),
                ..ask("t?id=eq.2")
            },
            LIMITS,
        )
        .unwrap();
    assert!(first.batch != other.batch && first.batch != counted.batch);
}

#[test]
fn a_full_batch_says_so_and_takes_no_more() {
    let mut batcher = Batcher::default();
    let limits = Limits {
        max_size: 2,
        ..LIMITS
    };
    batcher.offer(&ask("t?id=eq.1"), limits).unwrap();
    assert!(batcher.offer(&ask("t?id=eq.2"), limits).unwrap().is_full);
    assert_eq!(batcher.offer(&ask("t?id=eq.3"), limits).unwrap().batch, 1);
}

#[test]
fn no_url_is_longer_than_allowed() {
    let mut batcher = Batcher::default();
    let limits = Limits {
        max_url: 60,
        ..LIMITS
    };
    let urls: Vec<_> = (0..40).map(|id| format!("t?name=eq.user {id}\"é")).collect();
    assert_eq!(
        batcher.offer(&ask(&urls[0]), limits),
        None,
        "a value that may be another's is sent alone"
    );
    let urls: Vec<_> = (0..40).map(|id| format!("t?name=eq.user {id}\"")).collect();
    let mut batches: Vec<u32> = urls
        .iter()
        .map(|url| batcher.offer(&ask(url), limits).unwrap().batch)
        .collect();
    batches.dedup();
    assert!(batches.len() > 1);
    for batch in batches {
        if let Some(url) = batcher.close(batch) {
            assert!(url.len() <= 60, "{url}");
        }
    }
}

#[test]
fn the_same_value_twice_is_asked_once_and_answered_twice() {
    let mut batcher = Batcher::default();
    let url = batched(&mut batcher, &["t?id=eq.1", "t?id=eq.1", "t?id=eq.2"]);
    assert_eq!(url.as_deref(), Some("t?id=in.(1,2)"));
    batcher.answer(0, 200, Some("0-0/1"), br#"[{"id":1}]"#);
    assert_eq!(text(batcher.body(0, 0)), text(batcher.body(0, 1)));
}
