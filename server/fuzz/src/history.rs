//! Histories, as JSON, as protobuf, and recorded ones whose events are changed: what can be read can
//! be printed, and replays or is an error.

mod recorded;
mod workflows;

use durably::client::History;
use durably_proto::Message;
use durably_proto::api::history::v1 as proto;

use crate::choices::Choices;

/// An input is the text that the Temporal CLI exports.
pub fn json(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    if let Ok(history) = History::from_json(text) {
        replay(history);
    }
}

/// An input is a `temporal.api.history.v1.History`.
pub fn protobuf(input: &[u8]) {
    if let Ok(history) = proto::History::decode(input) {
        replay(History::from_raw(history));
    }
}

/// An input is the changes of a recorded history.
pub fn changed(input: &[u8]) {
    let mut choices = Choices::new(input);
    let mut events = recorded::events(&mut choices);
    for _ in 0..MOST_CHANGES {
        if choices.is_exhausted() || events.is_empty() {
            break;
        }
        change(&mut events, &mut choices);
    }
    replay(History::from_raw(proto::History { events }));
}

fn change(events: &mut Vec<proto::HistoryEvent>, choices: &mut Choices<'_>) {
    let place = choices.below(events.len());
    match choices.below(8) {
        0 => {
            events.remove(place);
        }
        1 => {
            let other = choices.below(events.len());
            events.swap(place, other);
        }
        2 => {
            let again = events[place].clone();
            let other = choices.below(events.len());
            events.insert(other, again);
        }
        3 => events.truncate(place),
        4 => {
            let others = recorded::events(choices);
            let other = choices.below(others.len());
            events.insert(place, others[other].clone());
        }
        5 => {
            for (event, id) in events.iter_mut().zip(1..) {
                event.event_id = id;
            }
        }
        _ => {
            let mut bytes = events[place].encode_to_vec();
            choices.damage(&mut bytes);
            if let Ok(event) = proto::HistoryEvent::decode(&*bytes) {
                events[place] = event;
            }
        }
    }
}

fn replay(history: History) {
    let printed = history.to_string();
    assert!(printed.lines().count() >= history.len(), "{printed}");
    for event in history.events() {
        event.summary();
        event.time();
        event.name();
    }
    if let Err(error) = workflows::replayer().replay(history) {
        assert!(!error.to_string().is_empty());
    }
}

const MOST_CHANGES: usize = 6;
