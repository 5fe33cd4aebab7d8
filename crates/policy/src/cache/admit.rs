//! What the cache has to do with a request, and whether it may keep an answer.

use super::freshness::Directives;
use crate::class::{Answer, Category, Class, Service, Target, Verdict, classify};

/// What a request is to the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its answer may be kept and given again.
    Read,
    /// It changes something that answers may depend on.
    Write,
    /// Nothing: it passes by.
    Bystander,
}

/// What came of asking the server, as the cache sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A new answer, to be kept.
    Keep,
    /// What is kept is still true (304).
    Renew,
    /// A final answer that is not to be kept, and ends what was: no leave any more, not there any more.
    Discard,
    /// None of the cache's business; what is kept stays.
    Pass,
    /// No answer for now, for this reason.
    Failed(Category),
}

/// Sorts a request. `kept`: reads of this kind were asked to be kept; of auth they never are, since `getUser()` is a
/// fresh check by contract.
#[must_use]
pub fn part(target: &Target<'_>, method: &str, kept: bool) -> Part {
    let reads = matches!(method, "GET" | "HEAD");
    match target.service {
        Service::Auth => Part::Bystander,
        Service::Rest | Service::Rpc | Service::Storage | Service::Functions if reads && kept => Part::Read,
        Service::Rest | Service::Rpc | Service::Storage | Service::Functions => {
            if changes(target.class, method) {
                Part::Write
            } else {
                Part::Bystander
            }
        }
    }
}

/// Judges an answer to a read. `conditional`: it was asked for with the ETag of what is kept.
#[must_use]
pub fn judge(
    service: Service,
    status: u16,
    code: Option<&str>,
    directives: &Directives,
    vary: &str,
    conditional: bool,
) -> Reply {
    match status {
        304 if conditional => Reply::Renew,
        200 | 206 if directives.no_store || vary.contains('*') => Reply::Discard,
        200 | 206 => Reply::Keep,
        0..=399 => Reply::Pass,
        400..=u16::MAX => {
            let outcome = classify(&Answer::Response {
                service,
                status,
                code,
                retry_after: None,
            });
            refused(outcome.category, outcome.verdict, outcome.transient)
        }
    }
}

/// Whether a write that ended like this may have changed something: it did, or nobody knows.
#[must_use]
pub fn may_have_written(status: u16, category: Option<Category>) -> bool {
    match category {
        None => (200..400).contains(&status) || status >= 500,
        Some(Category::Network | Category::Timeout | Category::Aborted | Category::Server) => true,
        Some(
            Category::Offline
            | Category::RateLimited
            | Category::CircuitOpen
            | Category::Auth
            | Category::Permission
            | Category::NotFound
            | Category::Conflict
            | Category::Validation
            | Category::DatabaseTransient
            | Category::DatabasePermanent,
        ) => false,
    }
}

/// Whether an answer's failure is the service's, so that the last known one is better than none.
#[must_use]
pub fn is_outage(category: Category) -> bool {
    match category {
        Category::Network
        | Category::Offline
        | Category::Timeout
        | Category::RateLimited
        | Category::CircuitOpen
        | Category::DatabaseTransient
        | Category::Server => true,
        Category::Auth
        | Category::Permission
        | Category::NotFound
        | Category::Conflict
        | Category::Validation
        | Category::DatabasePermanent
        | Category::Aborted => false,
    }
}

fn refused(category: Option<Category>, verdict: Verdict, transient: bool) -> Reply {
    let failed = transient || matches!(verdict, Verdict::Failure | Verdict::Unavailable);
    match category {
        Some(category) if failed && is_outage(category) => Reply::Failed(category),
        Some(Category::Auth | Category::Permission | Category::NotFound | Category::Validation) => {
            Reply::Discard
        }
        Some(_) | None => Reply::Pass,
    }
}

fn changes(class: Class, method: &str) -> bool {
    match class {
        Class::Writes => true,
        Class::Rpc => method == "POST",
        Class::Reads | Class::Auth => false,
    }
}
