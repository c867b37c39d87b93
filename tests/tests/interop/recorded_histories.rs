//! Histories in files: recorded by the CLI, the Python SDK and durably on both servers, and replayed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use durably::{
    client::History,
    prelude::*,
    replay::{self, CheckError, ReplayError, Replayed},
};
use durably_tests::{
    World, eventually, on_both_servers,
    process::{output, tool},
    unique,
};

use super::payloads::python_output;

#[activity(start_to_close = "10s")]
async fn weigh(grams: u64) -> u64 {
    grams + 1
}

/// The workflow of `interop/recorded_histories.py`.
#[derive(Default)]
struct Parcel {
    labels: Vec<String>,
}

#[workflow]
impl Parcel {
    #[run]
    async fn run(&mut self, ctx: &Ctx, grams: u64) -> Result<String> {
        let weight = weigh::call(ctx, grams).await?;
        ctx.wait_until(|| self.labels.len() == 2).await?;
        Ok(format!("{weight} {}", self.labels.join(" ")))
    }

    #[signal]
    fn label(&mut self, text: String) {
        self.labels.push(text);
    }

    #[query]
    fn labels(&self) -> Vec<String> {
        self.labels.clone()
    }
}

/// The same after a change: the parcel rests before it is weighed.
#[derive(Default)]
struct Rested {
    labels: Vec<String>,
}

/// The line of the sleep.
const CHANGED: u32 = line!() + 6;

#[workflow(name = "Parcel")]
impl Rested {
    #[run]
    async fn run(&mut self, ctx: &Ctx, grams: u64) -> Result<String> {
        ctx.sleep(secs(1)).await?;
        let weight = weigh::call(ctx, grams).await?;
        ctx.wait_until(|| self.labels.len() == 2).await?;
        Ok(format!("{weight} {}", self.labels.join(" ")))
    }

    #[signal]
    fn label(&mut self, text: String) {
        self.labels.push(text);
    }
}

/// The same after a change that is guarded.
#[derive(Default)]
struct Guarded {
    labels: Vec<String>,
}

const REST: Patch = Patch::new("rest before weighing");

#[workflow(name = "Parcel")]
impl Guarded {
    #[run]
    async fn run(&mut self, ctx: &Ctx, grams: u64) -> Result<String> {
        if ctx.patched(REST) {
            ctx.sleep(secs(1)).await?;
        }
        let weight = weigh::call(ctx, grams).await?;
        ctx.wait_until(|| self.labels.len() == 2).await?;
        Ok(format!("{weight} {}", self.labels.join(" ")))
    }

    #[signal]
    fn label(&mut self, text: String) {
        self.labels.push(text);
    }
}

/// Another workflow on the same queue.
#[derive(Default)]
struct Letter;

#[workflow]
impl Letter {
    #[run]
    async fn run(&mut self, text: String) -> String {
        text
    }
}

/// A folder that is removed at the end of its test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let folder = std::env::temp_dir().join(unique("histories"));
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A worker of all workflows here.
async fn worker(world: &World) -> Result<durably::worker::WorkerGuard> {
    world
        .worker()
        .workflow::<Parcel>()
        .workflow::<Letter>()
        .activity::<weigh>()
        .spawn()
        .await
}

/// A parcel that has come to its end.
async fn sent(world: &World) -> Result<Handle<Parcel>> {
    let parcel = Parcel::start(&world.client, 41)
        .id(unique("parcel"))
        .task_queue(&world.queue)
        .await?;
    // Answered by its first task: what follows is later than that.
    parcel.labels().await?;
    parcel.label("fragile").await?;
    parcel.label("this side up").await?;
    assert_eq!(parcel.result().await?, "42 fragile this side up");
    Ok(parcel)
}

/// Writes what `temporal workflow show -o json` prints.
async fn show(world: &World, id: &str, file: &Path) -> Result<bool> {
    let Some(cli) = tool("DURABLY_TEMPORAL_CLI", "histories of the CLI") else {
        return Ok(false);
    };
    let mut command = Command::new(cli);
    command
        .args(["workflow", "show", "--output", "json", "--workflow-id", id])
        .args(["--address", &world.address()]);
    fs::write(file, output(command).await)?;
    Ok(true)
}

const PROGRAM: &str = "recorded_histories.py";

async fn histories_of_every_tool_are_the_same_and_replay(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let parcel = sent(world).await?;
    worker.shutdown().await?;
    let history = parcel.history().await?;
    let folder = Folder::new()?;
    fs::write(folder.file("ours.json"), history.to_json())?;
    fs::write(folder.file("ours.binpb"), history.to_protobuf())?;
    let mut files = 2;
    if show(world, parcel.id(), &folder.file("cli.json")).await? {
        files += 1;
    }
    let path = folder.0.to_str().expect("the path is text");
    let arguments = ["write", parcel.id(), path];
    if python_output(PROGRAM, world, &arguments).await?.is_some() {
        files += 2;
    }
    let raw = history.into_raw();
    for file in fs::read_dir(&folder.0)? {
        let file = file?.path();
        let read = History::from_file(&file)?.into_raw();
        assert_eq!(read, raw, "{}", file.display());
    }
    let summary = replay::folder(&folder.0).workflow::<Parcel>().check()?;
    assert_eq!(summary.histories, files);
    assert_eq!(summary.events, files * raw.events.len());
    Ok(())
}

async fn python_and_we_replay_the_files_of_each_other(world: &World) -> Result<()> {
    let folder = Folder::new()?;
    let path = folder.0.to_str().expect("the path is text");
    let id = unique("parcel");
    let Some(result) = python_output(PROGRAM, world, &["run", &id, path]).await? else {
        return Ok(());
    };
    assert_eq!(result, "42 fragile this side up");
    let summary = replay::folder(&folder.0).workflow::<Parcel>().check()?;
    assert_eq!(summary.workflows, BTreeMap::from([("Parcel".into(), 2)]));

    let worker = worker(world).await?;
    let parcel = sent(world).await?;
    worker.shutdown().await?;
    let history = parcel.history().await?;
    let (json, protobuf) = (folder.file("ours.json"), folder.file("ours.binpb"));
    fs::write(&json, history.to_json())?;
    fs::write(&protobuf, history.to_protobuf())?;
    let files = [&json, &protobuf].map(|file| file.to_str().expect("the path is text"));
    let arguments = ["replay", parcel.id(), files[0], files[1]];
    let replayed = python_output(PROGRAM, world, &arguments).await?;
    let events = history.len();
    assert_eq!(replayed, Some(format!("{events}\n{events}")));
    Ok(())
}

async fn a_change_is_reported_with_its_line_unless_it_is_guarded(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let (first, second) = (sent(world).await?, sent(world).await?);
    worker.shutdown().await?;
    let folder = Folder::new()?;
    for (name, parcel) in [("first.json", &first), ("second.json", &second)] {
        fs::write(folder.file(name), parcel.history().await?.to_json())?;
    }
    let error = replay::folder(&folder.0).workflow::<Rested>().check();
    let error = error.expect_err("the code takes another path");
    let mut report = error.to_string();
    for (parcel, name) in [(&first, "one"), (&second, "two")] {
        let run = parcel.run_id().expect("a started handle knows its run");
        report = report.replace(parcel.id(), name).replace(run, name);
    }
    report = report.replace(path_of(&folder.0), "histories");
    let report = report.split("\n\n  The code took a different path").next();
    let file = file!();
    assert_eq!(
        report.unwrap_or_default(),
        format!(
            "2 histories do not replay, 0 do

`histories/first.json`, workflow `one`, run `one`
replay mismatch in `Parcel` at event 5
  recorded:  start activity `weigh`
  this run:  start timer (1s), at {file}:{CHANGED}:13
        3  WorkflowTaskStarted
        4  WorkflowTaskCompleted
  >     5  ActivityTaskScheduled
        6  {}
        7  {}
  the same in `histories/second.json`, workflow `two`, run `two` at event 5",
            name_of(&first.history().await?, 6),
            name_of(&first.history().await?, 7),
        )
    );
    replay::folder(&folder.0).workflow::<Guarded>().check()?;
    Ok(())
}

fn path_of(folder: &Path) -> &str {
    folder.to_str().expect("the path is text")
}

/// What follows the activity depends on when the signals came.
fn name_of(history: &History, event: i64) -> String {
    let event = history.events().iter().find(|it| it.id() == event);
    event.expect("the history is that long").name()
}

async fn histories_of_a_list_replay_open_and_closed(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let (closed, other) = (sent(world).await?, sent(world).await?);
    let open = Parcel::start(&world.client, 1)
        .id(unique("parcel"))
        .task_queue(&world.queue)
        .await?;
    open.label("heavy").await?;
    eventually("the label", || async {
        open.labels().await.ok().filter(|it| it.len() == 1)
    })
    .await;
    let letter = Letter::start(&world.client, "Dear Bob")
        .id(unique("letter"))
        .task_queue(&world.queue)
        .await?;
    letter.result().await?;
    let of_queue = format!("TaskQueue = '{}'", world.queue);
    let parcels = format!("{of_queue} AND WorkflowType = 'Parcel'");
    // The real server lists late.
    eventually("the list", || async {
        let count = world.client.count(&of_queue).await.ok()?;
        (count == 4).then_some(())
    })
    .await;

    let mut ids = Vec::new();
    let mut histories = world.client.histories(&parcels);
    while let Some(history) = histories.next().await? {
        assert_eq!(history.workflow_type(), "Parcel");
        ids.push(history.workflow_id().to_owned());
    }
    let mut expected = [closed.id(), other.id(), open.id()].map(ToOwned::to_owned);
    expected.sort();
    ids.sort();
    assert_eq!(ids, expected);

    let all = || replay::client(&world.client, &parcels);
    let summary = all().workflow::<Parcel>().check().await?;
    assert_eq!(summary.workflows, BTreeMap::from([("Parcel".into(), 3)]));
    let summary = all().limit(2).workflow::<Parcel>().check().await?;
    assert_eq!(summary.histories, 2);
    let replayed = all().workflow::<Rested>().replay_all().await?;
    let is_mismatch = |it: &Replayed| matches!(it.result, Err(ReplayError::Mismatch(_)));
    assert_eq!(replayed.len(), 3);
    assert!(replayed.iter().all(is_mismatch), "{replayed:?}");

    let all = || replay::client(&world.client, &of_queue).workflow::<Parcel>();
    let summary = all().skip_unregistered().check().await?;
    assert_eq!(summary.skipped, BTreeMap::from([("Letter".into(), 1)]));
    let Err(CheckError::Failed {
        failures, summary, ..
    }) = all().check().await
    else {
        panic!("letters are not registered");
    };
    assert_eq!((failures.len(), summary.histories), (1, 3));
    assert_eq!(failures[0].workflow_id, letter.id());

    let nobody = format!("{of_queue} AND WorkflowType = 'Nobody'");
    let none = replay::client(&world.client, nobody).workflow::<Parcel>();
    let error = none.check().await.expect_err("there are none");
    assert!(matches!(error, CheckError::NoHistories { .. }), "{error}");
    let invalid = replay::client(&world.client, "Nonsense >").workflow::<Parcel>();
    let error = invalid.check().await.expect_err("the filter is invalid");
    assert!(matches!(error, CheckError::Client(_)), "{error}");
    open.terminate("enough").await?;
    worker.shutdown().await
}

on_both_servers! {
    histories_of_every_tool_are_the_same_and_replay
    python_and_we_replay_the_files_of_each_other
    a_change_is_reported_with_its_line_unless_it_is_guarded
    histories_of_a_list_replay_open_and_closed
}
