//! Reading: columns, filters, order, ranges, counts, media types.

use seawall_e2e::{GUEST, HARBOUR, OWNER, TestApp};
use serde_json::json;

#[tokio::test]
async fn columns_are_renamed_cast_and_taken_out_of_rows() {
    let app = TestApp::start().await;
    let path = "/rest/v1/rooms?select=title:name,id::text&name=eq.Harbour";
    let answer = app.as_user(OWNER).get(path).send().await.expect(200);
    assert_eq!(answer.json(), json!([{"title": "Harbour", "id": HARBOUR}]));
    assert!(answer.header("content-type").starts_with("application/json"));
}

#[tokio::test]
async fn filters_combine() {
    let app = TestApp::start().await;
    let owner = app.as_user(OWNER);
    for (filter, count) in [
        ("body=ilike.*gate*", 2),
        ("body=like.*Gate*", 2),
        ("body=fts.berth", 1),
        ("author_id=eq.22222222-2222-4222-8222-222222222222", 3),
        ("author_id=neq.22222222-2222-4222-8222-222222222222", 4),
        ("author_id=not.eq.22222222-2222-4222-8222-222222222222", 4),
        (
            "id=in.(bbbbbbbb-0000-4000-8000-000000000001,bbbbbbbb-0000-4000-8000-000000000006)",
            2,
        ),
        ("or=(body=ilike.*fog*,body=ilike.*lamp*)", 0),
        ("or=(body.ilike.*fog*,body.ilike.*lamp*)", 2),
        ("and=(body.ilike.*is*,or(body.ilike.*wind*,body.ilike.*quay*))", 2),
        ("body=is.null", 0),
        ("body=not.is.null", 7),
    ] {
        let answer = owner
            .get(&format!("/rest/v1/messages?select=id&{filter}"))
            .send()
            .await;
        if count == 0 && filter.starts_with("or=(body=") {
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (400, "PGRST100"),
                "{filter}"
            );
        } else {
            assert_eq!(answer.expect(200).rows().len(), count, "{filter}");
        }
    }
}

#[tokio::test]
async fn order_limit_and_offset_choose_rows() {
    let app = TestApp::start().await;
    let path = "/rest/v1/messages?select=id&order=created_at.desc&limit=2&offset=1";
    let answer = app.as_user(OWNER).get(path).send().await.expect(200);
    let ids = answer.column("id");
    assert_eq!(
        ids,
        [
            "bbbbbbbb-0000-4000-8000-000000000007",
            "bbbbbbbb-0000-4000-8000-000000000004"
        ]
    );
    assert_eq!(answer.header("content-range"), "1-2/*");
}

#[tokio::test]
async fn a_range_with_an_exact_count_is_partial() {
    let app = TestApp::start().await;
    let request = app.as_user(OWNER).get("/rest/v1/messages?select=id&order=id");
    let answer = request
        .header("range", "0-2")
        .prefer("count=exact")
        .send()
        .await
        .expect(206);
    assert_eq!(answer.rows().len(), 3);
    assert_eq!(answer.header("content-range"), "0-2/7");
}

#[tokio::test]
async fn the_count_is_of_what_the_user_may_see() {
    let app = TestApp::start().await;
    for (user, count) in [(OWNER, "*/7"), (GUEST, "*/5")] {
        let request = app
            .as_user(user)
            .head("/rest/v1/messages?limit=0")
            .prefer("count=exact");
        assert_eq!(request.send().await.header("content-range"), count);
    }
}

#[tokio::test]
async fn a_range_beyond_the_end_cannot_be_satisfied() {
    let app = TestApp::start().await;
    let request = app
        .as_user(OWNER)
        .get("/rest/v1/messages?offset=100")
        .prefer("count=exact");
    assert_eq!(request.send().await.expect(416).code(), "PGRST103");
}

#[tokio::test]
async fn a_single_object_is_one_row_or_an_error() {
    let app = TestApp::start().await;
    let object = |path: &str| {
        app.as_user(OWNER)
            .get(path)
            .header("accept", "application/vnd.pgrst.object+json")
    };
    let one = object("/rest/v1/rooms?select=name&name=eq.Harbour")
        .send()
        .await
        .expect(200);
    assert_eq!(one.json(), json!({"name": "Harbour"}));
    assert_eq!(
        object("/rest/v1/rooms").send().await.expect(406).code(),
        "PGRST116"
    );
    assert_eq!(
        object("/rest/v1/rooms?name=eq.None")
            .send()
            .await
            .expect(406)
            .code(),
        "PGRST116"
    );
}

#[tokio::test]
async fn csv_is_written_on_request() {
    let app = TestApp::start().await;
    let request = app
        .as_user(OWNER)
        .get("/rest/v1/rooms?select=name,topic&order=name")
        .header("accept", "text/csv");
    let answer = request.send().await.expect(200);
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert_eq!(text.lines().next(), Some("name,topic"));
    assert!(
        text.contains("Harbour,\"Arrivals, berths and weather\""),
        "{text}"
    );
}

#[tokio::test]
async fn a_view_is_read_like_a_table() {
    let app = TestApp::start().await;
    let path = "/rest/v1/room_summaries?select=name,message_count&order=name";
    let answer = app.as_user(OWNER).get(path).send().await.expect(200);
    assert_eq!(
        answer.json(),
        json!([{"name": "Harbour", "message_count": 5}, {"name": "Lighthouse", "message_count": 2}])
    );
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let app = TestApp::start().await;
    let owner = app.as_user(OWNER);
    assert_eq!(
        owner.get("/rest/v1/nothing").send().await.expect(404).code(),
        "PGRST205"
    );
    assert_eq!(
        owner
            .get("/rest/v1/rooms?select=nothing")
            .send()
            .await
            .expect(400)
            .code(),
        "42703"
    );
    assert_eq!(
        owner
            .get("/rest/v1/rooms?nothing=eq.1")
            .send()
            .await
            .expect(400)
            .code(),
        "42703"
    );
}

#[tokio::test]
async fn values_are_never_read_as_sql() {
    let app = TestApp::start().await;
    let owner = app.as_user(OWNER);
    for value in [
        "%27%20or%20true--",
        "%22",
        "%27;drop%20table%20messages;--",
        "$1",
        "%5C",
        "%00",
    ] {
        let answer = owner
            .get(&format!("/rest/v1/messages?select=id&body=eq.{value}"))
            .send()
            .await;
        assert!(
            answer.status == 400 || answer.rows().is_empty(),
            "{value}: {:?}",
            answer.body
        );
    }
    for name in ["%22;drop%20table%20messages;--", "rooms%22", "%27"] {
        let answer = owner.get(&format!("/rest/v1/rooms?select={name}")).send().await;
        assert_eq!(answer.status, 400, "{name}");
    }
    assert_eq!(app.database().value("select count(*) from messages").await, "7");
}

#[tokio::test]
async fn the_root_describes_the_schema_in_two_forms() {
    let app = TestApp::start().await;
    let swagger = app
        .as_user(OWNER)
        .get("/rest/v1/")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(swagger["swagger"], "2.0");
    let accept = "application/vnd.oai.openapi+json;version=3.1";
    let answer = app
        .as_user(OWNER)
        .get("/rest/v1/")
        .header("accept", accept)
        .send()
        .await
        .expect(200);
    assert_eq!(answer.header("content-type"), accept);
    let openapi = answer.json();
    assert_eq!(openapi["openapi"], "3.1.0");
    let names = |document: &serde_json::Value| {
        document
            .as_object()
            .map(|object| object.keys().cloned().collect::<Vec<_>>())
            .unwrap_or_default()
    };
    assert_eq!(names(&openapi["paths"]), names(&swagger["paths"]));
    assert_eq!(
        names(&openapi["components"]["schemas"]),
        names(&swagger["definitions"])
    );
}
