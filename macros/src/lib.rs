//! The macros of durably: `use durably::prelude::*;` brings those that most programs use.
//!
//! Every macro parses the user's code (`syntax`), checks and completes it (`model`, with
//! `determinism` and `rewrite` for bodies) and generates code from the model (`expand`). All stages
//! collect mistakes, and `entry` reports them together.

use proc_macro::TokenStream;

mod crate_path;
mod determinism;
mod diag;
mod entry;
mod expand;
mod mistake;
mod model;
mod rewrite;
mod syntax;
#[cfg(test)]
mod tests;

/// Turns an impl block into a workflow type.
///
/// The block has one [`#[run]`](macro@run) method, the workflow's body, and any number of
/// [`#[signal]`](macro@signal), [`#[query]`](macro@query) and [`#[update]`](macro@update) handlers;
/// what carries no mark is a helper. The type is a plain struct: its state is made by `Default`, or
/// by the block's [`#[init]`](macro@init).
///
/// ```
/// use durably::prelude::*;
///
/// #[derive(Default)]
/// struct Greeting { names: Vec<String> }
///
/// #[workflow]
/// impl Greeting {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx, greeting: String) -> Result<String> {
///         ctx.wait_until(|| !self.names.is_empty()).await?;
///         Ok(format!("{greeting}, {}!", self.names.join(" and ")))
///     }
///
///     #[signal]
///     fn greet(&mut self, name: String) { self.names.push(name) }
/// }
/// ```
///
/// **`self` is yours between two awaits and given back at each `.await`**, where signals and updates
/// may change it. A reference into `self` that is alive across an `.await` is refused by the borrow
/// checker; values that were copied out may have become stale.
///
/// | option | |
/// |---|---|
/// | `name = ".."` | the type's name on the server, by default the Rust name |
/// | `task_queue = ".."` | the queue on which it is started, unless the start sets another |
/// | `versioning = "pinned"`, `"auto_upgrade"` | which version of a worker deployment runs it |
/// | `dynamic` | runs all types that its worker has not registered; without `name` |
/// | `crate = path` | where the `durably` crate is found |
///
/// `start`, `child`, `handle`, `external` and `continue_as_new` are as visible as the `#[run]` method;
/// a handler is as visible on handles as it is on the type.
///
/// On a struct or an enum the attribute only checks the fields for containers whose order differs
/// between processes.
#[proc_macro_attribute]
pub fn workflow(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::run(entry::workflow, options, item)
}

/// Makes a function an activity: work that workflows call and that may do anything.
///
/// `greet::call(ctx, args..)` calls it from a workflow, `.activity::<greet>()` registers it with a
/// worker, and in tests it stays the function it was. It takes its context first, if it needs one
/// (`ctx: &ActivityCtx`), then owned arguments, and gives a value or a `Result`.
///
/// | option | |
/// |---|---|
/// | `name = ".."` | the activity's name on the server, by default the Rust name |
/// | `start_to_close = "10s"` | how long one attempt may take |
/// | `schedule_to_close = "1h"` | how long all attempts together may take, with the pauses between them |
/// | `schedule_to_start = "5m"` | how long an attempt may wait for a worker |
/// | `heartbeat = "30s"` | the longest pause between two heartbeats |
/// | `max_attempts = 3` | the number of attempts; no limit by default |
/// | `task_queue = ".."` | the queue of its workers, by default that of the workflow |
/// | `remote` | a worker of another program runs it: `;` in place of a body |
/// | `dynamic` | runs all activities that its worker has not registered; without `name` |
/// | `crate = path` | where the `durably` crate is found |
///
/// One of `start_to_close` and `schedule_to_close` is set here or at each call; the call replaces what is set
/// here.
#[proc_macro_attribute]
pub fn activity(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::run(entry::activity, options, item)
}

/// Makes the [`#[activity]`](macro@activity) methods of a struct with shared dependencies callable.
///
/// Such a method takes `&self`. `Shop::stub(ctx)` gives their typed calls in a workflow,
/// `.activities(Shop::new(..))` registers them with a worker. An activity is as visible on a stub as
/// its method. Option: `crate = path`.
///
/// ```
/// use durably::prelude::*;
///
/// struct Shop {
///     currency: String,
/// }
///
/// #[activities]
/// impl Shop {
///     #[activity(start_to_close = "10s")]
///     async fn price(&self, cents: u64) -> String {
///         format!("{cents} {}", self.currency)
///     }
/// }
///
/// async fn price_of_two(ctx: &Ctx, cents: u64) -> Result<String> {
///     Ok(Shop::stub(ctx).price(2 * cents).await?)
/// }
///
/// fn worker(client: &Client) -> Worker {
///     Worker::new(client, "shop").activities(Shop { currency: "EUR".to_owned() })
/// }
/// ```
#[proc_macro_attribute]
pub fn activities(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::run(entry::activities, options, item)
}

/// Derives what a payload type needs: serde's `Serialize` and `Deserialize`, without serde among
/// your dependencies. It derives nothing else: `Clone`, `Debug` and the like are the type's own.
/// Options: `crate = path`, `encoding = ".."`.
///
/// ```
/// use durably::prelude::*;
///
/// #[durably::data]
/// #[derive(Clone, Debug, PartialEq)]
/// struct Order {
///     item: String,
///     amount: u32,
/// }
///
/// #[activity(start_to_close = "10s")]
/// async fn ship(order: Order) -> u32 {
///     order.amount
/// }
/// ```
///
/// On a prost message, the option `encoding = "binary/protobuf"` or `encoding = "json/protobuf"` implements
/// `durably::Encoding` instead, and derives nothing. `json/protobuf` requires serde's traits of the message,
/// as `pbjson` generates them. With `binary/protobuf`, a message that has them is still decoded from
/// `json/protobuf`. `durably::Encoding` has an example.
#[proc_macro_attribute]
pub fn data(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::run(entry::data, options, item)
}

/// Records an error with its type: the failure contains the name of the type, the variant, its fields and
/// its retry behaviour. `failed::<E>()` of every error decodes an `E` from it, in another process too.
///
/// ```
/// use durably::prelude::*;
///
/// #[derive(Debug, thiserror::Error, durably::Failure)]
/// enum PayError {
///     #[error("card declined: {reason}")]
///     #[failure(non_retryable)]
///     Declined { reason: String },
///     #[error("gateway busy")]
///     #[failure(next_retry_delay = "30s")]
///     Busy,
///     #[error(transparent)]
///     Gateway(#[from] GatewayError),
/// }
///
/// #[derive(Debug, thiserror::Error, durably::Failure)]
/// #[error("no answer from {host}")]
/// struct GatewayError {
///     host: String,
/// }
///
/// #[activity(start_to_close = "10s")]
/// async fn charge(cents: u64) -> Result<String, PayError> {
///     match cents {
///         0 => Err(PayError::Declined { reason: "nothing to pay".to_owned() }),
///         _ => Ok("receipt".to_owned()),
///     }
/// }
///
/// async fn pay(ctx: &Ctx, cents: u64) -> Result<String> {
///     match charge::call(ctx, cents).await {
///         Ok(receipt) => Ok(receipt),
///         Err(error) => match error.failed::<PayError>() {
///             Some(PayError::Declined { reason }) => Ok(format!("not paid: {reason}")),
///             Some(PayError::Busy | PayError::Gateway(_)) | None => Err(error.into()),
///         },
///     }
/// }
/// ```
///
/// Options, in `#[failure(..)]`:
///
/// | on | option | |
/// |---|---|---|
/// | variant, type | `non_retryable` | there is no other attempt |
/// | variant, type | `next_retry_delay = "30s"` | the pause before the next attempt, instead of the retry policy's |
/// | variant, type | `name = ".."` | its name in failures, by default that in Rust |
/// | type | `crate = path` | where the `durably` crate is found |
///
/// # In a failure
/// The type of the failure is the name of the type, its message the text of the error. The first detail
/// is the name of the variant; a struct has none. Fields without names are one detail each, encoded as
/// arguments are; fields with names are one detail together, an object. In Python, `PayError::Declined`
/// is `ApplicationError(message, "Declined", {"reason": ".."}, type="PayError")`.
///
/// The field with `#[from]`, `#[source]` or the name `source` is the cause of the failure and not among
/// the details. It is made again if its type has the derive too, or is an error of durably's
/// (`ActivityError`, `Cancelled`, ..). Of an error with another source, `failed` returns `None`.
/// A variant with `#[error(transparent)]` that has no option of its own is retried as what it wraps, if
/// that is an `AppError` or has the derive.
///
/// `failed` returns `None` for a variant that the reader does not have yet, and for fields that it
/// cannot decode; type, message and details are still there, in `app()`. A field with a name can be added
/// with `#[serde(default)]` or as an `Option`, also as the first field of a variant or struct. serde's
/// attributes that rename work on fields; a variant or type is renamed by `#[failure(name = "..")]`.
///
/// A type cannot have the name of a failure that durably itself reports, such as `Error` or `Panic`: it needs
/// a `name`.
///
/// # Where the type is kept
/// In what a workflow, a handler, a validator or an activity returns as `Result<_, PayError>`, and in the
/// `#[from]` and `#[source]` fields of other types with the derive. A function that returns
/// `durably::Result` converts with `.map_err(Error::from_typed)`: `?` alone takes any error, and keeps
/// the name of its type in Rust and of its variant, but neither a declared name nor fields nor retry
/// behaviour. The same holds for `AppError::caused_by` and `AsyncActivityHandle::fail`, which have
/// `caused_by_typed` and `fail_typed` for such errors.
#[proc_macro_derive(Failure, attributes(failure, serde, from, source))]
pub fn failure(item: TokenStream) -> TokenStream {
    entry::run_derive(item)
}

/// Runs an `async fn main` on a multi-threaded tokio runtime. Option: `crate = path`.
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::run(entry::main, options, item)
}

/// Marks the body of a workflow: `async fn(&mut self, [ctx: &Ctx,] args..) -> T` or `Result<T, E>`.
///
/// `Err` fails the workflow; a panic fails the workflow task, which is tried again.
#[proc_macro_attribute]
pub fn run(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::run(entry::stray_run, options, item)
}

/// Marks the constructor of a workflow's state: `fn([view: &View,] args..) -> Self`.
///
/// It takes the workflow's arguments, as `#[run]` does; one of the two may take none.
///
/// ```
/// use durably::prelude::*;
///
/// struct Account {
///     owner: String,
///     balance: u64,
/// }
///
/// #[workflow]
/// impl Account {
///     #[init]
///     fn new(view: &View, owner: String) -> Self {
///         Self { owner: format!("{owner} ({})", view.workflow_id()), balance: 0 }
///     }
///
///     #[run]
///     async fn run(&mut self, ctx: &Ctx) -> Result<String> {
///         ctx.wait_until(|| self.balance > 1_000).await?;
///         Ok(self.owner.clone())
///     }
///
///     #[signal]
///     fn deposit(&mut self, cents: u64) {
///         self.balance += cents;
///     }
/// }
/// ```
#[proc_macro_attribute]
pub fn init(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::run(entry::stray_init, options, item)
}

/// Marks a signal handler: `[async] fn(&mut self, [ctx: &Ctx,] args..)`, or `-> Result<()>`, whose
/// `Err` fails the workflow.
///
/// Options: `name = ".."`; `unfinished = ".."`, the policy of an async handler that runs when the workflow is about
/// to end: `"wait"` (the workflow ends after the handler), `"abandon"` (it ends) or, the default, `"warn"` (it ends,
/// and the worker logs a warning); `dynamic` for one that takes the signals that no other handler is named after, as
/// `name: String, args: Args`.
///
/// ```
/// use durably::prelude::*;
///
/// # #[activity(start_to_close = "10s")]
/// # async fn send_receipt(order: String) {}
/// #[derive(Default)]
/// struct Till {
///     closed: bool,
/// }
///
/// #[workflow]
/// impl Till {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx) -> Result<()> {
///         ctx.wait_until(|| self.closed).await?;
///         Ok(())
///     }
///
///     /// Every receipt is sent, also those that are on their way when the till closes.
///     #[signal(unfinished = "wait")]
///     async fn paid(&mut self, ctx: &Ctx, order: String) -> Result<()> {
///         Ok(send_receipt::call(ctx, order).await?)
///     }
///
///     #[signal]
///     fn close(&mut self) {
///         self.closed = true;
///     }
/// }
/// ```
#[proc_macro_attribute]
pub fn signal(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::run(entry::stray_signal, options, item)
}

/// Marks a query: `fn(&self, [view: &View,] args..) -> T` or `Result<T, E>`.
///
/// Options: `name = ".."`, and `dynamic` for one that answers the queries that no other handler is named after: it
/// takes `name: String, args: Args`.
#[proc_macro_attribute]
pub fn query(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::run(entry::stray_query, options, item)
}

/// Marks an update handler: `[async] fn(&mut self, [ctx: &Ctx,] args..) -> T` or `Result<T, E>`.
///
/// Options: `name = ".."`; `validator = method`, a plain
/// `fn(&self, [view: &View,] args by reference..) -> Result<(), impl Display>` whose `Err` rejects
/// the update before anything is recorded; `unfinished = ".."` as for [`signal`](macro@signal); `dynamic` for one
/// that takes the updates that no other handler is named after, as `name: String, args: Args`.
///
/// ```
/// use durably::prelude::*;
///
/// #[derive(Default)]
/// struct Account {
///     balance: u64,
/// }
///
/// #[workflow]
/// impl Account {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx) -> Result<()> {
///         Ok(ctx.sleep(days(365)).await?)
///     }
///
///     #[update(validator = is_covered)]
///     fn withdraw(&mut self, cents: u64) -> u64 {
///         self.balance -= cents;
///         self.balance
///     }
///
///     fn is_covered(&self, cents: &u64) -> Result<(), String> {
///         match *cents <= self.balance {
///             true => Ok(()),
///             false => Err(format!("only {} cents are left", self.balance)),
///         }
///     }
/// }
/// ```
#[proc_macro_attribute]
pub fn update(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::run(entry::stray_update, options, item)
}

/// Lets a function, a statement or a field do what `#[workflow]` refuses as nondeterministic, and
/// says why that cannot influence commands: `#[allow_nondeterminism(reason = "only a metric")]`.
///
/// ```
/// use durably::prelude::*;
///
/// #[derive(Default)]
/// struct Report;
///
/// #[workflow]
/// impl Report {
///     #[run]
///     async fn run(&mut self) -> u64 {
///         #[allow_nondeterminism(reason = "only printed")]
///         let began = std::time::Instant::now();
///         let sum = (1..=1_000).sum();
///         #[allow_nondeterminism(reason = "only printed")]
///         println!("took {:?}", began.elapsed());
///         sum
///     }
/// }
/// ```
#[proc_macro_attribute]
pub fn allow_nondeterminism(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::run(entry::allow_nondeterminism, options, item)
}
