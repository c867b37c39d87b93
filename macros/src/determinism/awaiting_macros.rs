//! Macros of other crates that await inside of their expansion, where `#[workflow]` cannot lend the
//! state: the body would keep `self` while it is suspended, which fails the workflow task.

use super::denylist::is_spelt;

/// Macros with one replacement; paths as in the denylist.
struct Group {
    instead: &'static str,
    macros: &'static [&'static str],
}

const GROUPS: &[Group] = &[
    Group {
        instead: "`join(..).await`",
        macros: &["tokio/join", "futures/join", "futures_util/join"],
    },
    Group {
        instead: "`try_join(..).await`",
        macros: &[
            "tokio/try_join",
            "futures/try_join",
            "futures_util/try_join",
        ],
    },
    Group {
        instead: "`race(..).await`",
        macros: &[
            "tokio/select",
            "futures/select",
            "futures/select_biased",
            "futures_util/select",
            "futures_util/select_biased",
        ],
    },
];

/// Returns the replacement for a macro that awaits inside of its expansion.
pub(super) fn replacement(path: &[String]) -> Option<&'static str> {
    let is_named = |group: &&Group| group.macros.iter().any(|listed| is_spelt(path, listed));
    GROUPS.iter().find(is_named).map(|group| group.instead)
}
