mod blocked;
mod interrupted;
mod registration;
mod shutdown;
