//! The description of the server's own addresses.

use http::Method;
use seawall_e2e::{OWNER, TestApp};
use serde_json::{Value, json};

#[tokio::test]
async fn every_operation_that_is_described_exists_and_guards_itself() {
    let app = TestApp::builder().with_store().start().await;
    let document = app
        .anonymous()
        .get("/openapi.json")
        .send()
        .await
        .expect(200)
        .json();
    let paths = document.get("paths").and_then(Value::as_object).cloned().unwrap();
    assert!(paths.len() > 15, "{}", paths.len());
    for (path, operations) in paths {
        let address = path
            .replace("{id}", "00000000-0000-4000-8000-000000000000")
            .replace("{name}", "auth")
            .replace("{key}", "0");
        for (method, operation) in operations.as_object().unwrap() {
            if path == "/admin/events" {
                continue;
            }
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = app
                .anonymous()
                .request(method.clone(), &address)
                .json(&json!({}))
                .send()
                .await;
            assert_ne!(answer.status, 405, "{method} {path}");
            if operation.get("tags").is_some() {
                assert_eq!(answer.status, 401, "{method} {path}");
                let answer = app
                    .as_user(OWNER)
                    .request(method.clone(), &address)
                    .json(&json!({}))
                    .send()
                    .await;
                assert_eq!(answer.status, 403, "{method} {path}");
            } else if operation.get("security").is_none() {
                assert_ne!(answer.status, 404, "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn the_page_to_try_them_on_is_served_by_the_server_alone() {
    let app = TestApp::start().await;
    let page = app.anonymous().get("/api-docs/").send().await.expect(200);
    assert!(
        page.header("content-security-policy")
            .contains("script-src 'self'")
    );
    let text = String::from_utf8_lossy(&page.body).into_owned();
    assert!(
        text.contains("swagger-ui") && !text.contains("https://"),
        "{text}"
    );
    app.anonymous()
        .get("/api-docs/swagger-ui-bundle.js")
        .send()
        .await
        .expect(200);
    let start = app
        .anonymous()
        .get("/api-docs/swagger-initializer.js")
        .send()
        .await
        .expect(200);
    assert!(String::from_utf8_lossy(&start.body).contains("/openapi.json"));
    app.anonymous()
        .get("/api-docs/no-such-thing")
        .send()
        .await
        .expect(404);
}

#[tokio::test]
async fn the_description_can_be_switched_off() {
    let app = TestApp::builder().set("SEAWALL_API_DOCS", "false").start().await;
    app.anonymous().get("/api-docs/").send().await.expect(404);
    app.anonymous().get("/openapi.json").send().await.expect(404);
}
