//! Workers: registration, shutdown, overload and failures.

mod blocked;
mod clean_up;
mod deletion;
mod endings;
mod floods;
mod interrupted;
mod long_replay;
mod meters;
mod registration;
mod service;
mod shutdown;
mod soak;
