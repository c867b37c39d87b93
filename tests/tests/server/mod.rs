mod bad_input;
mod cron;
mod filters;
mod names;
mod priority;
mod reports;
mod search_attributes;
mod sizes;
