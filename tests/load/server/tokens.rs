//! Q4: the token cache. An auth service that takes 5 ms to answer stands behind; two hundred people ask over and over.
//! What identifying them takes is what the server says in `Server-Timing`; what was spared is counted at the service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use seawall_e2e::measure::{Heard, Measured, Next, steadily, within_us};
use seawall_e2e::{Database, SECRET, ServerProcess};
use seawall_server::auth::mint::mint;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::Size;
use crate::targets::Targets;

const PEOPLE: u64 = 200;
const CONNECTIONS: u64 = 16;

pub(crate) async fn measure(size: Size, targets: &mut Targets) -> Measured<Value> {
    let database = Database::create().await;
    let service = AuthService::start().await?;
    let url = format!("http://{}/auth/v1/user", service.address);
    let settings = [
        ("SEAWALL_TOKEN_VERIFY_URL", url.as_str()),
        ("SEAWALL_SERVER_TIMING_ENABLED", "true"),
        ("SEAWALL_DB_CONNECT_TIMEOUT", "20000"),
    ];
    let server = ServerProcess::start(&database, &settings).await;
    let tokens: Vec<String> = (0..PEOPLE)
        .map(|user| {
            let id = format!("00000000-0000-4000-8000-{user:012}");
            mint(SECRET, &json!({ "sub": id, "role": "authenticated" }))
                .map(|token| format!("Bearer {token}"))
        })
        .collect::<Result<_, _>>()?;
    let tokens = Arc::new(tokens);
    let next: Next = Arc::new(move |connection, count| {
        let place = connection.wrapping_mul(PEOPLE / CONNECTIONS).wrapping_add(count) % PEOPLE;
        let token = usize::try_from(place).ok().and_then(|place| tokens.get(place));
        let request = http::Request::get("/rest/v1/rooms?select=id&limit=1")
            .header("authorization", token.map_or("", String::as_str));
        (request, Bytes::new())
    });
    let heard = steadily(server.address(), CONNECTIONS, size.span * 2, Arc::clone(&next)).await?;
    let asked = service.asked.load(Ordering::Relaxed);
    // Everybody is known by now.
    let known = steadily(server.address(), CONNECTIONS, size.span, next).await?;
    let timings: Vec<f64> = known.iter().filter_map(identifying_ms).collect();
    #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark")]
    let (spared, within) = (
        100.0 * (1.0 - asked as f64 / heard.len().max(1) as f64),
        100.0 * timings.iter().filter(|ms| **ms < 1.0).count() as f64 / timings.len().max(1) as f64,
    );
    let p99 = at(timings, 0.99);
    println!("token cache (Q4: a lookup within 1 ms at p99; more than half of the verifications spared)");
    println!("{PEOPLE} people, {CONNECTIONS} connections, an auth service that takes 5 ms");
    println!(
        "  requests {}, verifications upstream {asked}: {spared:.1}% spared",
        heard.len()
    );
    println!(
        "  identifying a known caller: p99 {p99:.1} ms (in tenths), {within:.2}% within 1 ms; whole request p50 {:.0} µs, p99 {:.0} µs",
        within_us(&known, 0.5),
        within_us(&known, 0.99)
    );
    targets.at_most("token cache: identifying a known caller, p99", p99, 1.0, "ms");
    targets.at_least("token cache: verifications upstream spared", spared, 50.0, "%");
    Ok(json!({
        "requests": heard.len(), "verifications": asked, "spared_percent": spared, "lookup_p99_ms": p99,
        "within_1_ms_percent": within,
    }))
}

/// `jwt;dur=0.1` of `Server-Timing`.
fn identifying_ms(heard: &Heard) -> Option<f64> {
    let text = heard.headers.get("server-timing")?.to_str().ok()?;
    let part = text.split(", ").find_map(|part| part.strip_prefix("jwt;dur="))?;
    part.parse().ok()
}

fn at(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list of measured requests"
    )]
    let place = (share * values.len() as f64) as usize;
    values.get(place).copied().unwrap_or(f64::NAN)
}

/// Says of every token that it is good, after 5 ms, and counts.
struct AuthService {
    address: SocketAddr,
    asked: Arc<AtomicU64>,
}

impl AuthService {
    async fn start() -> Measured<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, asked) = (listener.local_addr()?, Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&counted)));
            }
        });
        Ok(Self { address, asked })
    }
}

async fn converse(mut stream: TcpStream, asked: Arc<AtomicU64>) -> Option<()> {
    let mut said = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = said.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut said).await.ok()? == 0 {
                return None;
            }
        };
        let head = String::from_utf8_lossy(said.get(..end)?).into_owned();
        said.drain(..end);
        asked.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(5)).await;
        let body =
            json!({ "id": subject(&head)?, "aud": "authenticated", "role": "authenticated" }).to_string();
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

/// Whose token a request brings; it is not verified here.
fn subject(head: &str) -> Option<String> {
    use base64::Engine as _;
    let line = head
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with("authorization:"))?;
    let claims = line.split('.').nth(1)?;
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(claims)
        .ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    Some(claims.get("sub")?.as_str()?.to_owned())
}
