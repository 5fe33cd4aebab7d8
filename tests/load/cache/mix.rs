//! What is asked for: the screens that the people of an application look at over and over, and now and then a message
//! that somebody writes.
//!
//! Two mixes. The *worst case* has two people and a few screens over everything; every write goes to the busiest
//! table, whose rows no screen restricts, and half of the screens depend on it. So with five writes in a hundred there
//! are nineteen reads between two writes, and most of these screens must be asked for anew whatever a cache knows. The
//! *ordinary* one is [`super::ordinary`].

use seawall_e2e::{GUEST, HARBOUR, OWNER};

use crate::ordinary;

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
    /// The subject of the token.
    pub(crate) person: String,
    pub(crate) path: String,
    /// To be written, where it is a write.
    pub(crate) body: Option<String>,
}

/// What people look at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screens {
    WorstCase,
    Ordinary,
    /// The same request always.
    One,
}

impl Screens {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WorstCase => "worst case",
            Self::Ordinary => "ordinary",
            Self::One => "one",
        }
    }
}

/// Requests in a fixed pseudo-random order.
#[derive(Clone, Copy)]
pub(crate) struct Mix {
    screens: Screens,
    writes_per_thousand: u64,
    dice: Dice,
}

impl Mix {
    pub(crate) fn new(screens: Screens, writes_per_thousand: u64) -> Self {
        Self {
            screens,
            writes_per_thousand,
            dice: Dice(0x5ea_3a11),
        }
    }

    /// The part of one connection.
    pub(crate) fn of(mut self, connection: u64) -> Self {
        self.dice.0 ^= connection.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self
    }

    pub(crate) fn next(&mut self) -> Wanted {
        match self.screens {
            Screens::WorstCase => self.of_everything(),
            Screens::Ordinary => ordinary::next(&mut self.dice, self.writes_per_thousand),
            Screens::One => Wanted {
                person: OWNER.id.to_owned(),
                path: SCREENS
                    .first()
                    .map(|screen| screen.0)
                    .unwrap_or_default()
                    .to_owned(),
                body: None,
            },
        }
    }

    fn of_everything(&mut self) -> Wanted {
        let user = if self.dice.roll(2) == 0 { OWNER } else { GUEST };
        let wanted = |path: &str, body| Wanted {
            person: user.id.to_owned(),
            path: path.to_owned(),
            body,
        };
        if self.dice.roll(1000) < self.writes_per_thousand {
            let message = format!("{{\"room_id\":\"{HARBOUR}\",\"body\":\"hello\"}}");
            return wanted("/rest/v1/messages", Some(message));
        }
        wanted(self.dice.pick(&SCREENS), None)
    }
}

/// Pseudo-random, the same in every run.
#[derive(Clone, Copy)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    /// One of several, as often as each is to come in ten.
    pub(crate) fn pick(&mut self, weighted: &[(&'static str, u64)]) -> &'static str {
        let mut place = self.roll(10);
        let mut picked = "";
        for (one, weight) in weighted {
            picked = one;
            if place < *weight {
                break;
            }
            place -= weight;
        }
        picked
    }
}
