//! Runs that earlier versions of this program stored.

use std::fmt::Write as _;

use durably_history::{
    ChildStart, EventBatch, EventId, Outgoing, OutgoingKey, OutgoingKind, PartKey, Run,
};

use crate::case::{Case, Stored, assert_same};
use crate::snapshot::{full, operated_activities, without_children};
use crate::time_skipping::forwarded;

/// Written by the first version of the format. Whatever changes, it is restored as the same run: a
/// later version that stores a run in another way adds a file, and keeps this one.
const FIRST: &str = include_str!("stored/first.txt");

/// Written by the version that added children and messages to other executions.
const CHILDREN: &str = include_str!("stored/children.txt");

/// Written by the version that chooses the run id of a child when it records the start.
const CHILD_RUN_IDS: &str = include_str!("stored/child_run_ids.txt");

/// Written by the version that keeps what operators do to activities.
const OPERATED_ACTIVITIES: &str = include_str!("stored/operated_activities.txt");

/// Written by the version that skips the time of single runs.
const TIME_SKIPPING: &str = include_str!("stored/time_skipping.txt");

#[test]
fn a_run_that_has_skipped_time_is_restored() {
    is_restored("time_skipping.txt", TIME_SKIPPING, &forwarded());
}

#[test]
fn activities_that_operators_paused_reset_and_changed_are_restored() {
    let expected = operated_activities();
    is_restored("operated_activities.txt", OPERATED_ACTIVITIES, &expected);
}

#[test]
fn a_run_of_the_first_version_is_restored() {
    is_restored("first.txt", FIRST, &without_children());
}

#[test]
fn a_run_with_children_is_restored() {
    is_restored("child_run_ids.txt", CHILD_RUN_IDS, &full());
}

#[test]
fn a_start_of_a_child_without_a_run_id_is_restored() {
    let restored = read(CHILDREN).restore().expect("it was stored whole");
    let expected = full().run;
    assert_same(
        &restored.describe(durably_history::Time::default()),
        &expected.describe(durably_history::Time::default()),
    );
    let start = |run: &Run| match run.outgoing(OutgoingKey {
        event: EventId(11),
        kind: OutgoingKind::StartChild,
    }) {
        Some(Outgoing::StartChild(start)) => *start,
        other => panic!("not a start: {other:?}"),
    };
    let expected = ChildStart {
        run_id: None,
        ..start(&expected)
    };
    assert_same(&start(&restored), &expected);
}

#[track_caller]
fn is_restored(file: &str, stored: &str, expected: &Case) {
    if std::env::var_os("BLESS").is_some() {
        let path = format!("{}/tests/stored/{file}", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, write(&expected.stored)).expect("the file can be written");
        return;
    }
    let restored = read(stored).restore().expect("it was stored whole");
    assert_same(&restored, &expected.run);
}

/// A line for each part and each batch of events: what, key or first index, bytes.
fn write(stored: &Stored) -> String {
    let mut text = String::new();
    for (key, value) in &stored.parts {
        writeln!(text, "part {} {}", hex(key.as_bytes()), hex(value)).expect("memory suffices");
    }
    for batch in &stored.events {
        writeln!(text, "events {} {}", batch.first, hex(&batch.events)).expect("memory suffices");
    }
    text
}

fn read(text: &str) -> Stored {
    let mut stored = Stored::default();
    for line in text.lines() {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["part", key, value] => {
                let key = PartKey::from_bytes(&bytes(key));
                stored.parts.insert(key, bytes(value));
            }
            ["events", first, events] => stored.events.push(EventBatch {
                first: first.parse().expect("a number"),
                events: bytes(events).into(),
            }),
            _ => panic!("a part or events, not {line}"),
        }
    }
    stored
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    let digits = digits.map(|two| str::from_utf8(two).expect("ASCII"));
    digits
        .map(|two| u8::from_str_radix(two, 16).expect("two hex digits"))
        .collect()
}
