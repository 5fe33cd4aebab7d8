use super::*;
use crate::class::{Answer, Outcome, Service, classify};
use crate::retry::Repeat;
use crate::rng::SplitMix64;
use crate::time::{Span, UnixTime};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

fn write(id: u64, lane: &str) -> Write {
    Write {
        id,
        lane: lane.to_owned(),
        rows: Rows::Named(vec![id.to_string()]),
        who: "ann".to_owned(),
        repeat: Repeat::Safe,
        form: Form::AsMade,
        state: State::Queued,
        tries: 0,
        waits: 0,
        not_before: UnixTime::default(),
    }
}

fn once(id: u64, lane: &str) -> Write {
    Write {
        repeat: Repeat::IfNotDone,
        ..write(id, lane)
    }
}

fn outbox(writes: Vec<Write>) -> Outbox {
    Outbox::new(OutboxConfig::default(), writes)
}

fn ann() -> Vec<String> {
    vec!["ann".to_owned()]
}

fn desk(sessions: &[String]) -> Desk<'_> {
    Desk {
        me: "me",
        alone: true,
        sessions,
    }
}

fn sent(outbox: &mut Outbox, now: UnixTime) -> Option<u64> {
    match outbox.next(&desk(&ann()), now) {
        Next::Send { id, .. } => Some(id),
        Next::Wait { .. } | Next::Session | Next::Idle => None,
    }
}

fn answer(status: u16, code: Option<&str>) -> Outcome {
    classify(&Answer::Response {
        service: Service::Rest,
        status,
        code,
        retry_after: None,
    })
}

fn end(outbox: &mut Outbox, id: u64, outcome: &Outcome, code: Option<&str>) -> Verdict {
    let ending = Ending::Sent { outcome, code };
    outbox
        .answered(&by(id, "me", None), &ending, NOW, &mut SplitMix64::new(1))
        .unwrap()
}

fn by(id: u64, by: &str, standing: Option<Resolution>) -> Sent<'_> {
    Sent { id, by, standing }
}

fn after(span: Span) -> UnixTime {
    NOW.plus(span)
}

#[test]
fn a_lane_goes_one_by_one_and_lanes_do_not_wait_for_each_other() {
    let mut outbox = outbox(vec![write(1, "a"), write(2, "a"), write(3, "b")]);
    assert_eq!(sent(&mut outbox, NOW), Some(1));
    assert_eq!(sent(&mut outbox, NOW), Some(3));
    assert_eq!(sent(&mut outbox, NOW), None);
    assert_eq!(end(&mut outbox, 1, &Outcome::SUCCESS, None), Verdict::Done);
    assert_eq!(sent(&mut outbox, NOW), Some(2));
}

#[test]
fn with_order_by_row_only_writes_that_may_meet_wait() {
    let config = OutboxConfig {
        order: Order::Row,
        ..OutboxConfig::default()
    };
    let any = Write {
        rows: Rows::Any,
        ..write(3, "a")
    };
    let mut outbox = Outbox::new(config, vec![write(1, "a"), write(2, "a"), any]);
    assert_eq!(sent(&mut outbox, NOW), Some(1));
    assert_eq!(sent(&mut outbox, NOW), Some(2));
    assert_eq!(sent(&mut outbox, NOW), None);
}

#[test]
fn a_write_goes_only_under_the_user_who_made_it() {
    let mut outbox = outbox(vec![write(1, "a")]);
    assert_eq!(outbox.next(&desk(&["ben".to_owned()]), NOW), Next::Session);
    assert_eq!(outbox.next(&desk(&[]), NOW), Next::Session);
    assert_eq!(sent(&mut outbox, NOW), Some(1));
}

#[test]
fn what_a_gone_page_was_sending_is_taken_over_after_the_grace() {
    let mut outbox = outbox(vec![write(1, "a"), once(2, "b")]);
    let sessions = ann();
    let gone = Desk {
        me: "gone",
        ..desk(&sessions)
    };
    outbox.next(&gone, NOW);
    outbox.next(&gone, NOW);
    outbox.recover(&desk(&ann()), NOW);
    let until = after(OutboxConfig::default().grace);
    assert_eq!(outbox.next(&desk(&ann()), NOW), Next::Wait { until });

    outbox.recover(&desk(&ann()), until);
    assert_eq!(
        outbox.next(&desk(&ann()), until),
        Next::Send {
            id: 1,
            form: Form::Again
        }
    );
    assert_eq!(outbox.write(2).unwrap().state, State::SetAside(Reason::Unknown));
}

#[test]
fn where_pages_cannot_agree_another_ones_write_is_left_for_the_lease() {
    let sessions = ann();
    let crowd = Desk {
        alone: false,
        ..desk(&sessions)
    };
    let mut outbox = outbox(vec![write(1, "a")]);
    outbox.next(&Desk { me: "other", ..crowd }, NOW);
    let until = after(OutboxConfig::default().lease);
    outbox.recover(&crowd, after(OutboxConfig::default().grace));
    assert_eq!(outbox.next(&crowd, NOW), Next::Wait { until });
    outbox.recover(&crowd, until);
    assert!(matches!(outbox.next(&crowd, until), Next::Send { id: 1, .. }));
}

#[test]
fn the_answer_to_a_write_that_another_page_took_over_changes_nothing() {
    let mut outbox = outbox(vec![write(1, "a")]);
    sent(&mut outbox, NOW);
    let ending = Ending::Sent {
        outcome: &Outcome::SUCCESS,
        code: None,
    };
    let verdict = outbox.answered(&by(1, "slow", None), &ending, NOW, &mut SplitMix64::new(1));
    assert_eq!(verdict, None);
}

#[test]
fn a_refusal_for_good_sets_aside_and_lets_other_rows_pass() {
    let mut outbox = outbox(vec![write(1, "a"), write(2, "a")]);
    let same_row = Write {
        rows: Rows::Named(vec!["1".to_owned()]),
        ..write(3, "a")
    };
    outbox.add(same_row);
    sent(&mut outbox, NOW);
    let denied = answer(403, Some("42501"));
    assert_eq!(
        end(&mut outbox, 1, &denied, Some("42501")),
        Verdict::SetAside(Reason::Refused)
    );
    assert_eq!(sent(&mut outbox, NOW), Some(2));
    end(&mut outbox, 2, &Outcome::SUCCESS, None);
    assert_eq!(
        sent(&mut outbox, NOW),
        None,
        "a later write to the row that was refused waits"
    );
    assert!(outbox.retry(1));
    assert_eq!(sent(&mut outbox, NOW), Some(1), "in its old place");
}

#[test]
fn a_lost_answer_is_asked_for_again_only_where_twice_is_once() {
    let mut outbox = outbox(vec![write(1, "a"), once(2, "b")]);
    sent(&mut outbox, NOW);
    sent(&mut outbox, NOW);
    let Verdict::Again { at, pause: true } = end(&mut outbox, 1, &Outcome::NETWORK, None) else {
        panic!("it waits, and so do the others");
    };
    assert!(at >= after(OutboxConfig::default().grace));
    assert_eq!(
        end(&mut outbox, 2, &Outcome::NETWORK, None),
        Verdict::SetAside(Reason::Unknown)
    );
    assert_eq!(
        outbox.next(&desk(&ann()), at),
        Next::Send {
            id: 1,
            form: Form::Again
        }
    );
}

#[test]
fn what_was_not_sent_and_what_the_network_swallowed_uses_up_no_try() {
    let mut outbox = outbox(vec![write(1, "a")]);
    let mut now = NOW;
    for _ in 0..50 {
        assert_eq!(sent(&mut outbox, now), Some(1));
        end(&mut outbox, 1, &Outcome::NETWORK, None);
        now = outbox.write(1).unwrap().not_before;
        assert_eq!(sent(&mut outbox, now), Some(1));
        let refused = Ending::NotSent {
            retry_after: Some(Span::from_secs(5)),
            pause: false,
        };
        outbox.answered(&by(1, "me", None), &refused, now, &mut SplitMix64::new(1));
        assert!(outbox.write(1).unwrap().not_before >= now.plus(Span::from_secs(5)));
        now = outbox.write(1).unwrap().not_before;
    }
    assert_eq!(outbox.write(1).unwrap().tries, 0);
}

#[test]
fn a_poison_is_set_aside_after_its_tries_and_keeps_no_other_lane_waiting() {
    let mut outbox = outbox(vec![write(1, "a"), write(2, "b")]);
    let mut now = NOW;
    let broken = answer(500, None);
    for attempt in 1..=OutboxConfig::default().tries {
        assert_eq!(sent(&mut outbox, now), Some(1));
        let verdict = end(&mut outbox, 1, &broken, None);
        if attempt == 1 {
            assert!(matches!(verdict, Verdict::Again { pause: false, .. }));
            assert_eq!(sent(&mut outbox, now), Some(2));
        }
        now = outbox.write(1).unwrap().not_before;
    }
    assert_eq!(outbox.write(1).unwrap().state, State::SetAside(Reason::Exhausted));
}

#[test]
fn a_missing_reference_waits_for_what_is_queued_before_it() {
    let mut outbox = outbox(vec![write(1, "rooms"), write(2, "messages")]);
    let missing = answer(409, Some("23503"));
    sent(&mut outbox, NOW);
    end(&mut outbox, 1, &answer(500, None), None);
    assert_eq!(sent(&mut outbox, NOW), Some(2));
    assert!(matches!(
        end(&mut outbox, 2, &missing, Some("23503")),
        Verdict::Again { .. }
    ));

    let mut alone = Outbox::new(OutboxConfig::default(), vec![write(2, "messages")]);
    sent(&mut alone, NOW);
    assert_eq!(
        end(&mut alone, 2, &missing, Some("23503")),
        Verdict::SetAside(Reason::Refused)
    );
}

#[test]
fn a_conflict_goes_by_what_was_decided_about_it() {
    let conflict = answer(409, Some("23505"));
    let collide = |standing| {
        let mut outbox = outbox(vec![write(1, "a")]);
        sent(&mut outbox, NOW);
        let ending = Ending::Sent {
            outcome: &conflict,
            code: Some("23505"),
        };
        let verdict = outbox.answered(&by(1, "me", standing), &ending, NOW, &mut SplitMix64::new(1));
        (outbox, verdict.unwrap())
    };
    let (gone, verdict) = collide(Some(Resolution::ServerWins));
    assert_eq!((gone.writes().len(), verdict), (0, Verdict::Dropped));

    let (mut forced, _) = collide(Some(Resolution::ClientWins));
    assert_eq!(
        forced.next(&desk(&ann()), NOW),
        Next::Send {
            id: 1,
            form: Form::Forced
        }
    );
    let ending = Ending::Sent {
        outcome: &conflict,
        code: Some("23505"),
    };
    let again = forced.answered(
        &by(1, "me", Some(Resolution::ClientWins)),
        &ending,
        NOW,
        &mut SplitMix64::new(1),
    );
    assert_eq!(again, Some(Verdict::SetAside(Reason::Conflict)));

    let (mut asked, verdict) = collide(None);
    assert_eq!(verdict, Verdict::Ask);
    assert_eq!(sent(&mut asked, NOW), None);
    assert_eq!(asked.resolve(1, Resolution::ServerWins), Some(Verdict::Dropped));
    assert_eq!(asked.resolve(1, Resolution::ServerWins), None);
}

#[test]
fn an_expired_session_keeps_the_write_and_its_tries() {
    let mut outbox = outbox(vec![write(1, "a")]);
    sent(&mut outbox, NOW);
    let expired = answer(401, Some("PGRST303"));
    assert_eq!(end(&mut outbox, 1, &expired, Some("PGRST303")), Verdict::Session);
    assert_eq!(outbox.write(1).unwrap().state, State::Queued);
    assert_eq!(outbox.write(1).unwrap().tries, 0);
}

#[test]
fn a_clock_set_back_locks_nothing_out() {
    let mut late = write(1, "a");
    late.not_before = NOW.plus(Span::from_secs(86_400));
    let mut outbox = outbox(vec![
        late,
        Write {
            state: State::Sending {
                by: "gone".to_owned(),
                at: NOW.plus(Span::from_secs(86_400)),
            },
            ..write(2, "b")
        },
    ]);
    outbox.recover(&desk(&ann()), NOW);
    assert_eq!(sent(&mut outbox, NOW), Some(1));
    assert_eq!(sent(&mut outbox, NOW), Some(2));
}

#[test]
fn a_later_write_waits_behind_the_queue_of_its_own_user() {
    let outbox = outbox(vec![write(1, "a")]);
    assert!(outbox.holds_back("ann", "a", &Rows::New));
    assert!(!outbox.holds_back("ann", "b", &Rows::New));
    assert!(!outbox.holds_back("ben", "a", &Rows::New));
}

#[test]
fn what_is_on_its_way_cannot_be_discarded() {
    let mut outbox = outbox(vec![write(1, "a"), write(2, "b")]);
    sent(&mut outbox, NOW);
    assert!(!outbox.may_discard(1) && outbox.may_discard(2) && !outbox.may_discard(3));
}

#[test]
fn room_is_bounded_by_number_and_by_bytes() {
    let config = OutboxConfig {
        max_writes: 2,
        max_bytes: 100,
        ..OutboxConfig::default()
    };
    assert_eq!(config.admits(1, 60, 40), Ok(()));
    assert_eq!(config.admits(2, 0, 1), Err(Full::Writes(2)));
    assert_eq!(config.admits(1, 60, 41), Err(Full::Bytes(60)));
}
