mod bad_input;
mod cron;
mod names;
mod priority;
mod sizes;
