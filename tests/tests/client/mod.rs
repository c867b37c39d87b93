mod errors;
mod handle;
mod start;
