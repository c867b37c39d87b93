//! Sweeps of maps whose entries become useless.

/// Says when a map is swept: each time that it has doubled, so that a sweep costs each entry little.
#[derive(Debug)]
pub(super) struct Sweep {
    /// Number of entries below which a map is not swept.
    least: usize,
    /// Number of entries at which it is swept next.
    at: usize,
}

impl Sweep {
    pub(super) const fn new(least: usize) -> Self {
        Self { least, at: least }
    }

    pub(super) const fn is_due(&self, len: usize) -> bool {
        len >= self.at
    }

    /// The map was swept, and has so many entries left.
    pub(super) fn record(&mut self, len: usize) {
        self.at = self.least.max(len * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_swept_each_time_that_it_has_doubled() {
        let mut sweep = Sweep::new(8);
        assert!(!sweep.is_due(7));
        assert!(sweep.is_due(8));
        sweep.record(6);
        assert!(!sweep.is_due(11));
        assert!(sweep.is_due(12));
        sweep.record(0);
        assert!(!sweep.is_due(7));
        assert!(sweep.is_due(8));
    }
}
