//! The server as its clients meet it: raw messages, in process and through gRPC.

mod case;

mod activity;
mod cancel;
mod clock;
mod continue_as_new;
#[cfg(feature = "sqlite")]
mod database;
mod deployments;
mod history_pages;
mod lifecycle;
mod namespace;
#[cfg(feature = "tls")]
mod program;
mod python_clock;
mod query;
mod robustness;
#[cfg(feature = "sqlite")]
mod schedules;
mod shutdown;
mod start;
mod sticky;
mod task_queue;
mod test_service;
mod time;
mod time_skipping;
mod unimplemented;
mod update;
mod visibility;
mod workers;
