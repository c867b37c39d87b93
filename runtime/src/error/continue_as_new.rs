//! The end of a run that begins the next one.

use std::{cell::Cell, fmt};

use durably_engine::InitialVersioning;

use super::{DataError, Error, Result};
use crate::{
    data::{
        self, Converter, EncodedArgs, Outgoing, Text,
        search::{SearchKey, SearchKind, SearchValue},
    },
    hints::converted::HoldsContinueAsNew,
    options::{
        Retry,
        setters::{doc_of, setters, value_of},
    },
    time::span::Span,
};

/// Ends a run and begins the next one of the same workflow, with an empty history.
///
/// Made by `Self::continue_as_new(args..)` and returned from `#[run]`; what is not set here is
/// taken over from this run.
///
/// ```
/// use durably::prelude::*;
///
/// #[derive(Default)]
/// struct Counter;
///
/// #[workflow]
/// impl Counter {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx, count: u64) -> Result<u64> {
///         ctx.sleep(days(1)).await?;
///         if count == 365 {
///             return Ok(count);
///         }
///         Self::continue_as_new(count + 1)
///             .run_timeout(days(2))
///             .into()
///     }
/// }
/// ```
///
/// An error type of your own can carry it, if its `source()` is this value:
///
/// ```
/// use durably::{Cancelled, ContinueAsNew, prelude::*};
///
/// #[derive(Debug, thiserror::Error)]
/// enum CounterError {
///     #[error(transparent)]
///     Cancelled(#[from] Cancelled),
///     #[error(transparent)]
///     ContinueAsNew(#[from] ContinueAsNew),
/// }
///
/// #[derive(Default)]
/// struct Counter;
///
/// #[workflow]
/// impl Counter {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx, count: u64) -> Result<u64, CounterError> {
///         ctx.sleep(days(1)).await?;
///         Self::continue_as_new(count + 1).into()
///     }
/// }
/// ```
///
/// All options:
/// ```
/// # use durably::{prelude::*, search::SearchKey};
/// const PAGE: SearchKey<i64> = SearchKey::new("Page");
///
/// #[derive(Default)]
/// struct Poller;
///
/// #[workflow]
/// impl Poller {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx, page: u64) -> Result<()> {
///         Self::continue_as_new(page + 1)
///             .task_queue("polling")
///             .run_timeout(days(2))
///             .task_timeout(secs(10))
///             .retry(Retry::attempts(3))
///             .memo("page", page)
///             .search(PAGE, 7)
///             .into()
///     }
/// }
/// ```
// Boxed, because it stands in the errors of users, which every `Result` of theirs makes room for.
#[derive(Clone, Debug)]
#[must_use = "return it from `run`: `Self::continue_as_new(..).into()`"]
pub struct ContinueAsNew(Box<NextRun>);

/// The run that a [`ContinueAsNew`] begins; its source, so that transparent wrappers show it.
#[derive(Clone)]
pub(crate) struct NextRun {
    request: durably_engine::ContinueAsNew,
    converter: Converter,
    /// The first argument or memo that could not be encoded.
    error: Option<DataError>,
}

/// Without its arguments, which are bytes, and may be secret.
impl fmt::Debug for NextRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextRun")
            .field("workflow_type", &self.request.workflow_type)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

thread_local! {
    /// How many have been dropped on this thread.
    static DROPPED: Cell<usize> = const { Cell::new(0) };
}

impl ContinueAsNew {
    /// The next run of the workflow type of that name.
    #[doc(hidden)]
    pub fn new(workflow: &'static str, args: EncodedArgs) -> Self {
        Self::of_type(Some(workflow.to_owned()), args)
    }

    /// The next run of the type that this run has.
    #[doc(hidden)]
    pub fn of_same_type(args: EncodedArgs) -> Self {
        Self::of_type(None, args)
    }

    fn of_type(workflow_type: Option<String>, args: EncodedArgs) -> Self {
        let mut request = durably_engine::ContinueAsNew {
            workflow_type,
            ..Default::default()
        };
        let EncodedArgs(encoded, converter) = args;
        let error = match encoded {
            Ok(payloads) => {
                request.input = payloads;
                None
            }
            Err(error) => Some(error),
        };
        Self(Box::new(NextRun {
            request,
            converter,
            error,
        }))
    }

    /// The task queue of the next run.
    pub fn task_queue(mut self, queue: impl Text) -> Self {
        self.0.request.task_queue = Some(queue.into_text());
        self
    }

    /// Which version of a worker deployment completes the first workflow task of the next run. Without it, the next
    /// run of a pinned one begins on the same version.
    ///
    /// ```
    /// use durably::{prelude::*, workflow::InitialVersioning};
    ///
    /// #[derive(Default)]
    /// struct Poller;
    ///
    /// #[workflow(versioning = "pinned")]
    /// impl Poller {
    ///     #[run]
    ///     async fn run(&mut self, ctx: &Ctx, page: u64) -> Result<()> {
    ///         ctx.sleep(hours(1)).await?;
    ///         let next = Self::continue_as_new(page + 1);
    ///         match ctx.target_version_changed() {
    ///             true => next.initial_versioning(InitialVersioning::AutoUpgrade).into(),
    ///             false => next.into(),
    ///         }
    ///     }
    /// }
    /// ```
    pub fn initial_versioning(mut self, initial: InitialVersioning) -> Self {
        self.0.request.initial_versioning = Some(initial);
        self
    }

    setters! {
        fn run_timeout(timeout: impl Span) -> Self;
        fn task_timeout(timeout: impl Span) -> Self;
        fn retry(retry: Retry /* as in `Retry::attempts(3)` */) -> Self;
    }

    fn set(&mut self, change: impl FnOnce(&mut durably_engine::ContinueAsNew)) {
        change(&mut self.0.request);
    }

    /// Sets one note of the next run; the first call drops those of this run.
    pub fn memo<T: Outgoing>(mut self, name: impl Text, note: T) -> Self {
        let name = name.into_text();
        match data::note("memo", &name, &note, &self.0.converter) {
            Ok(payload) => {
                let memo = self.0.request.memo.get_or_insert_default();
                memo.insert(name, payload);
            }
            Err(error) => self.0.refuse(error),
        }
        self
    }

    /// Sets one search attribute of the next run; the first call drops those of this run.
    pub fn search<K: SearchKind>(mut self, key: SearchKey<K>, value: impl SearchValue<K>) -> Self {
        let (name, payload) = key.set(value).into_parts();
        match payload {
            Ok(payload) => {
                let attributes = self.0.request.search_attributes.get_or_insert_default();
                attributes.insert(name, payload);
            }
            Err(error) => self.0.refuse(error),
        }
        self
    }
}

impl NextRun {
    /// The request to the engine.
    ///
    /// # Errors
    /// An argument, a memo or a search attribute could not be encoded.
    pub(crate) fn request(&self) -> Result<durably_engine::ContinueAsNew, DataError> {
        match &self.error {
            Some(error) => Err(error.clone()),
            None => Ok(self.request.clone()),
        }
    }

    /// Drops the error, and returns whether a next run was dropped with it.
    pub(crate) fn is_dropped_with(error: Error) -> bool {
        let before = DROPPED.get();
        drop(error);
        DROPPED.get() != before
    }

    /// Keeps the first error.
    fn refuse(&mut self, error: DataError) {
        self.error.get_or_insert(error);
    }
}

impl Drop for NextRun {
    fn drop(&mut self) {
        // A thread that ends may have dropped its counter already.
        let _ = DROPPED.try_with(|dropped| dropped.set(dropped.get().wrapping_add(1)));
    }
}

impl fmt::Display for ContinueAsNew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("continue-as-new takes effect only when `run` returns it")
    }
}

impl std::error::Error for ContinueAsNew {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

impl fmt::Display for NextRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it begins the next run")
    }
}

impl std::error::Error for NextRun {}

impl<T, E: HoldsContinueAsNew> From<ContinueAsNew> for Result<T, E> {
    fn from(next: ContinueAsNew) -> Self {
        Err(E::hold(next))
    }
}
