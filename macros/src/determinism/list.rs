//! The lists: what is refused in workflow code, and what to use in its place.

/// Functions, by the end of their path, under their remedy.
const OPERATIONS: &[(&str, &[&str])] = &[
    (
        "`ctx.now()`",
        &[
            "SystemTime::now",
            "Instant::now",
            "Utc::now",
            "Local::now",
            "OffsetDateTime::now_utc",
            "OffsetDateTime::now_local",
            "Timestamp::now",
            "Zoned::now",
        ],
    ),
    (
        "`ctx.sleep(..).await?`",
        &[
            "thread::sleep",
            "time::sleep",
            "time::sleep_until",
            "thread::park_timeout",
        ],
    ),
    (
        "`ctx.wait_until(..).timeout(..).await?`",
        &["time::timeout", "time::timeout_at"],
    ),
    (
        "`ctx.sleep(..).await?` in a loop",
        &["time::interval", "time::interval_at"],
    ),
    (
        "`ctx.spawn(..)`, or an activity",
        &[
            "thread::spawn",
            "thread::scope",
            "thread::Builder::new",
            "tokio::spawn",
            "task::spawn",
            "task::spawn_local",
            "task::spawn_blocking",
            "task::block_in_place",
            "JoinSet::new",
            "rayon::spawn",
            "rayon::join",
            "async_std::task::spawn",
            "smol::spawn",
        ],
    ),
    (
        "`ctx.wait_until(..).await?`",
        &[
            "thread::park",
            "thread::yield_now",
            "task::yield_now",
            "futures::pending",
        ],
    ),
    (
        "`ctx.rng()`",
        &[
            "rand::random",
            "rand::random_range",
            "rand::random_bool",
            "rand::random_iter",
            "rand::fill",
            "rand::rng",
            "rand::thread_rng",
            "thread_rng",
            "ThreadRng::default",
            "OsRng",
            "from_os_rng",
            "try_from_os_rng",
            "from_entropy",
            "getrandom::getrandom",
            "getrandom::fill",
            "getrandom::u32",
            "getrandom::u64",
            "fastrand::Rng::new",
            "RandomState::new",
        ],
    ),
    (
        "`ctx.uuid()`",
        &[
            "Uuid::new_v4",
            "Uuid::now_v1",
            "Uuid::now_v6",
            "Uuid::now_v7",
            "Uuid::new_v1",
        ],
    ),
    (
        "the workflow's input, or an activity",
        &[
            "env::var",
            "env::vars",
            "env::var_os",
            "env::vars_os",
            "env::args",
            "env::args_os",
            "env::current_dir",
            "env::current_exe",
            "env::temp_dir",
            "env::home_dir",
            "env::set_var",
            "env::remove_var",
            "process::id",
            "thread::current",
            "thread::available_parallelism",
        ],
    ),
    (
        "an activity",
        &[
            "process::exit",
            "process::abort",
            "process::Command::new",
            "File::open",
            "File::create",
            "File::create_new",
            "File::options",
            "OpenOptions::new",
            "fs::read",
            "fs::read_to_string",
            "fs::read_dir",
            "fs::read_link",
            "fs::write",
            "fs::copy",
            "fs::rename",
            "fs::remove_file",
            "fs::remove_dir",
            "fs::remove_dir_all",
            "fs::create_dir",
            "fs::create_dir_all",
            "fs::metadata",
            "fs::symlink_metadata",
            "fs::canonicalize",
            "fs::exists",
            "fs::hard_link",
            "fs::set_permissions",
            "io::stdin",
            "TcpStream::connect",
            "TcpStream::connect_timeout",
            "TcpListener::bind",
            "UdpSocket::bind",
            "UnixStream::connect",
            "UnixListener::bind",
            "net::lookup_host",
            "reqwest::get",
            "reqwest::Client::new",
            "reqwest::Client::builder",
            "signal::ctrl_c",
        ],
    ),
    (
        "a field of `self` (one piece of workflow code runs at a time) and `ctx.wait_until(..)`",
        &[
            "Mutex::new",
            "RwLock::new",
            "Condvar::new",
            "sync::Barrier::new",
            "sync::Notify::new",
            "sync::Semaphore::new",
            "mpsc::channel",
            "mpsc::sync_channel",
            "mpsc::unbounded_channel",
            "oneshot::channel",
            "broadcast::channel",
            "watch::channel",
        ],
    ),
];

/// Crates whose every function reads the outside world.
const CRATES: &[(&str, &str)] = &[("fastrand", "`ctx.rng()`")];

/// Macros, by name. Ours are `durably::..`.
const MACROS: &[(&str, &str)] = &[
    ("select", "`race(..)`, which polls in order,"),
    ("select_biased", "`race(..)`"),
    ("join", "`join(..)`"),
    ("try_join", "`join(..)`"),
    ("pending", "`ctx.wait_until(..)`"),
];

/// Containers that iterate in another order in each process.
const CONTAINERS: &[(&str, &str, usize)] = &[
    ("HashMap", "`BTreeMap` or `durably::HashMap`", 3),
    ("HashSet", "`BTreeSet` or `durably::HashSet`", 2),
];

/// Types through which a static can change.
const INTERIOR: &[&str] = &[
    "Mutex",
    "RwLock",
    "Cell",
    "RefCell",
    "UnsafeCell",
    "OnceCell",
    "OnceLock",
    "LazyLock",
    "LazyCell",
    "DashMap",
];

/// What to use in place of a function, if it is refused.
pub(super) fn operation(path: &[String]) -> Option<&'static str> {
    let ends_with = |listed: &str| {
        let listed: Vec<&str> = listed.split("::").collect();
        path.len() >= listed.len() && path[path.len() - listed.len()..] == listed[..]
    };
    let listed = OPERATIONS
        .iter()
        .find(|(_, paths)| paths.iter().any(|listed| ends_with(listed)))
        .map(|(instead, _)| *instead);
    listed.or_else(|| {
        let first = path.first().filter(|_| path.len() > 1)?;
        CRATES
            .iter()
            .find(|(name, _)| first == name)
            .map(|(_, instead)| *instead)
    })
}

/// What to use in place of a macro, if it is refused.
pub(super) fn macro_call(path: &[String]) -> Option<&'static str> {
    if path.first().is_some_and(|first| first == "durably") {
        return None;
    }
    let name = path.last()?;
    MACROS
        .iter()
        .find(|(listed, _)| name == listed)
        .map(|(_, instead)| *instead)
}

/// What to use in place of a container, if it is refused.
pub(super) fn container(name: &str) -> Option<&'static str> {
    CONTAINERS
        .iter()
        .find(|(listed, ..)| *listed == name)
        .map(|(_, instead, _)| *instead)
}

/// How many type arguments the container has where its hasher is chosen.
pub(super) fn arguments_with_hasher(name: &str) -> usize {
    CONTAINERS
        .iter()
        .find(|(listed, ..)| *listed == name)
        .map_or(usize::MAX, |(.., arguments)| *arguments)
}

/// Whether a static of this type can change.
pub(super) fn has_interior(name: &str) -> bool {
    INTERIOR.contains(&name) || name.starts_with("Atomic")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &str) -> bool {
        let segments: Vec<String> = path.split("::").map(str::to_owned).collect();
        operation(&segments).is_some()
    }

    #[test]
    fn operations_are_found_by_the_end_of_their_path() {
        assert!(refused("std::time::SystemTime::now"));
        assert!(refused("Instant::now"));
        assert!(refused("tokio::time::sleep"));
        assert!(refused("fastrand::u8"));
        assert!(refused("thread_rng"));
    }

    #[test]
    fn values_of_the_same_modules_pass() {
        assert!(!refused("std::net::Ipv4Addr::new"));
        assert!(!refused("std::time::Duration::from_secs"));
        assert!(!refused("std::process::ExitCode::from"));
        assert!(!refused("rand::seq::SliceRandom::shuffle"));
        assert!(!refused("now"));
    }
}
