//! Iteration over a hash-ordered container in a workflow's state. A macro sees no types, so the expansion
//! of a block asks each field that the block iterates over for its order; std's containers with their random
//! hasher answer with themselves, for which a trait is missing.

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
pub trait SameOrder {
    #[doc(hidden)]
    fn same_order(&self) {}
}

/// Stands for a value of which the order is not random.
#[diagnostic::do_not_recommend]
impl SameOrder for () {}

/// A container whose order of iteration is random.
pub trait HashOrdered {
    #[doc(hidden)]
    fn __durably_order(&self) -> &Self {
        self
    }
}
impl<K, V> HashOrdered for HashMap<K, V, RandomState> {}
impl<T> HashOrdered for HashSet<T, RandomState> {}

/// Everything else. The method takes one reference more, so that method resolution finds it last.
pub trait NotHashOrdered {
    #[doc(hidden)]
    fn __durably_order(&self) -> &() {
        &()
    }
}
impl<T: ?Sized> NotHashOrdered for &T {}
