//! Leave to make one call, as a number.
//!
//! A permit carries the generation of the circuit that gave it. The generation changes with every change of
//! state, so an answer to an old question is recognised and changes nothing; a permit that is never
//! settled leaks nothing; a forged one is a straggler.

/// Leave to make one call; to be settled once with its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "settle the permit with the call's outcome"]
pub struct Permit(u64);

/// What a permit was given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A call through a closed circuit.
    Regular,
    /// A probe, with its serial number.
    Probe(u16),
    /// A call the circuit does not watch.
    Unwatched,
}

const KIND_BITS: u32 = 2;
const SERIAL_BITS: u32 = 16;

impl Permit {
    /// The permit as a whole number below 2^53, which JavaScript's numbers hold exactly.
    #[must_use]
    pub const fn to_raw(self) -> u64 {
        self.0
    }

    /// A permit from its number; any number is safe.
    pub const fn from_raw(raw: u64) -> Self {
        Self(raw)
    }

    pub(super) const fn new(generation: u32, kind: Kind) -> Self {
        let (kind, serial) = match kind {
            Kind::Regular => (0, 0),
            Kind::Probe(serial) => (1, serial),
            Kind::Unwatched => (2, 0),
        };
        Self(((generation as u64) << (KIND_BITS + SERIAL_BITS)) | ((serial as u64) << KIND_BITS) | kind)
    }

    pub(super) fn generation(self) -> Option<u32> {
        u32::try_from(self.0 >> (KIND_BITS + SERIAL_BITS)).ok()
    }

    pub(super) fn kind(self) -> Kind {
        match self.0 & 0b11 {
            0 => Kind::Regular,
            1 => Kind::Probe(u16::try_from((self.0 >> KIND_BITS) & 0xFFFF).unwrap_or(0)),
            _ => Kind::Unwatched,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permit_survives_the_trip_through_a_number() {
        let permit = Permit::new(u32::MAX, Kind::Probe(u16::MAX));
        assert!(permit.to_raw() < 1 << 53);
        let back = Permit::from_raw(permit.to_raw());
        assert_eq!(
            (back.generation(), back.kind()),
            (Some(u32::MAX), Kind::Probe(u16::MAX))
        );
    }

    #[test]
    fn a_forged_number_has_no_generation() {
        assert_eq!(Permit::from_raw(u64::MAX).generation(), None);
    }
}
