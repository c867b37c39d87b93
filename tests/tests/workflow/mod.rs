//! Workflow semantics, on both servers.

mod activities;
mod cancellation;
mod chains;
mod children;
mod clock;
mod combinators;
mod concurrency;
mod continue_as_new;
mod dynamic;
mod evaluation;
mod externals;
mod failures;
mod instrumented;
mod local_activities;
mod numbers;
mod own_errors;
mod patches;
mod queries;
mod reading;
mod resets;
mod side_effects;
mod signals;
mod timers;
mod two_crates;
mod typed_errors;
mod updates;
