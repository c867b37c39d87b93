//! Hash-ordered containers: their iteration order differs between processes.

use super::Group;

pub(super) const GROUPS: &[Group] = &[
    Group {
        why: WHY,
        instead: "`BTreeMap`, or `durably::HashMap` written with its path,",
        types: &[
            "std::collections/HashMap",
            "hashbrown/HashMap",
            "ahash/AHashMap",
            "dashmap/DashMap",
        ],
        ..Group::EMPTY
    },
    Group {
        why: WHY,
        instead: "`BTreeSet`, or `durably::HashSet` written with its path,",
        types: &[
            "std::collections/HashSet",
            "hashbrown/HashSet",
            "ahash/AHashSet",
            "dashmap/DashSet",
        ],
        ..Group::EMPTY
    },
];

const WHY: &str =
    "iterates in another order in each process, so replaying the workflow would diverge";

/// Whether a container with this number of type arguments has an explicit hasher, which may be a
/// deterministic one.
pub(in crate::determinism) fn takes_hasher(name: &str, arguments: usize) -> bool {
    matches!((name, arguments), ("HashMap", 3) | ("HashSet", 2))
}

/// Whether this function creates a container with an explicit hasher.
pub(in crate::determinism) fn is_made_with_hasher(function: &str) -> bool {
    matches!(function, "with_hasher" | "with_capacity_and_hasher")
}
