//! Every capability by a scenario that runs on both servers: the histories are the same, event by event and field by
//! field, and so are the descriptions of what waits and of what has closed.

mod activities;
mod activity_ends;
mod children;
mod closing;
mod errors;
mod facts;
mod local_activities;
mod messages;
mod next_runs;
mod others;
mod resets;
mod starts;
mod timers;
mod updates;
mod versions;
