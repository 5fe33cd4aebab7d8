//! Which service a request goes to, what kind of work it is, and which endpoint it names.

/// The part of the platform a request goes to. One breaker each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Tables and views: `/rest/v1/…`.
    Rest,
    /// Database functions: `/rest/v1/rpc/…`.
    Rpc,
    /// Sign-in and sessions: `/auth/v1/…`.
    Auth,
    /// Files: `/storage/v1/…`.
    Storage,
    /// Edge functions: `/functions/v1/…`.
    Functions,
}

/// The kind of work a request asks for. One quota each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Looks at something.
    Reads,
    /// Changes something.
    Writes,
    /// Calls a function whose effect is unknown.
    Rpc,
    /// Touches a session.
    Auth,
}

/// Where a request goes, as policies see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target<'a> {
    /// The service.
    pub service: Service,
    /// The class of operation.
    pub class: Class,
    /// The path up to the table, function or bucket: what a policy names and a breaker or quota is kept for.
    pub endpoint: &'a str,
}

impl Service {
    /// Every service, in the order of their codes.
    pub const ALL: [Self; 5] = [Self::Rest, Self::Rpc, Self::Auth, Self::Storage, Self::Functions];

    /// The name used in policy documents, metrics and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Rpc => "rpc",
            Self::Auth => "auth",
            Self::Storage => "storage",
            Self::Functions => "functions",
        }
    }

    /// The service of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    /// A small number for the service, stable across versions.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The service of that number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

impl Class {
    /// Every class, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Reads, Self::Writes, Self::Rpc, Self::Auth];

    /// The name used in policy documents, metrics and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Rpc => "rpc",
            Self::Auth => "auth",
        }
    }

    /// The class of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// A small number for the class, stable across versions.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The class of that number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

impl<'a> Target<'a> {
    /// Sorts a request by its method and its URL path (no origin, no query).
    ///
    /// Paths outside the five services count as [`Service::Rest`] tables, so that a PostgREST mounted at the
    /// root is guarded too.
    #[must_use]
    pub fn of(method: &str, path: &'a str) -> Self {
        let (service, class, length) = sort(method.as_bytes(), path.as_bytes());
        Self {
            service,
            class,
            endpoint: path.get(..length).unwrap_or(path),
        }
    }
}

/// The same for letters, with the length of the endpoint.
#[must_use]
pub fn sort(method: &[u8], path: &[u8]) -> (Service, Class, usize) {
    let service = service_of(path);
    let class = match service {
        Service::Rpc | Service::Functions => Class::Rpc,
        Service::Auth => Class::Auth,
        Service::Rest | Service::Storage if is_safe(method) => Class::Reads,
        Service::Rest | Service::Storage => Class::Writes,
    };
    (service, class, endpoint_of(service, path))
}

/// Whether HTTP calls the method safe: it asks and changes nothing.
#[must_use]
pub fn is_safe(method: impl AsRef<[u8]>) -> bool {
    let is = |name: &[u8]| method.as_ref().eq_ignore_ascii_case(name);
    is(b"GET") || is(b"HEAD") || is(b"OPTIONS")
}

fn service_of(path: &[u8]) -> Service {
    let under = |prefix: &[u8]| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
    };
    if under(b"/rest/v1/rpc") || under(b"/rpc") {
        Service::Rpc
    } else if under(b"/auth/v1") {
        Service::Auth
    } else if under(b"/storage/v1") {
        Service::Storage
    } else if under(b"/functions/v1") {
        Service::Functions
    } else {
        Service::Rest
    }
}

/// Cuts a path after its last segment that names a thing and not an instance of it.
fn endpoint_of(service: Service, path: &[u8]) -> usize {
    let starts = |mount: &[u8]| path.starts_with(mount);
    let mounted =
        starts(b"/rest/v1") || starts(b"/auth/v1") || starts(b"/storage/v1") || starts(b"/functions/v1");
    let depth = match (service, mounted) {
        (Service::Rest, true) => 3,
        (Service::Rest, false) => 1,
        (Service::Rpc, true) => 4,
        (Service::Rpc, false) => 2,
        (Service::Auth | Service::Functions, _) => 3,
        // `/storage/v1/object/avatars/…`: the bucket; signed and public access put a word in between.
        (Service::Storage, _) if has_access_word(path) => 5,
        (Service::Storage, _) => 4,
    };
    nth_slash(path, depth)
}

fn has_access_word(path: &[u8]) -> bool {
    let after = path.get(nth_slash(path, 3)..).unwrap_or_default();
    let word = after.get(1..nth_slash(after, 1)).unwrap_or_default();
    let is = |access: &[u8]| word == access;
    is(b"public") || is(b"sign") || is(b"authenticated") || is(b"info") || is(b"list") || is(b"upload")
}

/// Where the slash is that has so many before it, or the end.
fn nth_slash(path: &[u8], before: usize) -> usize {
    let mut seen = 0;
    for (place, letter) in path.iter().enumerate() {
        if *letter == b'/' {
            if seen == before {
                return place;
            }
            seen += 1;
        }
    }
    path.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(method: &str, path: &'static str) -> (Service, Class, &'static str) {
        let target = Target::of(method, path);
        (target.service, target.class, target.endpoint)
    }

    #[test]
    fn every_service_has_its_path() {
        assert_eq!(
            target("GET", "/rest/v1/messages"),
            (Service::Rest, Class::Reads, "/rest/v1/messages")
        );
        assert_eq!(
            target("POST", "/rest/v1/messages"),
            (Service::Rest, Class::Writes, "/rest/v1/messages")
        );
        assert_eq!(
            target("POST", "/rest/v1/rpc/add"),
            (Service::Rpc, Class::Rpc, "/rest/v1/rpc/add")
        );
        assert_eq!(
            target("POST", "/auth/v1/token"),
            (Service::Auth, Class::Auth, "/auth/v1/token")
        );
        assert_eq!(
            target("POST", "/functions/v1/hello/x"),
            (Service::Functions, Class::Rpc, "/functions/v1/hello")
        );
    }

    #[test]
    fn a_root_mount_is_rest_too() {
        assert_eq!(
            target("GET", "/messages"),
            (Service::Rest, Class::Reads, "/messages")
        );
        assert_eq!(target("GET", "/rpc/add"), (Service::Rpc, Class::Rpc, "/rpc/add"));
        assert_eq!(target("GET", "/"), (Service::Rest, Class::Reads, "/"));
        assert_eq!(target("GET", ""), (Service::Rest, Class::Reads, ""));
    }

    #[test]
    fn storage_endpoints_end_at_the_bucket() {
        let get = |path| target("GET", path).2;
        assert_eq!(
            get("/storage/v1/object/avatars/me.png"),
            "/storage/v1/object/avatars"
        );
        assert_eq!(
            get("/storage/v1/object/public/avatars/a/b.png"),
            "/storage/v1/object/public/avatars"
        );
        assert_eq!(get("/storage/v1/bucket"), "/storage/v1/bucket");
    }

    #[test]
    fn a_table_whose_name_begins_like_a_mount_is_a_table() {
        assert_eq!(target("GET", "/rpcs").0, Service::Rest);
        assert_eq!(target("GET", "/rest/v1/rpc_log").0, Service::Rest);
    }

    #[test]
    fn names_and_codes_lead_back() {
        for service in Service::ALL {
            assert_eq!(Service::from_name(service.name()), Some(service));
            assert_eq!(Service::from_code(service.code()), Some(service));
        }
        for class in Class::ALL {
            assert_eq!(Class::from_name(class.name()), Some(class));
            assert_eq!(Class::from_code(class.code()), Some(class));
        }
    }
}
