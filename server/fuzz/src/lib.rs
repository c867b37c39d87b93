//! Fuzz targets of the embedded server, its history core, and replay. README.md has the commands.
//!
//! Each target is a function of the bytes of an input, so that libFuzzer (`targets/`) and a test
//! on the seeds (`tests/seeds.rs`) call the same code. An input is deterministic: the server runs
//! on one thread with a paused clock and seeded ids.

mod choices;
#[path = "../../history/tests/command.rs"]
pub mod command;
mod commands;
pub mod cron;
pub mod database;
pub mod history;
mod live_server;
pub mod methods;
pub mod requests;
pub mod schedule;
pub mod sequence;
pub mod snapshot;
pub mod visibility;
