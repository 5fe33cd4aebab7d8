//! The plan as SQL text. Names are quoted by the one module that quotes; times are made here and are digits.

use seawall_pgrest::ident::{Qualified, literal, quote, quote_list};

use super::catalogue::Table;
use super::month::Month;
use super::plan::Part;

/// How long a statement waits for those who use the table, before it is tried again later: who waits for a lock makes
/// all who come after wait as well.
pub(super) const PATIENCE: &str =
    "set local lock_timeout = '3s'; set local timezone = 'UTC'; set local row_security = off";

/// The name of a month's part. PostgreSQL cuts names at 63 bytes, and a cut name could be another's.
pub(super) fn part_name(table: &Table, month: Month) -> Qualified {
    let mut letters = table.name.chars();
    while letters.as_str().len() > LONGEST_STEM {
        letters.next_back();
    }
    Qualified::new(table.schema.as_str(), format!("{}_{month}", letters.as_str()))
}

/// What is left of 63 bytes beside `_2026_11`.
const LONGEST_STEM: usize = 55;

fn bounds(month: Month) -> String {
    format!(
        "for values from ({}) to ({})",
        literal(&month.literal()),
        literal(&month.plus(1).literal())
    )
}

/// Makes a month's part where nothing else could hold its rows already.
pub(super) fn create(table: &Table, month: Month) -> Vec<String> {
    let part = part_name(table, month);
    let mut statements = vec![format!(
        "create table {} partition of {} {}",
        part.sql(),
        table.qualified().sql(),
        bounds(month)
    )];
    statements.extend(protect(table, &part));
    statements
}

/// Makes a month's part, and moves into it what the default part holds of the month.
pub(super) fn create_beside(table: &Table, default: &Part, month: Month) -> Vec<String> {
    let part = part_name(table, month);
    let (parent, default) = (
        table.qualified().sql(),
        Qualified::new(default.schema.as_str(), default.name.as_str()).sql(),
    );
    let columns = quote_list(table.columns.iter().map(String::as_str));
    let of_month = of_month(table, month);
    let mut statements = vec![
        format!("lock table {default} in access exclusive mode"),
        format!(
            "create table {} (like {parent} including defaults including constraints including generated \
             including storage including comments)",
            part.sql()
        ),
        format!("alter table {default} disable trigger user"),
        format!(
            "with moved as (delete from {default} where {of_month} returning {columns}) \
             insert into {} ({columns}) select {columns} from moved",
            part.sql()
        ),
        format!("alter table {default} enable trigger user"),
    ];
    statements.extend(protect(table, &part));
    statements.push(format!(
        "alter table {parent} attach partition {} {}",
        part.sql(),
        bounds(month)
    ));
    statements
}

/// Whether the default part holds rows of a month.
pub(super) fn holds(table: &Table, default: &Part, month: Month) -> String {
    format!(
        "select exists (select from {} where {})",
        Qualified::new(default.schema.as_str(), default.name.as_str()).sql(),
        of_month(table, month)
    )
}

fn of_month(table: &Table, month: Month) -> String {
    let key = quote(&table.key);
    format!(
        "{key} >= {} and {key} < {}",
        literal(&month.literal()),
        literal(&month.plus(1).literal())
    )
}

/// A part can be reached by its own name, past the policies of its parent: so it has row-level security where the
/// parent has. What the default privileges grant on it is taken away by [`revoke`].
fn protect(table: &Table, part: &Qualified) -> Vec<String> {
    let name = part.sql();
    let mut statements = Vec::new();
    if table.rls {
        statements.push(format!("alter table {name} enable row level security"));
    }
    if table.forced {
        statements.push(format!("alter table {name} force row level security"));
    }
    if !table.is_own {
        statements.push(format!("alter table {name} owner to {}", quote(&table.owner)));
    }
    statements
}

/// Takes away what others than the owner were granted on a part; an empty name is PUBLIC.
pub(super) fn revoke(part: &Qualified, grantee: &str) -> String {
    let grantee = if grantee.is_empty() {
        "public".to_owned()
    } else {
        quote(grantee)
    };
    format!("revoke all on {} from {grantee}", part.sql())
}

/// Drops a part.
pub(super) fn drop(part: &Part) -> String {
    format!(
        "drop table {}",
        Qualified::new(part.schema.as_str(), part.name.as_str()).sql()
    )
}

/// Drops some of the default part's rows that are older than a month.
pub(super) fn sweep(table: &Table, default: &Part, oldest: Month) -> String {
    let name = Qualified::new(default.schema.as_str(), default.name.as_str()).sql();
    format!(
        "delete from {name} where ctid = any (array(select ctid from {name} where {} < {} limit {SWEPT_AT_ONCE}))",
        quote(&table.key),
        literal(&oldest.literal())
    )
}

/// Rows that one statement sweeps, so that it holds its locks briefly.
pub(super) const SWEPT_AT_ONCE: u64 = 5_000;

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_policy::time::UnixTime;

    fn table(name: &str) -> Table {
        Table {
            schema: "public".to_owned(),
            name: name.to_owned(),
            key: "at".to_owned(),
            rls: true,
            forced: false,
            is_own: true,
            ..Table::default()
        }
    }

    fn november() -> Month {
        Month::of(UnixTime::from_millis(1_794_700_800_000))
    }

    #[test]
    fn bounds_are_utc_whatever_the_session_says() {
        let statements = create(&table("events"), november());
        assert_eq!(
            statements[0],
            "create table \"public\".\"events_2026_11\" partition of \"public\".\"events\" \
             for values from ('2026-11-01 00:00:00+00') to ('2026-12-01 00:00:00+00')"
        );
        assert!(
            statements
                .iter()
                .any(|statement| statement.ends_with("enable row level security"))
        );
    }

    #[test]
    fn long_names_keep_their_month() {
        for name in ["x".repeat(63), "ü".repeat(31), format!("{}ü", "x".repeat(54))] {
            let name = part_name(&table(&name), november()).name;
            assert!(name.len() <= 63 && name.ends_with("_2026_11"), "{name}");
        }
    }

    #[test]
    fn hostile_names_stay_names() {
        let statements = create(&table("e'\"; drop"), november());
        assert!(
            statements[0].contains(r#""public"."e'""; drop""#),
            "{}",
            statements[0]
        );
        assert_eq!(
            revoke(&Qualified::new("s", "p"), ""),
            r#"revoke all on "s"."p" from public"#
        );
        assert_eq!(
            revoke(&Qualified::new("s", "p"), "public"),
            r#"revoke all on "s"."p" from "public""#
        );
    }
}
