//! Whether this thread runs workflow code, which, and where that code was seen last.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    fmt,
    panic::Location,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::data::Converter;

/// Whether workflow code runs on this thread right now.
pub(crate) fn in_workflow() -> bool {
    current() != NOBODY
}

/// The run whose code runs on this thread right now.
pub(crate) fn current() -> usize {
    INSIDE.get()
}

/// Runs code of the workflow run `id`, whose worker has this converter.
pub(crate) fn enter<R>(id: usize, converter: Converter, user_code: impl FnOnce() -> R) -> R {
    struct Leave(usize, Converter);
    impl Drop for Leave {
        fn drop(&mut self) {
            INSIDE.set(self.0);
            CONVERTER.set(std::mem::take(&mut self.1));
        }
    }
    let _leave = Leave(INSIDE.replace(id), CONVERTER.replace(converter));
    user_code()
}

/// The converter of the run whose code runs on this thread right now; outside of a run that of JSON.
/// For calls that name no context: those that continue a run as a new one.
pub(crate) fn converter() -> Converter {
    CONVERTER.with_borrow(Clone::clone)
}

/// A place in the source.
pub(crate) type Place = &'static Location<'static>;

/// The name of a message: one that a handler declares, or one that a dynamic handler serves.
#[derive(Clone, Debug)]
pub(crate) enum Name {
    Declared(&'static str),
    Dynamic(Arc<str>),
}

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Declared(name) => name,
            Self::Dynamic(name) => name,
        }
    }

    /// The same name, for the arguments of its handler.
    pub(crate) fn to_cow(&self) -> Cow<'static, str> {
        match self {
            Self::Declared(name) => Cow::Borrowed(name),
            Self::Dynamic(name) => Cow::Owned(name.to_string()),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which code of a workflow runs.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    /// What comes before the first poll: the constructor, for one.
    Start(&'static str),
    /// The run method of the workflow type.
    Run(&'static str),
    /// A signal handler.
    Signal(Name),
    /// An update handler.
    Update(Name),
    /// The validator of an update.
    Validator(Name),
    /// A query.
    Query(Name),
    /// A future that was spawned here.
    Spawned(Place),
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(name) => write!(f, "the start of `{name}`"),
            Self::Run(name) => write!(f, "`{name}`"),
            Self::Signal(name) => write!(f, "signal handler `{name}`"),
            Self::Update(name) => write!(f, "update handler `{name}`"),
            Self::Validator(name) => write!(f, "the validator of update `{name}`"),
            Self::Query(name) => write!(f, "query `{name}`"),
            Self::Spawned(place) => write!(f, "the future spawned at {place}"),
        }
    }
}

/// What was seen of workflow code last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// What runs.
    pub(crate) who: Option<Who>,
    /// The latest durable wait it polled.
    pub(crate) place: Option<Place>,
}

/// Shows other threads where the workflow code of one thread was seen last.
///
/// An executor thread installs its own; a watchdog reads it when a run blocks the thread.
#[derive(Debug, Default)]
pub(crate) struct Beacon {
    last: Mutex<Seen>,
    /// The thread has been replaced; whatever its workflow code does is discarded.
    given_up: AtomicBool,
}

impl Beacon {
    /// Makes this the beacon of the calling thread.
    pub(crate) fn install(self: Arc<Self>) {
        BEACON.set(Some(self));
    }

    /// Forgets what was seen: the thread goes on with another run.
    pub(crate) fn clear(&self) {
        *self.last() = Seen::default();
    }

    /// Asks the workflow code of the thread to return, see [`is_given_up`].
    pub(crate) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    /// What was seen of the thread's workflow code last.
    pub(crate) fn last_seen(&self) -> Seen {
        self.last().clone()
    }

    fn last(&self) -> MutexGuard<'_, Seen> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes which workflow code begins on this thread.
pub(crate) fn runs(who: Who) {
    resumes(who, None);
}

/// Notes which workflow code resumes on this thread, at the `.await` where it was suspended. It may be
/// a loop that is blamed between two of its awaits.
pub(crate) fn resumes(who: Who, place: Option<Place>) {
    let who = Some(who);
    update_seen(|seen| *seen = Seen { who, place });
}

/// Notes that workflow code of this thread polls a wait written at `place`.
pub(crate) fn seen(place: Place) {
    update_seen(|seen| seen.place = Some(place));
}

/// Whether the watchdog has replaced this thread, because workflow code kept it for too long.
pub(crate) fn is_given_up() -> bool {
    BEACON.with_borrow(|beacon| {
        beacon
            .as_ref()
            .is_some_and(|beacon| beacon.given_up.load(Ordering::Relaxed))
    })
}

fn update_seen(note: impl FnOnce(&mut Seen)) {
    BEACON.with_borrow(|beacon| {
        if let Some(beacon) = beacon {
            note(&mut beacon.last());
        }
    });
}

/// No run has this id: ids are addresses.
const NOBODY: usize = 0;

thread_local! {
    static INSIDE: Cell<usize> = const { Cell::new(NOBODY) };
    static CONVERTER: RefCell<Converter> = const { RefCell::new(Converter::JSON) };
    static BEACON: RefCell<Option<Arc<Beacon>>> = const { RefCell::new(None) };
}
