//! The types of the engine's inputs and outputs: tasks and events in, jobs and commands out.
//!
//! The enums are closed: the compiler leads a new kind of command from file to file. The structs of a
//! kind are defined with its machine, in `machine/`.

pub(crate) mod command;
pub(crate) mod event;
pub(crate) mod intent;
pub(crate) mod job;
pub(crate) mod task;
