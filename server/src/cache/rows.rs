//! Which rows of a table an answer depends on, and which a write touched, where both can be told.
//!
//! A row is told by the value of a column: `room_id = …`. Reader and writer must mean the same by it, so only types
//! are told whose values are equal exactly when their texts are: whole numbers, UUIDs, and text under a
//! deterministic collation. A literal of a request is brought into the form in which PostgreSQL writes the value; one
//! that is written in any other way than the plainest is not told. Values are hashed into 65,536 buckets, in the
//! database by `seawall.tell_rows` and here alike: what shares a bucket ends together, which costs a question now
//! and then and never an untrue answer.
//!
//! # Why it is sound
//!
//! Take an answer that depends on a table T *by rows* of `c = v`: it does not change unless a row with `c = v` comes,
//! goes or changes ([`super::restricted`] says when that is so). Whatever statement does that has the row among the
//! old rows of its transition tables, or among the new ones, with that value of `c`; so its report has the bucket of
//! `v`, or says that any row may have been written. Reports are heard after the commit, by the one who wrote and by
//! NOTIFY ([`super::once`]), as those of whole tables are; what was asked for before then is judged by the counts ([`super::stamps`]).
//! Each instance judges a report by the columns that it tells rows by itself: a report that leaves one of them out
//! says nothing of it, and means any row.

use seawall_policy::cache::invalidate::{SLOTS, Target};
use serde::Deserialize;

use super::graph::Graph;
use super::key::sha256;

/// All slots: those of names, which the policy core knows, and those of buckets.
pub(super) const ALL_SLOTS: usize = 65_536;
/// Begins each report where several stand together.
const NEXT_REPORT: char = '\u{1e}';

/// A column by which rows are told, as the catalogue has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct KeyColumn {
    pub(crate) number: i16,
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// How values of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Integer,
    Uuid,
    Text,
}

impl Kind {
    /// Of a type's name, where nothing but the type decides.
    pub(super) fn of_type(name: &str) -> Option<Self> {
        match name {
            "smallint" | "integer" | "bigint" => Some(Self::Integer),
            "uuid" => Some(Self::Uuid),
            _ => None,
        }
    }

    /// The literal as PostgreSQL writes the value; none where it may be read in another way.
    pub(super) fn canonical(self, literal: &str) -> Option<String> {
        match self {
            Self::Integer => {
                let digits = literal.strip_prefix('-').unwrap_or(literal);
                let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
                let number = plain.then(|| literal.parse::<i64>().ok()).flatten()?;
                Some(number.to_string())
            }
            Self::Uuid => {
                let plain = literal.len() == 36
                    && literal.bytes().enumerate().all(|(place, byte)| match place {
                        8 | 13 | 18 | 23 => byte == b'-',
                        _ => byte.is_ascii_hexdigit(),
                    });
                plain.then(|| literal.to_ascii_lowercase())
            }
            Self::Text => Some(literal.to_owned()),
        }
    }
}

/// Rows that an answer depends on: those of a table with these values, as buckets, in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowsRead {
    pub(crate) table: String,
    pub(crate) column: i16,
    pub(crate) buckets: Vec<u16>,
}

impl RowsRead {
    /// The slots that end the answer: the table's, for when any row may have been written, and the buckets'.
    pub(super) fn slots(&self) -> impl Iterator<Item = u16> {
        let whole = Target::Table(self.table.clone()).slot();
        let buckets = self.buckets.iter();
        std::iter::once(whole).chain(buckets.map(|bucket| slot(&self.table, self.column, *bucket)))
    }
}

/// The tag of every answer that depends on a table whichever rows are written.
pub(super) fn any_row(table: &str) -> String {
    format!("any row of {table}")
}

/// The bucket of a value, as `seawall.tell_rows` makes it of the value's text.
pub(super) fn bucket(canonical: &str) -> u16 {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, canonical.as_bytes());
    match digest.as_ref() {
        [high, low, ..] => u16::from_be_bytes([*high, *low]),
        _ => 0,
    }
}

/// The slot of a bucket of a column, among those that are not of names. Instances share it through Redis.
fn slot(table: &str, column: i16, bucket: u16) -> u16 {
    let hash = sha256(&[table.as_bytes(), &column.to_be_bytes(), &bucket.to_be_bytes()]);
    let number = u64::from_be_bytes(hash.first_chunk().copied().unwrap_or_default());
    let (names, all) = (SLOTS as u64, ALL_SLOTS as u64);
    u16::try_from(names + number % (all - names)).unwrap_or(u16::MAX)
}

/// Rows that were written, as reported: told by these columns, in these buckets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RowsWritten {
    pub(crate) table: String,
    pub(crate) columns: Vec<i16>,
    pub(crate) buckets: Vec<(i16, u16)>,
}

/// A report of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Report {
    /// Any row of the table.
    Table(String),
    Rows(RowsWritten),
}

impl RowsWritten {
    /// The slots to be marked: of what any row ends, and of the buckets.
    pub(super) fn slots(&self) -> impl Iterator<Item = u16> {
        let any = Target::Tag(any_row(&self.table)).slot();
        let buckets = self.buckets.iter();
        std::iter::once(any).chain(buckets.map(|(column, bucket)| slot(&self.table, *column, *bucket)))
    }

    /// As it is reported.
    pub(super) fn to_text(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(i16::to_string).collect();
        let buckets = self.buckets.iter();
        let buckets: Vec<String> = buckets
            .map(|(column, bucket)| format!("{column}.{bucket:04x}"))
            .collect();
        format!("{}\n{}\n{}", self.table, columns.join(","), buckets.join(" "))
    }

    /// Whether it tells of every column by which this instance tells the table's rows.
    fn tells_all(&self, graph: Option<&Graph>) -> bool {
        let known = graph
            .map(|graph| graph.key_columns(&self.table))
            .unwrap_or_default();
        known.iter().all(|column| self.columns.contains(&column.number))
    }
}

impl Report {
    /// Reads a report; what cannot be read means any row of the table that it names.
    pub(super) fn read(text: &str) -> Self {
        let mut lines = text.split('\n');
        let table = lines.next().unwrap_or_default().to_owned();
        let rest: Vec<&str> = lines.collect();
        match rest.as_slice() {
            [columns, buckets] => match (numbers(columns), places(buckets)) {
                (Some(columns), Some(buckets)) => Self::Rows(RowsWritten {
                    table,
                    columns,
                    buckets,
                }),
                _ => Self::Table(table),
            },
            _ => Self::Table(table),
        }
    }

    /// The same, where some column is left out by which this instance tells rows: any row.
    pub(super) fn known_to(self, graph: Option<&Graph>) -> Self {
        match self {
            Self::Rows(ref rows) if !rows.tells_all(graph) => Self::Table(rows.table.clone()),
            Self::Rows(_) | Self::Table(_) => self,
        }
    }

    pub(super) fn table(&self) -> &str {
        match self {
            Self::Table(table) => table,
            Self::Rows(rows) => &rows.table,
        }
    }

    /// Both happened: what either tells, by the columns that both tell.
    fn add(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Rows(rows), Self::Rows(more)) => {
                rows.columns.retain(|column| more.columns.contains(column));
                rows.buckets.extend(more.buckets);
                rows.buckets.sort_unstable();
                rows.buckets.dedup();
            }
            (Self::Table(_), _) => {}
            (Self::Rows(_), whole @ Self::Table(_)) => *self = whole,
        }
    }
}

fn numbers(text: &str) -> Option<Vec<i16>> {
    text.split(',').map(|number| number.parse().ok()).collect()
}

fn places(text: &str) -> Option<Vec<(i16, u16)>> {
    let place = |word: &str| {
        let (column, bucket) = word.split_once('.')?;
        Some((column.parse().ok()?, u16::from_str_radix(bucket, 16).ok()?))
    };
    text.split(' ')
        .filter(|word| !word.is_empty())
        .map(place)
        .collect()
}

/// What one transaction reported, table by table; nothing where more was written than is told.
pub(super) fn reports(written: &str) -> Vec<Report> {
    if written == "*" {
        return Vec::new();
    }
    let reports = written.split(NEXT_REPORT).filter(|report| !report.is_empty());
    let mut all: Vec<Report> = Vec::new();
    for report in reports.map(Report::read) {
        let same = all.iter_mut().find(|other| other.table() == report.table());
        match same {
            None => all.push(report),
            Some(other) => other.add(report),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_told_only_in_its_plainest_form() {
        let of = |kind: Kind, literal: &str| kind.canonical(literal);
        assert_eq!(of(Kind::Integer, "007").as_deref(), Some("7"));
        assert_eq!(of(Kind::Integer, "-0").as_deref(), Some("0"));
        for odd in ["+7", " 7", "7.0", "0x7", "1_000", "", "-", "99999999999999999999"] {
            assert_eq!(of(Kind::Integer, odd), None, "{odd}");
        }
        let upper = "AAAAAAAA-0000-4000-8000-00000000000F";
        assert_eq!(of(Kind::Uuid, upper), Some(upper.to_lowercase()));
        assert_eq!(of(Kind::Uuid, "{aaaaaaaa-0000-4000-8000-00000000000f}"), None);
        assert_eq!(of(Kind::Uuid, "aaaaaaaa00004000800000000000000f"), None);
        assert_eq!(of(Kind::Text, " A ").as_deref(), Some(" A "));
    }

    #[test]
    fn a_bucket_is_what_the_database_makes_of_the_same_text() {
        // select substr(encode(sha256('2'), 'hex'), 1, 4)
        assert_eq!(bucket("2"), 0xd473);
    }

    #[test]
    fn reports_of_one_transaction_are_put_together() {
        let written =
            "\u{1e}public.m\n1,2\n1.6b86 2.849d\u{1e}public.rooms\u{1e}public.m\n1,2\n2.7789 2.849d";
        let rows = RowsWritten {
            table: "public.m".to_owned(),
            columns: vec![1, 2],
            buckets: vec![(1, 0x6b86), (2, 0x7789), (2, 0x849d)],
        };
        assert_eq!(
            reports(written),
            [
                Report::Rows(rows.clone()),
                Report::Table("public.rooms".to_owned())
            ]
        );
        assert_eq!(Report::read(&rows.to_text()), Report::Rows(rows));
        assert_eq!(reports("*"), []);
        assert_eq!(
            reports("\u{1e}public.m\n1,2\n1.6b86\u{1e}public.m"),
            [Report::Table("public.m".to_owned())]
        );
    }

    #[test]
    fn what_cannot_be_read_means_any_row() {
        for odd in [
            "public.m",
            "public.m\n1",
            "public.m\nx\n1.6b86",
            "public.m\n1\n1.zzzz",
            "public.m\n1\n1",
        ] {
            assert_eq!(Report::read(odd), Report::Table("public.m".to_owned()), "{odd:?}");
        }
    }

    #[test]
    fn what_is_written_ends_what_reads_the_same_value_and_spares_the_rest() {
        let read = |column, value| RowsRead {
            table: "public.m".to_owned(),
            column,
            buckets: vec![bucket(value)],
        };
        let written = RowsWritten {
            table: "public.m".to_owned(),
            columns: vec![1, 2],
            buckets: vec![(2, bucket("7"))],
        };
        let marked: Vec<u16> = written.slots().collect();
        let ends = |read: &RowsRead| read.slots().any(|slot| marked.contains(&slot));
        assert!(ends(&read(2, "7")));
        assert!(!ends(&read(2, "8")) && !ends(&read(1, "7")));
        assert!(marked.iter().skip(1).all(|slot| usize::from(*slot) >= SLOTS));
    }
}
