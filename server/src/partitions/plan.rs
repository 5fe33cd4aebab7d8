//! What is to be done to a table's parts at a given time. Pure.

use seawall_policy::time::UnixTime;

use super::month::Month;

/// How a table is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Months after the present one that have a part.
    pub months_ahead: u32,
    /// Months after which rows are dropped; none keeps them for ever.
    pub retention_months: Option<u32>,
}

/// A part of a table, and the time it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) span: Span,
}

/// Seconds since 1970, the end excluded; none is without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// Whatever no other part holds.
    Default,
    Between(Option<i64>, Option<i64>),
}

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Months to make a part for.
    pub(super) create: Vec<Month>,
    /// Parts to drop.
    pub(super) drop: Vec<Part>,
    /// Rows older than this month are dropped from the default part.
    pub(super) sweep: Option<Month>,
    /// Months that are held in part only, and so can have none.
    pub(super) blocked: Vec<Month>,
}

impl Plan {
    /// Decides. What may be dropped ends where the retention, counted from the beginning of this month, begins.
    pub(super) fn new(now: UnixTime, rule: Rule, parts: &[Part]) -> Self {
        let present = Month::of(now);
        let mut plan = Self::default();
        for ahead in 0..=rule.months_ahead {
            let month = present.plus(ahead);
            match cover(month, parts) {
                Cover::None => plan.create.push(month),
                Cover::Some => plan.blocked.push(month),
                Cover::All => {}
            }
        }
        if let Some(retention) = rule.retention_months.filter(|months| *months > 0) {
            let oldest = present.minus(retention);
            plan.drop = parts
                .iter()
                .filter(|part| is_past(part, oldest))
                .cloned()
                .collect();
            let has_default = parts.iter().any(|part| part.span == Span::Default);
            plan.sweep = has_default.then_some(oldest);
        }
        plan
    }
}

/// A part with both ends, the later of which is not after the oldest month that is kept.
fn is_past(part: &Part, oldest: Month) -> bool {
    match part.span {
        Span::Between(Some(_), Some(end)) => end <= oldest.start(),
        Span::Between(..) | Span::Default => false,
    }
}

#[derive(PartialEq)]
enum Cover {
    None,
    Some,
    All,
}

fn cover(month: Month, parts: &[Part]) -> Cover {
    let (start, end) = (month.start(), month.plus(1).start());
    let mut covered = Cover::None;
    for part in parts {
        if let Span::Between(from, to) = part.span {
            let (from, to) = (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX));
            if from <= start && end <= to {
                return Cover::All;
            }
            if from < end && start < to {
                covered = Cover::Some;
            }
        }
    }
    covered
}

/// How many months from the present one on are held without a gap, the present one excluded.
pub(super) fn horizon(now: UnixTime, parts: &[Part]) -> u32 {
    let present = Month::of(now);
    let held = (0..=1200).take_while(|ahead| cover(present.plus(*ahead), parts) == Cover::All);
    u32::try_from(held.count()).unwrap_or(u32::MAX).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOVEMBER: u64 = 1_794_700_800_000; // 2026-11-15

    fn now() -> UnixTime {
        UnixTime::from_millis(NOVEMBER)
    }

    fn present() -> Month {
        Month::of(now())
    }

    fn part(name: &str, span: Span) -> Part {
        Part {
            schema: "public".to_owned(),
            name: name.to_owned(),
            span,
        }
    }

    fn month(month: Month) -> Part {
        part(
            &month.to_string(),
            Span::Between(Some(month.start()), Some(month.plus(1).start())),
        )
    }

    fn rule(months_ahead: u32, retention_months: Option<u32>) -> Rule {
        Rule {
            months_ahead,
            retention_months,
        }
    }

    #[test]
    fn the_present_month_and_those_ahead_are_made() {
        let plan = Plan::new(now(), rule(2, None), &[]);
        let made: Vec<String> = plan.create.iter().map(Month::to_string).collect();
        assert_eq!(made, ["2026_11", "2026_12", "2027_01"]);
        assert_eq!(
            Plan::new(now(), rule(1, None), &[month(present())]).create,
            [present().plus(1)]
        );
    }

    #[test]
    fn a_month_that_a_larger_part_holds_is_left_to_it() {
        let year = part(
            "y",
            Span::Between(Some(present().minus(10).start()), Some(present().plus(2).start())),
        );
        assert_eq!(
            Plan::new(now(), rule(2, None), &[year]).create,
            [present().plus(2)]
        );
        let rest = part("rest", Span::Between(None, None));
        assert!(Plan::new(now(), rule(9, None), &[rest]).create.is_empty());
    }

    #[test]
    fn a_month_that_is_held_in_part_is_told_and_left_alone() {
        let week = part(
            "w",
            Span::Between(Some(present().start()), Some(present().start() + 604_800)),
        );
        let plan = Plan::new(now(), rule(1, None), &[week]);
        assert_eq!(
            (plan.blocked, plan.create),
            (vec![present()], vec![present().plus(1)])
        );
    }

    #[test]
    fn what_is_older_than_the_retention_is_dropped() {
        let kept = month(present().minus(3));
        let past = month(present().minus(4));
        let plan = Plan::new(now(), rule(0, Some(3)), &[kept, past.clone()]);
        assert_eq!(plan.drop, [past]);
        assert_eq!(plan.sweep, None);
    }

    #[test]
    fn parts_without_end_and_the_default_part_are_never_dropped() {
        let parts = [
            part("default", Span::Default),
            part("ancient", Span::Between(None, Some(present().minus(99).start()))),
            part("open", Span::Between(Some(present().minus(99).start()), None)),
        ];
        let plan = Plan::new(now(), rule(0, Some(1)), &parts);
        assert!(plan.drop.is_empty());
        assert_eq!(plan.sweep, Some(present().minus(1)));
    }

    #[test]
    fn no_retention_keeps_everything() {
        let plan = Plan::new(
            now(),
            rule(0, None),
            &[month(present().minus(900)), part("default", Span::Default)],
        );
        assert!(plan.drop.is_empty() && plan.sweep.is_none());
    }

    #[test]
    fn the_horizon_ends_at_the_first_gap() {
        let parts = [
            month(present()),
            month(present().plus(1)),
            month(present().plus(3)),
        ];
        assert_eq!(horizon(now(), &parts), 1);
        assert_eq!(horizon(now(), &[]), 0);
    }

    fn spans() -> impl Strategy<Value = Vec<Part>> {
        let bound = || prop::option::of(-60..60_i32);
        let span = (bound(), bound()).prop_map(|(from, to)| {
            let start = |months: i32| {
                let month = present();
                if months < 0 {
                    month.minus(months.unsigned_abs())
                } else {
                    month.plus(months.unsigned_abs())
                }
                .start()
            };
            Span::Between(from.map(start), to.map(start))
        });
        prop::collection::vec(span.prop_map(|span| part("p", span)), 0..12)
    }

    proptest! {
        #[test]
        fn nothing_younger_than_the_retention_is_dropped(
            day in 0..20_000_u64, second in 0..86_400_u64, retention in 1..60_u32, parts in spans(),
        ) {
            let now = UnixTime::from_millis((day * 86_400 + second) * 1000);
            let plan = Plan::new(now, rule(0, Some(retention)), &parts);
            // The retention before now, as the calendar has it, is never before the month it falls into.
            let youngest = Month::of(now).minus(retention).start();
            for dropped in plan.drop {
                let Span::Between(Some(_), Some(end)) = dropped.span else { panic!("{dropped:?} has no ends") };
                prop_assert!(end <= youngest);
                prop_assert!(end <= i64::try_from(day * 86_400 + second).unwrap());
            }
        }

        #[test]
        fn what_is_made_overlaps_nothing_and_leaves_nothing_to_do(ahead in 0..30_u32, parts in spans()) {
            let plan = Plan::new(now(), rule(ahead, None), &parts);
            for made in &plan.create {
                prop_assert!(cover(*made, &parts) == Cover::None);
            }
            let mut after = parts;
            after.extend(plan.create.into_iter().map(month));
            prop_assert!(Plan::new(now(), rule(ahead, None), &after).create.is_empty());
        }
    }
}
