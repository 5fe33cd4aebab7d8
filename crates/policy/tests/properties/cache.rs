use proptest::prelude::*;
use seawall_policy::cache::depend::Relations;
use seawall_policy::cache::invalidate::{Marks, Target, slots_of};
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

fn tables_of(question: usize) -> Vec<String> {
    [question % 4, (question + 1) % 4]
        .map(|table| TABLES[table].to_owned())
        .to_vec()
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

    /// A write to a table ends every answer that mentions it, and no answer asked for before it is kept after it; a
    /// sign-out does the same to its user's.
    #[test]
    fn nothing_older_than_a_write_or_a_sign_out_is_true(steps in steps()) {
        let mut marks = Marks::default();
        let mut asked: [Option<(u32, u64)>; 6] = [None; 6];
        let mut kept: [Option<(u32, u64)>; 6] = [None; 6];
        let (mut tables, mut users) = ([0_u64; 4], [0_u64; 2]);
        for (now, step) in (1_u64..).zip(steps) {
            match step {
                Step::Ask(question) => asked[question] = Some((marks.count(), now)),
                Step::Arrive(question) => kept[question] = asked[question].take().or(kept[question]),
                Step::Write(table) => {
                    tables[table] = now;
                    marks.mark(&Target::Table(TABLES[table].to_owned()));
                }
                Step::Forget(user) => {
                    users[user] = now;
                    marks.mark(&Target::User(USERS[user].to_owned()));
                }
            }
            for (question, answer) in kept.iter().enumerate() {
                let Some((since, at)) = *answer else { continue };
                let slots = slots_of(&question.to_string(), USERS[question % 2], &tables_of(question), &[]);
                let untouched = at >= tables[question % 4] && at >= tables[(question + 1) % 4] && at >= users[question % 2];
                prop_assert_eq!(marks.allow(since, &slots), untouched, "these few names share no slot");
            }
        }
    }

    /// Whatever an invalidation means, it ends what was asked for before it, and nothing that is asked for after it.
    #[test]
    fn a_mark_ends_what_its_target_means(tables in prop::collection::vec("[ab]{1,2}", 0..3), name in "[ab]{1,2}", pick in 0..6_u8) {
        let tags = ["a".to_owned()];
        let slots = slots_of("k", "u", &tables, &tags);
        let (target, meant) = match pick {
            0 => (Target::Key("k".to_owned()), true),
            1 => (Target::Table(name.clone()), tables.contains(&name)),
            2 => (Target::Tag(name.clone()), tags.contains(&name)),
            3 => (Target::Pattern("/*".to_owned()), true),
            4 => (Target::User("u".to_owned()), true),
            _ => (Target::Everything, true),
        };
        let mut marks = Marks::default();
        let since = marks.count();
        marks.mark(&target);
        prop_assert!(!meant || !marks.allow(since, &slots));
        prop_assert!(marks.allow(marks.count(), &slots));
        prop_assert_eq!(Marks::from_numbers(&marks.to_numbers()), Some(marks));
    }
}
