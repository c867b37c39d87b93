//! Keys of parts.

use std::fmt;

use crate::id::{EventId, OutgoingKey, OutgoingKind, RequestId, TimerId, UpdateId};

/// Key of a part of a run's state: stable bytes, opaque to the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartKey(Box<[u8]>);

/// A part, as its key names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PartName {
    Config,
    Core,
    Timer(TimerId),
    Activity(EventId),
    Update(UpdateId),
    SignalRequest(RequestId),
    Request(RequestId),
    BufferedEvent(u64),
    Callback(u64),
    MemoField(String),
    SearchAttribute(String),
    ResetPoint(u64),
    Child(EventId),
    Outgoing(OutgoingKey),
}

impl PartKey {
    /// The key as bytes: a byte for the kind of part, then the entry's key in its collection.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The key of these bytes. Restoring the run checks it.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The part that the key names; none if this version of the program knows no such part.
    pub(super) fn name(&self) -> Option<PartName> {
        let (kind, key) = self.0.split_first()?;
        let text = || str::from_utf8(key).ok();
        let number = || Some(u64::from_be_bytes(key.try_into().ok()?));
        let event = || Some(EventId(i64::try_from(number()?).ok()?));
        Some(match *kind {
            CONFIG if key.is_empty() => PartName::Config,
            CORE if key.is_empty() => PartName::Core,
            TIMER => PartName::Timer(text()?.into()),
            ACTIVITY => PartName::Activity(event()?),
            UPDATE => PartName::Update(text()?.into()),
            SIGNAL_REQUEST => PartName::SignalRequest(text()?.into()),
            REQUEST => PartName::Request(text()?.into()),
            BUFFERED_EVENT => PartName::BufferedEvent(number()?),
            CALLBACK => PartName::Callback(number()?),
            MEMO_FIELD => PartName::MemoField(text()?.to_owned()),
            SEARCH_ATTRIBUTE => PartName::SearchAttribute(text()?.to_owned()),
            RESET_POINT => PartName::ResetPoint(number()?),
            CHILD => PartName::Child(event()?),
            OUTGOING => {
                let (kind, event) = key.split_last()?;
                let event = i64::from_be_bytes(event.try_into().ok()?);
                PartName::Outgoing(OutgoingKey {
                    event: Some(EventId(event)).filter(|it| *it >= EventId::FIRST)?,
                    kind: kind_of(*kind)?,
                })
            }
            _ => return None,
        })
    }

    fn new(kind: u8, key: &[u8]) -> Self {
        Self([&[kind], key].concat().into())
    }

    fn number(kind: u8, number: u64) -> Self {
        Self::new(kind, &number.to_be_bytes())
    }
}

impl From<&PartName> for PartKey {
    fn from(name: &PartName) -> Self {
        match name {
            PartName::Config => Self::new(CONFIG, &[]),
            PartName::Core => Self::new(CORE, &[]),
            PartName::Timer(id) => Self::new(TIMER, id.as_str().as_bytes()),
            PartName::Activity(scheduled) => Self::number(ACTIVITY, event_number(*scheduled)),
            PartName::Update(id) => Self::new(UPDATE, id.as_str().as_bytes()),
            PartName::SignalRequest(id) => Self::new(SIGNAL_REQUEST, id.as_str().as_bytes()),
            PartName::Request(id) => Self::new(REQUEST, id.as_str().as_bytes()),
            PartName::BufferedEvent(number) => Self::number(BUFFERED_EVENT, *number),
            PartName::Callback(number) => Self::number(CALLBACK, *number),
            PartName::MemoField(name) => Self::new(MEMO_FIELD, name.as_bytes()),
            PartName::SearchAttribute(name) => Self::new(SEARCH_ATTRIBUTE, name.as_bytes()),
            PartName::ResetPoint(number) => Self::number(RESET_POINT, *number),
            PartName::Child(initiated) => Self::number(CHILD, event_number(*initiated)),
            PartName::Outgoing(OutgoingKey { event, kind }) => {
                let event = event_number(*event).to_be_bytes();
                Self::new(OUTGOING, &[&event[..], &[number_of(*kind)]].concat())
            }
        }
    }
}

impl fmt::Display for PartKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(PartName::Config) => f.write_str("config"),
            Some(PartName::Core) => f.write_str("core"),
            Some(PartName::Timer(id)) => write!(f, "timer {:?}", id.as_str()),
            Some(PartName::Activity(scheduled)) => write!(f, "activity of event {scheduled}"),
            Some(PartName::Update(id)) => write!(f, "update {:?}", id.as_str()),
            Some(PartName::SignalRequest(id)) => write!(f, "signal request {:?}", id.as_str()),
            Some(PartName::Request(id)) => write!(f, "request {:?}", id.as_str()),
            Some(PartName::BufferedEvent(number)) => write!(f, "buffered event {number}"),
            Some(PartName::Callback(number)) => write!(f, "callback {number}"),
            Some(PartName::MemoField(name)) => write!(f, "memo field {name:?}"),
            Some(PartName::SearchAttribute(name)) => write!(f, "search attribute {name:?}"),
            Some(PartName::ResetPoint(number)) => write!(f, "reset point {number}"),
            Some(PartName::Child(initiated)) => write!(f, "child of event {initiated}"),
            Some(PartName::Outgoing(OutgoingKey { event, kind })) => {
                write!(f, "outgoing message {kind:?} of event {event}")
            }
            None => write!(f, "part {}", self.0.escape_ascii()),
        }
    }
}

fn event_number(event: EventId) -> u64 {
    u64::try_from(event.0).expect("events are numbered from 1")
}

/// Stable: a number is never given to another kind of message.
fn number_of(kind: OutgoingKind) -> u8 {
    match kind {
        OutgoingKind::StartChild => 1,
        OutgoingKind::BeginChild => 2,
        OutgoingKind::Signal => 3,
        OutgoingKind::RequestCancel => 4,
        OutgoingKind::ClosePolicy => 5,
        OutgoingKind::ReportClose => 6,
    }
}

fn kind_of(number: u8) -> Option<OutgoingKind> {
    let mut kinds = OutgoingKind::ALL.into_iter();
    kinds.find(|kind| number_of(*kind) == number)
}

// Stable: a number is never given to another kind of part.
const CONFIG: u8 = 1;
const CORE: u8 = 2;
const TIMER: u8 = 3;
const ACTIVITY: u8 = 4;
const UPDATE: u8 = 5;
const SIGNAL_REQUEST: u8 = 6;
const REQUEST: u8 = 7;
const BUFFERED_EVENT: u8 = 8;
const CALLBACK: u8 = 9;
const MEMO_FIELD: u8 = 10;
const SEARCH_ATTRIBUTE: u8 = 11;
const RESET_POINT: u8 = 12;
const CHILD: u8 = 13;
const OUTGOING: u8 = 14;
