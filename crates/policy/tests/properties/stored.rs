use proptest::prelude::*;
use seawall_policy::breaker::{Admission, Breaker, BreakerConfig, Snapshot};
use seawall_policy::class::Outcome;
use seawall_policy::limit::{Quota, SlidingWindow, Turn, UsageSnapshot};
use seawall_policy::policy::{Policy, PolicyDraft, SETTINGS, Value};
use seawall_policy::rng::SplitMix64;
use seawall_policy::time::{MonoTime, Span, UnixTime};

/// Bodies of snapshots: right in form, wild in content.
fn bodies() -> impl Strategy<Value = String> {
    // Larger numbers of milliseconds are refused: they do not fit a span.
    let millis = || 0..u64::MAX / 1_000_000;
    let list = prop::collection::vec(0..u64::MAX / 1_000_000, 0..8);
    (any::<u64>(), "[coh]", millis(), any::<u32>(), millis(), list).prop_map(
        |(saved, state, remaining, trips, closed, mut ages)| {
            ages.sort_unstable();
            let ages: Vec<String> = ages.iter().map(u64::to_string).collect();
            format!(
                "b1;{saved};{state};{remaining};{trips};{closed};{};",
                ages.join(",")
            )
        },
    )
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn any_text_is_decoded_or_refused(text in ".*") {
        let _ = Snapshot::decode(&text);
        let _ = Snapshot::decode(&Snapshot::sealed(&text));
        let _ = Snapshot::decode(&Snapshot::sealed(&["b1;", &text].concat()));
    }

    #[test]
    fn any_usage_is_read_or_refused_and_holds_back_no_longer_than_a_window(
        numbers in prop::collection::vec(any::<f64>(), 0..130),
        saved in 0..1_u64 << 53,
        hold in 0..1_u64 << 53,
        mut ages in prop::collection::vec((0..2_000_u64, any::<u32>()), 0..61),
        unix in any::<u64>(),
    ) {
        let _ = UsageSnapshot::from_numbers(&numbers);
        ages.sort_unstable();
        let pairs = ages.iter().flat_map(|(age, count)| [*age, u64::from(*count)]);
        let body: Vec<u64> = [101, saved, hold].into_iter().chain(pairs).collect();
        let usage = UsageSnapshot::from_numbers(&UsageSnapshot::sealed(&body)).unwrap();
        let quota = Quota::try_new(3, Span::from_secs(1)).unwrap();
        let mut window = SlidingWindow::new(quota);
        let (now, longest) = (MonoTime::from_millis(5), Span::from_secs(9));
        if window.remember(&usage, longest, now, UnixTime::from_millis(unix)).is_ok() {
            let free = now + longest + quota.window();
            let passes = (0..3).all(|_| matches!(window.take(free), Turn::Now { .. }));
            prop_assert!(passes);
        }
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Snapshot::decode(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_forged_state_locks_out_no_longer_than_the_policy_could(body in bodies(), now in any::<u32>(), unix in any::<u64>()) {
        let snapshot = Snapshot::decode(&Snapshot::sealed(&body)).unwrap();
        let config = BreakerConfig::default();
        let now = MonoTime::from_millis(u64::from(now));
        if let Ok(mut breaker) = Breaker::restore(config, &snapshot, now, UnixTime::from_millis(unix)) {
            let mut rng = SplitMix64::new(1);
            if let Admission::Rejected { retry_at, .. } = breaker.admit(now, &mut rng) {
                prop_assert!(retry_at <= now + config.longest_cool_down());
                let admitted = matches!(breaker.admit(retry_at, &mut rng), Admission::Admitted(_));
                prop_assert!(admitted);
            }
        }
    }

    #[test]
    fn a_state_stored_and_taken_up_at_once_goes_on_as_before(failures in 0..5_u32, gap in 0..4_000_u64) {
        let mut rng = SplitMix64::new(1);
        let mut breaker = Breaker::new(BreakerConfig::default());
        let mut now = MonoTime::from_millis(100_000);
        for _ in 0..failures {
            let Admission::Admitted(permit) = breaker.admit(now, &mut rng) else { break };
            breaker.settle(permit, &Outcome::NETWORK, Span::ZERO, now, &mut rng);
            now = now + Span::from_millis(gap);
        }
        let unix = UnixTime::from_secs(1_700_000_000);
        let text = breaker.snapshot(now, unix).encode();
        let snapshot = Snapshot::decode(&text).unwrap();
        prop_assert_eq!(snapshot.encode(), text);
        let restored = Breaker::restore(BreakerConfig::default(), &snapshot, MonoTime::ZERO, unix).unwrap();
        prop_assert_eq!(restored.state(), breaker.state());
        let again = restored.snapshot(MonoTime::ZERO, unix);
        prop_assert_eq!(again, snapshot);
    }

    #[test]
    fn a_policy_survives_printing(choices in prop::collection::vec((0..SETTINGS.len(), 0.0..1.0_f64, 0..3_u8), 0..12)) {
        let mut draft = PolicyDraft::default();
        for (index, part, place) in choices {
            let setting = SETTINGS[index];
            let number = (setting.min + (setting.max - setting.min) * part).floor();
            let prefix = ["", "services.auth.", "endpoints.\"/rest/v1/a\"."][usize::from(place)];
            let _ = draft.set(&[prefix, setting.path].concat(), Value::Number(number));
        }
        if let Ok(policy) = draft.finish() {
            let printed = policy.to_json();
            let again = Policy::from_json(&printed).unwrap();
            prop_assert_eq!(again.to_json(), printed);
            prop_assert!(again.services() == policy.services());
        }
    }

    #[test]
    fn any_setting_given_anything_is_taken_or_refused(path in "[a-z_A-Z.\"/]{0,40}", number in any::<f64>()) {
        if let Err(error) = PolicyDraft::default().set(&path, Value::Number(number)) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
