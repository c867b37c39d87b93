//! The random numbers of a run: one sequence of its own, and one for each name.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use super::generator::{Generator, seed_of};

/// All random numbers of a run.
pub(crate) struct Randomness {
    seed: Cell<u64>,
    /// The sequence without a name.
    pub(crate) main: Generator,
    /// What few runs use.
    rare: RefCell<Option<Box<Rare>>>,
}

#[derive(Default)]
struct Rare {
    /// The sequences with names.
    named: BTreeMap<Box<str>, Rc<Generator>>,
    /// Milliseconds and counter of the last UUID of version 7.
    last_uuid7: (u64, u16),
}

/// The positions in all sequences: those of the sequence without a name and of the UUIDs of version 7, and those of
/// the sequences with names.
#[derive(PartialEq, Eq)]
pub(crate) struct Positions([u64; 4], (u64, u16), Vec<[u64; 4]>);

/// The counter of a UUID of version 7 has 12 bits.
const LARGEST_COUNTER: u16 = 0xfff;

impl Randomness {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed: Cell::new(seed),
            main: Generator::new(seed),
            rare: RefCell::default(),
        }
    }

    /// From here on the numbers of all sequences come from another seed.
    pub(crate) fn reseed(&self, seed: u64) {
        self.seed.set(seed);
        self.main.reseed(seed);
        if let Some(rare) = &*self.rare.borrow() {
            for (name, generator) in &rare.named {
                generator.reseed(seed_of(seed, name));
            }
        }
    }

    /// The positions in all sequences; they differ once a number was drawn.
    pub(crate) fn positions(&self) -> Positions {
        let main = self.main.position();
        match &*self.rare.borrow() {
            None => Positions(main, (0, 0), Vec::new()),
            Some(rare) => {
                let named = rare.named.values().map(|it| it.position());
                Positions(main, rare.last_uuid7, named.collect())
            }
        }
    }

    /// The sequence `name`.
    pub(crate) fn named(&self, name: &str) -> Rc<Generator> {
        let mut rare = self.rare.borrow_mut();
        let named = &mut rare.get_or_insert_default().named;
        if let Some(generator) = named.get(name) {
            return Rc::clone(generator);
        }
        let generator = Rc::new(Generator::new(seed_of(self.seed.get(), name)));
        named.insert(name.into(), Rc::clone(&generator));
        generator
    }

    /// Milliseconds and counter of the next UUID of version 7: larger than those of the last one.
    ///
    /// RFC 9562, 6.2, method 1: the counter begins at a random number with a clear highest bit. When it
    /// overflows, the time goes on before the clock does.
    pub(crate) fn next_uuid7(&self, now: u64) -> (u64, u16) {
        let mut rare = self.rare.borrow_mut();
        let last = &mut rare.get_or_insert_default().last_uuid7;
        *last = match *last {
            (millis, counter) if now <= millis && counter < LARGEST_COUNTER => {
                (millis, counter + 1)
            }
            (millis, _) => {
                let start = self.main.next() as u16 & (LARGEST_COUNTER >> 1);
                (now.max(millis + 1), start)
            }
        };
        *last
    }
}
