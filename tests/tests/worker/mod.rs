mod blocked;
mod interrupted;
mod long_replay;
mod registration;
mod shutdown;
