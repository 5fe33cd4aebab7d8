//! Series that were asked for before, found by where their names are.
//!
//! The registry finds a series by the text of its name and labels, and makes that text first; both are done several
//! times for every request. Names and labels are constants of the program, so where they are tells them apart as
//! well. One text at two places is two entries for one series, which does no harm. A label that was made for the
//! occasion is not kept.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;

/// Labels of one series that is kept; those with more are rare.
const MOST_LABELS: usize = 3;

/// A constant text: where it is, and how long.
type Place = (usize, usize);

/// Where the name and the values of the labels are. A series' labels have the same names each time.
type Places = [Place; 1 + MOST_LABELS];

/// What was asked for before. Read at every request, written as often as there are series.
#[derive(Clone)]
pub(super) struct Kept<S>(Arc<ArcSwap<HashMap<Places, S, RandomState>>>);

impl<S> Default for Kept<S> {
    fn default() -> Self {
        Self(Arc::new(ArcSwap::from_pointee(HashMap::default())))
    }
}

impl<S: Clone> Kept<S> {
    /// The series, made where it is not kept.
    pub(super) fn get(
        &self,
        name: &'static str,
        labels: &[(&'static str, Cow<'static, str>)],
        make: impl FnOnce() -> S,
    ) -> S {
        let Some(places) = places(name, labels) else {
            return make();
        };
        if let Some(series) = self.0.load().get(&places) {
            return series.clone();
        }
        let series = make();
        self.0.rcu(|kept| {
            let mut kept = HashMap::clone(kept);
            kept.insert(places, series.clone());
            kept
        });
        series
    }
}

fn places(name: &'static str, labels: &[(&'static str, Cow<'static, str>)]) -> Option<Places> {
    let mut places = Places::default();
    let mut free = places.iter_mut();
    *free.next()? = place(name);
    for (_, value) in labels {
        match value {
            Cow::Borrowed(value) => *free.next()? = place(value),
            Cow::Owned(_) => return None,
        }
    }
    Some(places)
}

fn place(text: &'static str) -> Place {
    (text.as_ptr().addr(), text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_made_once_for_each_of_its_labels() {
        let (kept, mut made) = (Kept::default(), 0);
        for value in ["a", "b", "a", "b"] {
            let expected = if value == "a" { 1 } else { 2 };
            let series = kept.get("name", &[("label", value.into())], || {
                made += 1;
                made
            });
            assert_eq!(series, expected);
        }
        assert_eq!(made, 2);
    }

    #[test]
    fn a_label_made_for_the_occasion_and_one_too_many_are_not_kept() {
        let kept = Kept::default();
        let owned = [("label", Cow::Owned("text".to_owned()))];
        let many: [_; 4] = std::array::from_fn(|_| ("label", Cow::Borrowed("text")));
        for labels in [owned.as_slice(), many.as_slice()] {
            assert_eq!(kept.get("name", labels, || 1), 1);
            assert_eq!(kept.get("name", labels, || 2), 2);
        }
    }
}
