//! The fixture: [`World`] is the server of one run, [`Worker`] runs [`Code`] on the engine.

mod code;
mod worker;
mod world;

pub(crate) use code::{Code, Cx, End};
pub(crate) use worker::Worker;
pub(crate) use world::{World, sticky};

use durably_engine::{
    Command, Completion, EndRun, FailureInfo, FailureRecord, Header, Target, TaskCompletion,
};

/// The commands of an answer, in words.
pub(crate) fn commands(completion: &Completion) -> Vec<String> {
    task(completion).commands.iter().map(describe).collect()
}

/// The answer to a task that is not only a query.
#[track_caller]
pub(crate) fn task(completion: &Completion) -> &TaskCompletion {
    match completion {
        Completion::Task(task) => task,
        Completion::Query(answer) => panic!("expected the answer to a task, found {answer:?}"),
    }
}

/// A failure of user code.
pub(crate) fn application(message: &str) -> FailureRecord {
    let info = FailureInfo::Application {
        kind: "Error".to_owned(),
        non_retryable: false,
        details: Vec::new(),
        next_retry_delay: None,
        category: Default::default(),
    };
    FailureRecord::new(message, info)
}

fn target(target: &Target) -> String {
    let child = if target.child { "child " } else { "" };
    format!("{child}{} {}", target.workflow_id, target.run_id)
        .trim_end()
        .to_owned()
}

fn names(entries: &Header) -> String {
    entries.keys().cloned().collect::<Vec<_>>().join(" ")
}

fn describe(command: &Command) -> String {
    match command {
        Command::StartTimer { timer_id, .. } => format!("start timer {timer_id}"),
        Command::CancelTimer { timer_id } => format!("cancel timer {timer_id}"),
        Command::ScheduleActivity(it) => format!("start activity {}", it.activity_type),
        Command::CancelActivity { scheduled } => format!("cancel activity of event {scheduled}"),
        Command::StartChild(it) => format!("start child {}", it.workflow_type),
        Command::SignalExternal(it) => {
            format!("signal {} to {}", it.name, target(&it.target))
        }
        Command::CancelExternal(it) => format!("cancel {}: {}", target(&it.target), it.reason),
        Command::MarkLocalActivity { marked, .. } => match (&marked.result, marked.backoff) {
            (Ok(_), _) => format!("{} {} completed", marked.activity_type, marked.number),
            (Err(_), Some(_)) => format!("{} {} backs off", marked.activity_type, marked.number),
            (Err(failure), None) => format!(
                "{} {} failed: {}",
                marked.activity_type, marked.number, failure.message
            ),
        },
        Command::MarkSideEffect { effect, .. } => effect.id.to_string(),
        Command::MarkPatch { id, deprecated } => match deprecated {
            true => format!("patch {id}, deprecated"),
            false => format!("patch {id}"),
        },
        Command::UpsertPatches { ids } => format!("patches {}", ids.join(" ")),
        Command::UpsertSearchAttributes { attributes } => format!("search {}", names(attributes)),
        Command::UpsertMemo { memo } => format!("memo {}", names(memo)),
        Command::ProtocolMessage { message_id } => format!("message {message_id}"),
        Command::EndRun(EndRun::Complete(result)) => match result.first() {
            Some(result) => format!("complete {}", String::from_utf8_lossy(result.data())),
            None => "complete".to_owned(),
        },
        Command::EndRun(EndRun::Fail(failure)) => format!("fail: {}", failure.message),
        Command::EndRun(EndRun::Cancel(_)) => "cancel".to_owned(),
        Command::EndRun(EndRun::ContinueAsNew(next)) => {
            format!(
                "continue as new {}",
                next.workflow_type.as_deref().unwrap_or("?")
            )
        }
    }
}
