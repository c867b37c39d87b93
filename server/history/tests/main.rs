//! What a run writes into its history, behaviour by behaviour. No clock, no socket, no sleep.

#![allow(missing_docs, unreachable_pub, reason = "tests name themselves")]

mod case;
mod command;
mod random;
mod text;

mod activity_cancel;
mod activity_options;
mod activity_pause;
mod activity_reset;
mod activity_retry;
mod activity_timeout;
mod bad_commands;
mod buffered_events;
mod children;
mod continue_as_new;
mod cron;
mod deadline;
mod delay;
mod deletion;
mod determinism;
mod external;
mod greeting;
mod memory;
mod pending_tasks;
mod random_walk;
mod requests;
mod reset;
mod reuse_policy;
mod run_timeout;
mod schedule;
mod schedule_times;
mod snapshot;
mod start;
mod sticky;
mod stored;
mod task_failure;
mod time_skipping;
mod timer;
mod update;
mod versioning;
mod workflow_options;
mod workflow_retry;
