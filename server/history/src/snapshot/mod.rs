//! Snapshots: a run as facts that a store keeps, and the run that is restored from them.
//!
//! The facts are the run's encoded events and the *parts* of its state: the configuration, the core
//! (everything small), and one part for each entry of a collection, so that an input writes little
//! however much is pending.
//!
//! | part             | its key in the collection | changes                                    |
//! |------------------|---------------------------|--------------------------------------------|
//! | config           |                           | never                                      |
//! | core             |                           | with nearly every input                    |
//! | timer            | timer id                  | when it starts, fires or is cancelled      |
//! | activity         | scheduled event           | with attempts, heartbeats, cancel requests |
//! | update           | update id                 | with its state                             |
//! | signal request   | request id                | when the signal is recorded                |
//! | request          | request id                | when its event is recorded                 |
//! | buffered event   | number                    | when it is buffered, and recorded          |
//! | callback         | number                    | when it is added                           |
//! | memo field, search attribute | name          | when it is set or removed                  |
//! | reset point      | number                    | when a new build completes a task          |
//! | child            | initiated event           | when it starts, and when it closes         |
//! | outgoing message | event, kind               | when it is added, and delivered            |
//!
//! Parts are protobuf messages, so that a later version of this program reads what an earlier one
//! wrote: a field keeps its number for ever, a new field has a default that means "as before", and
//! unknown fields are ignored. What cannot be ignored, as an unknown kind of part or an unknown
//! state, is an error. Each part ends with a checksum of itself and its key; the core counts the
//! parts and the events and has the checksum of the events. So a lost, damaged or exchanged part is
//! an error, too, and never a run that does something else.

mod changes;
mod config;
mod core;
mod key;
mod message;
mod outgoing;
mod part;
mod pending;
mod restore;
mod versioning;
mod virtual_time;

pub use changes::{Changes, Part};
pub use key::PartKey;
