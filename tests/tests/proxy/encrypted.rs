//! Upstreams over TLS: believed by their certificates, spoken to in HTTP/2 where both know it.

use std::time::{Duration, Instant};

use http::Method;
use seawall_e2e::{Certificate, Database, GUEST, ServerProcess, TestApp};

const PATH: &str = "/rest/v1/rooms?select=name";

#[tokio::test]
async fn an_upstream_is_believed_by_its_certificate() {
    let certificate = Certificate::create();
    let behind = TestApp::builder().encrypted(&certificate).start_unready().await;
    let database = Database::create().await;
    let rest = format!("https://localhost:{}/rest/v1", behind.address().port());
    let upstream = ("SEAWALL_UPSTREAM_REST_URL", rest.as_str());
    let file = certificate.certificate();

    let believing = ServerProcess::start(&database, &[upstream, ("SSL_CERT_FILE", &file)]).await;
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = believing.as_user(GUEST, Method::GET, PATH).send().await;
        if answer.status == 200 {
            assert_eq!(answer.rows().len(), 1);
            break;
        }
        assert!(Instant::now() < until, "{:?}", answer.body);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let doubting = ServerProcess::start(&database, &[upstream]).await;
    let answer = doubting
        .as_user(GUEST, Method::GET, PATH)
        .send()
        .await
        .expect(502);
    assert_eq!(answer.code(), "SEAWALL_UPSTREAM_UNREACHABLE");
}
