//! Workers: registration, shutdown, overload and failures.

mod blocked;
mod clean_up;
mod floods;
mod interrupted;
mod long_replay;
mod registration;
mod shutdown;
mod soak;
