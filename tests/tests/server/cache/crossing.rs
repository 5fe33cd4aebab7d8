//! No answer crosses users, whatever is asked, by whom, and whatever is written meanwhile.
//!
//! Random people read random tables, views, functions and embeds under random headers on several instances that
//! share a Redis, while random writes race the fills. Every answer is held against what row-level security gives
//! that person, as the test knows it: an answer may be a little old on another instance, but never somebody else's.
//! `SEAWALL_CACHE_ROUNDS` and `SEAWALL_SEED` make it longer and repeat it.

use std::collections::BTreeSet;

use seawall_e2e::{Answer, Caller, TestApp, TestRedis};
use serde_json::{Value, json};

use super::dice::{Dice, number};
use super::{keeping, until, warm, word};

/// People own notes; a note's text names its owner, and the policy asks an unusual claim as well.
const HARBOUR: &str = "
    create table berths (id int primary key, owner text not null, tide int not null, words text not null);
    create table notes (id serial primary key, berth int references berths on delete cascade, owner text not null, words text not null);
    create table signs (id int primary key, words text not null);
    alter table berths enable row level security;
    alter table notes enable row level security;
    create policy own_berths on berths using (owner = auth.jwt() ->> 'sub' and tide = (auth.jwt() -> 'app_metadata' ->> 'tide')::int);
    create policy own_notes on notes using (exists (select from berths b where b.id = berth));
    create view overview with (security_invoker = true) as
      select b.id, b.owner, count(n.id) as notes from berths b left join notes n on n.berth = b.id group by b.id;
    create function mine() returns setof berths language sql stable as $$ select * from berths $$;
    grant select, insert, update, delete on berths, notes to authenticated;
    grant usage on sequence notes_id_seq to authenticated;
    grant select on overview, signs to authenticated, anon;
    grant execute on function mine() to authenticated;
    insert into signs values (1, 'open');
    insert into berths select p * 10 + t, 'person ' || p, t, 'person ' || p || ' tide ' || t
      from generate_series(0, 3) p, generate_series(0, 1) t;
    insert into notes (berth, owner, words) select id, owner, words from berths;
    notify pgrst";

const PATHS: [&str; 7] = [
    "/rest/v1/berths?select=owner,words",
    "/rest/v1/berths?select=owner,words,notes(owner,words)",
    "/rest/v1/notes?select=owner,words",
    "/rest/v1/notes?select=owner,words,berths(owner,words)",
    "/rest/v1/overview?select=owner,notes",
    "/rest/v1/rpc/mine?select=owner,words",
    "/rest/v1/berths?select=owner,words&order=id",
];

#[derive(Clone, Copy)]
struct Person {
    who: usize,
    tide: usize,
}

impl Person {
    fn on(self, app: &TestApp) -> Caller<'_> {
        app.with_claims(&json!({
            "sub": format!("person {}", self.who),
            "role": "authenticated",
            "app_metadata": {"tide": self.tide},
        }))
    }

    /// Every owner and every word in the answer is this person's at this tide.
    fn may_see(self, answer: &Answer) {
        let mut texts = BTreeSet::new();
        collect(&answer.json(), &mut texts);
        let (owner, words) = (
            format!("person {}", self.who),
            format!("person {} tide {}", self.who, self.tide),
        );
        for text in texts {
            assert!(
                text == owner || text.starts_with(&words),
                "{owner} at tide {} was given {text:?}: {}",
                self.tide,
                word(answer)
            );
        }
    }
}

fn collect(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            into.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Object(members) => members.values().for_each(|member| collect(member, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

async fn read(app: &TestApp, person: Person, dice: &mut Dice) -> bool {
    let mut request = person
        .on(app)
        .get(PATHS.get(dice.roll(PATHS.len())).copied().unwrap_or_default());
    request = match dice.roll(6) {
        0 => request.prefer("count=exact"),
        1 => request.header("range", "0-0"),
        2 => request.header("accept", "text/csv"),
        3 => request.header("cache-control", "no-cache"),
        _ => request,
    };
    let answer = request.send().await;
    assert!(answer.status.is_success(), "{:?}", answer.body);
    if answer.header("content-type").starts_with("text/csv") {
        let other = (0..4).filter(|other| *other != person.who);
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        for other in other {
            assert!(!text.contains(&format!("person {other}")), "{text}");
        }
    } else {
        person.may_see(&answer);
    }
    word(&answer) == "HIT"
}

async fn write(app: &TestApp, person: Person, dice: &mut Dice) {
    let berth = person.who * 10 + person.tide;
    let words = format!("person {} tide {} again", person.who, person.tide);
    let note = json!({"berth": berth, "owner": format!("person {}", person.who), "words": words});
    let caller = person.on(app);
    let answer = match dice.roll(3) {
        0 => caller.post("/rest/v1/notes", &note).send().await,
        1 => {
            caller
                .patch("/rest/v1/notes?id=gte.0", &json!({"words": words}))
                .send()
                .await
        }
        _ => caller.delete("/rest/v1/notes?words=like.*again").send().await,
    };
    assert!(answer.status.is_success(), "{:?}", answer.body);
    // Whoever wrote reads it, on the instance that wrote, at once.
    let count = caller.get("/rest/v1/notes?select=words").send().await;
    let direct = caller
        .get("/rest/v1/notes?select=words")
        .header("cache-control", "no-store")
        .send()
        .await;
    person.may_see(&count);
    person.may_see(&direct);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_crosses_users_while_writes_race_fills_on_three_instances() {
    let redis = TestRedis::start().await;
    let one = keeping().redis(&redis).prepared_with(HARBOUR).start().await;
    let two = keeping().redis(&redis).beside(&one).start().await;
    let three = keeping().redis(&redis).beside(&one).start().await;
    let apps = [&one, &two, &three];
    let seed = number("SEAWALL_SEED", 0x5ea_3a11);
    let rounds = number("SEAWALL_CACHE_ROUNDS", 60);
    println!("SEAWALL_SEED={seed}");
    let actor = async |actor: u64| {
        let mut dice = Dice(seed ^ (actor << 32));
        let mut hits = 0_u32;
        for _ in 0..rounds {
            let person = Person {
                who: dice.roll(4),
                tide: dice.roll(2),
            };
            let app = apps[dice.roll(3)];
            if dice.roll(8) == 0 {
                write(app, person, &mut dice).await;
            } else {
                hits += u32::from(read(app, person, &mut dice).await);
            }
        }
        hits
    };
    let hits = tokio::join!(actor(1), actor(2), actor(3), actor(4), actor(5), actor(6));
    let hits = hits.0 + hits.1 + hits.2 + hits.3 + hits.4 + hits.5;
    assert!(hits > 0, "nothing was ever kept");
}

#[tokio::test]
async fn a_policy_that_reads_an_unusual_claim_tells_its_values_apart() {
    let app = keeping().prepared_with(HARBOUR).start().await;
    for tide in [0, 1] {
        let person = Person { who: 2, tide };
        person.may_see(&warm(&person.on(&app), PATHS[0]).await);
    }
}

#[tokio::test]
async fn a_public_table_is_shared_by_a_role_and_only_by_that_role() {
    let app = keeping()
        .prepared_with(HARBOUR)
        .set(
            "SEAWALL_CACHE_TABLES",
            r#"{"signs": {"public": true}, "berths": {"public": true}}"#,
        )
        .start()
        .await;
    let signs = "/rest/v1/signs?select=words";
    let person = |who| Person { who, tide: 0 };
    warm(&person(0).on(&app), signs).await;
    let other = person(1).on(&app).get(signs).send().await.expect(200);
    assert_eq!((word(&other), other.header("cache-control")), ("HIT", ""));
    let anonymous = app.anonymous().get(signs).send().await.expect(200);
    assert_eq!(word(&anonymous), "MISS");
    // Declared public against its own policy: kept for each caller alone.
    warm(&person(0).on(&app), PATHS[0]).await;
    let other = person(1).on(&app).get(PATHS[0]).send().await.expect(200);
    assert_eq!((word(&other), other.header("cache-control")), ("MISS", "private"));
    person(1).may_see(&other);
}

#[tokio::test]
async fn an_embed_of_what_is_not_public_makes_an_answer_private() {
    let sql = "create table marks (id serial primary key, sign int references signs, words text);
               grant select on marks to authenticated; insert into marks (sign, words) values (1, 'a');";
    let app = keeping()
        .prepared_with(&format!("{HARBOUR};{sql}"))
        .set("SEAWALL_CACHE_TABLES", r#"{"signs": {"public": true}}"#)
        .start()
        .await;
    let path = "/rest/v1/signs?select=words,marks(words)";
    let answer = warm(&Person { who: 0, tide: 0 }.on(&app), path).await;
    assert_eq!(answer.header("cache-control"), "private");
    let other = Person { who: 1, tide: 0 }
        .on(&app)
        .get(path)
        .send()
        .await
        .expect(200);
    assert_eq!(word(&other), "MISS");
}

#[tokio::test]
async fn a_write_by_another_instance_is_heard() {
    let redis = TestRedis::start().await;
    let one = keeping().redis(&redis).prepared_with(HARBOUR).start().await;
    let two = keeping().redis(&redis).beside(&one).start().await;
    let person = Person { who: 3, tide: 1 };
    warm(&person.on(&two), PATHS[2]).await;
    let note = json!({"berth": 31, "owner": "person 3", "words": "person 3 tide 1 from one"});
    person
        .on(&one)
        .post("/rest/v1/notes", &note)
        .send()
        .await
        .expect(201);
    until(&person.on(&two), PATHS[2], |answer| {
        answer
            .column("words")
            .contains(&"person 3 tide 1 from one".to_owned())
    })
    .await;
}
