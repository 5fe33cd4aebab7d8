use proptest::prelude::*;
use seawall_policy::cache::depend::Relations;
use seawall_policy::cache::evict::{Amount, Limits, Lru, OwnedLabels};
use seawall_policy::cache::invalidate::{Labels, Marks, Target};
use seawall_policy::cache::key::{Identity, canonical};

/// A request as PostgREST understands it: what may change its answer, and nothing else.
#[derive(Clone, Debug, PartialEq)]
struct Request {
    method: &'static str,
    path: String,
    parameters: Vec<(String, String)>,
    headers: Vec<(&'static str, String)>,
    subject: String,
    claims: String,
    api_key: String,
}

impl Request {
    fn key(&self, noise: &[(&str, &str)]) -> String {
        let pairs: Vec<String> = self
            .parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let url = format!("https://a.example/rest/v1/{}?{}", self.path, pairs.join("&"));
        let identity = Identity {
            subject: &self.subject,
            claims: &self.claims,
            api_key: &self.api_key,
        };
        let own = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        canonical(
            self.method,
            &url,
            true,
            own.chain(noise.iter().copied()),
            &identity,
        )
    }

    /// What decides the answer: parameters by name, those of one name in their order.
    fn meaning(&self) -> Self {
        let mut same = self.clone();
        same.parameters.sort_by(|a, b| a.0.cmp(&b.0));
        same.headers.sort();
        same
    }
}

/// Few letters, so that collisions would be found; separators among them, so that fields would run together.
fn word() -> impl Strategy<Value = String> {
    "[ab1:]{0,3}"
}

fn request() -> impl Strategy<Value = Request> {
    let parameter = ("[ab]{1}", "[ab.]{0,2}");
    let header = (
        prop_oneof![Just("accept"), Just("prefer"), Just("range"), Just("x-tenant")],
        "[ab]{1,2}",
    );
    (
        prop_oneof![Just("GET"), Just("HEAD")],
        "[ab]{1,2}",
        prop::collection::vec(parameter, 0..4),
        prop::collection::vec(header, 0..3),
        word(),
        word(),
        word(),
    )
        .prop_map(
            |(method, path, parameters, headers, subject, claims, api_key)| Request {
                method,
                path,
                parameters,
                headers,
                subject,
                claims,
                api_key,
            },
        )
}

/// A `select` list with the tables that it really embeds.
fn select() -> impl Strategy<Value = (String, Vec<String>)> {
    let column = prop_oneof![
        Just("*"),
        Just("id"),
        Just("body::text"),
        Just("data->a->>b"),
        Just("alias:data->>b"),
        Just("amount.sum()"),
    ]
    .prop_map(|text| (text.to_owned(), Vec::new()));
    column.prop_recursive(4, 24, 4, |inner| {
        let table = prop_oneof!["[a-z_]{1,4}", "[a-z ,(]{1,4}"];
        let shape = (any::<bool>(), any::<bool>(), 0..3_u8);
        (table, shape, prop::collection::vec(inner, 0..4)).prop_map(
            |(table, (spread, alias, hint), items)| {
                let name = if table.contains([' ', ',', '(']) {
                    format!("\"{table}\"")
                } else {
                    table.clone()
                };
                let hint = ["", "!inner", "!fk_x!left"]
                    .get(usize::from(hint))
                    .copied()
                    .unwrap_or_default();
                let front = if spread {
                    "..."
                } else if alias {
                    "alias:"
                } else {
                    ""
                };
                let (texts, tables): (Vec<String>, Vec<Vec<String>>) = items.into_iter().unzip();
                let mut found = tables.concat();
                found.push(table);
                (format!("{front}{name}{hint}({})", texts.join(",")), found)
            },
        )
    })
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// What happens to a cache.
#[derive(Clone, Debug)]
enum Step {
    Ask(usize),
    Arrive(usize),
    Write(usize),
    Forget(usize),
}

const TABLES: [&str; 4] = ["messages", "rooms", "people", "receipts"];
const USERS: [&str; 2] = ["a", "b"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..6_usize).prop_map(Step::Ask),
        (0..6_usize).prop_map(Step::Arrive),
        (0..4_usize).prop_map(Step::Write),
        (0..2_usize).prop_map(Step::Forget),
    ];
    prop::collection::vec(step, 1..120)
}

fn labels_of(question: usize) -> OwnedLabels {
    OwnedLabels {
        user: USERS[question % 2].to_owned(),
        path: format!("/rest/v1/{}", TABLES[question % 4]),
        tables: vec![
            TABLES[question % 4].to_owned(),
            TABLES[(question + 1) % 4].to_owned(),
        ],
        tags: Vec::new(),
    }
}

proptest! {
    #![proptest_config(super::config())]

    /// Two requests share a key exactly when they mean the same.
    #[test]
    fn no_two_requests_whose_answers_may_differ_share_a_key(one in request(), other in request()) {
        let noise = [("x-client-info", "supabase-js"), ("Authorization", "Bearer x")];
        prop_assert_eq!(one.key(&[]), one.key(&noise));
        prop_assert_eq!(one.key(&[]) == other.key(&[]), one.meaning() == other.meaning());
    }

    /// Whatever a `select` embeds, with whatever names, hints, spreads and escapes, is found.
    #[test]
    fn every_embedded_table_is_found(items in prop::collection::vec(select(), 1..4), escaped: bool) {
        let (texts, tables): (Vec<String>, Vec<Vec<String>>) = items.into_iter().unzip();
        let list = texts.join(",");
        let query = format!("id=eq.1&select={}", if escaped { encoded(&list) } else { list });
        let found = Relations::default().tables_read("/rest/v1/base", &query);
        for table in tables.concat() {
            // Blanks outside quotes are PostgREST's to ignore; inside they belong to the name.
            prop_assert!(found.contains(&table), "{} not in {:?} of {}", table, found, query);
        }
    }

    /// A reader of text never panics.
    #[test]
    fn any_query_has_tables(query in ".{0,60}") {
        prop_assert!(!Relations::default().tables_read("/rest/v1/t", &query).is_empty());
    }

    /// A write to a table ends every answer that mentions it, and no answer asked for before it is kept after it.
    #[test]
    fn nothing_older_than_a_write_or_a_sign_out_is_kept(steps in steps()) {
        let total = Amount { entries: 5, bytes: 1_000 };
        let mut lru = Lru::new(Limits { total, largest: 500 });
        let mut marks = Marks::default();
        let mut asked: [Option<(u32, u64)>; 6] = [None; 6];
        let (mut tables, mut users) = ([0_u64; 4], [0_u64; 2]);
        for (now, step) in (1_u64..).zip(steps) {
            match step {
                Step::Ask(question) => asked[question] = Some((marks.count(), now)),
                Step::Arrive(question) => {
                    let Some((since, at)) = asked[question].take() else { continue };
                    let labels = labels_of(question);
                    let key = question.to_string();
                    if marks.allow(since, &labels.with_key(&key)) {
                        lru.put(key, (question, at), 7, labels);
                    }
                }
                Step::Write(table) => {
                    tables[table] = now;
                    let target = Target::Table(TABLES[table].to_owned());
                    marks.mark(&target);
                    lru.invalidate(&target);
                }
                Step::Forget(user) => {
                    users[user] = now;
                    let target = Target::User(USERS[user].to_owned());
                    marks.mark(&target);
                    lru.invalidate(&target);
                }
            }
            let mut kept = Amount::default();
            for (_, (question, at), size) in lru.iter() {
                kept = Amount { entries: kept.entries + 1, bytes: kept.bytes + size };
                prop_assert!(*at >= tables[question % 4] && *at >= tables[(question + 1) % 4]);
                prop_assert!(*at >= users[question % 2]);
            }
            prop_assert_eq!(kept, lru.kept());
            prop_assert!(kept.entries <= total.entries);
        }
    }

    /// Every label of an invalidation's target keeps an older answer out.
    #[test]
    fn a_mark_refuses_what_its_target_matches(tables in prop::collection::vec("[ab]{1,2}", 0..3), tag in "[ab]{1,2}", pick in 0..6_u8) {
        let (user, path) = ("u".to_owned(), "/p".to_owned());
        let owned = OwnedLabels { user, path, tables, tags: vec!["a".to_owned()] };
        let target = match pick {
            0 => Target::Key("k".to_owned()),
            1 => Target::Table(tag),
            2 => Target::Tag(tag),
            3 => Target::Pattern("/*".to_owned()),
            4 => Target::User("u".to_owned()),
            _ => Target::Everything,
        };
        let labels: Labels<'_> = owned.with_key("k");
        let mut marks = Marks::default();
        let since = marks.count();
        marks.mark(&target);
        prop_assert!(!(target.matches(&labels) && marks.allow(since, &labels)));
        prop_assert!(marks.allow(marks.count(), &labels));
    }
}
