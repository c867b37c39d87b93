//! The table of messages: what is wrong, why, and what to write instead.
//!
//! Texts are lower case and end without a full stop. The second clause is the remedy, because a
//! procedural macro cannot attach a help line on stable Rust.

use std::fmt;

use proc_macro2::Ident;

use crate::syntax::{duration::Wrong, marker::Marker};

/// Every mistake that the macros name themselves.
pub(crate) enum Mistake<'a> {
    // Attributes and their options.
    OptionsInParentheses(Marker),
    OptionsAreKeys(Marker),
    OptionTwice(&'a Ident),
    UnknownOption {
        key: &'a Ident,
        marker: Marker,
        known: &'a [&'static str],
    },
    OptionNeedsText(&'static str, &'static str),
    OptionNeedsMethod(&'static str),
    OptionNeedsPath(&'static str),
    EmptyText(&'static str),
    FlagHasValue(&'static str),
    CountFromOne(&'static str),
    Duration(&'a Wrong),
    LongerThanWhole(&'static str, &'static str),
    TwoMarks(Marker, Marker),
    StrayMark(Marker),
    MarkOfOtherBlock(Marker),
    NoReason,

    // Where a macro stands.
    WorkflowOnOther,
    ActivityOnOther,
    ActivitiesOnOther,
    TraitBlock(Marker),
    GenericType(Marker),
    UnnamedType(Marker),

    // The block.
    NoRun(&'a Ident),
    SecondOf(Marker),
    FirstOf(Marker),
    DifferentArguments {
        run: &'a str,
        init: &'a str,
    },
    NoActivities(&'a Ident),

    // Names.
    DeclaredTwice(Marker, &'a str, &'a Ident),
    FirstDeclared,
    ReservedWireName(&'a str),
    ReservedLocal,
    HiddenByHandle {
        name: &'a str,
        marker: Marker,
        wire: &'a str,
    },
    GeneratedToo {
        name: &'a str,
        owner: &'a Ident,
        handler: Option<(Marker, &'a str)>,
    },
    StubMethod(&'a Ident),

    // Signatures.
    RunNotAsync,
    RunReceiver,
    InitReceiver,
    InitAsync,
    InitGives,
    QueryAsync,
    QueryExclusive,
    QueryReceiver,
    QueryGivesNothing,
    SignalGivesValue,
    HandlerReceiver(Marker),
    ActivityReceiver,
    MethodActivity,
    NotCallable(Marker),
    GenericMethod(Marker),
    BorrowedArgument(Marker, Option<&'static str>),
    OpaqueArgument(Marker),
    ArgumentWithoutName(Marker),
    ConditionalArgument,
    BorrowedResult(Marker, Option<&'static str>),
    OpaqueResult(Marker),
    ContextNotFirst,
    ExclusiveContext,
    HeartbeatWithoutContext,
    BodyMissing,
    RemoteBody,

    // Validators.
    NoSuchValidator(&'a Ident),
    AsyncValidator,
    ValidatorReceiver,
    ValidatorGivesNothing,
    ValidatorArguments {
        update: usize,
        validator: usize,
    },
    ValidatorTakesReferences,

    // Async bodies.
    AsyncReceiver,
    NamedLifetime,
    BorrowedFromSelf,
    HiddenAwait,
    ConditionAwaits,
    AsyncClosure,
    AsyncFromSync(&'a Ident),

    // Determinism.
    Nondeterministic {
        what: &'a str,
        instead: &'a str,
    },
    SharedStatic(&'a Ident),

    // `#[durably::data]` and `#[durably::main]`.
    DataOnOther,
    DataBorrows,
    DerivedTwice(&'static str),
    MainOnOther,
    MainNotAsync,
    MainTakesArguments,

    /// A panic of ours.
    OurBug(&'a str),
}

impl fmt::Display for Mistake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OptionsInParentheses(marker) => write!(
                f,
                "options of `{marker}` go in parentheses: `#[{}(..)]`",
                marker.word()
            ),
            Self::OptionsAreKeys(marker) => write!(
                f,
                "`{marker}` takes options by key, such as `name = \"..\"`"
            ),
            Self::OptionTwice(key) => write!(f, "`{key}` is given twice; keep one"),
            Self::UnknownOption { key, marker, known: [] } => {
                write!(f, "`{marker}` takes no options; remove `{key}`")
            }
            Self::UnknownOption { key, marker, known } => {
                write!(f, "unknown option `{key}` for `{marker}`")?;
                if let Some(near) = nearest(&key.to_string(), known) {
                    write!(f, ", did you mean `{near}`?")?;
                }
                write!(f, " (known: {})", known.join(", "))
            }
            Self::OptionNeedsText(key, example) => {
                write!(f, "`{key}` takes a text: `{key} = {example}`")
            }
            Self::OptionNeedsMethod(key) => write!(
                f,
                "`{key}` takes the name of a method of this block: `{key} = check_order`"
            ),
            Self::OptionNeedsPath(key) => {
                write!(f, "`{key}` takes a path: `{key} = ::my_crate::durably`")
            }
            Self::EmptyText(key) => write!(
                f,
                "`{key}` is empty; give it a text, or leave it out for the default"
            ),
            Self::FlagHasValue(key) => write!(f, "`{key}` stands alone, without a value"),
            Self::CountFromOne(key) => write!(
                f,
                "`{key}` is a whole number from 1; leave it out for no limit"
            ),
            Self::Duration(wrong) => wrong.fmt(f),
            Self::LongerThanWhole(part, whole) => write!(
                f,
                "`{part}` is longer than `{whole}`, so it could never run out; shorten it or leave it out"
            ),
            Self::TwoMarks(first, second) => write!(
                f,
                "a method has one role, and this one is `{first}` already; remove `{second}`"
            ),
            Self::StrayMark(marker) => write!(
                f,
                "`{marker}` marks a method of a `#[workflow] impl` block; put `#[workflow]` on the impl"
            ),
            Self::MarkOfOtherBlock(Marker::Activity) => f.write_str(
                "an activity is no part of a workflow; write it as a function, or in an `#[activities] impl` block of a type of its own",
            ),
            Self::MarkOfOtherBlock(marker) => write!(
                f,
                "`{marker}` marks a method of a `#[workflow] impl` block; this block holds activities"
            ),
            Self::NoReason => f.write_str(
                "say why this can never influence commands: `#[allow_nondeterminism(reason = \"..\")]`",
            ),

            Self::WorkflowOnOther => f.write_str(
                "`#[workflow]` goes on the impl block with the workflow's methods (or, to check its fields, on the struct)",
            ),
            Self::ActivityOnOther => f.write_str(
                "`#[activity]` goes on a function; for methods of a struct put `#[activities]` on the impl block too",
            ),
            Self::ActivitiesOnOther => f.write_str(
                "`#[activities]` goes on the impl block of a struct; a single function takes `#[activity]`",
            ),
            Self::TraitBlock(marker) => write!(
                f,
                "`{marker}` goes on an inherent impl block; move the methods out of the trait impl"
            ),
            Self::GenericType(Marker::Activities) => f.write_str(
                "each activity has one name and one payload format, so its type cannot be generic; keep a `Box<dyn Trait>` in a field instead",
            ),
            Self::GenericType(_) => f.write_str(
                "a workflow type has one name and one payload format, so it cannot be generic; write one type for each case",
            ),
            Self::UnnamedType(marker) => write!(
                f,
                "`{marker}` needs a struct or enum of your own, written by its name"
            ),

            Self::NoRun(owner) => write!(
                f,
                "`{owner}` has no `#[run]` method; a workflow is one `#[workflow] impl` block with its body in \
                 `#[run] async fn run(&mut self, ctx: &Ctx) -> Result<()>` (helpers may stand in plain impl blocks)"
            ),
            Self::SecondOf(marker) => write!(
                f,
                "a workflow has one `{marker}` method; this is the second"
            ),
            Self::FirstOf(marker) => write!(f, "the first `{marker}` is here"),
            Self::DifferentArguments { run, init } => write!(
                f,
                "`#[init]` and `#[run]` both take the workflow's arguments, but `#[init]` takes ({init}) and `#[run]` takes ({run}); \
                 give both the same list, or leave it out of one"
            ),
            Self::NoActivities(owner) => write!(
                f,
                "no method of `{owner}` is an activity; mark those that workflows may call with `#[activity]`"
            ),

            Self::DeclaredTwice(marker, name, owner) => write!(
                f,
                "{} `{name}` is declared twice in `{owner}`",
                marker.word()
            ),
            Self::FirstDeclared => f.write_str("it was first declared here"),
            Self::ReservedWireName(name) => {
                write!(f, "`{name}` is reserved by Temporal; choose another name")
            }
            Self::ReservedLocal => {
                f.write_str("`self_` is used by `#[workflow]` for `self`; choose another name")
            }
            Self::HiddenByHandle { name, marker, wire } => write!(
                f,
                "every handle already has a method `{name}`, which would hide this {0}; rename the Rust method and keep the wire name: `#[{0}(name = \"{wire}\")] fn {name}_..`",
                marker.word()
            ),
            Self::GeneratedToo {
                name,
                owner,
                handler: Some((marker, wire)),
            } => write!(
                f,
                "`#[workflow]` generates `{owner}::{name}`; rename the Rust method and keep the wire name: `#[{}(name = \"{wire}\")] fn {name}_..`",
                marker.word()
            ),
            Self::GeneratedToo {
                name,
                owner,
                handler: None,
            } => write!(f, "`#[workflow]` generates `{owner}::{name}`; rename this method"),
            Self::StubMethod(name) => write!(
                f,
                "every stub already has `{name}`; rename the method and keep the wire name: `#[activity(name = \"{name}\")]`"
            ),

            Self::RunNotAsync => {
                f.write_str("`#[run]` is the workflow's body and waits for things: write `async fn`")
            }
            Self::RunReceiver => f.write_str(
                "`#[run]` takes `&mut self`, which is lent to the handlers at each `.await`",
            ),
            Self::InitReceiver => f.write_str(
                "`#[init]` makes the state, so there is no `self` yet: `fn new(args..) -> Self`",
            ),
            Self::InitAsync => f.write_str(
                "`#[init]` makes the state before anything runs and cannot await; drop `async`, and wait in `#[run]`",
            ),
            Self::InitGives => f.write_str(
                "`#[init]` gives the workflow's state: `-> Self` (what can fail belongs in `#[run]`)",
            ),
            Self::QueryAsync => f.write_str(
                "a `#[query]` answers from the state it sees now and cannot await; drop `async`, or make this an `#[update]` if it must do work",
            ),
            Self::QueryExclusive => f.write_str(
                "a `#[query]` only reads the workflow's state: take `&self`, or make this an `#[update]` if it must change state",
            ),
            Self::QueryReceiver => f.write_str("a `#[query]` reads the workflow's state: take `&self`"),
            Self::QueryGivesNothing => f.write_str(
                "a `#[query]` must return a value; to tell the workflow something, make this a `#[signal]`",
            ),
            Self::SignalGivesValue => f.write_str(
                "a signal cannot return a value to its sender; make this an `#[update]` (a `Result<()>` is allowed: its `Err` fails the workflow)",
            ),
            Self::HandlerReceiver(marker) => write!(
                f,
                "a `{marker}` handler changes the workflow's state: take `&mut self`"
            ),
            Self::ActivityReceiver => {
                f.write_str("activities run concurrently and share one value: take `&self`")
            }
            Self::MethodActivity => f.write_str(
                "an activity that takes `self` needs `#[activities]` on its impl block",
            ),
            Self::NotCallable(marker) => write!(
                f,
                "the SDK calls a `{marker}` function itself, so it is a plain safe `fn`"
            ),
            Self::GenericMethod(marker) => write!(
                f,
                "`{marker}` has one payload format, so it takes no type parameters; write concrete types"
            ),
            Self::BorrowedArgument(marker, Some(instead)) => write!(
                f,
                "`{marker}` arguments are decoded from payloads, so they cannot be borrowed; use `{instead}`"
            ),
            Self::BorrowedArgument(marker, None) => write!(
                f,
                "`{marker}` arguments are decoded from payloads, so they cannot be borrowed; take them by value"
            ),
            Self::OpaqueArgument(marker) => write!(
                f,
                "`{marker}` arguments are decoded from payloads, so they need a concrete type instead of `impl Trait`"
            ),
            Self::ArgumentWithoutName(marker) => write!(
                f,
                "`{marker}` arguments need a plain name, which callers will see; take the pattern apart in the body"
            ),
            Self::ConditionalArgument => f.write_str(
                "arguments are a contract with callers elsewhere, so they cannot depend on a `cfg`",
            ),
            Self::BorrowedResult(marker, Some(instead)) => write!(
                f,
                "what `{marker}` returns becomes a payload, so it cannot be borrowed; return `{instead}`"
            ),
            Self::BorrowedResult(marker, None) => write!(
                f,
                "what `{marker}` returns becomes a payload, so it cannot be borrowed; return an owned value"
            ),
            Self::OpaqueResult(marker) => write!(
                f,
                "what `{marker}` returns becomes a payload, so it needs a concrete type instead of `impl Trait`"
            ),
            Self::ContextNotFirst => f.write_str(
                "the context comes first, once, and by reference: move it to the front",
            ),
            Self::ExclusiveContext => {
                f.write_str("a context is shared; take it by `&`, without `mut`")
            }
            Self::HeartbeatWithoutContext => f.write_str(
                "this activity cannot heartbeat and would always time out; take `ctx: &ActivityCtx` first and call `ctx.heartbeat(..)`, or drop `heartbeat`",
            ),
            Self::BodyMissing => f.write_str(
                "an activity without a body is implemented elsewhere: say `#[activity(remote, ..)]`",
            ),
            Self::RemoteBody => f.write_str(
                "a `remote` activity is implemented elsewhere: end its declaration with `;`, or drop `remote`",
            ),

            Self::NoSuchValidator(name) => write!(
                f,
                "this block has no method `{name}`; a validator stands beside its update: `fn {name}(&self, ..) -> Result<(), String>`"
            ),
            Self::AsyncValidator => f.write_str(
                "a validator decides before the update leaves a trace, so it cannot await; drop `async`",
            ),
            Self::ValidatorReceiver => {
                f.write_str("a validator only looks at the workflow's state: take `&self`")
            }
            Self::ValidatorGivesNothing => f.write_str(
                "a validator says whether the update is accepted: return `Result<(), E>`, where `E` is `Display`",
            ),
            Self::ValidatorArguments { update, validator } => write!(
                f,
                "the update has {} and its validator takes {validator}; take the same ones by reference, after an optional `view: &View`",
                count(*update, "argument")
            ),
            Self::ValidatorTakesReferences => {
                f.write_str("a validator looks at the arguments by reference: write `&` before this type")
            }

            Self::AsyncReceiver => {
                f.write_str("async methods of a workflow take `&mut self` or `&self`")
            }
            Self::NamedLifetime => f.write_str(
                "nothing borrowed from `self` can outlive an async workflow method, so its lifetime cannot be named; return or fill owned values",
            ),
            Self::BorrowedFromSelf => f.write_str(
                "nothing borrowed from `self` can leave an async workflow method, where handlers may change it; return an owned value",
            ),
            Self::HiddenAwait => f.write_str(
                "`.await` inside this macro call cannot be seen by `#[workflow]`; bind the awaited value to a variable first",
            ),
            Self::ConditionAwaits => {
                f.write_str("a `wait_until` condition only looks at the state and cannot await")
            }
            Self::AsyncClosure => f.write_str(
                "an async closure cannot use `self` of a workflow; write an async method, or an `async {}` block",
            ),
            Self::AsyncFromSync(method) => write!(
                f,
                "async methods of a workflow can be called from its async methods only; make this method `async`, or `{method}` a plain one"
            ),

            Self::Nondeterministic { what, instead } => write!(
                f,
                "{what} is not deterministic, so replaying this workflow would diverge; use {instead} instead\n\
                 (if this can never influence commands, say so: `#[allow_nondeterminism(reason = \"..\")]` on the statement or fn)"
            ),
            Self::SharedStatic(name) => write!(
                f,
                "`{name}` is shared by all runs of this worker, so replaying this workflow would diverge; keep it in a field of `self`\n\
                 (if this can never influence commands, say so: `#[allow_nondeterminism(reason = \"..\")]` on the fn)"
            ),

            Self::DataOnOther => {
                f.write_str("`#[durably::data]` goes on a struct or an enum that travels as a payload")
            }
            Self::DataBorrows => f.write_str(
                "a payload type owns what it holds, because it is decoded elsewhere; drop the lifetime and use owned fields",
            ),
            Self::DerivedTwice(name) => write!(
                f,
                "`#[durably::data]` derives `{name}` already; drop one of the two"
            ),
            Self::MainOnOther => f.write_str("`#[durably::main]` goes on `async fn main`"),
            Self::MainNotAsync => f.write_str(
                "`#[durably::main]` runs an async main: write `async fn main()`, or drop the attribute",
            ),
            Self::MainTakesArguments => f.write_str(
                "`main` takes no arguments; read them with `std::env::args()`",
            ),

            Self::OurBug(message) => write!(
                f,
                "durably's macro failed on this code, which is a bug of ours ({message}); please report it with the code at \
                 https://github.com/durably/durably/issues"
            ),
        }
    }
}

fn count(number: usize, noun: &str) -> String {
    match number {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// The known key that a misspelt one was probably meant to be.
fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let contained = known
        .iter()
        .filter(|known| key.contains(**known) || known.contains(key))
        .max_by_key(|known| known.len());
    let close = known
        .iter()
        .map(|known| (distance(key, known), known))
        .filter(|(distance, known)| *distance <= 2.max(known.len() / 4))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known);
    close.or(contained).copied()
}

/// Levenshtein's.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let replaced = corner + usize::from(from != *to);
            corner = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelt_key_finds_the_one_that_was_meant() {
        let known = ["name", "start_to_close", "schedule_to_close", "heartbeat"];
        assert_eq!(
            nearest("start_to_close_timeout", &known),
            Some("start_to_close")
        );
        assert_eq!(nearest("heartbeet", &known), Some("heartbeat"));
        assert_eq!(nearest("nmae", &known), Some("name"));
        assert_eq!(nearest("priority", &known), None);
    }
}
