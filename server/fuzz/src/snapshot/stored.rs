//! What a store keeps of a run, and changes of it that a checksum does not find.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use durably_history::{Changes, Corrupted, EventBatch, EventLog, PartKey, Run};
use prost::Message;

use crate::choices::Choices;

/// The parts of a run and its events.
#[derive(Clone, Default)]
pub(super) struct Stored {
    parts: BTreeMap<PartKey, Vec<u8>>,
    events: Vec<EventBatch>,
}

/// The fields of the core that count the other parts and the events.
#[derive(Clone, PartialEq, Message)]
struct Counts {
    #[prost(uint64, tag = "1")]
    events: u64,
    #[prost(fixed64, tag = "2")]
    events_checksum: u64,
    #[prost(uint64, tag = "3")]
    parts: u64,
}

impl Stored {
    /// A run that has an entry in every collection, as the first version of the program stored it.
    pub(super) fn first() -> Self {
        static FIRST: LazyLock<Stored> =
            LazyLock::new(|| read(include_str!("../../../history/tests/stored/first.txt")));
        FIRST.clone()
    }

    pub(super) fn apply(&mut self, changes: Changes) {
        for part in changes.parts {
            match part.value {
                Some(value) => self.parts.insert(part.key, value),
                None => self.parts.remove(&part.key),
            };
        }
        self.events.extend(changes.events);
    }

    pub(super) fn restore(&self) -> Result<Run, Corrupted> {
        Run::restore(
            self.parts.clone(),
            EventLog::from_batches(self.events.clone())?,
        )
    }

    /// Changes a part or a batch of events. Mostly, whatever has a checksum gets the right one.
    pub(super) fn change(&mut self, choices: &mut Choices<'_>) {
        match choices.below(8) {
            0..=3 => self.change_part(choices),
            4 => {
                let key = self.key(choices);
                self.parts.remove(&key);
            }
            5 => {
                let mut key = vec![1 + u8::try_from(choices.below(13)).expect("a small number")];
                key.extend(choices.bytes());
                let key = PartKey::from_bytes(&key);
                let value = sealed(&key, choices.bytes());
                self.parts.insert(key, value);
            }
            6 => {
                // The entry of one key under another key.
                let (from, mut to) = (self.key(choices), self.key(choices).as_bytes().to_vec());
                choices.damage(&mut to);
                let to = PartKey::from_bytes(&to);
                let value = self.parts.get(&from).cloned().unwrap_or_default();
                let value = sealed(&to, message(&value).to_vec());
                self.parts.insert(to, value);
            }
            _ => self.change_events(choices),
        }
        if !choices.once_in(8) {
            self.count();
        }
    }

    fn change_part(&mut self, choices: &mut Choices<'_>) {
        let key = self.key(choices);
        let Some(value) = self.parts.get_mut(&key) else {
            return;
        };
        let mut changed = message(value).to_vec();
        choices.damage(&mut changed);
        *value = match choices.once_in(16) {
            true => changed,
            false => sealed(&key, changed),
        };
    }

    fn change_events(&mut self, choices: &mut Choices<'_>) {
        if self.events.is_empty() {
            return;
        }
        let place = choices.below(self.events.len());
        match choices.below(6) {
            0 => {
                self.events.remove(place);
            }
            1 => {
                let other = choices.below(self.events.len());
                self.events.swap(place, other);
            }
            2 => self.events[place].first = choices.below(64),
            _ => {
                let batch = &mut self.events[place];
                let mut events = batch.events.to_vec();
                choices.damage(&mut events);
                batch.events = events.into();
            }
        }
    }

    fn key(&self, choices: &mut Choices<'_>) -> PartKey {
        let place = choices.below(self.parts.len().max(1));
        let key = self.parts.keys().nth(place);
        key.cloned().unwrap_or_else(|| PartKey::from_bytes(CORE))
    }

    /// Corrects the counts of the core: a field that is written twice has its last value.
    fn count(&mut self) {
        let key = PartKey::from_bytes(CORE);
        let parts = self.parts.len() as u64;
        let Some(value) = self.parts.get_mut(&key) else {
            return;
        };
        let mut hash = Hash::default();
        self.events.iter().for_each(|batch| hash.add(&batch.events));
        let events = EventLog::from_batches(self.events.clone());
        let counts = Counts {
            events: events.map_or(0, |events| events.len() as u64),
            events_checksum: hash.0,
            parts,
        };
        let mut core = message(value).to_vec();
        core.extend(counts.encode_to_vec());
        *value = sealed(&key, core);
    }
}

/// A part's message, without the checksum behind it.
fn message(value: &[u8]) -> &[u8] {
    &value[..value.len().saturating_sub(4)]
}

/// A part's message with its checksum: FNV-1a of key and message, folded to four bytes.
fn sealed(key: &PartKey, mut message: Vec<u8>) -> Vec<u8> {
    let mut hash = Hash::default();
    hash.add(key.as_bytes());
    hash.add(&message);
    let bytes = hash.0.to_le_bytes();
    message.extend((0..4).map(|place| bytes[place] ^ bytes[place + 4]));
    message
}

/// FNV-1a.
struct Hash(u64);

impl Hash {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

/// Reads the stored run of a test: a line for each part and each batch of events.
fn read(text: &str) -> Stored {
    let mut stored = Stored::default();
    for line in text.lines() {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["part", key, value] => {
                stored
                    .parts
                    .insert(PartKey::from_bytes(&bytes(key)), bytes(value));
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

fn bytes(hex: &str) -> Vec<u8> {
    let digits = (0..hex.len() / 2).map(|place| &hex[2 * place..2 * place + 2]);
    digits
        .map(|two| u8::from_str_radix(two, 16).expect("two hex digits"))
        .collect()
}

/// The key of the core.
const CORE: &[u8] = &[2];
