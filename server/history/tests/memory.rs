//! What an event costs in memory besides its payloads.

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
    let encoded: usize = (0..log.len()).map(|place| log.encoded_len(place)).sum();
    assert!(log.len() > SIGNALS);
    let each = log.allocated() / log.len();
    assert!(each < 300, "{each} bytes an event");
    case.work(vec![complete("done")]);
    let log = case.run.events();
    assert!(!case.run.is_running());
    // A closed run keeps its events and their places, and nothing for events to come.
    let last: usize = (log.len() - 3..log.len())
        .map(|place| log.encoded_len(place))
        .sum();
    assert!(log.allocated() <= encoded + last + 4 * (log.len() + 3));
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
