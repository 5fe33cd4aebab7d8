//! What the rules look at: the database's catalogue as one value, read once.
//!
//! Everything a rule needs is in it, so rules are functions of a value and can be tested without a database.
//! `catalogue/*.sql` asks for the parts; whatever PostgreSQL records itself (which columns a policy uses, what a
//! role may really do) is taken from it and not guessed from text.

use serde::Deserialize;

/// The parts, by the field they fill. Each statement gives one document; `$1` are the exposed schemas, `$2` the
/// roles of requests.
pub(super) const PARTS: [(&str, &str); 8] = [
    ("relations", include_str!("catalogue/relations.sql")),
    ("policies", include_str!("catalogue/policies.sql")),
    ("routines", include_str!("catalogue/routines.sql")),
    ("schemas", include_str!("catalogue/schemas.sql")),
    ("defaults", include_str!("catalogue/defaults.sql")),
    ("indexes", include_str!("catalogue/indexes.sql")),
    ("foreign_keys", include_str!("catalogue/foreign_keys.sql")),
    (
        "volatile_builtins",
        include_str!("catalogue/volatile_builtins.sql"),
    ),
];

/// Who logs in and what requests may become. `$1` are the roles that tokens may name (all, where it is empty),
/// `$2` is the anonymous role.
pub(super) const ROLES: &str = include_str!("catalogue/roles.sql");

/// A database, as far as the rules are concerned.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Catalogue {
    /// Schemas that the REST interface exposes.
    pub exposed: Vec<String>,
    /// The role of requests without a token.
    pub anonymous: Option<String>,
    /// The role the server logs in as.
    pub login: Role,
    /// Every role that a request may take.
    pub roles: Vec<Role>,
    pub(crate) schemas: Vec<Schema>,
    pub(crate) relations: Vec<Relation>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) routines: Vec<Routine>,
    pub(crate) defaults: Vec<DefaultGrant>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) foreign_keys: Vec<ForeignKey>,
    /// Names of PostgreSQL's own functions that are volatile.
    pub(crate) volatile_builtins: Vec<String>,
}

/// A role and what it may do anywhere.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Role {
    /// Its name.
    pub name: String,
    pub(crate) superuser: bool,
    /// Has BYPASSRLS.
    pub(crate) bypasses: bool,
    /// Has, without asking, what it is a member of.
    pub(crate) inherits: bool,
    /// Has CREATEROLE, CREATEDB or REPLICATION.
    pub(crate) creates: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Schema {
    pub(crate) name: String,
    pub(crate) comment: String,
    /// Roles of requests that may create in it.
    pub(crate) creators: Vec<String>,
    /// Whether PUBLIC may create in it.
    pub(crate) public: bool,
    pub(crate) extensions: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum Kind {
    #[default]
    #[serde(rename = "table")]
    Table,
    #[serde(rename = "partitioned table")]
    Partitioned,
    #[serde(rename = "view")]
    View,
    #[serde(rename = "materialised view")]
    Materialised,
    #[serde(rename = "foreign table")]
    Foreign,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Relation {
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) owner: String,
    pub(crate) rls: bool,
    pub(crate) forced: bool,
    /// Of a view: runs with the rights of whoever asks.
    pub(crate) invoker: bool,
    pub(crate) comment: String,
    /// Of a view: the relations it reads.
    pub(crate) reads: Vec<RelationName>,
    /// Privileges on all columns.
    pub(crate) whole: Vec<Privilege>,
    /// Privileges on some columns only.
    pub(crate) partial: Vec<Privilege>,
    /// Privileges that were granted to PUBLIC.
    pub(crate) public: Vec<String>,
    pub(crate) columns: Vec<Column>,
    pub(crate) sequential_scans: i64,
    pub(crate) rows: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct RelationName {
    pub(crate) schema: String,
    pub(crate) name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Privilege {
    pub(crate) role: String,
    pub(crate) privilege: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// Roles of requests that may read it.
    pub(crate) readers: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Command {
    #[default]
    All,
    Select,
    Insert,
    Update,
    Delete,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Policy {
    pub(crate) schema: String,
    pub(crate) table: String,
    pub(crate) name: String,
    pub(crate) permissive: bool,
    pub(crate) command: Command,
    pub(crate) roles: Vec<String>,
    pub(crate) using: Option<String>,
    pub(crate) check: Option<String>,
    pub(crate) comment: String,
    /// Columns its conditions use, of any table.
    pub(crate) columns: Vec<ColumnName>,
    /// Functions its conditions call, PostgreSQL's own excepted.
    pub(crate) functions: Vec<RelationName>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct ColumnName {
    pub(crate) schema: String,
    pub(crate) table: String,
    pub(crate) name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Routine {
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) arguments: String,
    pub(crate) procedure: bool,
    pub(crate) trigger: bool,
    pub(crate) owner: String,
    pub(crate) definer: bool,
    pub(crate) search_path: Option<String>,
    pub(crate) volatile: bool,
    /// Whether PUBLIC may call it.
    pub(crate) public: bool,
    /// Roles of requests that may call it.
    pub(crate) callers: Vec<String>,
    pub(crate) comment: String,
    pub(crate) source: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DefaultGrant {
    pub(crate) owner: String,
    pub(crate) schema: String,
    pub(crate) kind: String,
    pub(crate) grantee: String,
    pub(crate) privilege: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Index {
    pub(crate) schema: String,
    pub(crate) table: String,
    pub(crate) name: String,
    pub(crate) comment: String,
    /// Key columns in order; empty where it is an expression.
    pub(crate) columns: Vec<String>,
    pub(crate) unique: bool,
    /// Whether a constraint rests on it.
    pub(crate) constraint: bool,
    pub(crate) valid: bool,
    pub(crate) partial: bool,
    /// The same in two indexes that answer the same questions.
    pub(crate) shape: String,
    pub(crate) scans: i64,
    pub(crate) bytes: i64,
    /// Whether it is a part of a partitioned table's index.
    pub(crate) inherited: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ForeignKey {
    pub(crate) schema: String,
    pub(crate) table: String,
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    pub(crate) target: String,
}

impl Catalogue {
    /// Whether the REST interface shows a schema.
    pub(crate) fn exposes(&self, schema: &str) -> bool {
        self.exposed.iter().any(|exposed| exposed == schema)
    }

    /// Whether a role is one that row-level security is meant for.
    pub(crate) fn is_bound(&self, role: &str) -> bool {
        self.roles
            .iter()
            .any(|known| known.name == role && !known.superuser && !known.bypasses)
    }

    /// Roles of requests that row-level security is meant for and that may touch rows of a relation.
    pub(crate) fn touching(&self, relation: &Relation) -> Vec<String> {
        let mut roles: Vec<String> = relation
            .privileges()
            .filter(|granted| ROWS.contains(&granted.privilege.as_str()) && self.is_bound(&granted.role))
            .map(|granted| granted.role.clone())
            .collect();
        roles.sort();
        roles.dedup();
        roles
    }

    /// Relations that a request can reach over REST.
    pub(crate) fn reachable(&self, kinds: &'static [Kind]) -> impl Iterator<Item = &Relation> {
        self.relations.iter().filter(move |relation| {
            kinds.contains(&relation.kind)
                && self.exposes(&relation.schema)
                && !self.touching(relation).is_empty()
        })
    }

    pub(crate) fn relation(&self, schema: &str, name: &str) -> Option<&Relation> {
        self.relations
            .iter()
            .find(|relation| relation.schema == schema && relation.name == name)
    }

    /// Policies of one table.
    pub(crate) fn policies_of(&self, relation: &Relation) -> impl Iterator<Item = &Policy> {
        self.policies
            .iter()
            .filter(move |policy| policy.schema == relation.schema && policy.table == relation.name)
    }

    /// Policies on tables of exposed schemas.
    pub(crate) fn exposed_policies(&self) -> impl Iterator<Item = &Policy> {
        self.policies.iter().filter(|policy| self.exposes(&policy.schema))
    }
}

/// Privileges that touch rows.
const ROWS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/// What row-level security is for.
pub(crate) const TABLES: &[Kind] = &[Kind::Table, Kind::Partitioned];

impl Relation {
    /// What requests' roles may do, to all columns or to some.
    pub(crate) fn privileges(&self) -> impl Iterator<Item = &Privilege> {
        self.whole.iter().chain(&self.partial)
    }
}

impl Policy {
    /// Its conditions, those there are.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &str> {
        [&self.using, &self.check]
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// Whether it decides about reading.
    pub(crate) fn reads(&self) -> bool {
        matches!(self.command, Command::All | Command::Select)
    }
}
