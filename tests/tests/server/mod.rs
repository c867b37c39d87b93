mod bad_input;
mod cron;
mod filters;
mod names;
mod priority;
mod search_attributes;
mod sizes;
