//! Checks of recorded histories, and what they report.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
};

use super::*;
use crate::{Args, client::tests::fake, prelude::*, texts::Texts};

#[activity(start_to_close = "10s")]
async fn inc(n: u32) -> u32 {
    n + 1
}

/// What `python_activities.json` is a history of.
#[derive(Default)]
struct Loop;

#[workflow]
impl Loop {
    #[run]
    async fn run(&mut self, ctx: &Ctx, n: u32) -> Result<u32> {
        let mut x = 0;
        for _ in 0..n {
            x = inc::call(ctx, x).await?;
        }
        Ok(x)
    }
}

/// What `python_signals.json` is a history of.
#[derive(Default)]
struct Signals {
    words: Vec<String>,
}

#[workflow]
impl Signals {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        ctx.wait_until(|| self.words.len() == 3).await?;
        Ok(self.words.join(" "))
    }

    #[signal]
    fn word(&mut self, word: String) {
        self.words.push(word);
    }
}

/// The same after a change: it sleeps before it begins.
#[derive(Default)]
struct Sleeps;

#[workflow(name = "Loop")]
impl Sleeps {
    #[run]
    async fn run(&mut self, ctx: &Ctx, n: u32) -> Result<u32> {
        ctx.sleep(secs(1)).await?;
        Ok(n)
    }
}

/// The same after a change: it takes a value from outside before it begins.
#[derive(Default)]
struct Chooses;

#[workflow(name = "Loop")]
impl Chooses {
    #[run]
    async fn run(&mut self, ctx: &Ctx, n: u32) -> Result<u32> {
        let first = ctx.side_effect(|| 0).await?;
        Ok(inc::call(ctx, first + n).await?)
    }
}

/// The same after a change: it goes on where it ended.
#[derive(Default)]
struct GoesOn;

#[workflow(name = "Loop")]
impl GoesOn {
    #[run]
    async fn run(&mut self, ctx: &Ctx, n: u32) -> Result<u32> {
        let mut x = 0;
        loop {
            x = inc::call(ctx, x + n).await?;
        }
    }
}

/// The same after a change: it does nothing.
#[derive(Default)]
struct Waits;

#[workflow(name = "Loop")]
impl Waits {
    #[run]
    async fn run(&mut self, ctx: &Ctx, _n: u32) -> Result<u32> {
        ctx.wait_until(|| false).await?;
        Ok(0)
    }
}

/// The same with a bug.
#[derive(Default)]
struct Panics;

#[workflow(name = "Loop")]
impl Panics {
    #[run]
    async fn run(&mut self, ctx: &Ctx, n: u32) -> Result<u32> {
        let x = inc::call(ctx, n).await?;
        panic!("{x} is too small");
    }
}

/// The same with another argument.
#[derive(Default)]
struct Takes;

#[workflow(name = "Loop")]
impl Takes {
    #[run]
    async fn run(&mut self, _name: String) {}
}

/// Waits for what is not its run's.
#[derive(Default)]
struct Sleeper;

#[workflow(name = "Loop")]
impl Sleeper {
    #[run]
    #[allow_nondeterminism(reason = "it is a mistake")]
    async fn run(&mut self, _n: u32) {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}

/// Every type.
#[derive(Default)]
struct Any;

#[workflow(dynamic)]
impl Any {
    #[run]
    async fn run(&mut self, ctx: &Ctx, args: Args) -> Result<u32> {
        let mut x = 0;
        for _ in 0..args.get::<u32>(0)? {
            x = inc::call(ctx, x).await?;
        }
        Ok(x)
    }
}

fn recorded(name: &str) -> PathBuf {
    let histories = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/histories");
    histories.join(format!("python_{name}.json"))
}

fn history(name: &str) -> History {
    History::from_file(recorded(name)).unwrap()
}

/// A folder that is removed at the end of its test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("durably-replay-{name}-{}", process::id()));
        fs::create_dir_all(folder.join("older")).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), content).unwrap();
    }

    /// A text without the place of this folder.
    fn hidden_in(&self, text: &impl ToString) -> String {
        text.to_string()
            .replace(&*self.0.to_string_lossy(), "histories")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Another run of the same workflow.
fn renamed(history: History, run_id: &str) -> History {
    let mut raw = history.into_raw();
    if let Some(crate::raw::api::history::v1::history_event::Attributes::WorkflowExecutionStartedEventAttributes(started)) =
        &mut raw.events[0].attributes
    {
        started.original_execution_run_id = run_id.to_owned();
    }
    History::from_raw(raw)
}

#[test]
fn a_folder_of_all_kinds_of_files_is_replayed() {
    let folder = Folder::new("kinds");
    folder.write("b.json", history("activities").to_json());
    folder.write("a.history", history("activities").to_protobuf());
    folder.write("older/signals.txt", history("signals").to_json());
    folder.write(".gitkeep", "");
    let summary = super::folder(&folder.0)
        .workflow::<Loop>()
        .workflow::<Signals>()
        .check()
        .unwrap();
    let text = "3 histories with 84 events replayed: 2 of `Loop`, 1 of `Signals`";
    assert_eq!(summary.to_string(), text);
    assert_eq!((summary.histories, summary.events), (3, 84));
    assert_eq!(summary.skipped, Default::default());
}

#[test]
fn results_are_those_of_each_history_in_the_order_of_the_files() {
    let folder = Folder::new("order");
    folder.write("c.json", history("activities").to_json());
    folder.write("b.json", "{");
    folder.write("a.json", history("signals").to_json());
    let replayed = super::folder(&folder.0).workflow::<Loop>().replay_all();
    let found = replayed.iter().map(|it| {
        let file = it.file.as_ref().unwrap().strip_prefix(&folder.0).unwrap();
        (file.to_str().unwrap(), &*it.workflow_type, it.events)
    });
    assert_eq!(
        found.collect::<Vec<_>>(),
        [
            ("a.json", "Signals", 14),
            ("b.json", "", 0),
            ("c.json", "Loop", 35)
        ]
    );
    assert!(
        matches!(&replayed[0].result, Err(ReplayError::UnknownType { found, .. }) if found == "Signals")
    );
    assert!(
        matches!(&replayed[1].result, Err(ReplayError::Unreadable { reason }) if reason.contains("line 1 column"))
    );
    assert_eq!(replayed[2].result, Ok(()));
}

#[test]
fn a_side_effect_that_history_lacks_is_a_mismatch_that_shows_both_sides() {
    let replayed = file(recorded("activities"))
        .workflow::<Chooses>()
        .replay_all();
    let Err(ReplayError::Mismatch(mismatch)) = &replayed[0].result else {
        panic!("{:?}", replayed[0].result);
    };
    let text = mismatch.to_string();
    assert!(text.contains("recorded:  start activity `inc`"), "{text}");
    assert!(text.contains("this run:  record side effect 1"), "{text}");
    assert!(text.contains("replay/tests.rs:"), "{text}");
}

#[test]
fn types_that_are_not_registered_are_left_out_on_request_only() {
    let all = || histories([history("activities"), history("signals")]);
    let Err(CheckError::Failed {
        failures, summary, ..
    }) = all().workflow::<Loop>().check()
    else {
        panic!("the type is unknown");
    };
    assert_eq!((failures.len(), summary.histories), (1, 1));
    assert_eq!(failures[0].workflow_type, "Signals");
    let summary = all()
        .workflow::<Loop>()
        .skip_unregistered()
        .check()
        .unwrap();
    assert_eq!(
        summary.to_string(),
        "1 history with 35 events replayed: 1 of `Loop`; not registered and left out: 1 of `Signals`"
    );
    // Else it would check nothing.
    let none = histories([history("signals")]).workflow::<Loop>();
    assert!(matches!(
        none.skip_unregistered().check(),
        Err(CheckError::Failed { .. })
    ));
}

#[test]
fn a_dynamic_workflow_replays_every_type() {
    let checked = file(recorded("activities")).workflow::<Any>().check();
    assert_eq!(checked.unwrap().workflows["Loop"], 1);
}

#[test]
fn a_check_of_nothing_fails() {
    let folder = Folder::new("nothing");
    folder.write(".gitkeep", "");
    let error = super::folder(&folder.0)
        .workflow::<Loop>()
        .check()
        .unwrap_err();
    assert_eq!(
        folder.hidden_in(&error),
        "there are no histories in `histories`, so nothing was checked"
    );
    let error = histories([]).workflow::<Loop>().check().unwrap_err();
    assert!(matches!(error, CheckError::NoHistories { .. }));
}

#[test]
fn code_of_a_run_is_outside_of_the_callers_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let error = file(recorded("activities")).workflow::<Sleeper>().check();
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("Workflow code runs outside of tokio"),
            "{error}"
        );
    });
}

/// It calls its child by its own run.
#[derive(Default)]
struct Named;

#[workflow]
impl Named {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        let child = ctx
            .child::<()>("Child", ())
            .id(format!("child of {}", ctx.run_id()));
        child.start().await?;
        Ok(())
    }
}

/// The history of a run that a reset has made of `run-1`.
fn after_reset(child: &str) -> History {
    let json = format!(
        r#"[
            {{"eventId": "1", "eventTime": "2026-01-01T00:00:00Z", "eventType": "WorkflowExecutionStarted", "workflowExecutionStartedEventAttributes": {{
                "workflowId": "named", "workflowType": {{"name": "Named"}}, "originalExecutionRunId": "run-1"}}}},
            {{"eventId": "2", "eventTime": "2026-01-01T00:00:00Z", "eventType": "WorkflowTaskScheduled", "workflowTaskScheduledEventAttributes": {{}}}},
            {{"eventId": "3", "eventTime": "2026-01-01T00:00:00Z", "eventType": "WorkflowTaskStarted", "workflowTaskStartedEventAttributes": {{"scheduledEventId": "2"}}}},
            {{"eventId": "4", "eventTime": "2026-01-01T00:00:00Z", "eventType": "WorkflowTaskFailed", "workflowTaskFailedEventAttributes": {{"scheduledEventId": "2", "startedEventId": "3",
                "cause": "WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW", "baseRunId": "run-1", "newRunId": "run-2"}}}},
            {{"eventId": "5", "eventTime": "2026-01-01T00:00:00Z", "eventType": "WorkflowTaskScheduled", "workflowTaskScheduledEventAttributes": {{}}}},
            {{"eventId": "6", "eventTime": "2026-01-01T00:00:00Z", "eventType": "WorkflowTaskStarted", "workflowTaskStartedEventAttributes": {{"scheduledEventId": "5"}}}},
            {{"eventId": "7", "eventTime": "2026-01-01T00:00:00Z", "eventType": "WorkflowTaskCompleted", "workflowTaskCompletedEventAttributes": {{"scheduledEventId": "5", "startedEventId": "6"}}}},
            {{"eventId": "8", "eventTime": "2026-01-01T00:00:00Z", "eventType": "StartChildWorkflowExecutionInitiated", "startChildWorkflowExecutionInitiatedEventAttributes": {{
                "workflowId": "{child}", "workflowType": {{"name": "Child"}}, "workflowTaskCompletedEventId": "7"}}}}
        ]"#
    );
    History::from_json(&json).unwrap()
}

#[test]
fn a_history_after_a_reset_is_replayed_with_the_id_of_the_new_run() {
    let check = |child| histories([after_reset(child)]).workflow::<Named>().check();
    assert_eq!(check("child of run-2").unwrap().histories, 1);
    assert!(matches!(
        check("child of run-1"),
        Err(CheckError::Failed { .. })
    ));
}

/// Takes what is always encrypted.
#[cfg(feature = "encryption")]
#[derive(Default)]
struct Secret;

#[cfg(feature = "encryption")]
#[workflow(name = "Loop")]
impl Secret {
    #[run]
    async fn run(&mut self, ctx: &Ctx, n: crate::data::Encrypted<u32>) -> Result<u32> {
        let mut x = 0;
        for _ in 0..n.into_exposed() {
            x = inc::call(ctx, x).await?;
        }
        Ok(x)
    }
}

#[cfg(feature = "encryption")]
#[tokio::test]
async fn encrypted_histories_replay_with_the_codecs_of_their_workers() {
    use crate::{
        codec::{Codecs, Encryption, Keys},
        transport::message_codecs::MessageCodecs,
        wire::payload_fields::Subject,
    };

    let keys = |id| Encryption::aes256_gcm(Keys::new(id, [7; 32])).only_encrypted();
    let codecs = || Codecs::new().codec(keys("k1"));
    let mut raw = history("activities").into_raw();
    let namespace = "shop".into();
    let encoded = MessageCodecs::new(&codecs());
    let encoded = encoded.encode(&mut raw, &namespace, Subject::workflow("loop"));
    encoded.await.unwrap();
    let encrypted = || histories([History::from_raw(raw.clone())]).namespace("shop");

    // On a thread of a runtime, as well.
    let replayed = encrypted().codecs(codecs()).workflow::<Secret>().check();
    assert_eq!(replayed.unwrap().events, 35);
    let replayer = Replayer::new().codecs(codecs()).namespace("shop");
    let replayer = replayer.workflow::<Loop>();
    assert_eq!(replayer.replay(History::from_raw(raw.clone())), Ok(()));

    let unread = encrypted().workflow::<Secret>().check().unwrap_err();
    let words = "sets them, in a replay by `.codecs(..)`";
    assert!(unread.to_string().contains(words), "{unread}");
    let other = encrypted().codecs(Codecs::new().codec(keys("k2")));
    let undecoded = other.workflow::<Secret>().check().unwrap_err().to_string();
    for part in [
        "codec `Encryption` cannot decode payload `events[0].WorkflowExecutionStarted.input[0]`",
        "it is encrypted with key `k1`, which is not here",
    ] {
        assert!(undecoded.contains(part), "{undecoded}");
    }
}

#[tokio::test]
async fn what_was_replayed_before_a_history_cannot_be_fetched_is_reported() {
    use crate::raw::api::{
        common::v1::{WorkflowExecution, WorkflowType},
        workflow::v1::WorkflowExecutionInfo,
        workflowservice::v1::{
            GetWorkflowExecutionHistoryResponse, ListWorkflowExecutionsResponse,
        },
    };

    let (fake, client) = fake::server().await;
    let page = |token: &str| ListWorkflowExecutionsResponse {
        executions: vec![WorkflowExecutionInfo {
            execution: Some(WorkflowExecution {
                workflow_id: "loop".to_owned(),
                run_id: "run".to_owned(),
            }),
            r#type: Some(WorkflowType {
                name: "Loop".to_owned(),
            }),
            ..Default::default()
        }],
        next_page_token: token.as_bytes().to_vec(),
    };
    let denied = || tonic::Status::permission_denied("no");
    for _ in 0..2 {
        fake.list_workflow_executions.then(Ok(page("more")));
        fake.get_workflow_execution_history
            .then(Ok(GetWorkflowExecutionHistoryResponse {
                history: Some(history("activities").into_raw()),
                ..Default::default()
            }));
        fake.list_workflow_executions.then(Err(denied()));
    }
    let all = || super::client(&client, "");
    let CheckError::Failed {
        failures,
        summary,
        not_fetched: Some(error),
    } = all().workflow::<Sleeps>().check().await.unwrap_err()
    else {
        panic!("it does not replay");
    };
    assert_eq!((failures.len(), summary.histories), (1, 0));
    assert!(error.to_string().contains("no"), "{error}");
    let failed = CheckError::Failed {
        failures,
        summary,
        not_fetched: Some(error),
    };
    let first = failed.to_string();
    let first = first.lines().next().unwrap_or_default();
    let words = "1 history does not replay, 0 do, and others cannot be fetched: ";
    assert!(first.starts_with(words), "{first}");

    let replayed = all().workflow::<Loop>().check().await;
    assert!(
        matches!(replayed, Err(CheckError::Client(_))),
        "{replayed:?}"
    );
}

#[cfg(unix)]
#[test]
fn links_to_files_are_followed_and_those_to_folders_are_not() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new("links");
    folder.write("a.json", history("activities").to_json());
    symlink(&folder.0, folder.0.join("older/loop")).unwrap();
    symlink(folder.0.join("a.json"), folder.0.join("b.json")).unwrap();
    let check = || super::folder(&folder.0).workflow::<Loop>().check();
    assert_eq!(check().unwrap().histories, 2);
    symlink(folder.0.join("missing"), folder.0.join("c.json")).unwrap();
    let error = check().unwrap_err().to_string();
    assert!(error.contains("c.json`"), "{error}");
}

#[test]
fn times_that_only_protobuf_has_do_not_keep_a_history_from_its_json() {
    let mut raw = history("activities").into_raw();
    for event in &mut raw.events {
        event.event_time.get_or_insert_default().seconds = i64::MAX;
    }
    let read = History::from_protobuf(&History::from_raw(raw).to_protobuf()).unwrap();
    let json = read.to_json();
    assert_eq!(json.matches("9999-12-31T23:59:59.999999999Z").count(), 35);
    assert_eq!(History::from_json(&json).unwrap().len(), 35);
}

/// The whole text of each, which a person has read.
#[test]
fn reports_of_checks() {
    let mut texts = Texts::of("checks");
    let folder = Folder::new("reports");
    folder.write("first.json", history("activities").to_json());
    folder.write(
        "second.json",
        renamed(history("activities"), "another-run").to_protobuf(),
    );
    folder.write("signals.json", history("signals").to_json());
    let check = |replay: Replay| folder.hidden_in(&replay.check().unwrap_err());
    let all = || super::folder(&folder.0).workflow::<Signals>();
    let first = || file(folder.0.join("first.json"));
    texts.add(
        "a timer where history has an activity",
        check(all().workflow::<Sleeps>()),
    );
    texts.add(
        "an activity where history ends",
        check(first().workflow::<GoesOn>()),
    );
    texts.add(
        "nothing where history has an activity",
        check(first().workflow::<Waits>()),
    );
    texts.add("a panic", check(first().workflow::<Panics>()));
    texts.add(
        "an argument that cannot be read",
        check(first().workflow::<Takes>()),
    );
    texts.add("types that are not registered", check(all()));
    let in_memory = histories([history("activities")]).workflow::<Sleeps>();
    texts.add("a history in memory", check(in_memory));
    folder.write("cut.json", &history("activities").to_json()[..500]);
    folder.write("empty.json", "");
    folder.write("page.html", "<html></html>");
    let mut raw = history("activities").into_raw();
    let mut without = raw.clone();
    without.events.remove(7);
    folder.write("gap.json", History::from_raw(without).to_json());
    folder.write("later.json", {
        let mut later = raw.clone();
        later.events.remove(0);
        History::from_raw(later).to_json()
    });
    raw.events.clear();
    folder.write("none.json", History::from_raw(raw).to_json());
    texts.add(
        "files that are no histories",
        check(all().workflow::<Loop>()),
    );
    texts.add(
        "a folder that is missing",
        folder.hidden_in(&super::folder(folder.0.join("missing")).check().unwrap_err()),
    );
    let mut cut = history("activities").into_raw();
    cut.events.truncate(10);
    let cut = histories([History::from_raw(cut)]);
    texts.add("an export that was cut off", check(cut.workflow::<Loop>()));
    texts.check();
}
