//! What is asked for: the few screens that the people of an application look at over and over, and now and then a
//! message that somebody writes.

use seawall_e2e::{GUEST, HARBOUR, OWNER, User};

/// Enough rows that a list costs PostgreSQL something.
pub(crate) const DATA: &str = "
    insert into messages (room_id, author_id, body, created_at)
    select 'aaaaaaaa-0000-4000-8000-000000000001', '11111111-1111-4111-8111-111111111111', 'message ' || n,
           now() - make_interval(mins => n)
    from generate_series(1, 5000) n;
    analyze";

/// Paths with how often each is asked for, in ten.
const SCREENS: [(&str, u64); 6] = [
    ("/rest/v1/rooms?select=id,name,topic&order=name", 3),
    ("/rest/v1/profiles?select=id,display_name", 2),
    ("/rest/v1/memberships?select=room_id,user_id", 2),
    (
        "/rest/v1/messages?select=body,created_at&order=created_at.desc&limit=50",
        1,
    ),
    ("/rest/v1/rooms?select=name,messages(body)&messages.limit=20", 1),
    ("/rest/v1/room_summaries?select=name,message_count", 1),
];

/// One request.
pub(crate) struct Wanted {
    pub(crate) user: User,
    pub(crate) path: &'static str,
    /// To be written, where it is a write.
    pub(crate) body: Option<String>,
}

/// Requests in a fixed pseudo-random order.
#[derive(Clone, Copy)]
pub(crate) struct Mix {
    writes_per_thousand: u64,
    one: bool,
    state: u64,
}

impl Mix {
    pub(crate) fn new(writes_per_thousand: u64) -> Self {
        Self {
            writes_per_thousand,
            one: false,
            state: 0x5ea_3a11,
        }
    }

    /// The same request always.
    pub(crate) fn one() -> Self {
        Self {
            one: true,
            ..Self::new(0)
        }
    }

    /// The part of one connection.
    pub(crate) fn of(mut self, connection: u64) -> Self {
        self.state ^= connection.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self
    }

    pub(crate) fn next(&mut self) -> Wanted {
        let user = if self.roll(2) == 0 || self.one {
            OWNER
        } else {
            GUEST
        };
        if self.roll(1000) < self.writes_per_thousand {
            return Wanted {
                user,
                path: "/rest/v1/messages",
                body: Some(format!("{{\"room_id\":\"{HARBOUR}\",\"body\":\"hello\"}}")),
            };
        }
        let mut place = if self.one { 0 } else { self.roll(10) };
        let mut path = "";
        for (screen, weight) in SCREENS {
            path = screen;
            if place < weight {
                break;
            }
            place -= weight;
        }
        Wanted {
            user,
            path,
            body: None,
        }
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % sides
    }
}
