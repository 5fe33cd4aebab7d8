//! How often something happened lately, in a few numbers whatever happens.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The span looked back on, in pieces.
const PIECES: usize = 30;
const PIECE: Duration = Duration::from_secs(10);

/// A count over the last five minutes, to within ten seconds.
#[derive(Debug, Clone)]
pub(super) struct Recent(Arc<Mutex<Ring>>);

#[derive(Debug)]
struct Ring {
    origin: Instant,
    /// Which piece since the origin each place holds, and its count.
    places: [(u64, u64); PIECES],
}

impl Recent {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Ring {
            origin: Instant::now(),
            places: [(0, 0); PIECES],
        })))
    }

    /// It happened.
    pub(super) fn note(&self) {
        self.note_at(Instant::now());
    }

    /// How often it happened.
    pub(super) fn count(&self) -> u64 {
        self.count_at(Instant::now())
    }

    fn note_at(&self, now: Instant) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let piece = ring.piece(now);
        let index = usize::try_from(piece).unwrap_or(0) % PIECES;
        if let Some((held, count)) = ring.places.get_mut(index) {
            if *held != piece {
                (*held, *count) = (piece, 0);
            }
            *count += 1;
        }
    }

    fn count_at(&self, now: Instant) -> u64 {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let piece = ring.piece(now);
        let is_recent = |held: u64| held <= piece && piece - held < PIECES as u64;
        ring.places
            .iter()
            .filter(|(held, _)| is_recent(*held))
            .map(|(_, count)| count)
            .sum()
    }
}

impl Ring {
    fn piece(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.origin).as_secs() / PIECE.as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_five_minutes_is_forgotten() {
        let recent = Recent::new();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        recent.note_at(at(0));
        recent.note_at(at(100));
        recent.note_at(at(101));
        assert_eq!(recent.count_at(at(101)), 3);
        assert_eq!(recent.count_at(at(350)), 2);
        recent.note_at(at(400));
        assert_eq!(recent.count_at(at(420)), 1);
        assert_eq!(recent.count_at(at(10_000)), 0);
    }
}
