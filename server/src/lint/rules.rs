//! Every rule, in one table: its name, how bad it is, why it matters, and the function that finds it.
//!
//! Names are stable: scripts and comments in databases refer to them. A rule that is given up keeps its name, and
//! no other rule gets it. docs/check.md has a bad and a good example of each, and tests run them.

mod grants;
mod indexes;
mod own;
mod performance;
mod policies;
mod reading;
mod relations;
mod roles;
mod routines;
mod schemas;

use super::catalogue::Catalogue;
use super::finding::{Finding, Remark, Severity};
use Severity::{Critical, Error, Info, Warning};

/// A rule.
pub(crate) struct Rule {
    /// Its name, for ever.
    pub(crate) id: &'static str,
    /// How bad what it finds is.
    pub(crate) severity: Severity,
    /// Why, in one sentence.
    pub(crate) why: &'static str,
    /// Whether it is asked only with `--indexes`.
    pub(crate) advisory: bool,
    find: fn(&Catalogue) -> Vec<Remark>,
}

impl Rule {
    /// What it finds.
    pub(super) fn findings(&self, catalogue: &Catalogue) -> impl Iterator<Item = Finding> {
        (self.find)(catalogue).into_iter().map(|remark| Finding {
            rule: self.id,
            severity: self.severity,
            object: remark.object,
            message: remark.message,
            fix: remark.fix,
            allowed: None,
        })
    }
}

/// The rule about allowances. Its findings come from the allowances themselves, when they have been applied.
pub(super) const IDLE: &str = "allowance-idle";

fn by_allowances(_: &Catalogue) -> Vec<Remark> {
    Vec::new()
}

/// The rule of that name.
pub(crate) fn named(id: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| rule.id == id)
}

macro_rules! rules {
    ($($id:literal $severity:ident $([$mark:ident])? $find:path, $why:literal;)*) => {
        /// All rules, in the order of the reference.
        pub(crate) const ALL: &[Rule] = &[$(Rule {
            id: $id,
            severity: $severity,
            why: $why,
            advisory: false $(|| mark::$mark)?,
            find: $find,
        }),*];
    };
}

mod mark {
    pub(super) const ADVISORY: bool = true;
}

rules! {
    "rls-disabled" Critical relations::rls_disabled,
        "Without row-level security everybody with a grant reaches every row, and anybody on the internet can send the request.";
    "policies-without-rls" Critical relations::policies_without_rls,
        "Policies do nothing until row-level security is enabled on their table.";
    "foreign-table-exposed" Error relations::foreign_table_exposed,
        "PostgreSQL has no row-level security for foreign tables: a grant is a grant on every row.";
    "rls-not-forced" Warning relations::rls_not_forced,
        "The owner of a table is not bound by its policies unless they are forced, and here requests can act as the owner.";
    "rls-without-policies" Info relations::rls_without_policies,
        "Row-level security without a permissive policy refuses every row, so the grants on the table are of no use.";

    "view-bypasses-rls" Critical relations::view_bypasses_rls,
        "A view reads with the rights of its owner, past the policies of whoever asks, unless it is a security_invoker view.";
    "materialised-view-exposed" Error relations::materialised_view_exposed,
        "A materialised view keeps what its owner saw and can have no policies: whoever may read it reads all of it.";

    "policy-always-true-write" Error policies::always_true_write,
        "A condition that is always true lets everybody whom the policy names write any row, or give rows away.";
    "policy-always-true-read" Warning policies::always_true_read,
        "A condition that is always true shows every row to everybody whom the policy names.";
    "policy-for-public" Warning policies::for_public,
        "A policy without TO holds for every role, requests without a token included.";
    "policy-role-unreachable" Info policies::role_unreachable,
        "No request can take the role that the policy names, so it lets nobody pass.";
    "policy-without-check" Warning policies::without_check,
        "Without WITH CHECK an insert is refused, and an update judges the new row by the condition for the old one.";
    "policy-user-metadata" Critical reading::user_metadata,
        "Users write their own user_metadata, so a policy that reads it believes whatever they say.";
    "policy-setting-unset" Warning reading::setting_unset,
        "Where nobody is signed in a custom setting is missing or an empty string, and the condition fails with an error instead of being false.";
    "policy-volatile-function" Warning reading::volatile_function,
        "A volatile function is called anew for every row, forbids indexes and may decide differently from row to row.";
    "policy-recursive" Error reading::recursive,
        "Policies that read each other's tables in a circle make every query fail with 42P17.";
    "policy-function-per-row" Warning performance::function_per_row,
        "A function that depends on the request alone is called for every row unless it stands in a scalar sub-select.";
    "policy-column-unindexed" Warning performance::column_unindexed,
        "A policy is a part of every query, so a column that it compares without an index means reading the whole table each time.";
    "policies-overlap" Info performance::overlap,
        "Every permissive policy for the same role and command is evaluated, and a row passes if any one of them says so.";

    "definer-for-anonymous" Error routines::definer_for_anonymous,
        "A SECURITY DEFINER function runs with its owner's rights, past row-level security, and here anybody on the internet can call it.";
    "definer-exposed" Warning routines::definer_exposed,
        "A SECURITY DEFINER function runs with its owner's rights, past row-level security.";
    "definer-search-path" Error routines::definer_search_path,
        "Without a search_path of its own a SECURITY DEFINER function finds whatever its caller put in the way.";
    "execute-by-public" Info routines::execute_by_public,
        "Functions may be called by every role unless that is revoked, requests without a token included.";

    "anonymous-writes" Error grants::anonymous_writes,
        "Requests without a token belong to nobody, so nobody answers for what they write.";
    "grant-to-public" Warning grants::to_public,
        "A grant to PUBLIC is a grant to every role there is and will be.";
    "grant-past-rls" Error grants::past_rls,
        "TRUNCATE, REFERENCES and TRIGGER are not subject to row-level security.";
    "sensitive-column-exposed" Error grants::sensitive_column,
        "A column that holds a secret can be selected, filtered by and guessed at over REST.";
    "secrets-granted-whole" Warning grants::secrets_whole,
        "A grant on a whole table with secrets in it covers them, and every column that is added later.";
    "default-privileges" Warning grants::default_privileges,
        "Default privileges grant on tables that do not exist yet, so a new one is exposed before it has row-level security.";
    "seawall-exposed" Error own::exposed,
        "What Seawall keeps holds who asked for what, claims and bodies, and no request has any business with it.";

    "schema-writable" Error schemas::writable,
        "Whoever may create in an exposed schema may put a function or view of their own in front of everybody.";
    "extension-exposed" Warning schemas::extension_exposed,
        "The functions of an extension in an exposed schema can be called over REST.";

    "login-superuser" Critical roles::login_superuser,
        "A superuser is bound by nothing, so one statement outside a request's context is one too many.";
    "login-bypasses-rls" Critical roles::login_bypasses_rls,
        "A login role with BYPASSRLS is bound by no policy wherever a request's role is not in force.";
    "login-owns" Error roles::login_owns,
        "An owner can switch row-level security off, and is not bound by it unless it is forced.";
    "login-inherits" Warning roles::login_inherits,
        "A login role that inherits has the rights of every role it may become, also outside a request's context.";
    "anonymous-bypasses-rls" Critical roles::anonymous_bypasses_rls,
        "Requests without a token would be bound by no policy at all.";
    "role-privileged" Error roles::role_privileged,
        "A role that requests may take can make roles or databases, or copy the whole cluster.";

    "allowance-idle" Warning by_allowances,
        "An allowance without a rule, a reason or anything to allow hides what somebody once meant.";

    "foreign-key-unindexed" Info [ADVISORY] indexes::foreign_key_unindexed,
        "Deleting a row that is pointed to, and every embed from that side, reads the whole table that points.";
    "index-duplicate" Warning [ADVISORY] indexes::duplicate,
        "Two indexes that answer the same questions cost twice as much on every write.";
    "index-redundant" Info [ADVISORY] indexes::redundant,
        "An index whose columns begin another one is rarely needed beside it.";
    "index-unused" Info [ADVISORY] indexes::unused,
        "An index that no query has used since the statistics were reset costs on every write.";
    "index-invalid" Warning [ADVISORY] indexes::invalid,
        "An index that could not be built is kept up to date and never used.";
    "table-read-whole" Info [ADVISORY] indexes::read_whole,
        "A large table that is mostly read from end to end lacks an index for the questions it is asked.";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn names_are_unique_and_why_is_a_sentence() {
        let mut ids: Vec<&str> = ALL.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ALL.len());
        assert!(ALL.iter().all(|rule| rule.why.ends_with('.')));
    }
}
