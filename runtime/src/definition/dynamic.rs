//! What dynamic handlers, workflows and activities take in place of arguments.

use crate::data::Args;

/// The prefix of names that belong to the platform.
const OF_PLATFORM: &str = "__temporal_";
/// Queries that every workflow answers, by the platform's rules.
const OF_EVERY_WORKFLOW: [&str; 2] = ["__stack_trace", "__enhanced_stack_trace"];

/// Whether a message, workflow type or activity type of this name belongs to the platform, so that no dynamic
/// handler serves it.
pub(crate) fn is_reserved(name: &str) -> bool {
    name.starts_with(OF_PLATFORM) || OF_EVERY_WORKFLOW.contains(&name)
}

/// The name by which a dynamic handler was called.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a dynamic handler takes: it takes `name: String, args: Args`",
    label = "the name of the message is a `String`"
)]
pub trait CalledName {
    #[doc(hidden)]
    fn of(args: &Args) -> Self;
}

#[diagnostic::do_not_recommend]
impl CalledName for String {
    fn of(args: &Args) -> Self {
        args.name().to_owned()
    }
}

/// All arguments of a dynamic handler, workflow or activity.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a dynamic handler, workflow or activity takes: it takes `args: Args`",
    label = "the arguments are `durably::data::Args`, and `args.get::<{Self}>(0)?` reads the first one"
)]
pub trait AllArguments {
    #[doc(hidden)]
    fn of(args: &mut Args) -> Self;
}

#[diagnostic::do_not_recommend]
impl AllArguments for Args {
    fn of(args: &mut Args) -> Self {
        args.take()
    }
}
