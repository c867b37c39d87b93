//! Iteration over a hash-ordered container in a workflow's state. A macro sees no types, so the expansion
//! of a block calls a method of each field that the block iterates over; for std's containers with their
//! random hasher that method has a bound that no type meets.

use std::{
    collections::{HashMap, HashSet},
    hash::RandomState,
};

/// Iteration in the same order in each process: no hash-ordered container has it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` iterates in another order in each process, so replaying the workflow would diverge",
    label = "use `BTreeMap`, `BTreeSet`, `durably::HashMap` or `durably::HashSet` for this field",
    note = "if the order can never influence commands, permit it: `#[allow_nondeterminism(reason = \"..\")]` on the statement or fn"
)]
pub trait SameOrder {}

/// A container whose order of iteration is random.
pub trait HashOrdered {
    #[doc(hidden)]
    fn __durably_iterates(&self)
    where
        Self: SameOrder,
    {
    }
}
impl<K, V> HashOrdered for HashMap<K, V, RandomState> {}
impl<T> HashOrdered for HashSet<T, RandomState> {}

/// Everything else. The method takes one reference more, so that method resolution finds it last.
pub trait NotHashOrdered {
    #[doc(hidden)]
    fn __durably_iterates(&self) {}
}
impl<T: ?Sized> NotHashOrdered for &T {}
