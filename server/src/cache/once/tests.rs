use proptest::prelude::*;

use super::super::answer::slots_of_tables;
use super::super::rows::{RowsRead, RowsWritten, bucket};
use super::super::stamps::{Stamps, Worth};
use super::*;

const TABLE: &str = "public.notes";
const ROWS: usize = 4;

fn transaction(number: usize) -> Transaction {
    Transaction::read(&format!("41.{number}@1764325000.25")).unwrap()
}

fn table(name: &str) -> Ending {
    Ending::All(Target::Table(name.to_owned()))
}

fn rows(rows: &[usize]) -> Ending {
    Ending::Rows(RowsWritten {
        table: TABLE.to_owned(),
        columns: vec![1],
        buckets: rows.iter().map(|row| (1, bucket(&row.to_string()))).collect(),
    })
}

/// What ends an answer about one row, or about all.
fn slots(row: Option<usize>) -> Vec<u16> {
    let of_row = |row: usize| RowsRead {
        table: TABLE.to_owned(),
        column: 1,
        buckets: vec![bucket(&row.to_string())],
    };
    match row {
        Some(row) => of_row(row).slots().collect(),
        None => slots_of_tables(&[TABLE.to_owned()]),
    }
}

#[test]
fn only_whole_names_are_names() {
    assert!(Transaction::read("4711.123456@1764325000.123456").is_some());
    assert!(Transaction::read("4711.123456@1.764325e+09").is_some());
    for odd in [
        "",
        "4711",
        "4711.@1764325000",
        ".1@1764325000",
        "4711.1@",
        "4711.1",
        "-1.1@1",
        "1.1@1\n",
        "1.1@x",
    ] {
        assert_eq!(Transaction::read(odd), None, "{odd:?}");
    }
    assert_eq!(
        Transaction::read(&format!("1.1@{}", "1".repeat(LONGEST_NAME))),
        None
    );
}

#[test]
fn an_echo_ends_nothing_and_whatever_else_the_transaction_wrote_does() {
    let stamps = Stamps::new();
    let one = transaction(1);
    assert!(stamps.mark_once(Some(&one), &[rows(&[1, 2]), table("any")]));
    let since = stamps.count();
    assert!(!stamps.mark_once(Some(&one), &[rows(&[2]), table("any")]));
    assert_eq!(stamps.judge(since, &slots(Some(2)), ""), Worth::True);
    assert!(stamps.mark_once(Some(&one), &[rows(&[2, 3]), table("any")]));
    assert_eq!(stamps.judge(since, &slots(Some(3)), ""), Worth::Untrue);
    let since = stamps.count();
    assert!(stamps.mark_once(Some(&one), &[table(TABLE)]), "any row is more");
    assert_eq!(stamps.judge(since, &slots(Some(4)), ""), Worth::Untrue);
    assert!(!stamps.mark_once(Some(&one), &[rows(&[4])]), "any row was all");
}

#[test]
fn nobody_s_write_another_s_and_one_forgotten_are_no_echoes() {
    let stamps = Stamps::new();
    let told = [rows(&[1])];
    for _ in 0..2 {
        assert!(stamps.mark_once(None, &told));
    }
    assert!(stamps.mark_once(Some(&transaction(1)), &told));
    assert!(stamps.mark_once(Some(&transaction(2)), &told));
    assert!(stamps.is_echo(Some(&transaction(1)), &told));
    stamps.forget_transactions();
    assert!(stamps.mark_once(Some(&transaction(1)), &told));
    for number in 2..2 + TRANSACTIONS {
        stamps.mark_once(Some(&transaction(number)), &told);
    }
    assert!(
        stamps.mark_once(Some(&transaction(1)), &told),
        "the oldest of many"
    );
}

#[test]
fn a_pattern_is_never_an_echo() {
    let stamps = Stamps::new();
    let pattern = [Ending::All(Target::Pattern("/rest/v1/a*".to_owned()))];
    let one = transaction(1);
    assert!(stamps.mark_once(Some(&one), &pattern) && stamps.mark_once(Some(&one), &pattern));
    assert!(stamps.mark_once(Some(&one), &[rows(&[1])]));
}

#[test]
fn what_is_remembered_of_one_transaction_is_bounded() {
    let stamps = Stamps::new();
    let one = transaction(1);
    for number in 0..4 * SLOTS {
        stamps.mark_once(Some(&one), &[rows(&[number])]);
    }
    assert!(stamps.is_echo(Some(&one), &[rows(&[1])]));
    assert!(!stamps.is_echo(Some(&one), &[rows(&[4 * SLOTS - 1])]));
}

/// What happens to a model of one table and one instance's memory.
#[derive(Debug, Clone)]
enum Step {
    /// A transaction of several statements is committed, each of which wrote some rows.
    Commit(Vec<Vec<usize>>),
    /// One of the committed is heard of: of one of its statements, as a notification tells, or of all, as whoever
    /// carried it out does; or vaguely, of any row.
    Hear(usize, Heard),
    /// Notifications were interrupted, or the instance is a new one: it knows of no transaction.
    Forget,
    /// A row is asked for, or all are; the answer is what the database holds now, and it arrives and is kept later.
    Ask(Option<usize>),
    Arrive,
    /// What is kept is looked up.
    Look,
}

#[derive(Debug, Clone, Copy)]
enum Heard {
    Statement(usize),
    Whole,
    AnyRow,
    OfNobody,
}

fn step() -> impl Strategy<Value = Step> {
    let statement = prop::collection::vec(0..ROWS, 1..3);
    let heard = prop_oneof![
        4 => (0..3_usize).prop_map(Heard::Statement),
        3 => Just(Heard::Whole),
        1 => Just(Heard::AnyRow),
        1 => Just(Heard::OfNobody),
    ];
    prop_oneof![
        3 => prop::collection::vec(statement, 1..3).prop_map(Step::Commit),
        6 => (0..6_usize, heard).prop_map(|(number, heard)| Step::Hear(number, heard)),
        1 => Just(Step::Forget),
        4 => prop::option::of(0..ROWS).prop_map(Step::Ask),
        4 => Just(Step::Arrive),
        4 => Just(Step::Look),
    ]
}

struct Committed {
    statements: Vec<Vec<usize>>,
    /// The rows that were heard of so far.
    heard: HashSet<usize>,
}

impl Committed {
    fn rows(&self) -> Vec<usize> {
        self.statements.concat()
    }
}

/// An answer, and how many transactions the database had carried out when it gave it.
#[derive(Clone)]
struct Kept {
    since: u64,
    row: Option<usize>,
    seen: usize,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    /// In whatever order, how often and by which way transactions are heard of, whatever is forgotten: no answer
    /// survives what was heard of after it was asked for; and one that has seen a transaction of which all was heard
    /// already is not ended by hearing it again.
    #[test]
    fn what_was_heard_is_seen_and_an_echo_spares(steps in prop::collection::vec(step(), 1..80)) {
        let stamps = Stamps::new();
        let mut committed: Vec<Committed> = Vec::new();
        let (mut under_way, mut kept) = (VecDeque::<Kept>::new(), Vec::<Kept>::new());
        for step in steps {
            match step {
                Step::Commit(statements) => committed.push(Committed { statements, heard: HashSet::new() }),
                Step::Hear(back, heard) => {
                    let Some(number) = committed.len().checked_sub(back + 1) else { continue };
                    let of = &mut committed[number];
                    let (by, told, touched) = match heard {
                        Heard::Statement(at) => {
                            let statement = of.statements[at % of.statements.len()].clone();
                            (true, rows(&statement), statement)
                        }
                        Heard::Whole => (true, rows(&of.rows()), of.rows()),
                        Heard::AnyRow => (true, table(TABLE), of.rows()),
                        Heard::OfNobody => (false, rows(&of.rows()), of.rows()),
                    };
                    let before = stamps.count();
                    let by = by.then(|| transaction(number));
                    let was_echo = stamps.is_echo(by.as_ref(), std::slice::from_ref(&told));
                    prop_assert_eq!(stamps.mark_once(by.as_ref(), &[told]), !was_echo);
                    prop_assert!(!was_echo || stamps.count() == before);
                    if was_echo {
                        prop_assert!(touched.iter().all(|row| of.heard.contains(row)));
                    }
                    of.heard.extend(touched);
                }
                Step::Forget => stamps.forget_transactions(),
                Step::Ask(row) => under_way.push_back(Kept { since: stamps.count(), row, seen: committed.len() }),
                Step::Arrive => kept.extend(under_way.pop_front()),
                Step::Look => for answer in &kept {
                    let misses = committed.iter().skip(answer.seen).any(|of| {
                        of.heard.iter().any(|row| answer.row.is_none_or(|wanted| wanted == *row))
                    });
                    if misses {
                        prop_assert_eq!(stamps.judge(answer.since, &slots(answer.row), ""), Worth::Untrue);
                    }
                },
            }
        }
    }
}
