//! The live stream of events.

use std::time::Duration;

use seawall_e2e::TestApp;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_listener_hears_of_a_circuit_at_once() {
    let app = TestApp::start().await;
    let admin = app.with_claims(&json!({"role": "service_role"}));
    let token =
        seawall_server::auth::mint::mint(seawall_e2e::SECRET, &json!({"role": "service_role"})).unwrap();
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let request = format!("GET /admin/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();

    let mut seen = String::new();
    let mut forced = false;
    while !seen.contains("event: circuit_changed") {
        let mut bytes = [0; 4096];
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut bytes)).await;
        let count = read.expect("nothing is said").unwrap();
        assert!(count > 0, "the stream ended: {seen}");
        seen.push_str(&String::from_utf8_lossy(bytes.get(..count).unwrap()));
        if !forced && seen.contains("text/event-stream") {
            forced = true;
            let wish = json!({"force": "open"});
            admin.post("/admin/breakers/auth", &wish).send().await.expect(200);
        }
    }
    assert!(
        seen.contains(r#""dependency":"auth""#) && seen.contains(r#""cause":"manual""#),
        "{seen}"
    );
}
