//! The ordinary mix: three hundred rooms of four people each, among sixty people, in the example application.
//!
//! Half of what people look at is the latest messages of one room with their authors; the rest is one message with its
//! author, the list of their rooms, and their own profile. Some rooms are much busier than others (Zipf: the second
//! half as busy as the first, the third a third), and they are written to as much as they are looked at. Whoever looks
//! or writes is one of the room's four people.
//!
//! One thing differs from the example: everybody who is signed in may see profiles, as most applications have it.
//! There a profile shows to those who can read something that it wrote, so that any message may decide about it.

use crate::mix::{Dice, Wanted};

const ROOMS: u64 = 300;
const PEOPLE: u64 = 60;
const MEMBERS: u64 = 4;

/// What is looked at, in ten.
const SCREENS: [(&str, u64); 4] = [("messages", 5), ("message", 2), ("rooms", 2), ("profile", 1)];

/// People, rooms, members, and twenty messages a room.
pub(crate) const DATA: &str = "
    drop policy profiles_of_readable_authors on profiles;
    create policy profiles_of_everybody on profiles for select to authenticated using (true);
    insert into profiles (id, display_name)
    select ('dddddddd-0000-4000-8000-' || lpad(p::text, 12, '0'))::uuid, 'Person ' || p from generate_series(0, 59) p;
    insert into rooms (id, name, topic)
    select ('cccccccc-0000-4000-8000-' || lpad(r::text, 12, '0'))::uuid, 'Room ' || r, 'busy' from generate_series(0, 299) r;
    insert into memberships (room_id, user_id)
    select ('cccccccc-0000-4000-8000-' || lpad(r::text, 12, '0'))::uuid,
           ('dddddddd-0000-4000-8000-' || lpad(((r * 7 + m * 13) % 60)::text, 12, '0'))::uuid
    from generate_series(0, 299) r, generate_series(0, 3) m;
    insert into messages (id, room_id, author_id, body, created_at)
    select ('eeeeeeee-0000-4000-8000-' || lpad((r * 20 + n)::text, 12, '0'))::uuid,
           ('cccccccc-0000-4000-8000-' || lpad(r::text, 12, '0'))::uuid,
           ('dddddddd-0000-4000-8000-' || lpad(((r * 7 + n % 4 * 13) % 60)::text, 12, '0'))::uuid,
           'message ' || n, now() - make_interval(mins => n)
    from generate_series(0, 299) r, generate_series(0, 19) n;
    analyze";

/// Has writes tell which rows they touch.
pub(crate) const WATCH: &str = "
    select seawall.watch(name::regclass) from unnest('{profiles,rooms,memberships,messages}'::text[]) as name";

/// The subjects of all tokens.
pub(crate) fn people() -> impl Iterator<Item = String> {
    (0..PEOPLE).map(person)
}

/// One request.
pub(crate) fn next(dice: &mut Dice, writes_per_thousand: u64) -> Wanted {
    let room = busy_room(dice);
    let whom = person((room * 7 + dice.roll(MEMBERS) * 13) % PEOPLE);
    let of_room = id('c', room);
    if dice.roll(1000) < writes_per_thousand {
        return Wanted {
            person: whom,
            path: "/rest/v1/messages".to_owned(),
            body: Some(format!("{{\"room_id\":\"{of_room}\",\"body\":\"hello\"}}")),
        };
    }
    let path = match dice.pick(&SCREENS) {
        "messages" => format!(
            "messages?room_id=eq.{of_room}&select=id,body,created_at,profiles(display_name)&order=created_at.desc&limit=30"
        ),
        "message" => {
            let message = id('e', room * 20 + dice.roll(5));
            format!("messages?id=eq.{message}&select=body,created_at,profiles(display_name)")
        }
        "rooms" => "rooms?select=id,name,topic&order=name".to_owned(),
        _ => format!("profiles?id=eq.{whom}&select=display_name"),
    };
    Wanted {
        person: whom,
        path: format!("/rest/v1/{path}"),
        body: None,
    }
}

/// The nth room once in n times as often as the first.
fn busy_room(dice: &mut Dice) -> u64 {
    const WHOLE: u64 = 1_000_000;
    let total: u64 = (1..=ROOMS).map(|rank| WHOLE / rank).sum();
    let mut place = dice.roll(total);
    for rank in 1..=ROOMS {
        let share = WHOLE / rank;
        if place < share {
            return rank - 1;
        }
        place -= share;
    }
    0
}

fn person(number: u64) -> String {
    id('d', number)
}

fn id(kind: char, number: u64) -> String {
    let kind = kind.to_string().repeat(8);
    format!("{kind}-0000-4000-8000-{number:012}")
}
