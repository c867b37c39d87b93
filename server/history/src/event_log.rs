//! Event log: stores the events of a run in encoded form.
//!
//! A decoded event takes over two kilobytes with its maps and texts, an encoded one a hundred and
//! some. Only the events of the input that is being applied are kept decoded, because handlers may
//! still complete them.
//!
//! ```text
//!   open --seal, at the end of an input--> sealed --take_batch, for the commit--> batches
//!   decoded                                encoded                                shared, immutable
//! ```

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use durably_proto::Message;
use durably_proto::api::history::v1::HistoryEvent;

use crate::checksum::Checksum;
use crate::corrupted::Corrupted;

/// All events of a run, in order; the event with id `n` is at `n - 1`.
#[derive(Clone, Default)]
pub struct EventLog {
    /// The events that were taken for a commit, each with its length in front. The store and the
    /// run share them.
    batches: Vec<Arc<[u8]>>,
    /// Encoded events that were not taken yet; they become the next batch as they are.
    sealed: Vec<u8>,
    /// Number of events in `batches`.
    taken: usize,
    /// Number of events in `batches` and `sealed`.
    encoded: usize,
    /// Where every [`STRIDE`]th event begins. An event's length leads to the next event.
    marks: Vec<Mark>,
    /// Checksum of `batches` and `sealed`.
    checksum: Checksum,
    /// Events of the current input, not encoded yet.
    open: Vec<HistoryEvent>,
}

/// Encoded events of one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventBatch {
    /// Index of the first event; the event with id `n` is at `n - 1`.
    pub first: usize,
    /// The encoded events, each with its length in front.
    pub events: Arc<[u8]>,
}

/// A place in the encoded events. The batch after the last one is `sealed`.
#[derive(Clone, Copy, Debug)]
struct Mark {
    batch: u32,
    offset: u32,
}

impl EventLog {
    /// Restores a log from all its batches, in order.
    ///
    /// # Errors
    /// [`Corrupted`] if a batch is missing or damaged.
    pub fn from_batches(batches: impl IntoIterator<Item = EventBatch>) -> Result<Self, Corrupted> {
        let mut log = Self::default();
        for batch in batches {
            log.add_batch(batch)?;
        }
        log.marks.shrink_to_fit();
        Ok(log)
    }

    /// Number of events.
    pub fn len(&self) -> usize {
        self.encoded + self.open.len()
    }

    /// Whether the log is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The event at an index.
    pub fn get(&self, place: usize) -> Option<HistoryEvent> {
        match place.checked_sub(self.encoded) {
            Some(open) => self.open.get(open).cloned(),
            None => {
                let event = HistoryEvent::decode(self.encoded_event(place));
                Some(event.expect("it was encoded by this log, or decoded when it was added"))
            }
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
        match place.checked_sub(self.encoded) {
            Some(open) => self.open.get(open).map_or(0, Message::encoded_len),
            None => self.encoded_event(place).len(),
        }
    }

    /// Bytes of memory allocated for encoded events.
    pub fn allocated(&self) -> usize {
        let batches: usize = self
            .batches
            .iter()
            .map(|batch| batch.len() + ARC_COUNTERS)
            .sum();
        batches
            + self.batches.capacity() * size_of::<Arc<[u8]>>()
            + self.sealed.capacity()
            + self.marks.capacity() * size_of::<Mark>()
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
        self.open.get_mut(place.checked_sub(self.encoded)?)
    }

    /// Encodes the events of the current input.
    pub(crate) fn seal(&mut self) {
        let first = self.sealed.len();
        for event in std::mem::take(&mut self.open) {
            let offset = self.sealed.len();
            self.mark(u32::try_from(offset).expect("a run ends at 50 MiB of history"));
            event
                .encode_length_delimited(&mut self.sealed)
                .expect("a vector grows as needed");
        }
        self.checksum.add(&self.sealed[first..]);
    }

    /// The sealed events, which become an immutable batch.
    pub(crate) fn take_batch(&mut self) -> Option<EventBatch> {
        assert!(self.open.is_empty(), "the last input is sealed");
        if self.sealed.is_empty() {
            return None;
        }
        let events: Arc<[u8]> = std::mem::take(&mut self.sealed).into();
        self.batches.push(Arc::clone(&events));
        let first = std::mem::replace(&mut self.taken, self.encoded);
        Some(EventBatch { first, events })
    }

    /// Releases spare capacity; a closed run records no further events.
    pub(crate) fn close(&mut self) {
        assert!(self.open.is_empty(), "the last input is sealed");
        self.batches.shrink_to_fit();
        self.marks.shrink_to_fit();
    }

    pub(crate) fn checksum(&self) -> Checksum {
        self.checksum
    }

    fn add_batch(&mut self, batch: EventBatch) -> Result<(), Corrupted> {
        let EventBatch { first, events } = batch;
        let corrupted = |problem: &str| {
            Corrupted::new(format!("events from {}", first.saturating_add(1)), problem)
        };
        if first != self.encoded {
            let problem = format!("the events before them end at {}", self.encoded);
            return Err(corrupted(&problem));
        }
        if events.is_empty() {
            return Err(corrupted("there are none"));
        }
        let mut rest = &events[..];
        while !rest.is_empty() {
            let offset = u32::try_from(events.len() - rest.len())
                .map_err(|_| corrupted("they take more than 4 GiB"))?;
            let event = HistoryEvent::decode_length_delimited(&mut rest)
                .map_err(|error| corrupted(&error.to_string()))?;
            if usize::try_from(event.event_id) != Ok(self.encoded + 1) {
                let problem = format!("event {} follows {}", event.event_id, self.encoded);
                return Err(corrupted(&problem));
            }
            if event.attributes.is_none() {
                let problem = format!("event {} has no known attributes", event.event_id);
                return Err(corrupted(&problem));
            }
            self.mark(offset);
        }
        self.checksum.add(&events);
        self.batches.push(events);
        self.taken = self.encoded;
        Ok(())
    }

    /// Counts the event that begins at this offset of the batch after the last one.
    fn mark(&mut self, offset: u32) {
        if self.encoded.is_multiple_of(STRIDE) {
            let batch = u32::try_from(self.batches.len()).expect("a run ends at 51,200 events");
            self.marks.push(Mark { batch, offset });
        }
        self.encoded += 1;
    }

    fn encoded_event(&self, place: usize) -> &[u8] {
        let mark = self.marks[place / STRIDE];
        let index = |number: u32| usize::try_from(number).expect("32 bits fit");
        let (mut batch, mut rest) = (
            index(mark.batch),
            &self.batch(index(mark.batch))[index(mark.offset)..],
        );
        for _ in 0..place % STRIDE {
            rest = split_event(rest).1;
            if rest.is_empty() {
                batch += 1;
                rest = self.batch(batch);
            }
        }
        split_event(rest).0
    }

    fn batch(&self, index: usize) -> &[u8] {
        self.batches.get(index).map_or(&self.sealed, |batch| batch)
    }
}

/// Without the encoded bytes, which nobody can read.
impl fmt::Debug for EventLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLog")
            .field("encoded", &self.encoded)
            .field("taken", &self.taken)
            .field("batches", &self.batches.len())
            .field("checksum", &self.checksum)
            .field("open", &self.open)
            .finish()
    }
}

/// The first of encoded events, and the others.
fn split_event(mut events: &[u8]) -> (&[u8], &[u8]) {
    let len = prost::decode_length_delimiter(&mut events)
        .expect("it was encoded by this log, or decoded when it was added");
    events.split_at(len)
}

/// Few enough to step over, and many enough that their marks cost half a byte an event.
const STRIDE: usize = 16;
/// The counters in front of a batch.
const ARC_COUNTERS: usize = 2 * size_of::<usize>();
