//! Event log: stores the events of a run in encoded form.
//!
//! A decoded event takes over two kilobytes with its maps and texts, an encoded one a hundred and
//! some. Only the events of the input that is being applied are kept decoded, because handlers may
//! still complete them.

use std::ops::Range;

use durably_proto::Message;
use durably_proto::api::history::v1::HistoryEvent;

/// All events of a run, in order; the event with id `n` is at `n - 1`.
#[derive(Debug, Default)]
pub struct EventLog {
    /// The encoded events.
    bytes: Vec<u8>,
    /// Where each encoded event ends.
    ends: Vec<u32>,
    /// Events of the current input, not encoded yet.
    open: Vec<HistoryEvent>,
}

impl EventLog {
    /// Number of events.
    pub fn len(&self) -> usize {
        self.ends.len() + self.open.len()
    }

    /// Whether the log is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The event at an index.
    pub fn get(&self, place: usize) -> Option<HistoryEvent> {
        match place.checked_sub(self.ends.len()) {
            Some(open) => self.open.get(open).cloned(),
            None => Some(
                HistoryEvent::decode(&self.bytes[self.range(place)])
                    .expect("it was encoded by this log"),
            ),
        }
    }

    /// The last event.
    pub fn last(&self) -> Option<HistoryEvent> {
        self.get(self.len().checked_sub(1)?)
    }

    /// The events of a range of indices.
    pub fn events(&self, places: Range<usize>) -> impl Iterator<Item = HistoryEvent> + '_ {
        places.filter_map(|place| self.get(place))
    }

    /// Encoded length of the event at an index.
    pub fn encoded_len(&self, place: usize) -> usize {
        match place.checked_sub(self.ends.len()) {
            Some(open) => self.open.get(open).map_or(0, Message::encoded_len),
            None => self.range(place).len(),
        }
    }

    /// Bytes of memory allocated for encoded events.
    pub fn allocated(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    /// Adds the next event.
    pub(crate) fn push(&mut self, event: HistoryEvent) {
        // Events are found by their ids, so a gap would shift every link behind it.
        let next = i64::try_from(self.len() + 1).expect("memory ends first");
        assert_eq!(event.event_id, next, "events are numbered without gaps");
        self.open.push(event);
    }

    /// An event of the current input; earlier ones are immutable.
    pub(crate) fn open_mut(&mut self, place: usize) -> Option<&mut HistoryEvent> {
        self.open.get_mut(place.checked_sub(self.ends.len())?)
    }

    /// Encodes the events of the current input.
    pub(crate) fn seal(&mut self) {
        for event in self.open.drain(..) {
            event
                .encode(&mut self.bytes)
                .expect("a vector grows as needed");
            let end = u32::try_from(self.bytes.len()).expect("a run ends at 50 MiB of history");
            self.ends.push(end);
        }
        // Inputs record a few events, rarely thousands; the capacity of a large one is released.
        self.open.shrink_to(0);
    }

    /// Releases spare capacity; a closed run records no further events.
    pub(crate) fn close(&mut self) {
        assert!(self.open.is_empty(), "the last input is sealed");
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    fn range(&self, place: usize) -> Range<usize> {
        let at = |place: usize| usize::try_from(self.ends[place]).expect("32 bits fit");
        place.checked_sub(1).map_or(0, at)..at(place)
    }
}
