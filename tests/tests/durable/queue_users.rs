//! A queued write of somebody who was deleted meanwhile: the auth service is asked when the job begins.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a stand-in or fixture that cannot go on ends its test"
)]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use seawall_e2e::{GUEST, HARBOUR, OWNER, TestApp, TestAppBuilder, User};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const KEY: &str = "the-service-key";
const PATIENCE: Duration = Duration::from_secs(90);

/// A stand-in for the auth service's list of users: it says what it is told to, to whoever has the key.
struct Service {
    url: String,
    says: Arc<Mutex<(u16, String)>>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Service {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = Self {
            url: format!("http://{}/auth/v1/admin/users", listener.local_addr().unwrap()),
            says: Arc::new(Mutex::new((503, String::new()))),
            heard: Arc::default(),
        };
        let (says, heard) = (Arc::clone(&service.says), Arc::clone(&service.heard));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = vec![0; 8192];
                let count = stream.read(&mut head).await.unwrap_or_default();
                let head = String::from_utf8_lossy(&head[..count]).into_owned();
                let told = says.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let has_key = head.contains(&format!("authorization: Bearer {KEY}\r\n"))
                    && head.contains(&format!("apikey: {KEY}\r\n"));
                let (status, body) = if has_key { told } else { (401, "{}".to_owned()) };
                heard.lock().unwrap_or_else(PoisonError::into_inner).push(head);
                let answer = format!(
                    "HTTP/1.1 {status} Told\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
                     connection: close\r\n\r\n{body}",
                    body.len()
                );
                let _gone = stream.write_all(answer.as_bytes()).await;
            }
        });
        service
    }

    fn says(&self, status: u16, body: &Value) {
        *self.says.lock().unwrap_or_else(PoisonError::into_inner) = (status, body.to_string());
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn queueing(service: &Service, workers: u32) -> TestAppBuilder {
    TestApp::builder()
        .with_store()
        .set("SEAWALL_AUTH_USERS_URL", &service.url)
        .set("SEAWALL_AUTH_USERS_KEY", KEY)
        .set("SEAWALL_QUEUE_BACKOFF", "50")
        .set("SEAWALL_QUEUE_ATTEMPTS", "2")
        .set("SEAWALL_QUEUE_WORKERS", &workers.to_string())
}

async fn queued(app: &TestApp, user: User, text: &str) -> String {
    let body = json!({"room_id": HARBOUR, "body": text});
    let request = app.as_user(user).post("/rest/v1/messages", &body);
    let answer = request.prefer("respond-async").send().await.expect(202);
    answer.header("location").to_owned()
}

async fn job(app: &TestApp, location: &str) -> Value {
    let admin = app.with_claims(&json!({"role": "service_role"}));
    admin.get(location).send().await.expect(200).json()
}

async fn ended(app: &TestApp, location: &str) -> Value {
    let until = Instant::now() + PATIENCE;
    loop {
        let job = job(app, location).await;
        if job["state"] != "queued" && job["state"] != "running" {
            return job;
        }
        assert!(Instant::now() < until, "{job}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn count(app: &TestApp, body: &str) -> String {
    let sql = format!("select count(*) from messages where body = '{body}'");
    app.database().value(&sql).await
}

fn assert_dead(job: &Value, code: &str, why: &str) {
    assert_eq!(
        (&job["state"], &job["code"]),
        (&json!("dead"), &json!(code)),
        "{job}"
    );
    let told = job["result"]["body"]["message"].as_str().unwrap_or_default();
    assert!(told.contains(why), "{job}");
}

#[tokio::test]
async fn who_is_gone_writes_nothing_and_who_is_there_does() {
    let service = Service::start().await;
    let accepting = queueing(&service, 0).start().await;
    let gone = queued(&accepting, GUEST, "of the deleted").await;
    service.says(
        404,
        &json!({"code": 404, "error_code": "user_not_found", "msg": "User not found"}),
    );
    let working = queueing(&service, 2).beside(&accepting).start().await;
    let job = ended(&working, &gone).await;
    assert_dead(&job, "SEAWALL_USER_GONE", "deleted or banned");
    assert_eq!(count(&working, "of the deleted").await, "0");

    service.says(200, &json!({"id": OWNER.id}));
    let there = queued(&accepting, OWNER, "of who is there").await;
    assert_eq!(ended(&working, &there).await["state"], "completed");
    assert_eq!(count(&working, "of who is there").await, "1");
    let heard = service.heard();
    let asked = |user: User| {
        let line = format!("GET /auth/v1/admin/users/{} HTTP/1.1\r\n", user.id);
        heard.iter().any(|head| head.starts_with(&line))
    };
    assert!(asked(GUEST) && asked(OWNER), "{heard:?}");
}

#[tokio::test]
async fn a_job_waits_for_an_auth_service_that_is_down_at_no_cost_of_attempts() {
    let service = Service::start().await;
    let app = queueing(&service, 2).start().await;
    let location = queued(&app, OWNER, "patient").await;
    let until = Instant::now() + PATIENCE;
    // More often than the job has attempts.
    while service.heard().len() < 4 {
        assert!(Instant::now() < until, "{:?}", service.heard().len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let waiting = job(&app, &location).await;
    assert!(
        waiting["state"] == "queued" || waiting["state"] == "running",
        "{waiting}"
    );
    assert_eq!(count(&app, "patient").await, "0");
    service.says(200, &json!({"id": OWNER.id}));
    // Its circuit may have opened meanwhile.
    assert_eq!(ended(&app, &location).await["state"], "completed");
    assert_eq!(count(&app, "patient").await, "1");
}

#[tokio::test]
async fn the_job_of_a_token_without_an_end_does_not_wait_for_ever() {
    let service = Service::start().await;
    let app = queueing(&service, 2)
        .set("SEAWALL_QUEUE_TOKEN_GRACE", "1")
        .start()
        .await;
    let endless = app.with_claims(&json!({"sub": OWNER.id, "role": "authenticated"}));
    let body = json!({"room_id": HARBOUR, "body": "of the endless"});
    let request = endless.post("/rest/v1/messages", &body);
    let answer = request.prefer("respond-async").send().await.expect(202);
    let job = ended(&app, answer.header("location")).await;
    assert_dead(&job, "SEAWALL_JOB_UNDECIDED", "no end");
    assert_eq!(count(&app, "of the endless").await, "0");
}

#[tokio::test]
async fn who_has_no_token_of_a_user_is_not_asked_about() {
    let service = Service::start().await;
    let app = queueing(&service, 2)
        .prepared_with(
            "create table open_notes (body text); grant insert, select on open_notes to service_role;",
        )
        .start()
        .await;
    let admin = app.with_claims(&json!({"role": "service_role"}));
    let request = admin.post("/rest/v1/open_notes", &json!({"body": "by the key"}));
    let answer = request.prefer("respond-async").send().await.expect(202);
    let location = answer.header("location").to_owned();
    assert_eq!(ended(&app, &location).await["state"], "completed");
    assert!(service.heard().is_empty());
}
