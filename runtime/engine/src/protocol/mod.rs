//! What passes between the engine, its driver and the server: tasks and events in, jobs and commands out.
//!
//! The enums are closed: a new kind of command is followed by the compiler from file to file. The structs
//! of a kind stand beside its machine, in `machine/`.

pub(crate) mod command;
pub(crate) mod event;
pub(crate) mod intent;
pub(crate) mod job;
pub(crate) mod task;
