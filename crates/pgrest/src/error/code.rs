//! Every code there is or was, with its status: one table, from which the documentation is printed.

use http::StatusCode;

macro_rules! codes {
    ($($variant:ident $code:literal $status:ident $group:ident $meaning:literal;)*) => {
        /// A stable name for one kind of failure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// Every code in use, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The code as it is sent.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The status it is sent with.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// The stage it belongs to.
            #[must_use]
            pub const fn group(self) -> Group {
                match self { $(Self::$variant => Group::$group,)* }
            }

            /// What it means, in a few words.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

/// Codes are numbered by stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// `PGRST0xx`
    Connection,
    /// `PGRST1xx`
    Request,
    /// `PGRST2xx`
    SchemaCache,
    /// `PGRST3xx`
    Token,
    /// `PGRSTXxx`
    Internal,
    /// `SEAWALL_…`: bounds that PostgREST does not know
    Bound,
}

codes! {
    Connection "PGRST000" SERVICE_UNAVAILABLE Connection "the database cannot be reached";
    Client "PGRST001" SERVICE_UNAVAILABLE Connection "the connection to the database broke";
    NoSchemaCache "PGRST002" SERVICE_UNAVAILABLE Connection "the schema cache is not loaded yet";
    PoolTimeout "PGRST003" GATEWAY_TIMEOUT Connection "no pooled connection became free in time";
    QueryParameter "PGRST100" BAD_REQUEST Request "a query string parameter cannot be parsed";
    InvalidRpcMethod "PGRST101" METHOD_NOT_ALLOWED Request "functions answer GET, HEAD, POST and OPTIONS only";
    InvalidBody "PGRST102" BAD_REQUEST Request "the body is not what its content type says, or is of a type not taken";
    InvalidRange "PGRST103" RANGE_NOT_SATISFIABLE Request "the requested range is impossible";
    InvalidFilters "PGRST105" METHOD_NOT_ALLOWED Request "PUT needs exactly the primary key, by eq filters";
    UnacceptableSchema "PGRST106" NOT_ACCEPTABLE Request "the schema is not exposed";
    MediaType "PGRST107" NOT_ACCEPTABLE Request "no accepted media type can be produced";
    NotEmbedded "PGRST108" BAD_REQUEST Request "a filter, order or limit names a resource that is not embedded";
    GucHeaders "PGRST111" INTERNAL_SERVER_ERROR Request "response.headers is not a list of single headers";
    GucStatus "PGRST112" INTERNAL_SERVER_ERROR Request "response.status is not a status";
    PutRange "PGRST114" BAD_REQUEST Request "PUT takes neither limit nor offset";
    PutMismatch "PGRST115" BAD_REQUEST Request "the primary key in the body is not the one in the URL";
    Singularity "PGRST116" NOT_ACCEPTABLE Request "one object was asked for, and there is not exactly one row";
    UnsupportedMethod "PGRST117" METHOD_NOT_ALLOWED Request "the method is not supported";
    RelatedOrder "PGRST118" BAD_REQUEST Request "one can order by a to-one embed only";
    UnacceptableFilter "PGRST120" BAD_REQUEST Request "an embed can be tested for null only";
    RaiseParse "PGRST121" INTERNAL_SERVER_ERROR Request "RAISE SQLSTATE 'PGRST' carries malformed JSON";
    InvalidPreferences "PGRST122" BAD_REQUEST Request "a preference is unknown and handling is strict";
    AggregatesNotAllowed "PGRST123" BAD_REQUEST Request "aggregate functions are switched off";
    MaxAffected "PGRST124" BAD_REQUEST Request "more rows would change than max-affected allows";
    InvalidPath "PGRST125" NOT_FOUND Request "the path leads nowhere";
    OpenApiDisabled "PGRST126" NOT_FOUND Request "the description at the root is switched off";
    NotImplemented "PGRST127" BAD_REQUEST Request "the combination is not implemented";
    MaxAffectedRpc "PGRST128" BAD_REQUEST Request "max-affected needs a function that returns a set";
    NoRelationship "PGRST200" BAD_REQUEST SchemaCache "there is no such relationship";
    AmbiguousRelationship "PGRST201" MULTIPLE_CHOICES SchemaCache "several relationships would do";
    NoRoutine "PGRST202" NOT_FOUND SchemaCache "there is no function of that name and those parameters";
    AmbiguousRoutine "PGRST203" MULTIPLE_CHOICES SchemaCache "several overloaded functions would do";
    NoColumn "PGRST204" BAD_REQUEST SchemaCache "columns names a column that is not there";
    NoTable "PGRST205" NOT_FOUND SchemaCache "there is no such table or view";
    NoSecret "PGRST300" INTERNAL_SERVER_ERROR Token "no secret or key is configured to verify tokens with";
    TokenDecode "PGRST301" UNAUTHORIZED Token "the token cannot be decoded or verified";
    TokenRequired "PGRST302" UNAUTHORIZED Token "anonymous access is switched off";
    TokenClaims "PGRST303" UNAUTHORIZED Token "the token's claims do not hold";
    EmbedDepth "SEAWALL_EMBED_DEPTH" BAD_REQUEST Bound "the embeds are nested deeper than the role may nest them";
    EmbedCount "SEAWALL_EMBED_COUNT" BAD_REQUEST Bound "there are more embeds than the role may ask for";
    EmbedOff "SEAWALL_EMBED_OFF" BAD_REQUEST Bound "the relation is not embedded, by configuration";
    QueryCost "SEAWALL_QUERY_COST" BAD_REQUEST Bound "the planner expects the statement to cost more than the role may spend";
    Internal "PGRSTX00" INTERNAL_SERVER_ERROR Internal "the database's answer could not be understood";
}

/// Codes that were once used, and why they are not any more.
pub const RETIRED: &[(&str, &str)] = &[
    ("PGRST104", "query string parse errors, now PGRST100"),
    (
        "PGRST109",
        "limited writes without order; limits on writes are gone",
    ),
    ("PGRST110", "limited writes that overran; see PGRST124"),
    ("PGRST113", "binary output of several columns; see PGRST107"),
    ("PGRST119", "to-many spreads, which work now"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_never_a_retired_one() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.extend(RETIRED.iter().map(|(name, _)| *name));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn codes_are_numbered_by_their_group() {
        for code in Code::ALL {
            let digit = match code.group() {
                Group::Connection => "PGRST0",
                Group::Request => "PGRST1",
                Group::SchemaCache => "PGRST2",
                Group::Token => "PGRST3",
                Group::Internal => "PGRSTX",
                Group::Bound => "SEAWALL_",
            };
            assert!(code.name().starts_with(digit), "{code:?}");
        }
    }
}
