//! The client API, on both servers.

mod activity_operations;
mod async_activities;
mod batches;
mod collected;
mod configured;
mod deployments;
mod eager_starts;
mod errors;
mod handle;
mod operations;
mod repeated;
mod schedule_years;
mod schedules;
mod secret_logs;
mod start;
mod task_queue;
mod time_skipping;
mod timeouts;
mod tls;
mod tls_connections;
mod tls_faults;
mod undecodable;
mod workflow_options;
