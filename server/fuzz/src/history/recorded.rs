//! Histories that other SDKs and the real server wrote.

use std::sync::LazyLock;

use durably::client::History;
use durably_proto::api::history::v1::HistoryEvent;

use crate::choices::Choices;

/// The events of one of them.
pub(super) fn events(choices: &mut Choices<'_>) -> Vec<HistoryEvent> {
    static EVENTS: LazyLock<Vec<Vec<HistoryEvent>>> = LazyLock::new(|| {
        let read = |json| History::from_json(json).expect("it was exported");
        RECORDED.map(|json| read(json).into_raw().events).to_vec()
    });
    choices.one_of(&EVENTS)
}

const RECORDED: [&str; 10] = [
    include_str!("../../../../tests/histories/python_activities.json"),
    include_str!("../../../../tests/histories/python_cancel_unstarted.json"),
    include_str!("../../../../tests/histories/python_cancellation.json"),
    include_str!("../../../../tests/histories/python_continue_as_new.json"),
    include_str!("../../../../tests/histories/python_failure.json"),
    include_str!("../../../../tests/histories/python_patches.json"),
    include_str!("../../../../tests/histories/python_signals.json"),
    include_str!("../../../../tests/histories/python_timers.json"),
    include_str!("../../../../tests/histories/python_updates.json"),
    include_str!("../../../../tests/histories/reset_updates.json"),
];
