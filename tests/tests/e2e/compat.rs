//! PostgREST's protocol, row by row: written requests, and the answers they get.
//!
//! The files of `tests/compat` are the tests and, by `npm run codegen`, the table in docs/COMPATIBILITY.md: what the
//! table says works is what passed here. A file begins with what it is about. Cases are separated by a line of
//! `====`: what it shows, after `#`; the request line, after `anon` where nobody is signed in; headers; perhaps a
//! blank line and a body; a line of `----`; and the answer, its status, the headers that matter and its body.
//! Each write is rolled back. `SEAWALL_BLESS=1` writes the answers anew, to be read before they are committed.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;

use http::Method;
use seawall_e2e::{Answer, OWNER, TestApp};

const BETWEEN: &str = "\n====\n";
const ANSWER: &str = "\n----\n";

/// Headers that are part of the protocol.
const SHOWN: [&str; 9] = [
    "allow",
    "www-authenticate",
    "content-type",
    "content-range",
    "content-profile",
    "location",
    "preference-applied",
    "x-brew",
    "x-coal",
];

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What differs; empty where all is as written.
async fn differences(name: &str) -> Outcome<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("compat");
    let file = folder.join(format!("{name}.txt"));
    let text = std::fs::read_to_string(&file)?;
    let schema = std::fs::read_to_string(folder.join("schema.sql"))?;
    let app = TestApp::builder()
        .set("SEAWALL_DB_SCHEMAS", "fleet,depot")
        .set("SEAWALL_DB_TX_END", "rollback-allow-override")
        .set("SEAWALL_DB_AGGREGATES_ENABLED", "true")
        .set("SEAWALL_DB_PLAN_ENABLED", "true")
        .set("SEAWALL_DB_POOL", "2")
        .prepared_with(&schema)
        .start()
        .await;
    let (about, cases) = text
        .trim_end()
        .split_once(BETWEEN)
        .ok_or("a file begins with what it is about")?;
    let mut written = about.to_owned();
    let mut wrong = Vec::new();
    for case in cases.split(BETWEEN) {
        let (asked, expected) = case.split_once(ANSWER).unwrap_or((case.trim_end(), ""));
        let answer = answered(&app, asked).await?;
        if answer.trim_end() != expected.trim_end() {
            wrong.push(format!("{asked}\n-- expected\n{expected}\n-- got\n{answer}"));
        }
        write!(written, "{BETWEEN}{asked}{ANSWER}{}", answer.trim_end())?;
    }
    if std::env::var_os("SEAWALL_BLESS").is_some() {
        std::fs::write(&file, format!("{written}\n"))?;
        return Ok(String::new());
    }
    Ok(wrong.join("\n\n"))
}

async fn answered(app: &TestApp, asked: &str) -> Outcome<String> {
    let (head, body) = asked.split_once("\n\n").unwrap_or((asked, ""));
    let mut lines = head.lines().skip(1);
    let line = lines.next().ok_or("a case has a request line")?;
    let (anonymous, line) = line
        .strip_prefix("anon ")
        .map_or((false, line), |line| (true, line));
    let (method, target) = line
        .split_once(' ')
        .ok_or("a request line has a method and a target")?;
    let caller = if anonymous {
        app.anonymous()
    } else {
        app.as_user(OWNER)
    };
    let method: Method = method.parse()?;
    let mut request = caller.request(method, &format!("/rest/v1{}", encoded(target)?));
    let mut media_type = "application/json";
    for line in lines {
        match line.split_once(": ").ok_or("a header has a name and a value")? {
            ("Content-Type", value) => media_type = value,
            (name, value) => request = request.header(name, value),
        }
    }
    if !body.is_empty() {
        request = request.body(media_type, body.to_owned());
    }
    Ok(shown(&request.send().await)?)
}

/// What a browser encodes by itself; the cases are easier to read without.
fn encoded(target: &str) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for character in target.chars() {
        match character {
            ' ' | '"' | '<' | '>' | '^' | '`' | '{' | '|' | '}' => {
                write!(text, "%{:02X}", u32::from(character))?;
            }
            _ => text.push(character),
        }
    }
    Ok(text)
}

fn shown(answer: &Answer) -> Result<String, std::fmt::Error> {
    let mut text = format!("{}\n", answer.status.as_u16());
    for name in SHOWN {
        if answer.headers.contains_key(name) {
            writeln!(text, "{name}: {}", answer.header(name))?;
        }
    }
    if !answer.body.is_empty() {
        write!(text, "\n{}", String::from_utf8_lossy(&answer.body))?;
    }
    Ok(text)
}

macro_rules! files {
    ($($test:ident $name:literal;)*) => {$(
        #[tokio::test]
        async fn $test() {
            assert_eq!(differences($name).await.unwrap(), "");
        }
    )*};
}

files! {
    d1_select_and_embed "d1-select-and-embed";
    d2_filters "d2-filters";
    d3_order_ranges_counts "d3-order-ranges-counts";
    d4_writes "d4-writes";
    d5_functions "d5-functions";
    d6_media_types "d6-media-types";
    d7_schemas_and_relations "d7-schemas-and-relations";
    d8_identity "d8-identity";
    d9_errors_and_options "d9-errors-and-options";
}
