mod blocked;
mod clean_up;
mod interrupted;
mod long_replay;
mod registration;
mod shutdown;
