mod collected;
mod errors;
mod handle;
mod start;
mod timeouts;
