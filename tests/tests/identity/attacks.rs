//! The ways tokens are forged, one by one.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use seawall_e2e::{OWNER, SECRET, TestApp};
use seawall_server::auth::mint::mint;
use serde_json::{Value, json};

use crate::issuer::{Issuer, Kind, SigningKey};

const ROOMS: &str = "/rest/v1/rooms?select=name";

fn encoded(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn owner() -> Value {
    json!({"sub": OWNER.id, "role": "authenticated"})
}

/// Well signed by HS256, whatever its header and claims say.
fn signed(header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", encoded(header), encoded(claims));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", encoded(signature))
}

async fn code(app: &TestApp, token: &str) -> (u16, String) {
    let answer = app.with_token(token).get(ROOMS).send().await;
    let code = if answer.status == 200 {
        String::new()
    } else {
        answer.code()
    };
    (answer.status.as_u16(), code)
}

#[tokio::test]
async fn no_spelling_of_none_is_an_algorithm() {
    let app = TestApp::start().await;
    for alg in ["none", "None", "NONE", "nOnE", "none ", "", "null"] {
        let header = json!({"alg": alg}).to_string();
        for signature in ["", "AAAA"] {
            let token = format!(
                "{}.{}.{signature}",
                encoded(&header),
                encoded(owner().to_string())
            );
            assert_eq!(
                code(&app, &token).await,
                (401, "PGRST301".to_owned()),
                "{alg:?} {signature}"
            );
        }
    }
    let metrics = app.anonymous().get("/metrics").send().await;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    assert!(metrics.contains("token_algorithm"), "{metrics}");
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let key = SigningKey::new("rsa", Kind::Rsa);
    let issuer = Issuer::start(&[&key]).await;
    let app = TestApp::builder()
        .set("JWT_SECRET", "")
        .set("SEAWALL_JWT_JWKS", &issuer.keys_url())
        .start()
        .await;
    assert_eq!(code(&app, &key.sign(&owner())).await.0, 200);
    let public = key.public();
    let secrets = [
        public.to_string(),
        public["n"].as_str().unwrap().to_owned(),
        json!({"keys": [public]}).to_string(),
    ];
    for secret in secrets {
        let mac_key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
        for kid in [json!("rsa"), Value::Null] {
            let header = json!({"alg": "HS256", "kid": kid}).to_string();
            let body = format!("{}.{}", encoded(header), encoded(owner().to_string()));
            let token = format!(
                "{body}.{}",
                encoded(aws_lc_rs::hmac::sign(&mac_key, body.as_bytes()))
            );
            assert_eq!(code(&app, &token).await, (401, "PGRST301".to_owned()));
        }
    }
}

#[tokio::test]
async fn a_key_in_the_token_itself_is_not_used() {
    let app = TestApp::start().await;
    let key = SigningKey::new("mine", Kind::Curve);
    let header = json!({"alg": "ES256", "kid": "mine", "jwk": key.public(), "jku": "http://evil.test/keys"})
        .to_string();
    let own = key.sign(&owner());
    let parts: Vec<&str> = own.split('.').collect();
    let token = format!("{}.{}.{}", encoded(header), parts[1], parts[2]);
    assert_eq!(code(&app, &token).await, (401, "PGRST301".to_owned()));
}

#[tokio::test]
async fn a_key_id_is_compared_and_nothing_else() {
    let key = SigningKey::new("real", Kind::Curve);
    let issuer = Issuer::start(&[&key]).await;
    let app = TestApp::builder()
        .set("SEAWALL_JWT_JWKS", &issuer.keys_url())
        .start()
        .await;
    for kid in [
        "../../../../dev/null",
        "/etc/passwd",
        "file:///dev/null",
        "http://evil.test/keys",
        "real\0",
        "' union select 'secret' --",
        "|id",
        &"x".repeat(10_000),
    ] {
        let header = json!({"alg": "ES256", "kid": kid}).to_string();
        let own = key.sign(&owner());
        let parts: Vec<&str> = own.split('.').collect();
        let token = format!("{}.{}.{}", encoded(header), parts[1], parts[2]);
        assert_eq!(code(&app, &token).await, (401, "PGRST301".to_owned()), "{kid}");
        // The key of the secret has no id, and whoever has the secret is believed: the id decides nothing.
        let header = json!({"alg": "HS256", "kid": kid}).to_string();
        assert_eq!(code(&app, &signed(&header, &owner().to_string())).await.0, 200);
    }
    for header in [
        r#"{"alg":"HS256","kid":7}"#,
        r#"{"alg":"HS256","kid":["real"]}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        "[]",
        "7",
        "",
    ] {
        assert_eq!(
            code(&app, &signed(header, &owner().to_string())).await.0,
            401,
            "{header}"
        );
    }
}

#[tokio::test]
async fn a_storm_of_unknown_key_ids_asks_the_issuer_once() {
    let key = SigningKey::new("real", Kind::Curve);
    let stranger = SigningKey::new("stranger", Kind::Curve);
    let issuer = Issuer::start(&[&key]).await;
    let app = TestApp::builder()
        .set("SEAWALL_JWT_JWKS", &issuer.keys_url())
        .start()
        .await;
    assert_eq!(code(&app, &key.sign(&owner())).await.0, 200);
    let before = issuer.asked("/keys");
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let own = stranger.sign(&owner());
    let parts: Vec<&str> = own.split('.').collect();
    for index in 0..200 {
        let header = json!({"alg": "ES256", "kid": format!("storm-{index}")}).to_string();
        let token = format!("{}.{}.{}", encoded(header), parts[1], parts[2]);
        assert_eq!(code(&app, &token).await, (401, "PGRST301".to_owned()));
    }
    assert_eq!(issuer.asked("/keys") - before, 1);
    assert_eq!(code(&app, &key.sign(&owner())).await.0, 200);
}

#[tokio::test]
async fn times_are_numbers_and_hold() {
    let app = TestApp::builder()
        .set("SEAWALL_JWT_REQUIRED_CLAIMS", "exp")
        .start()
        .await;
    let now = now_s();
    let with = |extra: Value| {
        let mut claims = owner();
        let object = claims.as_object_mut().unwrap();
        object.insert("exp".to_owned(), json!(now + 600));
        object.extend(extra.as_object().unwrap().clone());
        mint(SECRET, &claims).unwrap()
    };
    for good in [
        json!({}),
        json!({"exp": 1e12}),
        json!({"exp": now as f64 + 600.5}),
        json!({"nbf": now, "iat": now}),
        json!({"nbf": null}),
    ] {
        assert_eq!(code(&app, &with(good.clone())).await.0, 200, "{good}");
    }
    let late = (now - 31).to_string();
    for bad in [
        json!({"exp": now - 40}),
        json!({"exp": 0}),
        json!({"exp": -1}),
        json!({"exp": (now + 600).to_string()}),
        json!({"exp": late}),
        json!({"exp": true}),
        json!({"exp": [now + 600]}),
        json!({"exp": null}),
        json!({"nbf": now + 600}),
        json!({"nbf": now.to_string()}),
        json!({"iat": now + 600}),
        json!({"iat": "now"}),
        json!({"exp": -1e300}),
    ] {
        assert_eq!(
            code(&app, &with(bad.clone())).await,
            (401, "PGRST303".to_owned()),
            "{bad}"
        );
    }
    let without = mint(SECRET, &owner()).unwrap();
    assert_eq!(code(&app, &without).await, (401, "PGRST303".to_owned()), "no exp");
}

#[tokio::test]
async fn audience_and_issuer_are_the_configured_ones() {
    let app = TestApp::builder()
        .set("SEAWALL_JWT_AUD", "authenticated")
        .set("SEAWALL_JWT_ISSUER", "https://auth.test")
        .start()
        .await;
    let with = |aud: Value, iss: Value| {
        let mut claims = owner();
        claims["aud"] = aud;
        claims["iss"] = iss;
        mint(SECRET, &claims).unwrap()
    };
    let (aud, iss) = (json!("authenticated"), json!("https://auth.test"));
    assert_eq!(code(&app, &with(aud.clone(), iss.clone())).await.0, 200);
    assert_eq!(
        code(&app, &with(json!(["x", "authenticated"]), iss.clone()))
            .await
            .0,
        200
    );
    for (aud, iss) in [
        (json!("other"), iss.clone()),
        (json!(["other"]), iss.clone()),
        (json!({"authenticated": 1}), iss.clone()),
        (json!("Authenticated"), iss),
        (aud.clone(), json!("https://auth.test/")),
        (aud.clone(), json!(null)),
        (aud, json!(["https://auth.test"])),
    ] {
        assert_eq!(
            code(&app, &with(aud.clone(), iss.clone())).await,
            (401, "PGRST303".to_owned()),
            "{aud} {iss}"
        );
    }
}

#[tokio::test]
async fn a_claim_that_is_there_twice_has_one_meaning() {
    let app = TestApp::start().await;
    app.database()
        .run(
            "create function told() returns jsonb language sql stable as $$ select
               jsonb_build_object('claims', current_setting('request.jwt.claims')::jsonb, 'role', current_user) $$;
             grant execute on function told() to anon, authenticated; notify pgrst",
        )
        .await;
    app.wait_for_function("told").await;
    let claims = format!(
        r#"{{"role":"authenticated","role":"anon","sub":"{}","sub":"x"}}"#,
        OWNER.id
    );
    let token = signed(r#"{"alg":"HS256"}"#, &claims);
    let told = app
        .with_token(token)
        .get("/rest/v1/rpc/told")
        .send()
        .await
        .expect(200);
    let told = told.json();
    assert_eq!(
        told["role"], told["claims"]["role"],
        "the role in force is the role that policies read"
    );
    assert_eq!(told["claims"]["sub"], "x");
}

#[tokio::test]
async fn huge_and_broken_tokens_are_refused_cheaply() {
    let app = TestApp::builder()
        .set("SEAWALL_HEADER_LIMIT", "1048576")
        .start()
        .await;
    let mut claims = owner();
    claims["padding"] = json!("x".repeat(200_000));
    assert_eq!(code(&app, &mint(SECRET, &claims).unwrap()).await.0, 401);
    for token in [
        "a".repeat(100_000),
        ".".repeat(100_000),
        "a.b.c".repeat(10_000),
        format!(
            "{}.{}.AAAA",
            encoded(r#"{"alg":"HS256"}"#),
            encoded("[".repeat(40_000))
        ),
    ] {
        assert_eq!(code(&app, &token).await.0, 401);
    }
    let deep = format!(
        r#"{{"role":"authenticated","deep":{}{}}}"#,
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    assert_eq!(code(&app, &signed(r#"{"alg":"HS256"}"#, &deep)).await.0, 401);
    assert_eq!(code(&app, &OWNER.token()).await.0, 200);
}

#[tokio::test]
async fn a_service_key_in_a_browser_is_refused_and_reported() {
    let app = TestApp::start().await;
    let service = mint(SECRET, &json!({"role": "service_role"})).unwrap();
    let refused = async |name: &str, value: &str, token: Option<&str>| {
        let caller = match token {
            Some(token) => app.with_token(token),
            None => app.as_user(OWNER),
        };
        let request = caller.get(ROOMS).header(name, value).header("apikey", &service);
        request.send().await.expect(403).code()
    };
    let expected = "SEAWALL_BYPASSRLS_FROM_BROWSER";
    assert_eq!(
        refused("origin", "http://page.test", Some(&service)).await,
        expected
    );
    assert_eq!(
        refused("sec-fetch-site", "same-origin", Some(&service)).await,
        expected
    );
    // The user's own token beside it does not make the key less public.
    assert_eq!(refused("origin", "http://page.test", None).await, expected);
    let secret = app
        .as_user(OWNER)
        .get(ROOMS)
        .header("origin", "http://page.test")
        .header("apikey", "sb_secret_x");
    assert_eq!(secret.send().await.expect(403).code(), expected);
    let publishable = app
        .as_user(OWNER)
        .get(ROOMS)
        .header("origin", "http://page.test")
        .header("apikey", "sb_publishable_x");
    publishable.send().await.expect(200);
    app.with_token(&service)
        .get(ROOMS)
        .header("apikey", &service)
        .send()
        .await
        .expect(200);
    let metrics = app.anonymous().get("/metrics").send().await;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    let line = r#"seawall_events_total{kind="security",what="bypassrls_from_browser"} 4"#;
    assert!(metrics.contains(line), "{metrics}");
}
