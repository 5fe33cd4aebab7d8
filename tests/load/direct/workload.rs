//! What is asked, by HTTP and as the transaction that it comes to.

/// Connections at once.
pub(crate) const CONNECTIONS: [usize; 3] = [1, 16, 64];

/// Enough messages that an index matters.
pub(crate) const DATA: &str = "
    insert into messages (room_id, author_id, body, created_at)
    select 'aaaaaaaa-0000-4000-8000-000000000001', '11111111-1111-4111-8111-111111111111', 'message ' || n,
           now() - n * interval '1 minute'
    from generate_series(1, 5000) n;
    analyze;
    notify pgrst";

const ROOM: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const OTHER_ROOM: &str = "aaaaaaaa-0000-4000-8000-000000000002";
const MESSAGE: &str =
    r#"{"room_id":"aaaaaaaa-0000-4000-8000-000000000002","body":"written by the benchmark"}"#;

/// One kind of request.
pub(crate) struct Workload {
    /// What it is called.
    pub(crate) name: &'static str,
    /// The method.
    pub(crate) method: &'static str,
    /// Path and query below the REST interface.
    pub(crate) path: &'static str,
    /// The body, as JSON.
    pub(crate) body: Option<&'static str>,
    /// The statement that answers it, as pgbench sends it.
    pub(crate) sql: &'static str,
    /// What is bound to its `:names`. Written into the statement, values would be planned once and for all, which no
    /// client's are.
    pub(crate) values: &'static [(&'static str, &'static str)],
}

/// The kinds of the benchmark; the one that makes the others' tables grow comes last.
pub(crate) const WORKLOADS: [Workload; 5] = [
    Workload {
        name: "point read",
        method: "GET",
        path: "/messages?id=eq.bbbbbbbb-0000-4000-8000-000000000003&select=id,body",
        body: None,
        sql: "WITH s AS (SELECT id, body FROM public.messages WHERE id = :id) \
              SELECT NULL::int8, count(t), coalesce(json_agg(t), '[]')::text FROM (SELECT * FROM s) t",
        values: &[("id", "bbbbbbbb-0000-4000-8000-000000000003")],
    },
    Workload {
        name: "embed",
        method: "GET",
        path: "/rooms?select=name,messages(body,created_at)&messages.order=created_at.desc&messages.limit=5",
        body: None,
        sql: "WITH s AS (SELECT r.name, coalesce(m.l, '[]') AS messages FROM public.rooms r LEFT JOIN LATERAL (\
              SELECT json_agg(x)::jsonb AS l FROM (SELECT m.body, m.created_at FROM public.messages m \
              WHERE m.room_id = r.id ORDER BY m.created_at DESC LIMIT 5) x) m ON true) \
              SELECT NULL::int8, count(t), coalesce(json_agg(t), '[]')::text FROM (SELECT * FROM s) t",
        values: &[],
    },
    Workload {
        name: "100 rows",
        method: "GET",
        path: "/messages?room_id=eq.aaaaaaaa-0000-4000-8000-000000000001&order=created_at.desc&limit=100",
        body: None,
        sql: "WITH s AS (SELECT * FROM public.messages WHERE room_id = :room \
              ORDER BY created_at DESC LIMIT 100) \
              SELECT NULL::int8, count(t), coalesce(json_agg(t), '[]')::text FROM (SELECT * FROM s) t",
        values: &[("room", ROOM)],
    },
    Workload {
        name: "rpc",
        method: "POST",
        path: "/rpc/room_activity",
        body: Some(r#"{"room":"aaaaaaaa-0000-4000-8000-000000000002"}"#),
        sql: "WITH s AS (SELECT * FROM public.room_activity(:room)) \
              SELECT NULL::int8, count(t), coalesce(json_agg(t), '[]')::text FROM (SELECT * FROM s) t",
        values: &[("room", OTHER_ROOM)],
    },
    Workload {
        name: "insert",
        method: "POST",
        path: "/messages",
        body: Some(MESSAGE),
        sql: "WITH s AS (INSERT INTO public.messages (room_id, body) SELECT r.room_id, r.body FROM \
              json_to_record(:body) \
              AS r (room_id uuid, body text) RETURNING 1) SELECT count(*) FROM s",
        values: &[("body", MESSAGE)],
    },
];
