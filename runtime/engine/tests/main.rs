//! Behaviour of the engine, one file each. `case` is the fixture: a server that writes history, and
//! a worker that runs small pieces of workflow code on the engine.

mod case;

mod activity;
mod child;
mod depth;
mod end_run;
mod external;
mod ids;
mod local_activity;
mod mismatch;
mod patch;
mod query;
mod side_effect;
mod signal;
mod sticky;
mod tasks;
mod timer;
mod update;
mod upsert;
