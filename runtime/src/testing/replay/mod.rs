//! Replays recorded histories against the code of today: the test that a change is safe for runs that are
//! under way.
//!
//! ```no_run
//! # use durably::prelude::*;
//! # #[derive(Default)] struct Order;
//! # #[workflow] impl Order { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
//! #[test]
//! # fn hidden() {}
//! fn recorded_orders_replay() -> Result<()> {
//!     durably::replay::folder("tests/histories").workflow::<Order>().check()?;
//!     Ok(())
//! }
//! # fn main() {}
//! ```
//!
//! The files are what `temporal workflow show -o json`, the Temporal UI, another SDK or
//! [`History::to_json`] wrote, or protobuf. No server is needed, and no activity: their results are in the
//! history. Queries are not run.

mod check;
mod error;
mod files;
mod history;
mod replayer;
mod report;

#[cfg(test)]
mod tests;

use std::path::Path;

pub use durably_engine::{CommandSummary, Difference, Ending, EventId, Mismatch};

use self::check::Source;
pub use self::{
    check::{OnServer, Recorded, Replay},
    error::ReplayError,
    replayer::Replayer,
    report::{CheckError, Replayed, Summary},
};
use crate::{
    client::{Client, History},
    data::search::Filter,
};

/// Replays the histories in a folder and the folders in it: one a file, as JSON or protobuf. The content of a file
/// decides which, not its name; names that begin with a dot are left out, as are links to folders. A path that is not
/// absolute begins at the working directory, which is the package's in `cargo test`.
///
/// ```no_run
/// # use durably::prelude::*;
/// # #[derive(Default)] struct Order;
/// # #[workflow] impl Order { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
/// # #[derive(Default)] struct Refund;
/// # #[workflow] impl Refund { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
/// # fn example() -> Result<()> {
/// let summary = durably::replay::folder("tests/histories")
///     .workflow::<Order>()
///     .workflow::<Refund>()
///     .check()?;
/// println!("{summary}");
/// # Ok(())
/// # }
/// ```
pub fn folder(path: impl AsRef<Path>) -> Replay<Recorded> {
    Replay::recorded(Source::Folder(path.as_ref().to_owned()))
}

/// Replays the history in one file, as [`folder`] does.
///
/// ```no_run
/// # use durably::prelude::*;
/// # #[derive(Default)] struct Order;
/// # #[workflow] impl Order { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
/// # fn example() -> Result<()> {
/// durably::replay::file("tests/histories/order.json").workflow::<Order>().check()?;
/// # Ok(())
/// # }
/// ```
pub fn file(path: impl AsRef<Path>) -> Replay<Recorded> {
    Replay::recorded(Source::File(path.as_ref().to_owned()))
}

/// Replays these histories: those of handles, for example.
///
/// ```no_run
/// # use durably::prelude::*;
/// # #[derive(Default)] struct Order;
/// # #[workflow] impl Order { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
/// # async fn example(handle: Handle<Order>) -> Result<()> {
/// durably::replay::histories([handle.history().await?]).workflow::<Order>().check()?;
/// # Ok(())
/// # }
/// ```
pub fn histories(histories: impl IntoIterator<Item = History>) -> Replay<Recorded> {
    Replay::recorded(Source::Histories(histories.into_iter().collect()))
}

/// Replays the histories of the workflows on a server that match a
/// [list filter](https://docs.temporal.io/list-filter), newest first. Values are in the format of the
/// client, whose codecs decode them.
///
/// ```no_run
/// # use durably::prelude::*;
/// # #[derive(Default)] struct Order;
/// # #[workflow] impl Order { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
/// # async fn example(client: Client) -> Result<()> {
/// let open = "WorkflowType = 'Order' AND ExecutionStatus = 'Running'";
/// let summary = durably::replay::client(&client, open)
///     .limit(1000)
///     .workflow::<Order>()
///     .check()
///     .await?;
/// println!("{summary}");
/// # Ok(())
/// # }
/// ```
pub fn client(client: &Client, filter: impl Into<Filter>) -> Replay<OnServer> {
    Replay::on_server(client, filter.into())
}
