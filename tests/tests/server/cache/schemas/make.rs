//! A random schema: tables, keys, policies and rows.

use std::fmt::Write as _;

use super::super::dice::Dice;
use super::people::{NAMES, TEAMS};

/// Rows of a table in the beginning; as many again may be added.
pub(super) const ROWS: usize = 8;

const SUBJECT: &str = "auth.jwt() ->> 'sub'";

/// A table and what it refers to.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    /// Tables above it, by their places.
    pub(super) above: Vec<usize>,
    policy: Option<String>,
    /// Whose rows it decides about: who is not among them sees none.
    of: &'static str,
    rows: String,
    cascade: bool,
}

/// How one table can be embedded in another: the table, and the key or junction that leads there.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) to: usize,
    pub(super) hint: String,
}

#[derive(Debug, Clone)]
pub(super) struct Schema {
    pub(super) tables: Vec<Table>,
    pub(super) teams: String,
    pub(super) watched: bool,
    /// Between two tables.
    junction: Option<(usize, usize)>,
    open_teams: bool,
    members: String,
    pairs: String,
}

/// A text that no other row has, nor this one after another write.
pub(super) fn words(table: usize, row: usize, serial: usize) -> String {
    format!("<{table}.{row}.{serial}>")
}

impl Schema {
    pub(super) fn random(prefix: &str, dice: &mut Dice) -> Self {
        let amount = 2 + dice.roll(4);
        let teams = format!("{prefix}_teams");
        let mut tables = Vec::new();
        for place in 0..amount {
            tables.push(Table::random(prefix, place, &teams, dice));
        }
        let pairs: Vec<String> = (0..ROWS)
            .map(|row| format!("({row}, {})", dice.roll(ROWS)))
            .collect();
        Self {
            tables,
            watched: dice.roll(3) > 0,
            junction: (dice.roll(2) == 0).then_some((0, amount - 1)),
            open_teams: dice.roll(2) == 0,
            members: memberships(dice),
            pairs: pairs.join(", "),
            teams,
        }
    }

    /// Made last, so that the others are there when it is.
    pub(super) fn last(&self) -> String {
        format!("{}_last", self.teams)
    }

    fn junction(&self) -> String {
        format!("{}_pairs", self.teams)
    }

    /// All tables with texts.
    pub(super) fn with_texts(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(|table| table.name.as_str())
    }

    /// What can be embedded in a table.
    pub(super) fn ways(&self, from: usize) -> Vec<Way> {
        let mut ways = Vec::new();
        for (place, table) in self.tables.iter().enumerate() {
            for above in &table.above {
                let hint = format!("{}_to_{above}", table.name);
                if place == from {
                    ways.push(Way { to: *above, hint });
                } else if *above == from {
                    ways.push(Way { to: place, hint });
                }
            }
        }
        if let Some((one, other)) = self.junction {
            let hint = self.junction();
            if one == from {
                ways.push(Way { to: other, hint });
            } else if other == from {
                ways.push(Way { to: one, hint });
            }
        }
        ways
    }

    pub(super) fn sql(&self) -> String {
        let (teams, mut sql) = (&self.teams, String::new());
        let open = if self.open_teams {
            "true"
        } else {
            "who = auth.jwt() ->> 'sub'"
        };
        let _ = write!(
            sql,
            "create table {teams} (who text, team int, primary key (who, team));
             alter table {teams} enable row level security;
             create policy seen on {teams} for select using ({open});
             insert into {teams} values {};
             grant select on {teams} to authenticated, anon; grant all on {teams} to service_role;
             create function {teams}_has(of_team int) returns boolean language sql stable security definer as
               $$ select exists (select from public.{teams} m where m.team = of_team and m.who = auth.jwt() ->> 'sub') $$;
             ",
            self.members
        );
        for table in &self.tables {
            sql.push_str(&table.sql(self));
        }
        if let Some((one, other)) = self.junction {
            let (Some(one), Some(other)) = (self.tables.get(one), self.tables.get(other)) else {
                return sql;
            };
            let name = self.junction();
            let _ = write!(
                sql,
                "create table {name} (a int references {} on delete cascade, b int references {} on delete cascade,
                   primary key (a, b));
                 insert into {name} values {};
                 grant select on {name} to authenticated, anon; grant all on {name} to service_role;
                 ",
                one.name, other.name, self.pairs
            );
        }
        if self.watched {
            for name in self.names() {
                let _ = writeln!(sql, "select seawall.watch('{name}');");
            }
        }
        let _ = write!(sql, "create table {} (id int); notify pgrst", self.last());
        sql
    }

    /// Takes it away again.
    pub(super) fn gone(&self) -> String {
        let mut names: Vec<String> = self.names().collect();
        names.push(self.last());
        format!(
            "drop table {} cascade; drop function {}_has",
            names.join(", "),
            self.teams
        )
    }

    fn names(&self) -> impl Iterator<Item = String> {
        let junction = self.junction.map(|_| self.junction());
        let tables = self.tables.iter().map(|table| table.name.clone());
        tables.chain(junction).chain([self.teams.clone()])
    }
}

impl Table {
    fn random(prefix: &str, place: usize, teams: &str, dice: &mut Dice) -> Self {
        let name = format!("{prefix}_{place}");
        let above: Vec<usize> = (0..place).filter(|_| dice.roll(2) == 0).collect();
        let rows: Vec<String> = (0..ROWS)
            .map(|row| {
                let keys = above.iter().map(|_| format!(", {}", dice.roll(ROWS)));
                let keys: String = keys.collect();
                let (owner, team) = (owner(dice), dice.roll(TEAMS));
                format!("({row}, '{owner}', {team}, '{}'{keys})", words(place, row, 0))
            })
            .collect();
        Self {
            policy: policy(&name, prefix, teams, &above, dice),
            of: if dice.roll(2) == 0 {
                "authenticated, anon"
            } else {
                "authenticated"
            },
            rows: rows.join(", "),
            cascade: dice.roll(2) == 0,
            name,
            above,
        }
    }

    fn sql(&self, schema: &Schema) -> String {
        let Self { name, rows, .. } = self;
        let ends = if self.cascade { "cascade" } else { "set null" };
        let keys = self.above.iter().filter_map(|above| {
            let of = &schema.tables.get(*above)?.name;
            Some(format!(
                ", to_{above} int constraint {name}_to_{above} references {of} on delete {ends}"
            ))
        });
        let keys: String = keys.collect();
        let policy = self.policy.as_ref().map(|policy| {
            format!(
                "alter table {name} enable row level security;
                 create policy seen on {name} for select to {} using ({policy});",
                self.of
            )
        });
        let policy = policy.unwrap_or_default();
        format!(
            "create table {name} (id int primary key, owner text not null, team int not null, words text not null{keys});
             {policy}
             insert into {name} values {rows};
             grant select on {name} to authenticated, anon; grant all on {name} to service_role;
             "
        )
    }
}

/// Who sees a row; none where everybody does without being asked.
fn policy(name: &str, prefix: &str, teams: &str, above: &[usize], dice: &mut Dice) -> Option<String> {
    let owner = format!("owner = {SUBJECT}");
    let parent = above.get(dice.roll(above.len().max(1)));
    let parent =
        parent.map(|above| format!("exists (select from {prefix}_{above} p where p.id = {name}.to_{above})"));
    let member = format!("exists (select from {teams} m where m.team = {name}.team and m.who = {SUBJECT})");
    let policy = match dice.roll(11) {
        0 => return None,
        1 => "true".to_owned(),
        2 => owner,
        3 => format!("{owner} and team = (auth.jwt() -> 'app_metadata' ->> 'team')::int"),
        4 => member,
        5 => format!("{teams}_has(team)"),
        6 => "auth.jwt() -> 'app_metadata' ->> 'rank' = 'captain'".to_owned(),
        7 => "nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub' = owner".to_owned(),
        8 => format!("team in (select m.team from {teams} m where m.who = (select {SUBJECT}))"),
        9 => parent.unwrap_or(member),
        _ => parent.map_or_else(|| owner.clone(), |parent| format!("{owner} or {parent}")),
    };
    Some(policy)
}

pub(super) fn owner(dice: &mut Dice) -> &'static str {
    NAMES
        .iter()
        .copied()
        .nth(dice.roll(NAMES.len()))
        .unwrap_or_default()
}

fn memberships(dice: &mut Dice) -> String {
    let mut members: Vec<String> = vec!["('ann', 0)".to_owned()];
    for name in NAMES {
        for team in 0..TEAMS {
            if dice.roll(2) == 0 && (name, team) != ("ann", 0) {
                members.push(format!("('{name}', {team})"));
            }
        }
    }
    members.join(", ")
}
