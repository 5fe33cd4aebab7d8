//! Sketches by minute or hour, of which the old ones are forgotten.

use super::sketch::Sketch;

/// The latest parts, in a ring.
pub(super) struct Window {
    part_s: u64,
    /// Which part each place holds.
    ring: Vec<Option<(u64, Sketch)>>,
}

impl Window {
    /// So many parts of so many seconds.
    pub(super) fn new(part_s: u64, parts: usize) -> Self {
        Self {
            part_s: part_s.max(1),
            ring: vec![None; parts],
        }
    }

    /// Something was seen.
    pub(super) fn note(&mut self, now_s: u64, hash: u64) {
        let part = now_s / self.part_s;
        let parts = u64::try_from(self.ring.len()).unwrap_or(1).max(1);
        let place = usize::try_from(part % parts).unwrap_or_default();
        let Some(place) = self.ring.get_mut(place) else {
            return;
        };
        match place {
            Some((held, sketch)) if *held == part => sketch.note(hash),
            // A clock that was set back does not bring old parts back.
            Some((held, _)) if *held > part => {}
            Some(_) | None => {
                let mut sketch = Sketch::new();
                sketch.note(hash);
                *place = Some((part, sketch));
            }
        }
    }

    /// How many were seen in the parts that have not passed.
    pub(super) fn count(&self, now_s: u64) -> u64 {
        let now = now_s / self.part_s;
        let parts = u64::try_from(self.ring.len()).unwrap_or(1);
        let mut all = Sketch::new();
        for (part, sketch) in self.ring.iter().flatten() {
            if part + parts > now && *part <= now {
                all.join(sketch);
            }
        }
        all.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;

    #[test]
    fn what_has_passed_is_forgotten_part_by_part() {
        let mut window = Window::new(60, 6);
        for minute in 0..20_u64 {
            window.note(minute * 60, (minute + 1).wrapping_mul(ODD));
        }
        assert_eq!(window.count(19 * 60), 6);
        assert_eq!(window.count(21 * 60), 4);
        assert_eq!(window.count(60 * 60), 0);
    }

    #[test]
    fn a_clock_set_back_spoils_nothing() {
        let mut window = Window::new(60, 2);
        window.note(600, ODD);
        window.note(480, ODD.wrapping_mul(3));
        assert_eq!(window.count(600), 1);
    }
}
