use super::*;

const PATIENT: Patience = Patience {
    max_wait: Span::from_secs(60),
    max_queue: 10,
    priority: Priority::Normal,
};

fn window() -> SlidingWindow {
    SlidingWindow::new(Quota::try_new(2, Span::from_secs(10)).unwrap())
}

const fn at(millis: u64) -> MonoTime {
    MonoTime::from_millis(millis)
}

fn is_now(turn: Turn) -> bool {
    matches!(turn, Turn::Now { .. })
}

#[test]
fn a_call_counts_for_exactly_one_window() {
    let mut window = window();
    assert!(is_now(window.take(at(0))) && is_now(window.take(at(5_000))));
    assert_eq!(
        window.take(at(9_999)),
        Turn::Refused {
            retry_at: at(10_000),
            reason: Refusal::TooLong
        }
    );
    assert!(is_now(window.take(at(10_000))));
    assert_eq!(window.remaining(at(10_000)), 0);
    assert_eq!(window.remaining(at(15_000)), 1);
    assert_eq!(window.full_at(at(10_000)), at(20_000));
}

#[test]
fn a_ticket_redeemed_too_early_waits_on() {
    let mut window = window();
    assert!(is_now(window.take(at(0))) && is_now(window.take(at(0))));
    let Turn::At(ticket, turn) = window.reserve(at(1_000), PATIENT) else {
        panic!()
    };
    let Turn::At(later, again) = window.redeem(ticket, at(2_000)) else {
        panic!()
    };
    assert_eq!((turn, again), (at(10_000), at(10_000)));
    assert!(is_now(window.redeem(later, at(10_000))));
}

#[test]
fn quiet_asked_for_meanwhile_moves_the_turn() {
    let mut window = window();
    assert!(is_now(window.take(at(0))) && is_now(window.take(at(0))));
    let Turn::At(ticket, _) = window.reserve(at(0), PATIENT) else {
        panic!()
    };
    window.hold(
        at(9_000),
        Some(Span::from_secs(5)),
        Span::from_secs(1),
        Span::from_secs(600),
    );
    let Turn::At(_, moved) = window.redeem(ticket, at(10_000)) else {
        panic!()
    };
    assert_eq!(moved, at(14_000));
}

#[test]
fn a_turn_that_nobody_redeems_is_given_up() {
    let mut window = window();
    assert!(is_now(window.take(at(0))) && is_now(window.take(at(0))));
    let _forgotten = window.reserve(at(0), PATIENT);
    assert_eq!(window.waiting(), 1);
    assert!(is_now(
        window.take(at(10_000) + SlidingWindow::GRACE + Span::from_millis(1))
    ));
    assert_eq!(window.waiting(), 0);
}

#[test]
fn advice_is_capped() {
    let mut window = window();
    window.hold(at(0), Some(Span::MAX), Span::from_secs(1), Span::from_secs(600));
    assert_eq!(
        window.take(at(0)),
        Turn::Refused {
            retry_at: at(600_000),
            reason: Refusal::TooLong
        }
    );
}

#[test]
fn a_shorter_hold_does_not_shorten_a_longer_one() {
    let mut window = window();
    let longest = Span::from_secs(600);
    window.hold(at(0), Some(Span::from_secs(60)), Span::from_secs(1), longest);
    window.hold(at(0), Some(Span::from_secs(1)), Span::from_secs(1), longest);
    assert!(matches!(window.take(at(1_000)), Turn::Refused { retry_at, .. } if retry_at == at(60_000)));
}

#[test]
fn a_clock_set_back_locks_nobody_out() {
    let mut window = window();
    assert!(is_now(window.take(at(3_600_000))) && is_now(window.take(at(3_600_000))));
    assert_eq!(
        window.take(at(0)),
        Turn::Refused {
            retry_at: at(10_000),
            reason: Refusal::TooLong
        }
    );
    assert!(is_now(window.take(at(10_000))));
}

#[test]
fn a_smaller_quota_counts_what_was_sent_already() {
    let mut window = window();
    assert!(is_now(window.take(at(0))) && is_now(window.take(at(1_000))));
    window.set_quota(Quota::try_new(1, Span::from_secs(10)).unwrap());
    assert!(matches!(window.take(at(2_000)), Turn::Refused { retry_at, .. } if retry_at == at(11_000)));
}
