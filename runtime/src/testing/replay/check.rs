//! Replays many histories: from files, from memory, from a server.

use std::{
    fmt,
    panic::resume_unwind,
    path::{Path, PathBuf},
    thread,
};

use futures::channel::oneshot;

use super::{
    CheckError, ReplayError, Replayed, Replayer, Summary,
    files::{Unreadable, files},
    history,
    report::Checked,
};
use crate::{
    client::{Client, History, List},
    codec::Codecs,
    data::{Converter, Format, Text, search::Filter},
    definition::Workflow,
    error::HandleError,
};

/// Histories to replay, and the workflow types whose code replays them. [`folder`](super::folder),
/// [`file`](super::file), [`histories`](super::histories) and [`client`](super::client) make one.
///
/// ```no_run
/// # use durably::prelude::*;
/// # #[derive(Default)] struct Order;
/// # #[workflow] impl Order { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
/// # #[derive(Default)] struct Refund;
/// # #[workflow] impl Refund { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
/// use durably::replay::{self, OnServer, Recorded, Replay};
///
/// fn shop<S>(histories: Replay<S>) -> Replay<S> {
///     histories.workflow::<Order>().workflow::<Refund>().skip_unregistered()
/// }
///
/// # async fn example(client: Client) -> Result<()> {
/// let files: Replay<Recorded> = replay::folder("tests/histories");
/// println!("{}", shop(files).check()?);
/// let open: Replay<OnServer> = replay::client(&client, "ExecutionStatus = 'Running'");
/// println!("{}", shop(open).check().await?);
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is replayed until `check` or `replay_all` is called"]
pub struct Replay<S = Recorded> {
    source: S,
    replayer: Replayer,
    skips_unregistered: bool,
}

/// The source of a [`Replay`] that needs no server: files, or histories in memory.
///
/// ```no_run
/// use durably::replay::{self, Recorded, Replay};
///
/// let files: Replay<Recorded> = replay::folder("tests/histories");
/// # drop(files);
/// ```
#[derive(Debug)]
pub struct Recorded(Source);

#[derive(Debug)]
pub(super) enum Source {
    Folder(PathBuf),
    File(PathBuf),
    Histories(Vec<History>),
}

/// The source of a [`Replay`] that a client fetches.
///
/// ```no_run
/// # use durably::Client;
/// use durably::replay::{self, OnServer, Replay};
///
/// # fn example(client: Client) {
/// let open: Replay<OnServer> = replay::client(&client, "ExecutionStatus = 'Running'");
/// # drop(open);
/// # }
/// ```
#[derive(Debug)]
pub struct OnServer {
    histories: List<History, HandleError>,
    /// For errors.
    filter: String,
}

impl<S> Replay<S> {
    /// Adds a workflow type, whose code replays the histories of that type. A dynamic one replays those of all types
    /// that are not added.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # #[derive(Default)] struct Order;
    /// # #[workflow] impl Order { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
    /// let orders = durably::replay::folder("tests/histories").workflow::<Order>();
    /// # drop(orders);
    /// ```
    pub fn workflow<W: Workflow>(mut self) -> Self /* by its type: `.workflow::<Order>()` */ {
        self.replayer = self.replayer.workflow::<W>();
        self
    }

    /// Reads values in this format in addition to JSON, as the workers of the workflows did.
    ///
    /// ```no_run
    /// # use durably::{data::Format, replay::Replay};
    /// # fn example(message_pack: impl Format) -> Replay {
    /// durably::replay::folder("tests/histories").format(message_pack)
    /// # }
    /// ```
    pub fn format(mut self, format: impl Format) -> Self {
        self.replayer = self.replayer.format(format);
        self
    }

    /// The namespace that workflow code reads in `ctx.namespace()`: `default` if not set, or the client's.
    ///
    /// ```no_run
    /// let orders = durably::replay::folder("tests/histories").namespace("orders");
    /// # drop(orders);
    /// ```
    pub fn namespace(mut self, namespace: impl Text) -> Self {
        self.replayer = self.replayer.namespace(namespace);
        self
    }

    /// Leaves out histories of workflow types that are not added, which are errors otherwise. The summary counts them.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # #[derive(Default)] struct Order;
    /// # #[workflow] impl Order { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
    /// # fn example() -> Result<()> {
    /// let orders = durably::replay::folder("histories").workflow::<Order>().skip_unregistered();
    /// println!("{:?}", orders.check()?.skipped);
    /// # Ok(())
    /// # }
    /// ```
    pub fn skip_unregistered(mut self) -> Self {
        self.skips_unregistered = true;
        self
    }
}

impl Replay<Recorded> {
    pub(super) fn recorded(source: Source) -> Self {
        Self {
            source: Recorded(source),
            replayer: Replayer::new(),
            skips_unregistered: false,
        }
    }

    /// Decodes the payloads of the histories with these codecs, as the workers of the workflows did; those of a
    /// [client](super::client) come decoded.
    ///
    /// ```no_run
    /// # use durably::{codec::{Codecs, PayloadCodec}, replay::Replay};
    /// # fn example(encryption: impl PayloadCodec) -> Replay {
    /// durably::replay::folder("tests/histories").codecs(Codecs::new().codec(encryption))
    /// # }
    /// ```
    pub fn codecs(mut self, codecs: Codecs) -> Self {
        self.replayer = self.replayer.codecs(codecs);
        self
    }

    /// Replays all histories.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # #[derive(Default)] struct Order;
    /// # #[workflow] impl Order { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
    /// # fn example() -> Result<()> {
    /// let summary = durably::replay::folder("tests/histories").workflow::<Order>().check()?;
    /// println!("{} histories, {} events", summary.histories, summary.events);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CheckError::Failed`], with a report of each history that does not replay or cannot be read;
    /// [`CheckError::NoHistories`] if there is none.
    pub fn check(self) -> Result<Summary, CheckError> {
        let place = match &self.source.0 {
            Source::Folder(path) | Source::File(path) => format!("`{}`", path.display()),
            Source::Histories(_) => "the list".to_owned(),
        };
        let skips_unregistered = self.skips_unregistered;
        let mut checked = Checked::new(skips_unregistered);
        for replayed in self.replay_all() {
            checked.add(replayed);
        }
        checked.finish(place)
    }

    /// Replays all histories, and returns what came of each, in the order of their paths. A file that cannot be read is
    /// one of them.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # #[derive(Default)] struct Order;
    /// # #[workflow] impl Order { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
    /// # fn example() {
    /// for replayed in durably::replay::folder("histories").workflow::<Order>().replay_all() {
    ///     println!("{}: {} events, {:?}", replayed.workflow_id, replayed.events, replayed.result);
    /// }
    /// # }
    /// ```
    pub fn replay_all(self) -> Vec<Replayed> {
        let Self {
            source, replayer, ..
        } = self;
        // As on a worker, workflow code runs outside of the caller's runtime.
        let replaying = thread::spawn(move || match source.0 {
            Source::Folder(path) => files(&path)
                .into_iter()
                .map(|file| match file {
                    Ok(path) => replay_file(&replayer, &path),
                    Err(Unreadable { path, reason }) => unreadable(&path, reason),
                })
                .collect(),
            Source::File(path) => vec![replay_file(&replayer, &path)],
            Source::Histories(histories) => {
                let replayed = histories
                    .into_iter()
                    .map(|it| Replayed::of(&replayer, None, it));
                replayed.collect()
            }
        });
        replaying
            .join()
            .unwrap_or_else(|panic| resume_unwind(panic))
    }
}

fn replay_file(replayer: &Replayer, path: &Path) -> Replayed {
    match history::read(path) {
        Ok(history) => Replayed::of(replayer, Some(path.to_owned()), history),
        Err(reason) => unreadable(path, reason),
    }
}

fn unreadable(path: &Path, reason: String) -> Replayed {
    Replayed::unread(path.to_owned(), ReplayError::Unreadable { reason })
}

impl Replay<OnServer> {
    pub(super) fn on_server(client: &Client, filter: Filter) -> Self {
        let converter: Converter = client.converter().clone();
        Self {
            replayer: Replayer::of_worker(client.namespace().to_owned(), converter),
            source: OnServer {
                filter: filter.to_string(),
                histories: client.histories(filter),
            },
            skips_unregistered: false,
        }
    }

    /// At most this many histories, in the order of lists: of the workflows that run, those started last first, then of
    /// those that closed last.
    ///
    /// ```no_run
    /// # use durably::Client;
    /// # fn example(client: Client) {
    /// let recent = durably::replay::client(&client, "WorkflowType = 'Order'").limit(100);
    /// # drop(recent);
    /// # }
    /// ```
    pub fn limit(mut self, limit: usize) -> Self {
        self.source.histories = self.source.histories.limit(limit);
        self
    }

    /// Fetches and replays all histories.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # #[derive(Default)] struct Order;
    /// # #[workflow] impl Order { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
    /// # async fn example(client: Client) -> Result<()> {
    /// let orders = durably::replay::client(&client, "WorkflowType = 'Order'").workflow::<Order>();
    /// println!("{}", orders.check().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CheckError::Failed`], with a report of each history that does not replay; [`CheckError::NoHistories`] if
    /// there is none; [`CheckError::Client`] if some cannot be fetched and all before them replay.
    pub async fn check(self) -> Result<Summary, CheckError> {
        let mut checked = Checked::new(self.skips_unregistered);
        let filter = match self.source.filter.as_str() {
            "" => "the namespace".to_owned(),
            filter => format!("the list of `{filter}`"),
        };
        match self.replay_each(|replayed| checked.add(replayed)).await {
            Ok(()) => checked.finish(filter),
            Err(error) => Err(checked.cut_short(error)),
        }
    }

    /// Fetches and replays all histories, and returns what came of each.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # #[derive(Default)] struct Order;
    /// # #[workflow] impl Order { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
    /// # async fn example(client: Client) -> Result<()> {
    /// let orders = durably::replay::client(&client, "WorkflowType = 'Order'").workflow::<Order>();
    /// let replayed = orders.replay_all().await?;
    /// println!("{} replay", replayed.iter().filter(|it| it.result.is_ok()).count());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Some histories cannot be fetched; [`check`](Self::check) reports those before them all the same.
    pub async fn replay_all(self) -> Result<Vec<Replayed>, HandleError> {
        let mut all = Vec::new();
        self.replay_each(|replayed| all.push(replayed)).await?;
        Ok(all)
    }

    async fn replay_each(self, mut take: impl FnMut(Replayed)) -> Result<(), HandleError> {
        let mut histories = self.source.histories;
        while let Some(history) = histories.next().await? {
            let (sender, replayed) = oneshot::channel();
            let replayer = self.replayer.clone();
            // As on a worker, workflow code runs outside of the caller's runtime.
            let replaying = thread::spawn(move || {
                // The caller may have dropped the call.
                drop(sender.send(Replayed::of(&replayer, None, history)));
            });
            match replayed.await {
                Ok(replayed) => take(replayed),
                Err(oneshot::Canceled) => resume_unwind(
                    replaying
                        .join()
                        .expect_err("a thread that sends nothing has panicked"),
                ),
            }
        }
        Ok(())
    }
}

impl<S: fmt::Debug> fmt::Debug for Replay<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay")
            .field("source", &self.source)
            .field("replayer", &self.replayer)
            .field("skips_unregistered", &self.skips_unregistered)
            .finish()
    }
}
