//! The server's semantics: raw requests whose responses and histories must be the same on both
//! servers.

mod bad_input;
mod chains;
mod children;
mod closing_updates;
mod cron;
mod delays;
mod description;
mod filters;
mod kills;
mod names;
mod namespaces;
mod plans;
mod polls;
mod priority;
mod readiness;
mod reports;
mod resets;
mod run_ids;
mod schedule_times;
mod schedules;
mod search_attributes;
mod sizes;
mod starts;
mod unrecorded;
mod update_with_start;
