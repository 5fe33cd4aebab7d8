//! Traces, as a collector receives them.

use seawall_e2e::{Collector, OWNER, TestApp};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test]
async fn a_request_continues_the_browsers_trace_and_its_transaction_is_a_child() {
    let collector = Collector::start().await;
    let app = TestApp::builder()
        .set("SEAWALL_OTLP_ENDPOINT", &collector.url())
        .start()
        .await;
    app.as_user(OWNER)
        .get("/rest/v1/rooms?name=eq.secret")
        .header("traceparent", PARENT)
        .send()
        .await
        .expect(200);
    app.stop().await;

    let spans = collector.spans(2).await;
    let trace = u128::from_str_radix("0af7651916cd43dd8448eb211c80319c", 16)
        .unwrap()
        .to_be_bytes();
    let ours: Vec<_> = spans.iter().filter(|span| span.trace_id == trace).collect();
    let request = ours.iter().find(|span| span.name == "GET rest").unwrap();
    let transaction = ours.iter().find(|span| span.name == "postgresql").unwrap();
    assert_eq!(request.parent_span_id, 0xb7ad_6b71_6920_3331_u64.to_be_bytes());
    assert_eq!(transaction.parent_span_id, request.span_id);
    assert!(
        !format!("{ours:?}").contains("secret"),
        "a query is nobody's business"
    );
}

#[tokio::test]
async fn what_the_caller_does_not_sample_is_not_sent() {
    let collector = Collector::start().await;
    let app = TestApp::builder()
        .set("SEAWALL_OTLP_ENDPOINT", &collector.url())
        .set("SEAWALL_TRACE_SAMPLE", "0")
        .start()
        .await;
    let caller = app.as_user(OWNER);
    let unsampled = PARENT.replace("-01", "-00");
    caller
        .get("/rest/v1/rooms")
        .header("traceparent", &unsampled)
        .send()
        .await
        .expect(200);
    caller.get("/rest/v1/rooms").send().await.expect(200);
    caller
        .get("/rest/v1/rooms")
        .header("traceparent", PARENT)
        .send()
        .await
        .expect(200);
    app.stop().await;
    let names: Vec<_> = collector
        .spans(2)
        .await
        .into_iter()
        .map(|span| span.name)
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}
