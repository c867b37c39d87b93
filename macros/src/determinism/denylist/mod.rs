//! The denylist: lists nondeterministic operations, why each is refused, and its replacement; one file
//! per topic.
//!
//! The list names *operations*, not modules, so that values such as `std::net::IpAddr` are allowed. It
//! is matched twice: here against paths as workflow code spells them, and by clippy against paths as
//! they resolve (see `clippy.rs` beside this folder).

mod environment;
mod hash_order;
mod random;
mod sync;
mod tasks;
mod time;

pub(super) use self::{
    hash_order::{is_made_with_hasher, takes_hasher},
    sync::{changes_by, is_interior},
};

/// Operations that are refused for one reason and have one replacement.
///
/// A listed path is complete, from its crate on. The part after its `/` is the shortest spelling that
/// matches: `std::time/Instant::now` is found as `Instant::now`, `time::Instant::now`
/// and `std::time::Instant::now`, and not as `now` or `crate::Instant::now`.
pub(super) struct Group {
    /// The reason; the error puts it after the operation's name.
    pub(super) why: &'static str,
    /// The replacement.
    pub(super) instead: &'static str,
    /// Functions, and methods called by path.
    pub(super) functions: &'static [&'static str],
    /// Functions of a trait, which can be called through any type; without `/`.
    pub(super) trait_functions: &'static [&'static str],
    /// Types, refused in every use.
    pub(super) types: &'static [&'static str],
    pub(super) macros: &'static [&'static str],
}

impl Group {
    /// The defaults of a group.
    const EMPTY: Self = Self {
        why: "is not deterministic, so replaying the workflow would diverge",
        instead: "",
        functions: &[],
        trait_functions: &[],
        types: &[],
        macros: &[],
    };
}

/// All groups by topic. The topics' titles are headings in clippy's configuration.
pub(super) const TOPICS: &[(&str, &[Group])] = &[
    ("clocks and waits", time::GROUPS),
    ("tasks and threads", tasks::GROUPS),
    ("chance", random::GROUPS),
    ("the world outside", environment::GROUPS),
    ("what several threads share", sync::GROUPS),
    ("containers without an order", hash_order::GROUPS),
];

/// Finds the group of the function or type that a path in an expression names.
pub(super) fn operation(path: &[String]) -> Option<&'static Group> {
    find(|group| {
        let of_trait = |listed: &str| {
            let last = path.last().filter(|_| path.len() > 1);
            last.is_some_and(|last| listed.rsplit("::").next() == Some(last))
        };
        group.functions.iter().any(|it| is_spelt(path, it))
            || group.trait_functions.iter().any(|it| of_trait(it))
    })
}

/// Finds the group of a type.
pub(super) fn type_named(path: &[String]) -> Option<&'static Group> {
    find(|group| group.types.iter().any(|listed| is_spelt(path, listed)))
}

/// Finds the group of a macro.
pub(super) fn macro_named(path: &[String]) -> Option<&'static Group> {
    find(|group| group.macros.iter().any(|listed| is_spelt(path, listed)))
}

fn find(mut wanted: impl FnMut(&Group) -> bool) -> Option<&'static Group> {
    TOPICS
        .iter()
        .flat_map(|(_, groups)| *groups)
        .find(|group| wanted(group))
}

/// Whether a path is a spelling of a listed path.
pub(super) fn is_spelt(path: &[String], listed: &str) -> bool {
    if !path.last().is_some_and(|last| listed.ends_with(last)) {
        return false;
    }
    let (head, tail) = listed.split_once('/').unwrap_or(("", listed));
    let full = head.split("::").filter(|it| !it.is_empty());
    let full: Vec<&str> = full.chain(tail.split("::")).collect();
    path.len() >= tail.split("::").count()
        && path.len() <= full.len()
        && full[full.len() - path.len()..] == path[..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(path: &str) -> Vec<String> {
        path.split("::").map(str::to_owned).collect()
    }

    fn refused(path: &str) -> bool {
        let path = segments(path);
        operation(&path).is_some() || type_named(&path).is_some()
    }

    #[test]
    fn operations_are_found_by_the_end_of_their_path() {
        for path in [
            "std::time::SystemTime::now",
            "Instant::now",
            "tokio::time::sleep",
            "time::sleep",
            "fastrand::u8",
            "thread_rng",
            "StdRng::from_os_rng",
            "process::Command::new",
            "HashMap",
        ] {
            assert!(refused(path), "{path}");
        }
    }

    #[test]
    fn values_of_the_same_modules_pass() {
        for path in [
            "std::net::Ipv4Addr::new",
            "std::time::Duration::from_secs",
            "std::process::ExitCode::from",
            "rand::seq::SliceRandom::shuffle",
        ] {
            assert!(!refused(path), "{path}");
        }
    }

    #[test]
    fn names_of_the_users_own_pass() {
        for path in [
            "now",
            "sleep",
            "crate::time::sleep",
            "Command::new",
            "Barrier::new",
            "Resource::Mutex",
            "own::HashMap",
            "durably::HashMap",
            "from_os_rng",
        ] {
            assert!(!refused(path), "{path}");
        }
        assert!(macro_named(&segments("crate::select")).is_none());
        assert!(macro_named(&segments("futures::join")).is_none());
        assert!(macro_named(&segments("tokio::join")).is_some());
    }

    #[test]
    fn every_entry_says_how_far_it_may_be_shortened() {
        for group in TOPICS.iter().flat_map(|(_, groups)| *groups) {
            let paths = [group.functions, group.types, group.macros].concat();
            for path in paths {
                assert_eq!(path.matches('/').count(), 1, "{path}");
            }
            assert!(!group.instead.is_empty(), "{} has no remedy", group.why);
        }
    }
}
