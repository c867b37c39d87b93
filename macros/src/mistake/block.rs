//! Mistakes in an impl block as a whole.

use std::fmt;

use proc_macro2::Ident;

use crate::syntax::marker::Marker;

pub(crate) enum BlockMistake<'a> {
    NoRun(&'a Ident),
    SecondOf(Marker),
    FirstOf(Marker),
    Conditional(Marker),
    MethodTwice(&'a Ident),
    FirstMethod,
    DifferentArguments { run: &'a str, init: &'a str },
    NoActivities(&'a Ident),
    SecondDynamic(Marker, &'a Ident),
    FirstDynamic(Marker),
}

impl fmt::Display for BlockMistake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRun(owner) => write!(
                f,
                "`{owner}` has no `#[run]` method; write the body of the workflow in this block: \
                 `#[run] async fn run(&mut self, ctx: &Ctx) -> Result<()>` (all handlers of a workflow stand in one \
                 block; helpers that they call may stand in plain impl blocks)"
            ),
            Self::SecondOf(marker) => write!(
                f,
                "a workflow has one `{marker}` method, and this is the second; remove one"
            ),
            Self::FirstOf(marker) => write!(f, "the first `{marker}` is here"),
            Self::Conditional(marker) => write!(
                f,
                "a workflow is the same in every build, so its `{marker}` cannot depend on a `cfg`; put the condition inside the body, or on the whole block and its type"
            ),
            Self::MethodTwice(method) => write!(
                f,
                "this block has two methods `{method}`; rename one, and keep a handler's name on the server with `name = \"{method}\"`"
            ),
            Self::FirstMethod => f.write_str("the first one is here"),
            Self::DifferentArguments { run, init } => write!(
                f,
                "`#[init]` and `#[run]` both take the workflow's arguments, but `#[init]` takes ({init}) and `#[run]` takes ({run}); \
                 give both the same list, or leave it out of one"
            ),
            Self::SecondDynamic(marker, owner) => write!(
                f,
                "`{owner}` has a dynamic {0} already, which serves every {0} without a handler; remove one, or name it",
                marker.word()
            ),
            Self::FirstDynamic(marker) => {
                write!(f, "the first dynamic {} is here", marker.word())
            }
            Self::NoActivities(owner) => write!(
                f,
                "`{owner}` has no `#[activity]` method; mark the methods that workflows call with `#[activity]`"
            ),
        }
    }
}
