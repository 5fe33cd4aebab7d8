//! A value for every setting, as one place of a document after the other gives them.

use super::rules::Numbers;
use super::table::{CEILINGS, Key, SETTINGS};

/// A value for every setting, and which of them the scope itself gives.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Values {
    pub(super) numbers: [f64; SETTINGS.len()],
    given: [bool; SETTINGS.len()],
}

impl Default for Values {
    fn default() -> Self {
        let mut numbers = [0.0; SETTINGS.len()];
        for (number, setting) in numbers.iter_mut().zip(SETTINGS) {
            *number = setting.default;
        }
        Self {
            numbers,
            given: [false; SETTINGS.len()],
        }
    }
}

impl Values {
    pub(super) fn number(&self, key: Key) -> f64 {
        Numbers::of(self).number(key)
    }

    pub(super) fn put(&mut self, key: Key, number: f64) {
        if let (Some(slot), Some(given)) = (
            self.numbers.get_mut(key as usize),
            self.given.get_mut(key as usize),
        ) {
            *slot = number;
            *given = true;
        }
    }

    /// The values that a narrower scope begins with: as they are here, and none of them given.
    pub(super) fn inherited(mut self) -> Self {
        self.given = [false; SETTINGS.len()];
        self
    }

    /// A ceiling that is not given beside its floor follows it.
    pub(super) fn derive(&mut self) {
        for (floor, ceiling) in CEILINGS {
            let lone_floor = self.is_given(*floor) && !self.is_given(*ceiling);
            let floor = self.number(*floor);
            if let Some(slot) = self.numbers.get_mut(*ceiling as usize).filter(|_| lone_floor) {
                *slot = slot.max(floor);
            }
        }
    }

    fn is_given(&self, key: Key) -> bool {
        self.given.get(key as usize).copied().unwrap_or_default()
    }
}
