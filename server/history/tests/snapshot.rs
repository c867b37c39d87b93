//! Parts of a run: what an input writes, and what happens to those that a store damages.

use std::time::Duration;

use durably_history::{
    Changes, Delivered, EventBatch, EventId, EventLog, Input, PartKey, Run, Signal,
};
use durably_proto::Message as _;
use durably_proto::api::activity::v1::ActivityOptions;
use durably_proto::api::command::v1::Command;
use durably_proto::api::common::v1::{
    Callback, Memo, Payload, Priority, SearchAttributes, WorkerVersionStamp, callback,
};
use durably_proto::api::sdk::v1::UserMetadata;

use crate::case::{Case, Stored, completion, signal};
use crate::command::{
    accept, attempts, cancel_activity, cancel_external, complete, failure, pause_activity,
    payloads, protocol, reset_activity, respond, schedule_activity, schedule_activity_with,
    seconds, signal_external, start_child, start_timer, update, update_options,
};

use crate::random::Random;

/// How many of everything are pending where it must not matter.
const MANY: usize = 1000;

/// A run that has an entry in every collection, and entries in every state.
pub fn full() -> Case {
    run_of(vec![
        start_child("started"),
        start_child("unstarted"),
        signal_external("other"),
        cancel_external("other"),
    ])
}

/// A run with all that the first version of the format had.
pub fn without_children() -> Case {
    run_of(Vec::new())
}

/// A run with activities that are paused, reset and have other options than at their start.
pub fn operated_activities() -> Case {
    let mut case = full();
    case.ok(pause_activity("waiting", "pause"));
    case.ok(reset_activity("heartbeat", |reset| {
        reset.reset_heartbeat = true
    }));
    let options = ActivityOptions {
        schedule_to_close_timeout: Some(seconds(60)),
        priority: Some(Priority {
            priority_key: 5,
            ..Priority::default()
        }),
        ..ActivityOptions::default()
    };
    let fields = ["schedule_to_close_timeout", "priority"];
    case.ok(update_options("failing", &fields, options));
    case
}

fn run_of(more: Vec<Command>) -> Case {
    let mut commands = vec![
        start_timer("t1", 100),
        start_timer("t2", 200),
        schedule_activity("waiting"),
        schedule_activity_with("heartbeat", |activity| {
            activity.heartbeat_timeout = Some(seconds(5));
            activity.schedule_to_close_timeout = Some(seconds(500));
        }),
        schedule_activity("failing"),
    ];
    commands.extend(more);
    let mut case = Case::start_with(|request| {
        request.memo = Some(Memo {
            fields: [("note".to_owned(), payload("new"))].into(),
        });
        request.search_attributes = Some(SearchAttributes {
            indexed_fields: [("City".to_owned(), payload("Oslo"))].into(),
        });
        request.completion_callbacks = vec![Callback {
            variant: Some(callback::Variant::Internal(callback::Internal {
                data: b"call".to_vec(),
            })),
            ..Callback::default()
        }];
        request.retry_policy = Some(attempts(3));
        request.workflow_run_timeout = Some(seconds(1000));
        request.workflow_execution_timeout = Some(seconds(5000));
        request.user_metadata = Some(UserMetadata {
            summary: payloads("summary").payloads.pop(),
            details: None,
        });
        request.priority = Some(Priority {
            priority_key: 2,
            ..Priority::default()
        });
    });
    let task = case.poll();
    case.ok(completion(task.token, commands, Vec::new(), |response| {
        crate::case::sticky(response);
        #[expect(deprecated, reason = "workers still send it")]
        {
            response.worker_version_stamp = Some(WorkerVersionStamp {
                build_id: "build".to_owned(),
                use_versioning: false,
            });
        }
    }));
    let failing = case.start_activity();
    let heartbeating = case.start_activity();
    case.fail_activity(&failing, failure("once", "Once"));
    case.heartbeat(&heartbeating, "half");
    let started = Delivered::ChildStarted {
        initiated: EventId(10),
        run_id: "child".into(),
    };
    // A run without the child ignores it.
    case.apply(Input::Delivered(started))
        .expect("it is not refused");
    for id in ["u1", "u2"] {
        case.ok(Input::Update(update(id)));
    }
    let task = case.poll();
    case.answer(
        &task,
        vec![
            protocol("u1/accept"),
            protocol("u2/accept"),
            protocol("u2/respond"),
            cancel_activity(heartbeating.token.scheduled.0),
        ],
        vec![accept("u1"), accept("u2"), respond("u2", "yes")],
    );
    case.ok(Input::Update(update("sent")));
    case.poll();
    case.ok(Input::Update(update("admitted")));
    case.ok(Input::Signal(Signal {
        request_id: "request".into(),
        ..signal("buffered")
    }));
    case.pass(Duration::from_secs(1));
    case
}

fn payload(text: &str) -> Payload {
    Payload {
        data: format!("\"{text}\"").into_bytes(),
        ..Payload::default()
    }
}

/// Bytes that a commit of the changes writes.
fn written(changes: &Changes) -> usize {
    let parts = changes.parts.iter();
    let parts = parts.map(|it| it.key.as_bytes().len() + it.value.as_ref().map_or(0, Vec::len));
    parts.sum::<usize>() + changes.events.as_ref().map_or(0, |it| it.events.len())
}

#[track_caller]
fn expect_written(case: &Case, parts: usize, bytes: usize) {
    let found = case.changes.parts.len();
    assert!(found <= parts, "{found} parts: {:?}", case.changes.parts);
    let found = written(&case.changes);
    assert!(found <= bytes, "{found} bytes");
}

#[test]
fn an_input_writes_little_however_much_is_pending() {
    let mut case = Case::start();
    for number in 0..MANY {
        case.ok(Input::Signal(Signal {
            request_id: format!("request {number}").as_str().into(),
            ..signal("go")
        }));
        // The core, the request's id and the event.
        expect_written(&case, 2, 300);
    }
    let timers = (0..MANY).map(|number| start_timer(&format!("t{number}"), 100 + number as i64));
    let activities = (0..MANY).map(|number| schedule_activity(&format!("a{number}")));
    case.work_sticky(timers.chain(activities).collect());
    let activity = case.start_activity();
    expect_written(&case, 2, 300);
    case.heartbeat(&activity, "half");
    expect_written(&case, 2, 300);
    let failing = case.start_activity();
    case.fail_activity(&failing, failure("once", "Once"));
    expect_written(&case, 2, 400);
    case.complete_activity(&activity);
    expect_written(&case, 2, 600);
    let task = case.poll();
    expect_written(&case, 1, 300);
    case.signal("buffered");
    expect_written(&case, 2, 300);
    case.complete_sticky(&task, vec![start_timer("another", 1)]);
    expect_written(&case, 3, 800);
    case.ring();
    expect_written(&case, 2, 400);
    case.ok(Input::Update(update("u")));
    expect_written(&case, 2, 300);
}

#[test]
fn what_an_input_does_not_change_is_not_written() {
    let mut case = full();
    assert!(case.run.take_changes().parts.is_empty());
    // A repetition changes nothing at all.
    case.ok(Input::Signal(Signal {
        request_id: "request".into(),
        ..signal("buffered")
    }));
    assert_eq!(case.changes.parts, []);
    assert_eq!(case.changes.events, None);
}

#[test]
fn changes_of_several_inputs_are_taken_together() {
    let mut case = Case::start();
    let signal = |name: &str| Input::Signal(signal(name));
    for name in ["a", "b"] {
        case.run.apply(signal(name), case.now).expect("it is open");
    }
    let changes = case.run.take_changes();
    let batch = changes.events.clone().expect("two signals");
    assert_eq!(batch.first, 2);
    case.stored.apply(changes);
    let restored = case.stored.restore().expect("all is stored");
    assert_eq!(restored.next_event_id(), case.run.next_event_id());
}

#[test]
fn a_closed_run_leaves_nothing_pending_behind() {
    let mut case = full();
    case.ok(Input::Terminate(Default::default()));
    let kinds: Vec<_> = case.stored.parts.keys().map(|it| it.to_string()).collect();
    assert_eq!(
        kinds,
        [
            "config",
            "core",
            "update \"u1\"",
            "update \"u2\"",
            // The signal may be repeated.
            "signal request \"request\"",
            "request \"start\"",
            "callback 0",
            "memo field \"note\"",
            "search attribute \"City\"",
            "reset point 0",
            "reset point 1",
            // Descriptions show the children of closed runs, too.
            "child of event 10",
            "child of event 11",
            "outgoing message BeginChild of event 10",
            "outgoing message ClosePolicy of event 10",
            "outgoing message ClosePolicy of event 11",
        ]
    );
}

#[test]
fn a_key_is_the_same_in_every_version() {
    let keys: Vec<Vec<u8>> = full()
        .stored
        .parts
        .keys()
        .map(|key| {
            assert_eq!(PartKey::from_bytes(key.as_bytes()), *key);
            key.as_bytes().to_vec()
        })
        .collect();
    let numbered = |kind: u8, number: u8| [kind, 0, 0, 0, 0, 0, 0, 0, number].to_vec();
    let message = |event: u8, kind: u8| [numbered(14, event), vec![kind]].concat();
    let named = |kind: u8, name: &str| [&[kind], name.as_bytes()].concat();
    assert_eq!(
        keys,
        [
            vec![1],
            vec![2],
            named(3, "t1"),
            named(3, "t2"),
            numbered(4, 7),
            numbered(4, 8),
            numbered(4, 9),
            named(5, "admitted"),
            named(5, "sent"),
            named(5, "u1"),
            named(5, "u2"),
            named(6, "request"),
            named(7, "start"),
            numbered(8, 0),
            numbered(9, 0),
            named(10, "note"),
            named(11, "City"),
            numbered(12, 0),
            numbered(12, 1),
            numbered(13, 10),
            numbered(13, 11),
            message(10, 2),
            message(11, 1),
            message(12, 3),
            message(13, 4),
        ]
    );
}

#[test]
fn a_damaged_part_is_an_error_that_names_it() {
    let stored = full().stored;
    let mut random = Random(1);
    for _ in 0..1500 {
        let mut damaged = stored.clone();
        let place = random.below(damaged.parts.len());
        let (key, value) = damaged.parts.iter_mut().nth(place).expect("a part");
        damage(value, &mut random);
        let key = key.to_string();
        let error = damaged.restore().expect_err("the part is damaged");
        let error = error.to_string();
        assert!(error.contains(&key), "{key}: {error}");
    }
}

#[test]
fn damaged_events_are_an_error() {
    let stored = full().stored;
    let mut random = Random(2);
    for _ in 0..1500 {
        let mut damaged = stored.clone();
        let place = random.below(damaged.events.len());
        let batch = &mut damaged.events[place];
        let mut events = batch.events.to_vec();
        damage(&mut events, &mut random);
        batch.events = events.into();
        let error = damaged.restore().expect_err("the events are damaged");
        assert!(error.to_string().contains("events"), "{error}");
    }
}

#[test]
fn a_lost_part_or_batch_is_an_error() {
    let stored = full().stored;
    for key in stored.parts.keys() {
        let mut damaged = stored.clone();
        damaged.parts.remove(key);
        assert!(damaged.restore().is_err(), "without {key}");
    }
    for place in 0..stored.events.len() {
        let mut damaged = stored.clone();
        damaged.events.remove(place);
        assert!(damaged.restore().is_err(), "without batch {place}");
    }
    let all = |stored: &Stored| EventLog::from_batches(stored.events.clone()).expect("whole");
    let twice = stored
        .parts
        .iter()
        .chain(stored.parts.iter().take(3).skip(2));
    let twice = twice.map(|(key, value)| (key.clone(), value.clone()));
    assert!(Run::restore(twice, all(&stored)).is_err(), "a part twice");
}

#[test]
fn parts_that_changed_places_are_an_error() {
    let stored = full().stored;
    let values: Vec<_> = stored.parts.values().cloned().collect();
    for shift in 1..values.len() {
        let mut damaged = stored.clone();
        for (place, value) in damaged.parts.values_mut().enumerate() {
            value.clone_from(&values[(place + shift) % values.len()]);
        }
        assert!(damaged.restore().is_err(), "shifted by {shift}");
    }
}

#[test]
fn parts_with_other_contents_restore_a_run_or_an_error() {
    let stored = full().stored;
    let mut random = Random(3);
    let (mut restored, mut errors) = (0, 0);
    for _ in 0..3000 {
        let mut changed = stored.clone();
        let place = random.below(changed.parts.len());
        let (key, value) = changed.parts.iter_mut().nth(place).expect("a part");
        let mut message = value[..value.len() - 4].to_vec();
        damage(&mut message, &mut random);
        *value = sealed(key, message);
        match changed.restore() {
            // Damage that no checksum finds can be a run that never was, but one that can be read.
            Ok(run) => {
                restored += 1;
                run.describe(durably_history::Time::default());
                run.unrecorded_events();
                for effect in run.pending_tasks() {
                    if let durably_history::Effect::Deliver(key) = effect {
                        run.outgoing(key);
                    }
                }
            }
            Err(_) => errors += 1,
        }
    }
    assert!(restored > 300 && errors > 300, "{restored} and {errors}");
}

#[test]
fn a_field_of_a_later_version_is_ignored() {
    let mut stored = full().stored;
    for (key, value) in &mut stored.parts {
        let mut message = value[..value.len() - 4].to_vec();
        // Field 1000, a varint.
        message.extend_from_slice(&[0xc0, 0x3e, 7]);
        *value = sealed(key, message);
    }
    assert!(stored.restore().is_ok());
}

#[test]
fn a_message_that_contradicts_the_run_is_an_error() {
    let message = |event: u8, kind: u8| {
        let key = [&[14, 0, 0, 0, 0, 0, 0, 0, event][..], &[kind]].concat();
        PartKey::from_bytes(&key)
    };
    for (key, problem) in [
        // The close policy of a child of a running run.
        (message(10, 5), "messages of a closed one"),
        // The first task of a child that is not started.
        (message(11, 2), "begins before it is started"),
    ] {
        let mut stored = full().stored;
        let begin = stored.parts.remove(&message(10, 2));
        assert!(begin.is_some());
        let value = sealed(&key, Vec::new());
        stored.parts.insert(key, value);
        let error = stored
            .restore()
            .expect_err("the message contradicts the run");
        assert!(error.to_string().contains(problem), "{error}");
    }
}

#[test]
fn what_a_later_version_added_is_an_error() {
    let cases: [(&str, &[u8], Vec<u8>); 5] = [
        // A message of a kind that is unknown.
        ("part", &[14, 0, 0, 0, 0, 0, 0, 0, 10, 99], Vec::new()),
        ("part \\xc8x", &[200, b'x'], Vec::new()),
        // An activity in a state of field 30.
        (
            "activity of event 7",
            &[4, 0, 0, 0, 0, 0, 0, 0, 7],
            [
                ActivityId {
                    id: "waiting".to_owned(),
                }
                .encode_to_vec(),
                vec![0xf0, 1, 1],
            ]
            .concat(),
        ),
        ("request \"start\"", b"\x07start", vec![8, 99, 16, 1]),
        // An event of a type that is unknown.
        (
            "buffered event 0",
            &[8, 0, 0, 0, 0, 0, 0, 0, 0],
            vec![0x18, 99],
        ),
    ];
    for (name, key, message) in cases {
        let mut stored = full().stored;
        let key = PartKey::from_bytes(key);
        let value = sealed(&key, message);
        stored.parts.insert(key, value);
        let error = stored.restore().expect_err("it is from a later version");
        assert!(error.to_string().contains(name), "{error}");
    }
}

/// The field of an activity that its event has, too.
#[derive(Clone, PartialEq, prost::Message)]
struct ActivityId {
    #[prost(string, tag = "1")]
    id: String,
}

#[test]
fn events_with_a_gap_or_unknown_attributes_are_an_error() {
    let batch = |first: usize, bytes: &[u8]| EventBatch {
        first,
        events: bytes.into(),
    };
    for (batches, problem) in [
        (vec![batch(0, &[])], "events from 1: there are none"),
        (
            vec![batch(usize::MAX, &[2, 8, 2])],
            "the events before them end at 0",
        ),
        (
            vec![batch(1, &[2, 8, 2])],
            "events from 2: the events before them end at 0",
        ),
        (vec![batch(0, &[2, 8, 2])], "event 2 follows 0"),
        (
            vec![batch(0, &[2, 8, 1])],
            "event 1 has no known attributes",
        ),
        (vec![batch(0, &[9, 8, 1])], "events from 1"),
    ] {
        let error = EventLog::from_batches(batches).expect_err("a damaged log");
        assert!(error.to_string().contains(problem), "{error}");
    }
}

/// What a program would store that writes another message: the checksum is FNV-1a of key and
/// message, folded to four bytes.
fn sealed(key: &PartKey, message: Vec<u8>) -> Vec<u8> {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in key.as_bytes().iter().chain(&message) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    let folded = u32::try_from((hash ^ (hash >> 32)) & 0xffff_ffff).expect("four bytes");
    [message, folded.to_le_bytes().to_vec()].concat()
}

/// Changes bytes: flips a bit, cuts the end off, adds to it, or replaces a stretch or all.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    let before = bytes.clone();
    while *bytes == before {
        let place = random.below(bytes.len().max(1));
        match random.below(5) {
            0 if !bytes.is_empty() => bytes[place] ^= 1 << random.below(8),
            1 => bytes.truncate(place),
            2 => bytes.push(random.byte()),
            3 => {
                let end = (place + 4).min(bytes.len());
                bytes[place..end].fill_with(|| random.byte());
            }
            _ => *bytes = (0..random.below(60)).map(|_| random.byte()).collect(),
        }
    }
}

#[test]
fn a_closing_input_removes_the_parts_of_all_that_was_pending() {
    let mut case = Case::start();
    case.work(vec![start_timer("t", 100), schedule_activity("a")]);
    case.signal("go");
    case.work(vec![complete("done")]);
    let removed = case.changes.parts.iter().filter(|it| it.value.is_none());
    let removed: Vec<_> = removed.map(|it| it.key.to_string()).collect();
    assert_eq!(removed, ["timer \"t\"", "activity of event 6"]);
}
