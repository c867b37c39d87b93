//! Waiting for several things at once, in an order that replay repeats.

/// An empty text for each future, which repeats what stands beside it.
macro_rules! nothing {
    ($future:ident) => {
        ""
    };
}

mod bounded;
mod join;
mod race;
mod set;
mod try_join;

pub use self::{
    bounded::{BoundedJoinAll, BoundedTryJoinAll},
    join::{JoinAll, join, join_all, join3, join4, join5, join6, join7, join8},
    race::{
        Either, Either3, Either4, Either5, Either6, Either7, Either8, RaceAll, race, race_all,
        race3, race4, race5, race6, race7, race8,
    },
    set::{FutureSet, JoinNext},
    try_join::{
        TryJoinAll, try_join, try_join_all, try_join3, try_join4, try_join5, try_join6, try_join7,
        try_join8,
    },
};
