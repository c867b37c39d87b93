//! Patches: names of changes to the code of running workflows.

use std::{borrow::Cow, fmt};

use crate::{
    data::search::{Filter, Keyword, SearchKey},
    definition::Workflow,
    wire::describe::WorkflowStatus,
};

/// The name of a change to workflow code, for [`Ctx::patched`](super::Ctx::patched).
///
/// Declare each one once, as a constant beside the workflow: a misspelt name does not compile, and rustc
/// warns about a private one that nothing uses any more. History keeps the text, so it never changes while
/// runs have it.
///
/// ```
/// use durably::prelude::*;
///
/// const SECOND_REMINDER: Patch = Patch::new("a second reminder");
///
/// #[activity(start_to_close = "10s")]
/// async fn remind(customer: String) {}
///
/// #[derive(Default)]
/// struct Dunning;
///
/// #[workflow]
/// impl Dunning {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx, customer: String) -> Result<()> {
///         remind::call(ctx, &customer).await?;
///         if ctx.patched(SECOND_REMINDER) {
///             ctx.sleep(days(7)).await?;
///             remind::call(ctx, &customer).await?;
///         }
///         Ok(())
///     }
/// }
///
/// /// Whether the code from before the patch can go.
/// async fn is_old_code_unused(client: &Client) -> Result<bool> {
///     Ok(client.count(SECOND_REMINDER.open_runs_without::<Dunning>()).await? == 0)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Patch(Cow<'static, str>);

impl Patch {
    /// A patch of this name, which says what changed.
    ///
    /// # Panics
    /// If the name is empty; in a constant that is a compile error.
    pub const fn new(name: &'static str) -> Self {
        assert!(!name.is_empty(), "a patch needs a name");
        Self(Cow::Borrowed(name))
    }

    /// Its name, as history has it.
    ///
    /// ```
    /// use durably::workflow::Patch;
    ///
    /// assert_eq!(Patch::new("longer stops").name(), "longer stops");
    /// ```
    pub fn name(&self) -> &str {
        &self.0
    }

    /// A filter for [`Client::list`](crate::Client::list) and `count`: the open runs of `W` that have not
    /// taken the new branch of this patch. While there are any, the old branch is needed.
    ///
    /// A run that has not come to the patch yet is one of them, whichever branch it will take.
    ///
    /// Temporal keeps the patches of a run in the search attribute `TemporalChangeVersion`, up to 2,048 bytes of
    /// names in all: a run with more patches lists the first ones.
    pub fn open_runs_without<W: Workflow>(&self) -> Filter {
        open_runs::<W>().and(PATCHES.is_unset().or(PATCHES.ne(self.name())))
    }

    /// A filter for [`Client::list`](crate::Client::list) and `count`: the open runs of `W` that have taken the
    /// new branch of this patch. While there are any, [`Ctx::deprecate_patch`](super::Ctx::deprecate_patch) is
    /// needed in place of the `if`.
    ///
    /// It does not find a run that has so many patches that their names exceed 2,048 bytes, as Temporal does not
    /// list the later ones.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # #[derive(Default)]
    /// # struct Dunning;
    /// # #[workflow]
    /// # impl Dunning {
    /// #     #[run]
    /// #     async fn run(&mut self, ctx: &Ctx) -> Result<()> { Ok(()) }
    /// # }
    /// const SECOND_REMINDER: Patch = Patch::new("a second reminder");
    ///
    /// async fn is_patch_unused(client: &Client) -> Result<bool> {
    ///     Ok(client.count(SECOND_REMINDER.open_runs_with::<Dunning>()).await? == 0)
    /// }
    /// ```
    pub fn open_runs_with<W: Workflow>(&self) -> Filter {
        open_runs::<W>().and(PATCHES.eq(self.name()))
    }
}

/// The list of a run's patches. Filters compare a list with one of its keywords as they compare a keyword.
const PATCHES: SearchKey<Keyword> = SearchKey::new("TemporalChangeVersion");

/// Patches of a place that a run comes to many times: each item or round of a loop has a patch of its own, so
/// the rounds that a run did before the change keep the old branch, and the later ones take the new branch.
///
/// ```
/// use durably::{prelude::*, workflow::PatchSeries};
///
/// const LONGER_STOPS: PatchSeries = PatchSeries::new("longer stops");
///
/// async fn drive(ctx: &Ctx, stops: u32) -> Result<()> {
///     for stop in 0..stops {
///         let longer = ctx.patched(LONGER_STOPS.part(stop));
///         ctx.sleep(hours(if longer { 2 } else { 1 })).await?;
///     }
///     Ok(())
/// }
/// # assert_eq!(LONGER_STOPS.part(3).name(), "longer stops 3");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PatchSeries(&'static str);

impl PatchSeries {
    /// Patches whose names begin with this one, which says what changed.
    ///
    /// # Panics
    /// If the name is empty; in a constant that is a compile error.
    pub const fn new(name: &'static str) -> Self {
        assert!(!name.is_empty(), "a patch needs a name");
        Self(name)
    }

    /// The patch of one part.
    pub fn part(self, part: impl fmt::Display) -> Patch {
        Patch(Cow::Owned(format!("{} {part}", self.0)))
    }
}

impl fmt::Display for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn open_runs<W: Workflow>() -> Filter {
    SearchKey::<Keyword>::new("WorkflowType")
        .eq(W::NAME)
        .and(WorkflowStatus::Running)
}

/// What names a patch: a [`Patch`], by value or by reference.
///
/// ```
/// use durably::{prelude::*, workflow::AsPatch};
///
/// /// Whether the run began with both changes.
/// fn has_both(ctx: &Ctx, one: impl AsPatch, other: impl AsPatch) -> bool {
///     ctx.patched(one) && ctx.patched(other)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "expected a patch, found `{Self}`",
    label = "declare it once, beside the workflow: `const CHANGE: Patch = Patch::new(\"what changed\");`",
    note = "a declared patch cannot be misspelt, and rustc warns when nothing uses it any more"
)]
pub trait AsPatch {
    #[doc(hidden)]
    fn as_patch(&self) -> &Patch;
}

#[diagnostic::do_not_recommend]
impl AsPatch for Patch {
    fn as_patch(&self) -> &Patch {
        self
    }
}

#[diagnostic::do_not_recommend]
impl AsPatch for &Patch {
    fn as_patch(&self) -> &Patch {
        self
    }
}
