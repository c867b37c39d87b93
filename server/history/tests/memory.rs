//! What an event costs in memory besides its payloads.

use durably_history::{EventBatch, EventLog};

use crate::case::Case;
use crate::command::complete;

/// Enough that buffers of a fixed size do not count; each comparison reads the whole history.
const SIGNALS: usize = 500;

#[test]
fn an_event_costs_no_more_than_a_few_hundred_bytes() {
    let mut case = Case::start();
    for number in 0..SIGNALS {
        case.signal(&format!("signal {number}"));
    }
    let log = case.run.events();
    assert!(log.len() > SIGNALS);
    let each = log.allocated() / log.len();
    assert!(each < 300, "{each} bytes an event");
}

#[test]
fn a_closed_run_keeps_its_events_and_little_else() {
    let mut case = Case::start();
    for number in 0..SIGNALS {
        case.signal(&format!("signal {number}"));
    }
    case.work(vec![complete("done")]);
    assert!(!case.run.is_running());
    let log = case.run.events();
    let encoded: usize = (0..log.len()).map(|place| log.encoded_len(place)).sum();
    let lengths = 2 * log.len();
    // Nothing is left over for events to come, and the store has the very same bytes.
    let batches = case.stored.events.len();
    assert!(log.allocated() <= encoded + lengths + log.len() + 32 * batches);
    // A store may keep all of a closed run's events in one batch.
    let events: Vec<u8> = case
        .stored
        .events
        .iter()
        .flat_map(|batch| batch.events.to_vec())
        .collect();
    let merged = EventBatch {
        first: 0,
        events: events.into(),
    };
    let merged = EventLog::from_batches([merged]).expect("whole events");
    assert!(merged.allocated() <= encoded + lengths + log.len() + 32);
    let places = 0..log.len();
    assert!(log.events(places.clone()).eq(merged.events(places)));
}

#[test]
fn events_are_read_as_they_were_recorded() {
    let mut case = Case::start();
    let mut seen = case.events();
    for name in ["a", "b", "c"] {
        case.signal(name);
        let events = case.events();
        assert_eq!(events[..seen.len()], seen);
        seen = events;
    }
    assert_eq!(case.run.events().get(seen.len()), None);
    assert_eq!(case.run.events().last(), seen.pop());
}
