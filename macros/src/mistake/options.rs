//! Mistakes in attribute options and their values.

use std::fmt;

use proc_macro2::Ident;

use super::suggestion::nearest;
use crate::syntax::{duration::DurationError, marker::Marker};

pub(crate) enum OptionMistake<'a> {
    InParentheses(Marker, Option<String>),
    NeedsKeys(Marker),
    NeedsEquals(&'a Ident),
    Twice(&'a Ident),
    Unknown {
        key: &'a Ident,
        marker: Marker,
        known: &'a [&'static str],
        /// Whether it has a value.
        alone: bool,
    },
    NeedsText(&'static str, &'static str),
    NeedsTextHere(&'static str),
    NeedsMethod(&'static str, Option<String>),
    NeedsPath(&'static str),
    EmptyText(&'static str),
    FlagHasValue(&'static str),
    CountFromOne(&'static str),
    Duration(&'a DurationError),
    LongerThanWhole(&'static str, &'static str),
    DynamicName(Marker),
    Versioning,
    UnfinishedPolicy,
    NeverUnfinished,
}

impl fmt::Display for OptionMistake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InParentheses(marker, name) => {
                let option = name.as_ref().map(|name| format!("name = {name}"));
                write!(
                    f,
                    "options of `{marker}` go in parentheses; write `#[{}({})]`",
                    marker.word(),
                    option.as_deref().unwrap_or("..")
                )
            }
            Self::NeedsKeys(marker) => {
                let example = match marker {
                    Marker::Activities | Marker::Data | Marker::Main => {
                        "crate = ::my_crate::durably"
                    }
                    Marker::AllowNondeterminism => "reason = \"..\"",
                    _ => "name = \"..\"",
                };
                write!(
                    f,
                    "`{marker}` takes options by key; write `key = value`, such as `{example}`"
                )
            }
            Self::NeedsEquals(key) => {
                write!(f, "the value of an option follows `=`; write `{key} = ..`")
            }
            Self::Twice(key) => write!(f, "`{key}` is given twice; keep one"),
            Self::Unknown {
                key,
                marker,
                known: [],
                ..
            } => {
                write!(f, "`{marker}` takes no options; remove `{key}`")
            }
            Self::Unknown {
                key,
                marker,
                known,
                alone,
            } => {
                write!(f, "unknown option `{key}` for `{marker}`")?;
                let near = nearest(&key.to_string(), known);
                if let Some(place) = place_of(&key.to_string(), *marker) {
                    write!(f, ", {place}")?;
                } else if let Some(near) = near {
                    write!(f, ", did you mean `{near}`?")?;
                } else if *alone && known.contains(&"name") {
                    write!(f, ", did you mean `name = \"{key}\"`?")?;
                }
                write!(f, " (known: {})", known.join(", "))
            }
            Self::NeedsText(key, example) => {
                write!(f, "`{key}` takes a text; write `{key} = {example}`")
            }
            Self::NeedsTextHere(key) => write!(
                f,
                "`{key}` takes a text literal, because a macro cannot read a constant; write `{key} = \"..\"`"
            ),
            Self::NeedsMethod(key, name) => write!(
                f,
                "`{key}` takes the name of a method of this block; write `{key} = {}`",
                name.as_deref().unwrap_or("check_order")
            ),
            Self::NeedsPath(key) => {
                write!(
                    f,
                    "`{key}` takes a path; write `{key} = ::my_crate::durably`"
                )
            }
            Self::EmptyText(key) => write!(
                f,
                "`{key}` is empty; write a text, or leave it out for the default"
            ),
            Self::FlagHasValue(key) => write!(f, "`{key}` takes no value; write `{key}` alone"),
            Self::CountFromOne(key) => write!(
                f,
                "`{key}` takes a whole number from 1; leave it out for no limit"
            ),
            Self::Duration(wrong) => wrong.fmt(f),
            Self::DynamicName(marker) => write!(
                f,
                "a dynamic {} serves every name without one of its own, so it has no name; remove `name`, or `dynamic`",
                marker.word()
            ),
            Self::Versioning => f.write_str(
                "`versioning` says which versions of a worker run the workflow once it has started; write `versioning = \"pinned\"` for the one that began it, or `versioning = \"auto_upgrade\"` for the current one",
            ),
            Self::UnfinishedPolicy => f.write_str(
                "`unfinished` is the policy of a handler that runs when the workflow is about to end; write `unfinished = \"wait\"` to have the end wait for it, `unfinished = \"abandon\"` to end without it, or leave it out for a warning in the log",
            ),
            Self::NeverUnfinished => f.write_str(
                "a handler that is not `async` runs to its end at once; remove `unfinished`",
            ),
            Self::LongerThanWhole(part, whole) => write!(
                f,
                "`{part}` is longer than `{whole}`, so it would never expire; shorten it, or leave it out"
            ),
        }
    }
}

/// Returns the attribute on which a known option belongs.
fn place_of(key: &str, given_on: Marker) -> Option<&'static str> {
    Some(match key {
        "remote" if given_on == Marker::Activity => {
            "it belongs on an activity that is a function without a body"
        }
        "validator" => "it belongs on `#[update]`",
        "versioning" if given_on != Marker::Workflow => "it belongs on `#[workflow]`",
        "unfinished" => "it belongs on `#[signal]` or `#[update]`",
        "dynamic" => {
            "it belongs on `#[signal]`, `#[query]`, `#[update]`, `#[workflow]` or `#[activity]`"
        }
        "task_queue" => "it belongs on `#[workflow]` or `#[activity]`",
        "start_to_close" | "schedule_to_close" | "schedule_to_start" | "heartbeat"
        | "max_attempts" | "remote"
            if given_on != Marker::Activity =>
        {
            "it belongs on `#[activity]`"
        }
        _ if given_on == Marker::Workflow => return start_option(key),
        _ => return None,
    })
}

/// Returns the start's method that sets the option `key`.
fn start_option(key: &str) -> Option<&'static str> {
    Some(match key {
        "id" => "set it where the workflow is started: `.id(..)`",
        "run_timeout" => "set it where the workflow is started: `.run_timeout(..)`",
        "execution_timeout" => "set it where the workflow is started: `.execution_timeout(..)`",
        "task_timeout" => "set it where the workflow is started: `.task_timeout(..)`",
        "id_reuse_policy" => "set it where the workflow is started: `.id_reuse_policy(..)`",
        "cron" | "cron_schedule" => "set it where the workflow is started: `.cron(..)`",
        "retry" | "retry_policy" => "set it where the workflow is started: `.retry(..)`",
        "memo" => "set it where the workflow is started: `.memo(..)`",
        _ => return None,
    })
}
