//! Whatever is asked, by whom, and whatever is written, by whichever way: a kept answer is what the database would
//! answer now.
//!
//! Tables with random policies are watched; random requests, restricted by all sorts of values or by none, are kept
//! by three instances. Then random writes come: through the server, singly, in cascades, through functions and
//! triggers that change what is written; and behind its back, in statements of many rows, transactions that are
//! partly rolled back, truncations. On the instance that wrote, the very next read of everything must be the answer
//! that the database gives past the cache; on the others, as soon as they have heard. Between these examinations
//! writes race fills on all instances. `SEAWALL_CACHE_ROUNDS` and `SEAWALL_SEED` make it longer and repeat it.

use std::time::{Duration, Instant};

use http::Method;
use seawall_e2e::{Answer, Caller, TestApp, TestRedis};
use serde_json::{Value, json};

use super::dice::{Dice, number};
use super::{keeping, word};

const HARBOUR: &str = "
    create table quays (id int primary key, slug text not null unique, words text not null);
    create table crews (quay int references quays on delete cascade on update cascade, who text, primary key (quay, who));
    create table notes (id bigint primary key, quay int not null references quays on delete cascade on update cascade,
      who text not null, words text not null);
    create table marks (note bigint references notes on delete cascade, label text, primary key (note, label));
    create table plain (id int primary key, words text not null);
    alter table quays enable row level security;
    alter table crews enable row level security;
    alter table notes enable row level security;
    alter table marks enable row level security;
    create function seen_on(of_quay int) returns bigint language sql stable security definer as
      $$ select count(*) from public.notes where notes.quay = of_quay $$;
    create function drift() returns trigger language plpgsql as
      $$ begin if new.words = 'drifting' then new.quay := 1 + new.quay % 4; end if; return new; end $$;
    create trigger drifts before insert or update on notes for each row execute function drift();
    create view overview with (security_invoker = true) as
      select q.id, count(n.id) as notes from quays q left join notes n on n.quay = q.id group by q.id;
    create function of_quay(wanted int) returns setof notes language sql stable as
      $$ select * from notes where notes.quay = wanted order by id $$;
    create function shuffle(by_quay int) returns void language plpgsql as
      $$ begin update notes set words = 'shuffled ' || id where notes.quay = by_quay;
         insert into marks select id, 'shuffled' from notes where notes.quay = by_quay on conflict do nothing;
         begin
           update notes set words = 'never'; raise exception 'undone';
         exception when raise_exception then null; end; end $$;
    grant all on quays, crews, notes, marks, plain to service_role;
    grant select on quays, crews, notes, marks, plain, overview to authenticated;
    grant execute on function of_quay(int), seen_on(int) to authenticated;
    grant execute on function shuffle(int) to service_role;
    insert into quays select n, 'quay-' || n, 'quay' from generate_series(1, 4) n;
    insert into crews select q, 'person ' || p from generate_series(1, 4) q, generate_series(0, 2) p where (q + p) % 3 > 0;
    insert into notes select n, 1 + n % 4, 'person ' || n % 3, 'note ' || n from generate_series(1, 16) n;
    insert into marks select n, 'mark' from generate_series(1, 16, 2) n;
    insert into plain select n, 'plain' from generate_series(1, 4) n;";

/// Policies by table, of which one is taken.
const POLICIES: [(&str, [&str; 3]); 4] = [
    (
        "quays",
        [
            "true",
            "exists (select from crews c where c.quay = quays.id and c.who = auth.jwt() ->> 'sub')",
            "exists (select from notes n where n.quay = quays.id)",
        ],
    ),
    (
        "crews",
        [
            "true",
            "who = auth.jwt() ->> 'sub'",
            "who = (select auth.jwt() ->> 'sub') or quay < 3",
        ],
    ),
    (
        "notes",
        [
            "exists (select from crews c where c.quay = notes.quay and c.who = auth.jwt() ->> 'sub')",
            "who = auth.jwt() ->> 'sub' or quay in (select c.quay from crews c)",
            "seen_on(quay) > 3",
        ],
    ),
    (
        "marks",
        [
            "true",
            "exists (select from notes n where n.id = note)",
            "label = 'mark' or note > 8",
        ],
    ),
];

/// Requests, each restricted in another way.
fn paths(dice: &mut Dice) -> Vec<String> {
    let (quay, other, note) = (1 + dice.roll(4), 1 + dice.roll(4), 1 + dice.roll(20));
    let paths = [
        format!("notes?quay=eq.{quay}&order=id"),
        format!("notes?quay=eq.0{quay}&order=id&limit=2"),
        format!("notes?id=eq.{note}"),
        format!("notes?id=in.({note},{})&order=id", note + 1),
        format!("notes?quay=eq.{quay}&who=eq.person%201&order=id"),
        format!("notes?quay=eq.{quay}&select=id,words,quays(slug,words)&order=id"),
        format!("notes?and=(quay.eq.{quay},id.gt.4)&order=id"),
        format!("notes?or=(quay.eq.{quay},id.eq.{note})&order=id"),
        format!("notes?quay=not.eq.{quay}&order=id"),
        format!("notes?quay=eq.{quay}&quay=eq.{other}"),
        "notes?select=id,quay,words&order=id".to_owned(),
        format!("quays?id=eq.{quay}&select=slug,words,notes(id,words)&notes.order=id"),
        format!("quays?slug=eq.quay-{quay}"),
        format!(
            "quays?slug=eq.quay-{quay}&select=words,crews(who),notes(id)&crews.order=who&notes.id=eq.{note}"
        ),
        format!(
            "quays?id=eq.{quay}&select=words,notes(id,words,marks(label))&notes.order=id&notes.marks.order=label"
        ),
        format!("quays?select=id,notes!inner(id)&notes.quay=eq.{quay}&notes.order=id&order=id"),
        "quays?select=id,slug&order=id".to_owned(),
        format!("crews?quay=eq.{quay}&order=who"),
        "crews?who=eq.person%200&order=quay".to_owned(),
        format!("marks?note=eq.{note}&order=label"),
        format!("marks?label=eq.shuffled&order=note&select=note,notes(words)&notes.id=eq.{note}"),
        format!("overview?id=eq.{quay}"),
        format!("rpc/of_quay?wanted={quay}&select=id,words,quays(words)&order=id"),
        format!("plain?id=eq.{quay}"),
        format!("plain?id=in.({quay},{other})&order=id"),
    ];
    paths.map(|path| format!("/rest/v1/{path}")).to_vec()
}

/// A write through a server.
fn request(dice: &mut Dice, serial: usize) -> (Method, String, Option<Value>) {
    let (quay, other, note) = (1 + dice.roll(4), 1 + dice.roll(4), 1 + dice.roll(20));
    let words = if dice.roll(3) == 0 {
        "drifting".to_owned()
    } else {
        format!("words {serial}")
    };
    let of_note = json!({"id": note, "quay": quay, "who": "person 1", "words": words});
    let (method, path, body) = match dice.roll(14) {
        0 | 1 => (Method::POST, "notes?on_conflict=id".to_owned(), Some(of_note)),
        2 | 3 => (
            Method::PATCH,
            format!("notes?id=eq.{note}"),
            Some(json!({"words": words})),
        ),
        4 => (
            Method::PATCH,
            format!("notes?id=eq.{note}"),
            Some(json!({"quay": quay})),
        ),
        5 => (Method::DELETE, format!("notes?id=eq.{note}"), None),
        6 => (
            Method::PATCH,
            format!("notes?quay=eq.{quay}"),
            Some(json!({"quay": other})),
        ),
        7 => (
            Method::PATCH,
            format!("quays?id=eq.{quay}"),
            Some(json!({"words": words})),
        ),
        8 => (
            Method::POST,
            "crews?on_conflict=quay,who".to_owned(),
            Some(json!({"quay": quay, "who": format!("person {}", dice.roll(3))})),
        ),
        9 => (
            Method::DELETE,
            format!("crews?quay=eq.{quay}&who=eq.person%20{}", dice.roll(3)),
            None,
        ),
        10 => (
            Method::POST,
            "rpc/shuffle".to_owned(),
            Some(json!({"by_quay": quay})),
        ),
        11 => (
            Method::POST,
            "marks?on_conflict=note,label".to_owned(),
            Some(json!({"note": note, "label": "mark"})),
        ),
        12 => (Method::DELETE, format!("marks?note=eq.{note}"), None),
        _ => (
            Method::PATCH,
            format!("plain?id=eq.{quay}"),
            Some(json!({"words": words})),
        ),
    };
    (method, format!("/rest/v1/{path}"), body)
}

/// A write behind the server's back.
fn statement(dice: &mut Dice, serial: usize) -> String {
    let (quay, other, note) = (1 + dice.roll(4), 1 + dice.roll(4), 1 + dice.roll(20));
    match dice.roll(8) {
        0 => format!("update notes set words = 'sql {serial}' where id = {note}"),
        1 => format!("update notes set quay = {other} where quay = {quay}"),
        2 => format!(
            "begin; delete from marks where note = {note}; savepoint s; delete from notes; rollback to s; commit"
        ),
        3 => "truncate marks".to_owned(),
        // A key that moves, with all that refers to it, and back.
        4 => format!("update quays set id = 9 where id = {quay}; update quays set id = {quay} where id = 9"),
        5 => format!(
            "insert into marks select {note}, 'sql' || n from generate_series(1, 700) n where exists (select from notes where id = {note}) on conflict do nothing"
        ),
        6 => format!(
            "insert into notes values ({note}, {quay}, 'person 2', 'sql {serial}') on conflict (id) do update set words = 'drifting'"
        ),
        _ => format!(
            "set session_replication_role = replica; update plain set words = 'sql {serial}' where id = {quay}"
        ),
    }
}

async fn write(app: &TestApp, dice: &mut Dice, serial: usize) {
    let service = app.with_claims(&json!({"role": "service_role"}));
    let (method, path, body) = request(dice, serial);
    let request = service
        .request(method, &path)
        .prefer("resolution=merge-duplicates");
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let answer = request.send().await;
    // A note may refer to a quay or a mark to a note that is not there.
    assert!(
        answer.status.is_success() || answer.status == 409,
        "{path}: {:?}",
        answer.body
    );
}

fn person(app: &TestApp, who: usize) -> Caller<'_> {
    app.with_claims(&json!({"sub": format!("person {who}"), "role": "authenticated"}))
}

/// Whether what is given is what the database answers past the cache, and whether it was kept.
async fn agrees(caller: &Caller<'_>, path: &str) -> Result<bool, String> {
    let given = caller.get(path).send().await.expect(200);
    let fresh = caller
        .get(path)
        .header("cache-control", "no-store")
        .send()
        .await
        .expect(200);
    if given.body == fresh.body {
        Ok(word(&given) == "HIT")
    } else {
        let brief = |answer: &Answer| {
            String::from_utf8_lossy(&answer.body)
                .chars()
                .take(400)
                .collect::<String>()
        };
        Err(format!(
            "{path}: {} gave {} instead of {}",
            word(&given),
            brief(&given),
            brief(&fresh)
        ))
    }
}

async fn comes_to_agree(caller: &Caller<'_>, path: &str) {
    let until = Instant::now() + Duration::from_secs(40);
    while let Err(difference) = agrees(caller, path).await {
        assert!(Instant::now() < until, "still {difference}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_answer_is_what_the_database_would_answer() {
    let seed = number("SEAWALL_SEED", 0x5ea_3a11);
    println!("SEAWALL_SEED={seed}");
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let policies = POLICIES.map(|(table, policies)| {
        let policy = policies[dice.roll(policies.len())];
        format!("create policy p on {table} using ({policy});")
    });
    println!("{}", policies.join("\n"));
    let redis = TestRedis::start().await;
    let sql = format!("{HARBOUR}{}", policies.concat());
    let one = keeping()
        .redis(&redis)
        .with_store()
        .prepared_with(&sql)
        .start()
        .await;
    let watch = "select seawall.watch(name::regclass) from unnest('{quays,crews,notes,marks,plain}'::text[]) as name; notify pgrst";
    one.database().run(watch).await;
    let two = keeping().redis(&redis).with_store().beside(&one).start().await;
    let three = keeping().redis(&redis).with_store().beside(&one).start().await;
    let apps = [&one, &two, &three];

    let mut spared = 0;
    for round in 0..number("SEAWALL_CACHE_ROUNDS", 4) {
        race(apps, seed ^ (round << 40)).await;
        for serial in 0..3 {
            let paths = paths(&mut dice);
            let who = dice.roll(3);
            let writer = dice.roll(3);
            for app in apps {
                for path in &paths {
                    comes_to_agree(&person(app, who), path).await;
                }
            }
            let serial = usize::try_from(round).unwrap_or_default() * 10 + serial;
            if dice.roll(3) == 0 {
                one.database().run(&statement(&mut dice, serial)).await;
            } else {
                write(apps[writer], &mut dice, serial).await;
                for path in &paths {
                    // Whoever wrote need not wait.
                    match agrees(&person(apps[writer], who), path).await {
                        Ok(kept) => spared += usize::from(kept),
                        Err(difference) => panic!("after a write: {difference}"),
                    }
                }
            }
            for app in apps {
                for path in &paths {
                    comes_to_agree(&person(app, who), path).await;
                }
            }
        }
    }
    assert!(spared > 0, "nothing was ever spared");
}

/// Reads and writes at once, everywhere. What is kept afterwards is examined by the caller.
async fn race(apps: [&TestApp; 3], seed: u64) {
    let actor = async |actor: u64| {
        let mut dice = Dice(seed ^ (actor << 32));
        for serial in 0..12 {
            let [one, two, three] = apps;
            let app = match dice.roll(3) {
                0 => one,
                1 => two,
                _ => three,
            };
            match dice.roll(6) {
                0 => write(app, &mut dice, serial).await,
                1 => one.database().run(&statement(&mut dice, serial)).await,
                _ => {
                    let paths = paths(&mut dice);
                    let path = paths.into_iter().nth(dice.roll(25)).unwrap_or_default();
                    person(app, dice.roll(3)).get(&path).send().await.expect(200);
                }
            }
        }
    };
    tokio::join!(actor(1), actor(2), actor(3), actor(4));
}
