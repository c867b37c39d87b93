//! What resembles nondeterminism and is none: values of the modules that the outside world lives
//! in, and the program's own things with familiar names.
#![deny(warnings)]

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
    rc::Rc,
    sync::{Arc, LazyLock},
    time::{Duration, SystemTime},
};

use durably::prelude::*;

/// A name that tokio has too.
fn sleep(naps: u32) -> u32 {
    naps + 1
}

/// Names that rand, std and others have too.
mod own {
    pub mod time {
        pub fn sleep() -> u32 {
            1
        }
    }
    pub struct HashMap;
    impl HashMap {
        pub fn new() -> Self {
            Self
        }
    }
    pub fn random() -> u32 {
        4
    }
}

struct Command(String);

impl Command {
    fn new(name: &str) -> Self {
        Self(name.to_owned())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Resource {
    Mutex,
    File,
    Instant,
}

macro_rules! select {
    ($first:expr, $($other:expr),*) => {
        $first
    };
}
use select as choose;
pub(crate) mod macros {
    macro_rules! join {
        ($($part:expr),*) => { [$($part),*].concat() };
    }
    pub(crate) use join;
}

#[workflow]
#[derive(Default)]
struct Peaceful {
    seen: durably::HashMap<String, u32>,
    known: durably::HashSet<u64>,
    address: Option<IpAddr>,
    path: PathBuf,
    since: Option<SystemTime>,
    shared: Rc<std::cell::RefCell<Vec<u32>>>,
    #[allow_nondeterminism(reason = "never iterated")]
    index: std::collections::HashMap<String, u32>,
}

#[workflow]
impl Peaceful {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        static PRIMES: LazyLock<Vec<u32>> = LazyLock::new(|| vec![2, 3, 5]);
        const LIMIT: Duration = Duration::from_secs(60);

        self.address = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let socket = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 80));
        self.path = Path::new("orders").join(socket.port().to_string());
        self.since = Some(SystemTime::UNIX_EPOCH + LIMIT);
        let started: SystemTime = ctx.now().into();
        let code = format!("{:?}", ExitCode::SUCCESS);

        // What a side effect takes from outside is recorded.
        let home = ctx
            .side_effect(|| std::env::var("HOME").unwrap_or_default())
            .await?;
        let id = ctx
            .mutable_side_effect("process", || {
                let started = SystemTime::now();
                let id = std::process::id();
                id + u32::from(started.elapsed().is_err())
            })
            .await?;
        let _ = (home, id);

        let mut total = sleep(3) + own::time::sleep() + own::random();
        let _ = own::HashMap::new();
        let command = Command::new("pack");
        let kinds = [Resource::Mutex, Resource::File, Resource::Instant];
        total += kinds
            .iter()
            .filter(|kind| **kind == Resource::Mutex)
            .count() as u32;
        total += PRIMES.iter().sum::<u32>();
        total += choose!(1, 2);
        let text = macros::join!(command.0.as_str(), code.as_str());

        let hasher: std::collections::HashMap<
            _,
            _,
            std::hash::BuildHasherDefault<std::hash::DefaultHasher>,
        > = std::collections::HashMap::with_hasher(Default::default());
        let mut hasher = hasher;
        hasher.insert(text, total);
        self.seen.extend(hasher);
        self.known.insert(ctx.random());

        let handle = Arc::new(total);
        self.shared.borrow_mut().push(*handle);
        assert!(!stringify!(std::time::Instant::now()).is_empty());
        tracing_like!(at = started, "the path is {}", self.path.display());

        #[allow_nondeterminism(reason = "for a metric only")]
        let begun = std::time::Instant::now();
        let (first, second) = join(ctx.sleep(secs(1)), ctx.sleep(secs(2))).await;
        first?;
        second?;
        first_of_two(ctx).await?;
        Self::both(ctx).await?;
        let own_future = async {
            let (first, second) = tokio::join!(biased; ctx.sleep(secs(1)), ctx.sleep(secs(2)));
            first.and(second)
        };
        own_future.await?;
        #[allow_nondeterminism(reason = "for whoever watches the worker's terminal")]
        println!("{total} took {:?}", begun.elapsed());
        Ok(total)
    }

    async fn both(ctx: &Ctx) -> Result<()> {
        futures::try_join!(ctx.sleep(secs(1)), ctx.sleep(secs(2)))?;
        Ok(())
    }

    /// How much there is.
    #[query]
    fn size(&self) -> usize {
        self.seen.len() + self.known.len() + self.index.len()
    }

    #[allow_nondeterminism(reason = "what is told here reaches no command")]
    fn measured(&self) -> std::time::Instant {
        std::time::Instant::now()
    }
}

async fn first_of_two(ctx: &Ctx) -> Result<()> {
    tokio::select! {
        biased;
        slept = ctx.sleep(secs(1)) => slept?,
        slept = ctx.sleep(secs(2)) => slept?,
    }
    Ok(())
}

/// A macro with a grammar of its own.
macro_rules! tracing_like {
    ($name:ident = $value:expr, $($text:tt)*) => {
        let $name = $value;
        let _ = ($name, format!($($text)*));
    };
}
use tracing_like;
