//! A request leaves nothing behind, whether it ends or its caller goes: no transaction, no role, no claim, no setting.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use seawall_e2e::{GUEST, OWNER, TestApp, User};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

const ROOMS: &str = "/rest/v1/rooms?select=name";

const SLOW: &str = "create function slow_post() returns void language sql volatile as $$
    insert into messages (room_id, body) values ('aaaaaaaa-0000-4000-8000-000000000001', 'left midway');
    select pg_sleep(20) $$;
    grant execute on function slow_post() to authenticated;
    notify pgrst";

/// Sends a request and leaves after a while.
async fn leave(address: SocketAddr, user: User, request: &str, after: Duration) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let token = user.token();
    let head = format!(
        "{request} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    tokio::time::sleep(after).await;
    Ok(())
}

async fn wait_for(app: &TestApp, question: &str, answer: &str) {
    let started = Instant::now();
    while app.database().value(question).await != answer {
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{question} is still not {answer}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_dropped_write_is_cancelled_and_rolled_back() {
    let app = TestApp::builder().set("SEAWALL_DB_POOL", "1").start().await;
    app.database().run(SLOW).await;
    app.wait_for_function("slow_post").await;
    let running = "select count(*) from pg_stat_activity where datname = current_database() and query like '%slow_post%' \
                   and state <> 'idle' and pid <> pg_backend_pid()";
    let request = "POST /rest/v1/rpc/slow_post";
    let left = tokio::spawn(leave(app.address(), OWNER, request, Duration::from_millis(600)));
    wait_for(&app, running, "1").await;
    left.await.unwrap().unwrap();
    wait_for(&app, running, "0").await;
    // The only connection is free again at once, for somebody else.
    let rooms = app.as_user(GUEST).get(ROOMS).send().await.expect(200);
    assert_eq!(rooms.column("name"), ["Harbour"]);
    assert_eq!(
        app.database()
            .value("select count(*) from messages where body = 'left midway'")
            .await,
        "0"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_users_and_random_leavers_on_one_connection_never_meet() {
    for pool in ["1", "4"] {
        let app = TestApp::builder().set("SEAWALL_DB_POOL", pool).start().await;
        for round in 0..60_u64 {
            let (leaver, stayer, rooms) = if round % 2 == 0 {
                (OWNER, GUEST, 1)
            } else {
                (GUEST, OWNER, 2)
            };
            // A pseudo-random instant between sending and answering.
            let after = Duration::from_micros(round.wrapping_mul(2_654_435_761) % 4_000);
            let leaving = leave(app.address(), leaver, "GET /rest/v1/rooms?select=name", after);
            let staying = app.as_user(stayer).get(ROOMS).send();
            let (left, answer) = tokio::join!(leaving, staying);
            left.unwrap();
            assert_eq!(
                answer.expect(200).rows().len(),
                rooms,
                "round {round} on a pool of {pool}"
            );
            app.anonymous().get(ROOMS).send().await.expect(401);
        }
    }
}

const LITTERING: &str = "create function litter() returns void language plpgsql volatile as $$ begin
      perform set_config('app.secret', 'of the owner', false);
      perform set_config('search_path', 'pg_catalog', false);
      create temp table rooms as select 'forged' as name;
    end $$;
    create function found() returns text language sql stable as $$ select current_setting('app.secret', true) $$;
    grant execute on function litter(), found() to authenticated;
    notify pgrst";

#[tokio::test]
async fn what_a_function_leaves_on_its_session_is_gone_for_the_next() {
    let app = TestApp::builder().set("SEAWALL_DB_POOL", "1").start().await;
    app.database().run(LITTERING).await;
    app.wait_for_function("litter").await;
    let litter = app
        .as_user(OWNER)
        .post("/rest/v1/rpc/litter", &serde_json::json!({}))
        .send()
        .await;
    litter.expect(204);
    let found = app
        .as_user(GUEST)
        .get("/rest/v1/rpc/found")
        .send()
        .await
        .expect(200);
    assert!(!found.json().to_string().contains("owner"), "{:?}", found.body);
    let rooms = app.as_user(GUEST).get(ROOMS).send().await.expect(200);
    assert_eq!(rooms.column("name"), ["Harbour"]);
}
