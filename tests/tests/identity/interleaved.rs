//! Two organisations on the same few connections, and callers who leave at any byte and any moment: nothing of one
//! ever reaches the other. `SEAWALL_SOAK_ROUNDS` makes it long; `SEAWALL_SOAK_SEED` repeats one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use seawall_e2e::{Answer, Request, SECRET, TestApp, TestAppBuilder};
use seawall_server::auth::mint::mint;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

const ROUNDS: u64 = 60;

static UNAVAILABLE: AtomicU64 = AtomicU64::new(0);

const LEDGER: &str = "
    create table ledger (id bigint generated always as identity primary key, org_id text not null, body text not null);
    insert into ledger (org_id, body) select org, org || ' ' || n
      from unnest(array['red', 'blue']) org, generate_series(1, 50) n;
    alter table ledger enable row level security;
    create policy own on ledger to authenticated
      using (org_id = current_setting('request.jwt.claims', true)::jsonb #>> '{app_metadata,org_id}')
      with check (org_id = current_setting('request.jwt.claims', true)::jsonb #>> '{app_metadata,org_id}');
    grant select, insert on ledger to authenticated;
    create function told(pause float8 default 0) returns jsonb language plpgsql as $$
    begin
      perform pg_sleep(pause);
      perform set_config('app.leaked', coalesce(current_setting('request.jwt.claims', true), ''), false);
      return jsonb_build_object('role', current_user,
        'org', nullif(current_setting('request.jwt.claims', true), '')::jsonb #>> '{app_metadata,org_id}');
    end $$;
    create function leaked() returns text language sql as $$ select coalesce(current_setting('app.leaked', true), '') $$;
    grant execute on function told(float8), leaked() to anon, authenticated;";

/// Small, seeded, and good enough to be unlucky with.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % bound
    }

    fn index(&mut self, length: usize) -> usize {
        let bound = u64::try_from(length).unwrap();
        usize::try_from(self.below(bound)).unwrap()
    }
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn token(organisation: &str) -> String {
    let claims =
        json!({"sub": organisation, "role": "authenticated", "app_metadata": {"org_id": organisation}});
    mint(SECRET, &claims).unwrap()
}

fn raw(method: &str, path: &str, organisation: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        token(organisation),
        body.len()
    )
}

/// Sends up to some byte of a request and leaves after a while.
async fn leave(app: &TestApp, dice: &mut Dice) {
    let organisation = if dice.below(2) == 0 { "red" } else { "blue" };
    let bytes = match dice.below(4) {
        0 => raw("GET", "/rest/v1/ledger?select=*", organisation, ""),
        1 => raw("POST", "/rest/v1/rpc/told", organisation, r#"{"pause": 0.02}"#),
        2 => raw(
            "POST",
            "/rest/v1/ledger",
            organisation,
            &json!({"org_id": organisation, "body": "left"}).to_string(),
        ),
        _ => raw("POST", "/rest/v1/rpc/told", organisation, "{}"),
    };
    // Half of them send all of it and leave while it is worked on.
    let cut = if dice.below(2) == 0 {
        bytes.len()
    } else {
        dice.index(bytes.len())
    };
    let pause = Duration::from_micros(dice.below(30_000));
    let address = app.address();
    tokio::spawn(async move {
        if let Ok(mut stream) = TcpStream::connect(address).await {
            let _gone = stream.write_all(&bytes.as_bytes()[..cut]).await;
            tokio::time::sleep(pause).await;
        }
    });
}

/// Sends until the answer is no 503: whoever leaves takes a connection along, and that is not what is tested.
async fn answered(request: impl Fn() -> Request) -> Answer {
    for _ in 0..100 {
        let answer = request().send().await;
        if answer.status != 503 {
            return answer;
        }
        UNAVAILABLE.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    request().send().await
}

async fn sees_only_its_own(app: &TestApp, organisation: &str) {
    let caller = app.with_token(token(organisation));
    let rows = answered(|| caller.get("/rest/v1/ledger?select=org_id"))
        .await
        .expect(200);
    let seen = rows.column("org_id");
    assert!(seen.len() >= 50, "{}", seen.len());
    assert!(
        seen.iter().all(|of| of == organisation),
        "{organisation} saw {seen:?}"
    );
    let told: Value = answered(|| caller.post("/rest/v1/rpc/told", &json!({})))
        .await
        .expect(200)
        .json();
    assert_eq!(told, json!({"role": "authenticated", "org": organisation}));
}

async fn nobody_is_nobody(app: &TestApp) {
    let nobody = app.anonymous();
    let told: Value = answered(|| nobody.post("/rest/v1/rpc/told", &json!({})))
        .await
        .expect(200)
        .json();
    assert_eq!(told, json!({"role": "anon", "org": null}));
    let leaked = answered(|| nobody.post("/rest/v1/rpc/leaked", &json!({})))
        .await
        .expect(200);
    assert_eq!(
        leaked.json(),
        "",
        "what the request before put on the session is still there"
    );
    answered(|| nobody.get("/rest/v1/ledger")).await.expect(401);
}

async fn soak(builder: TestAppBuilder) {
    let seed = from_environment("SEAWALL_SOAK_SEED").unwrap_or_else(|| {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .subsec_nanos()
            .into()
    });
    println!("SEAWALL_SOAK_SEED={seed}");
    let mut dice = Dice(seed);
    let app = builder.prepared_with(LEDGER).start().await;
    for _ in 0..from_environment("SEAWALL_SOAK_ROUNDS").unwrap_or(ROUNDS) {
        for _ in 0..dice.below(6) {
            leave(&app, &mut dice).await;
        }
        let (red, blue) = if dice.below(2) == 0 {
            ("red", "blue")
        } else {
            ("blue", "red")
        };
        tokio::join!(
            sees_only_its_own(&app, red),
            sees_only_its_own(&app, blue),
            nobody_is_nobody(&app)
        );
    }
    println!("{} answers were 503", UNAVAILABLE.load(Ordering::Relaxed));
    let foreign =
        "select count(*) from ledger where body = 'left' and org_id not in ('red', 'blue') or org_id is null";
    assert_eq!(app.database().value(foreign).await, "0");
    let open = "select count(*) from pg_stat_activity where datname = current_database()
                and state like 'idle in transaction%' and now() - state_change > interval '5 s'";
    assert_eq!(app.database().value(open).await, "0");
    let metrics = app.anonymous().get("/metrics").send().await;
    assert!(String::from_utf8_lossy(&metrics.body).contains("rls_context_failures_total 0"));
}

fn builder(pool: &str) -> TestAppBuilder {
    TestApp::builder().set("SEAWALL_DB_POOL", pool)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_one_connection() {
    soak(builder("1")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_a_transaction_pooler_with_two_sessions() {
    soak(builder("4").pooled()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_four_connections() {
    soak(builder("4")).await;
}
