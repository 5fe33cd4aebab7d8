//! The values of a body as arguments of their own are what PostgreSQL would have read out of the body.
//!
//! With `columns=` the keys of a body are not looked at and the whole of it goes to `json_to_record`: so every call
//! is made in both ways, and status and body must be the same, whether it is a value or a refusal.

use http::Method;
use seawall_e2e::{OWNER, TestApp};

/// Types of parameters, each with a name for its function.
const TYPES: [(&str, &str); 33] = [
    ("smallint", "smallint"),
    ("integer", "integer"),
    ("bigint", "bigint"),
    ("numeric", "numeric"),
    ("real", "real"),
    ("double", "double precision"),
    ("text", "text"),
    ("varchar", "varchar(3)"),
    ("character", "char(3)"),
    ("letter", "\"char\""),
    ("name", "name"),
    ("bit", "bit(3)"),
    ("boolean", "boolean"),
    ("uuid", "uuid"),
    ("date", "date"),
    ("timestamp", "timestamp"),
    ("timestamptz", "timestamptz"),
    ("time", "time"),
    ("interval", "interval"),
    ("bytea", "bytea"),
    ("json", "json"),
    ("jsonb", "jsonb"),
    ("xml", "xml"),
    ("inet", "inet"),
    ("regclass", "regclass"),
    ("range", "int4range"),
    ("mood", "mood"),
    ("even", "even"),
    ("pair", "pair"),
    ("texts", "text[]"),
    ("integers", "integer[]"),
    ("jsons", "jsonb[]"),
    ("point", "point"),
];

const OTHERS: &str = "
    create function take_many(a integer, b text default 'b', c jsonb default '{}', d boolean default null)
      returns json language sql stable as $$ select json_build_array(a, b, c, d) $$;
    create function take_over(a integer) returns text language sql as $$ select 'one ' || a $$;
    create function take_over(a integer, b text) returns text language sql as $$ select 'two ' || a || b $$;
    create function take_rest(a text, variadic b integer[]) returns text language sql as $$ select a || b::text $$;
    create function take_strictly(a integer, b integer) returns integer language sql immutable strict
      as $$ select a / b $$;
    create function take_rows(a integer, b text) returns table (n integer, t text) language sql stable
      as $$ select n, b from generate_series(1, a) n $$;";

/// Values as they are written in a body.
const VALUES: [&str; 62] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "-1",
    "2",
    "32768",
    "2147483648",
    "9223372036854775808",
    "12345678901234567890123.4500",
    "1.0",
    "1.5",
    "1e2",
    "1E+400",
    "-1.5e-400",
    "1e999999",
    r#""""#,
    r#"" ""#,
    r#""1""#,
    r#"" 1 ""#,
    r#""1.5""#,
    r#""0x10""#,
    r#""NaN""#,
    r#""true""#,
    r#""yes""#,
    r#""null""#,
    r#""x""#,
    r#""äöü€😀""#,
    r#""a long text with more letters than are allowed""#,
    r#""\"quoted\" \\ \/ \b\f\n\r\t""#,
    r#""\u0041\u001f\u007f""#,
    r#""\u00e4\u20ac""#,
    r#""\ud83d\ude00""#,
    r#""\ud83d""#,
    r#""\u0000""#,
    r#""\\u0000""#,
    r#""'; drop table rooms; --""#,
    r#""$1""#,
    r#""101""#,
    r#""11111111-1111-4111-8111-111111111111""#,
    r#""2024-02-30""#,
    r#""2024-02-29""#,
    r#""2024-02-29T12:34:56.789+02:00""#,
    r#""12:34""#,
    r#""1 day 2 hours""#,
    r#""infinity""#,
    r#""\\x00ff""#,
    r#""\\xzz""#,
    r#""127.0.0.1/8""#,
    r#""rooms""#,
    r#""[1,5)""#,
    r#""so-so""#,
    r#""(1,2)""#,
    r#""{1,2}""#,
    r#""{\"a\": 1}""#,
    "{}",
    "[]",
    r#"{"a": 1,"b":"x",  "a":2}"#,
    r#"[1, "2" ,null]"#,
    r#"["\u0000", {"a":"\ud800"}]"#,
];

fn schema() -> String {
    let functions = TYPES.iter().map(|(name, of)| {
        format!(
            "create function take_{name}(v {of}) returns text language sql stable
               as $$ select coalesce(v::text, 'nothing') || ' of ' || pg_typeof(v) $$;"
        )
    });
    let types = "create type mood as enum ('sad', 'so-so', 'happy');
        create domain even as integer check (value % 2 = 0) not null;
        create type pair as (a integer, b text);";
    format!("{types}{}{OTHERS}", functions.collect::<String>())
}

async fn agree(app: &TestApp, function: &str, columns: &str, body: &str) -> u16 {
    let call = |query: &str| {
        let path = format!("/rest/v1/rpc/{function}{query}");
        let call = app.as_user(OWNER).request(Method::POST, &path);
        call.body("application/json", body.to_owned()).send()
    };
    let left_to_postgresql = call(&format!("?columns={columns}")).await;
    let answer = call("").await;
    assert_eq!(
        (answer.status, String::from_utf8_lossy(&answer.body)),
        (
            left_to_postgresql.status,
            String::from_utf8_lossy(&left_to_postgresql.body)
        ),
        "{function} of {body}"
    );
    answer.status.as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_value_is_read_or_refused_as_out_of_the_body() {
    let app = TestApp::builder().prepared_with(&schema()).start().await;
    let (mut read, mut refused) = (0, 0);
    for (name, _) in TYPES {
        for value in VALUES {
            let body = format!("{{ \"v\" : {value} }}");
            match agree(&app, &format!("take_{name}"), "v", &body).await {
                200 => read += 1,
                400 | 404 => refused += 1,
                other => panic!("{other} of take_{name} for {value}"),
            }
        }
    }
    assert!(read > 500 && refused > 500, "{read} read, {refused} refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_is_the_same_call() {
    let app = TestApp::builder().prepared_with(&schema()).start().await;
    for (function, columns, body) in [
        ("take_many", "a", r#"{"a":1}"#),
        ("take_many", "a,b", r#"{"b":"x","a":"1"}"#),
        ("take_many", "a,b,c,d", r#"{"a":1,"b":null,"c":null,"d":true}"#),
        ("take_many", "a,c", r#"{"a":1,"a":2,"c":{"z": 1,"a":[ ]}}"#),
        ("take_many", "a,d", r#"{"a":"one","d":"perhaps"}"#),
        ("take_many", "a,d", r#"{"d":"perhaps","a":"one"}"#),
        ("take_many", "b", r#"{"b":"x"}"#),
        ("take_many", "a,z", r#"{"a":1,"z":2}"#),
        ("take_many", "a", r#"[{"a":1},{"a":2}]"#),
        ("take_over", "a", r#"{"a":7}"#),
        ("take_over", "a,b", r#"{"a":7,"b":8}"#),
        ("take_rest", "a,b", r#"{"a":"x","b":[1,2]}"#),
        ("take_rest", "a,b", r#"{"a":"x","b":"{3}"}"#),
        ("take_rest", "a,b", r#"{"a":"x","b":1}"#),
        ("take_strictly", "a,b", r#"{"a":7,"b":null}"#),
        ("take_strictly", "a,b", r#"{"a":7,"b":0}"#),
        ("take_strictly", "a,b", r#"{"a":7,"b":2}"#),
        ("take_rows", "a,b", r#"{"a":3,"b":"x"}"#),
        ("take_rows", "a,b", r#"{"a":0,"b":""}"#),
    ] {
        // As it is seen first, as it is prepared, and by its name.
        for _ in 0..3 {
            agree(&app, function, columns, body).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bodies_are_read_the_same() {
    let app = TestApp::builder().prepared_with(&schema()).start().await;
    let seed = from_environment("SEAWALL_ARGUMENT_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("SEAWALL_ARGUMENT_SEED={seed}");
    let mut chance = Chance(seed);
    for _ in 0..from_environment("SEAWALL_ARGUMENT_ROUNDS").unwrap_or(400) {
        let (name, _) = chance.one_of(&TYPES);
        let body = format!("{{\"v\":{},\"v\":{}}}", chance.value(2), chance.value(3));
        agree(&app, &format!("take_{name}"), "v", &body).await;
        let many = format!(
            "{{\"a\":{},\"b\":{},\"c\":{},\"d\":{}}}",
            chance.value(0),
            chance.value(1),
            chance.value(3),
            chance.value(0)
        );
        agree(&app, "take_many", "a,b,c,d", &many).await;
    }
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// A small generator, which a seed repeats.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }

    fn one_of<T: Copy + Default>(&mut self, list: &[T]) -> T {
        list.get(self.below(list.len())).copied().unwrap_or_default()
    }

    /// A value of at most so many levels, as it might be written.
    fn value(&mut self, levels: usize) -> String {
        match self.below(if levels == 0 { 4 } else { 6 }) {
            0 => self.one_of(&VALUES).to_owned(),
            1 => [
                self.one_of(&["0", "1", "-37", "105", "-0"]),
                self.one_of(&["", "", ".5", ".00", ".000000000000000000001"]),
                self.one_of(&["", "", "e5", "E-2", "e+0"]),
            ]
            .concat(),
            2 | 3 => self.text(),
            4 => {
                let items: Vec<String> = (0..self.below(4)).map(|_| self.value(levels - 1)).collect();
                format!("[{}]", items.join(self.one_of(&[",", " , ", ",\n"])))
            }
            _ => {
                let item = |chance: &mut Self| format!("{} :{}", chance.text(), chance.value(levels - 1));
                let items: Vec<String> = (0..self.below(4)).map(|_| item(self)).collect();
                format!("{{{}}}", items.join(","))
            }
        }
    }

    fn text(&mut self) -> String {
        let pieces = [
            "a",
            "1",
            " ",
            "ä",
            "😀",
            r#"\""#,
            r"\\",
            r"\/",
            r"\n",
            r"\u0009",
            r"\u007e",
            r"\u00fc",
            "-",
            ":",
            "{",
            "]",
            "'",
            "$",
            "true",
            "2024-01-02",
            "null",
            ".5",
        ];
        let text: String = (0..self.below(6)).map(|_| self.one_of(&pieces)).collect();
        format!("\"{text}\"")
    }
}
