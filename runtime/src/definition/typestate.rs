//! What is known of a call when it compiles: whether it has a timeout, whether it has a task queue.

/// No timeout chosen yet.
///
/// ```
/// use durably::{prelude::*, workflow::{ActivityCall, NoTimeout, TimeoutSet}};
///
/// #[activity]
/// async fn render(film: String) {}
///
/// fn in_a_minute(call: ActivityCall<render, NoTimeout>) -> ActivityCall<render, TimeoutSet> {
///     call.start_to_close(mins(1))
/// }
/// ```
pub struct NoTimeout;
/// `start_to_close` or `schedule_to_close` is known.
///
/// ```
/// use durably::{prelude::*, workflow::{ActivityCall, TimeoutSet}};
///
/// #[activity(start_to_close = "1m")]
/// async fn render(film: String) {}
///
/// fn trailer(ctx: &Ctx) -> ActivityCall<render, TimeoutSet> {
///     render::call(ctx, "trailer")
/// }
/// ```
pub struct TimeoutSet;
/// Whether an activity call has a timeout.
///
/// ```
/// use durably::{activity::Activity, error::ActivityError, prelude::*};
/// use durably::workflow::{ActivityCall, HasTimeout};
///
/// /// Awaits a call of any activity, which is tried at most twice.
/// async fn twice<A: Activity, T: HasTimeout>(
///     call: ActivityCall<A, T>,
/// ) -> Result<A::Output, ActivityError> {
///     call.retry(Retry::attempts(2)).await
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "this activity call has no timeout: Temporal needs `start_to_close` or `schedule_to_close`",
    label = "add `.start_to_close(secs(10))` to the call",
    note = "or declare it once where the activity is defined: `#[activity(start_to_close = \"10s\")]`"
)]
pub trait HasTimeout {}
#[diagnostic::do_not_recommend]
impl HasTimeout for TimeoutSet {}

/// No task queue chosen yet.
///
/// ```
/// use durably::client::{DynStart, NoQueue, QueueSet, StartCall, Untyped};
///
/// fn on_greetings(start: StartCall<Untyped, NoQueue>) -> StartCall<Untyped, QueueSet> {
///     start.task_queue("greetings")
/// }
///
/// fn of_client(start: DynStart) -> StartCall<Untyped, QueueSet> {
///     on_greetings(start)
/// }
/// ```
pub struct NoQueue;
/// The task queue is known.
///
/// ```
/// use durably::{client::{QueueSet, StartCall}, prelude::*};
///
/// # #[derive(Default)]
/// # struct Greeting;
/// # #[workflow(task_queue = "greetings")]
/// # impl Greeting {
/// #     #[run]
/// #     async fn run(&mut self, greeting: String) -> String {
/// #         greeting
/// #     }
/// # }
///
/// fn hello(client: &Client) -> StartCall<Greeting, QueueSet> {
///     Greeting::start(client, "Hello").task_queue("greetings")
/// }
/// ```
pub struct QueueSet;
/// Whether a workflow start has a task queue.
///
/// ```
/// use durably::{client::{DynHandle, HasQueue, StartCall, Untyped}, prelude::*};
///
/// async fn once<Q: HasQueue>(start: StartCall<Untyped, Q>, id: &str) -> Result<DynHandle> {
///     Ok(start.id(id).await?)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "no task queue chosen for this workflow start",
    label = "add `.task_queue(\"..\")` to the call, before the `.await`",
    note = "or declare it once on the workflow: `#[workflow(task_queue = \"..\")]`; the `.await` stays either way"
)]
pub trait HasQueue {}
#[diagnostic::do_not_recommend]
impl HasQueue for QueueSet {}
