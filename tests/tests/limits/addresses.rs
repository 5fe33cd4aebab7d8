//! Whose request it is cannot be chosen by whoever sends it.

use seawall_e2e::{Answer, TestApp};
use serde_json::json;

const ROOMS: &str = "/rest/v1/messages?select=id";

async fn app(trusted: &str) -> TestApp {
    TestApp::builder()
        .limits(&json!({"limits": {"ip": {"limit": 3, "window": 3_600_000}}}))
        .set("SEAWALL_TRUSTED_PROXIES", trusted)
        .start()
        .await
}

async fn ask(app: &TestApp, headers: &[(&str, &str)]) -> Answer {
    let mut request = app.anonymous().get(ROOMS);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await
}

#[tokio::test]
async fn an_untrusted_peer_cannot_name_another_address() {
    let app = app("10.0.0.0/8").await;
    let mut passed = 0;
    for place in 0..10 {
        let invented = format!("198.51.100.{place}");
        let forwarded = format!("for={invented}");
        let headers = [
            ("x-forwarded-for", invented.as_str()),
            ("forwarded", forwarded.as_str()),
            ("x-real-ip", invented.as_str()),
        ];
        passed += usize::from(ask(&app, &headers).await.status != 429);
    }
    assert_eq!(passed, 3);
}

#[tokio::test]
async fn behind_a_trusted_proxy_only_the_nearest_hop_it_names_counts() {
    let app = app("127.0.0.1").await;
    let mut passed = 0;
    for place in 0..10 {
        // The caller wrote the first part; the proxy added the second.
        let chain = format!("198.51.100.{place}, 203.0.113.7");
        passed += usize::from(ask(&app, &[("x-forwarded-for", &chain)]).await.status != 429);
    }
    assert_eq!(passed, 3);
    let other = ask(&app, &[("x-forwarded-for", "203.0.113.8")]).await;
    assert_ne!(other.status, 429);
    // The header that this proxy does not write is the caller's own.
    let mine = [
        ("x-forwarded-for", "203.0.113.7"),
        ("forwarded", "for=203.0.113.9"),
    ];
    assert_eq!(ask(&app, &mine).await.status, 429);
}

#[tokio::test]
async fn a_whole_ipv6_network_is_one_caller() {
    let app = app("127.0.0.1").await;
    let mut passed = 0;
    for place in 0..10 {
        let address = format!("2001:db8:0:7::{place:x}");
        passed += usize::from(ask(&app, &[("x-forwarded-for", &address)]).await.status != 429);
    }
    assert_eq!(passed, 3);
    let neighbour = ask(&app, &[("x-forwarded-for", "2001:db8:0:8::1")]).await;
    assert_ne!(neighbour.status, 429);
}
