//! Scopes, tiers and what falls back, without a network.

use axum::body::Body;
use axum::extract::Request;
use serde_json::json;

use super::*;
use crate::auth::Identity;
use crate::client_address::ClientAddress;
use crate::config::Source;

fn limits(settings: &[(&str, &str)]) -> Limits {
    let source = Source::from_pairs(
        [("DATABASE_URL", "postgres://u@127.0.0.1/x")]
            .iter()
            .chain(settings)
            .copied(),
    );
    let config = Config::load(source).unwrap();
    Limits::new(&config, None, Clock::system(), (Metrics::new(), Events::new()))
}

fn request(claims: &serde_json::Value, path: &str) -> Request {
    let mut request = Request::builder().uri(path).body(Body::empty()).unwrap();
    let claims = claims.as_object().unwrap().clone();
    let authenticated = !claims.is_empty();
    let identity = Identity::of(
        claims,
        &crate::config::ClaimPath::default(),
        Some("anon"),
        authenticated,
    );
    request.extensions_mut().insert(identity.unwrap());
    request
        .extensions_mut()
        .insert(ClientAddress("192.0.2.1".parse().unwrap()));
    request
}

async fn ask(limits: &Limits, claims: &serde_json::Value, path: &str) -> Decision {
    let request = request(claims, path);
    limits.decide(&limits.subject(&request)).await
}

async fn admitted(limits: &Limits, claims: &serde_json::Value, path: &str) -> bool {
    ask(limits, claims, path).await.admitted
}

const ROOMS: &str = "/rest/v1/rooms";
const POLICY: (&str, &str) = (
    "SEAWALL_POLICY",
    r#"{"limits": {"reads": {"limit": 1, "window": 60000}}}"#,
);

#[tokio::test]
async fn users_endpoints_and_classes_have_quotas_of_their_own() {
    let limits = limits(&[POLICY]);
    let (a, b) = (json!({"sub": "a"}), json!({"sub": "b"}));
    assert!(admitted(&limits, &a, ROOMS).await);
    assert!(!admitted(&limits, &a, ROOMS).await);
    assert!(admitted(&limits, &b, ROOMS).await);
    assert!(admitted(&limits, &a, "/rest/v1/messages").await);
    assert!(admitted(&limits, &json!({}), ROOMS).await);
}

#[tokio::test]
async fn another_spelling_of_a_path_is_no_other_endpoint() {
    let endpoint = ("SEAWALL_ENDPOINT_LIMITS", "/rest/v1/rpc/report=1/60000");
    let limits = limits(&[POLICY, endpoint]);
    let claims = json!({"sub": "a"});
    assert!(admitted(&limits, &claims, ROOMS).await);
    for spelt in [
        "/rest/v1/%72ooms",
        "/rest/v1/roo%6Ds",
        "/rest/v1//rooms",
        "/rest/v1/rooms/",
    ] {
        assert!(!admitted(&limits, &claims, spelt).await, "{spelt}");
    }
    assert!(admitted(&limits, &claims, "/rest/v1/r%70c/report").await);
    for (user, spelt) in ["/rest/v1/rpc/report", "/rest/v1/rpc/rep%6Frt"]
        .iter()
        .enumerate()
    {
        let another = json!({"sub": user.to_string()});
        assert!(!admitted(&limits, &another, spelt).await, "{spelt}");
    }
}

#[tokio::test]
async fn tiers_come_from_the_claims_and_what_is_unknown_is_the_lowest() {
    let limits = limits(&[]);
    let tier = async |claims: serde_json::Value| ask(&limits, &claims, ROOMS).await.tier.name.clone();
    assert_eq!(
        tier(json!({"sub": "a", "app_metadata": {"tier": "pro"}})).await,
        "pro"
    );
    for odd in [json!("gold"), json!(7), json!(["pro"]), json!({"pro": true})] {
        assert_eq!(
            tier(json!({"sub": "a", "app_metadata": {"tier": odd}})).await,
            "free"
        );
    }
    assert_eq!(
        tier(json!({"sub": "a", "user_metadata": {"tier": "pro"}})).await,
        "free"
    );
    assert_eq!(tier(json!({})).await, "free");
    assert_eq!(tier(json!({"role": "service_role"})).await, "enterprise");
}

#[tokio::test]
async fn the_free_tier_makes_twenty_requests_a_minute_in_all() {
    let limits = limits(&[]);
    let claims = json!({"sub": "a"});
    let mut passed = 0;
    for place in 0..30 {
        passed += usize::from(admitted(&limits, &claims, &format!("/rest/v1/table{place}")).await);
    }
    assert_eq!(passed, 20);
}

#[tokio::test]
async fn an_organisation_has_a_limit_over_all_its_users() {
    let limits = limits(&[("SEAWALL_TIERS", r#"{"free": {"organisation-limit": 3}}"#)]);
    let member = |user: &str| json!({"sub": user, "app_metadata": {"org_id": "o"}});
    let mut scopes = Vec::new();
    for user in ["a", "b", "c", "d"] {
        let decision = ask(&limits, &member(user), ROOMS).await;
        scopes.push(
            decision
                .standings
                .first()
                .map(|nearest| (nearest.scope.name(), decision.admitted)),
        );
    }
    assert_eq!(scopes.last(), Some(&Some(("organisation", false))));
    assert!(admitted(&limits, &json!({"sub": "e"}), ROOMS).await);
}

#[tokio::test]
async fn an_endpoint_may_have_a_limit_over_all_callers() {
    let limits = limits(&[("SEAWALL_ENDPOINT_LIMITS", "/rest/v1/rooms=2/60000")]);
    for (user, expected) in [("a", true), ("b", true), ("c", false)] {
        assert_eq!(
            admitted(&limits, &json!({"sub": user}), ROOMS).await,
            expected,
            "{user}"
        );
    }
    assert!(admitted(&limits, &json!({"sub": "c"}), "/rest/v1/messages").await);
}

#[tokio::test]
async fn expensive_operations_have_a_quota_of_their_own_which_the_others_do_not_touch() {
    let limits = limits(&[
        ("SEAWALL_EXPENSIVE_OPERATIONS", "/rest/v1/reports"),
        ("SEAWALL_TIERS", r#"{"free": {"expensive-limit": 2}}"#),
    ]);
    let claims = json!({"sub": "a"});
    for expected in [true, true, false, false] {
        assert_eq!(admitted(&limits, &claims, "/rest/v1/reports").await, expected);
    }
    let decision = ask(&limits, &claims, ROOMS).await;
    assert!(decision.admitted);
    // Two were charged before, and the refused ones cost nothing.
    let user = decision
        .standings
        .iter()
        .find(|told| told.scope == scope::Scope::User);
    assert_eq!(user.map(|told| told.remaining), Some(17));
}

#[tokio::test]
async fn stress_takes_from_the_lowest_tier_first() {
    let limits = limits(&[]);
    for millis in 1..40 {
        let at = seawall_policy::time::MonoTime::from_millis(millis);
        limits
            .pressure
            .feel(seawall_policy::limit::Signal::Stress, at, at);
    }
    assert_eq!(limits.pressure.percent(), 25);
    let of = async |tier: &str| {
        let claims = json!({"sub": tier, "app_metadata": {"tier": tier}});
        let decision = ask(&limits, &claims, ROOMS).await;
        let user = decision
            .standings
            .iter()
            .find(|told| told.scope == scope::Scope::User);
        user.map(|told| told.remaining + 1)
    };
    assert_eq!(of("free").await, Some(5));
    assert_eq!(of("pro").await, Some(62));
    assert_eq!(of("enterprise").await, Some(500));
}

#[tokio::test]
async fn a_refusal_tells_both_tiers_and_where_to_get_the_next() {
    let limits = limits(&[POLICY, ("SEAWALL_UPGRADE_URL", "https://example.test/plans")]);
    let claims = json!({"sub": "a"});
    assert!(ask(&limits, &claims, ROOMS).await.refusal().is_none());
    let decision = ask(&limits, &claims, ROOMS).await;
    let response = axum::response::IntoResponse::into_response(decision.refusal().unwrap());
    let body = http_body_util::BodyExt::collect(response.into_body())
        .await
        .unwrap()
        .to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["code"], "SEAWALL_RATE_LIMITED");
    assert_eq!((&body["tier"], &body["scope"]), (&json!("free"), &json!("reads")));
    assert_eq!(
        body["limits"]["current"]["general"],
        json!({"limit": 20, "window": 60000})
    );
    assert_eq!(body["limits"]["next"]["tier"], "pro");
    assert_eq!(body["upgrade"], "https://example.test/plans");
    assert_eq!(body["retryAfter"], 60);
}

#[tokio::test]
async fn what_an_operator_does_holds_at_once() {
    let limits = limits(&[POLICY]);
    let claims = json!({"sub": "a"});
    assert!(admitted(&limits, &claims, ROOMS).await && !admitted(&limits, &claims, ROOMS).await);
    let nearest = limits.nearest(10);
    let reads = nearest.iter().find(|near| near.scope == "reads").unwrap();
    assert_eq!((reads.limit, reads.remaining, reads.refused), (1, 0, 1));
    limits.unblock(LimitKey::parse(&reads.key).unwrap()).await;
    assert!(admitted(&limits, &claims, ROOMS).await);

    let wide = seawall_policy::limit::Quota::try_new(7, seawall_policy::time::Span::from_secs(60)).unwrap();
    let adjustment = Adjustment {
        general: Some(wide),
        expensive: None,
    };
    assert!(limits.adjust("free", adjustment) && !limits.adjust("gold", adjustment));
    let decision = ask(&limits, &json!({"sub": "b"}), "/rest/v1/messages").await;
    assert_eq!(decision.tier.general.limit(), 7);
    assert!(limits.rules().document().contains("\"limit\": 7"));
}

#[test]
fn the_published_document_is_a_policy_with_the_tiers_beside_it() {
    let document = limits(&[POLICY]).rules().document();
    let parsed: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(parsed["$tiers"][1]["tier"], "pro");
    assert_eq!(parsed["$tiers"][1]["historyDays"], 90);
    Policy::from_json(&document).unwrap();
}
