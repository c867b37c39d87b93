//! Workers against a scripted server.

mod activities;
mod blocked;
mod codecs;
mod connection;
mod deadlines;
mod failing;
mod held;
mod logs;
mod past;
mod prolonged;
mod refusing_codecs;
mod runs;
mod server;
mod service;
mod shutdown;
mod suspended;
mod suspended_lost;
mod suspended_queries;
mod texts;
mod unencodable;
