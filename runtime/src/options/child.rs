//! The options of a child workflow.

use std::time::Duration;

use durably_engine::{
    ChildCancellationType, ChildId, Header, IdReusePolicy, ParentClose, StartChild,
};

use super::{Priority, Retry};
use crate::data::value;

/// How a child is started.
#[derive(Default)]
pub(crate) struct ChildOptions {
    pub(crate) id: Option<String>,
    pub(crate) task_queue: Option<String>,
    pub(crate) execution_timeout: Option<Duration>,
    pub(crate) run_timeout: Option<Duration>,
    pub(crate) task_timeout: Option<Duration>,
    pub(crate) retry: Option<Retry>,
    pub(crate) priority: Option<Priority>,
    pub(crate) cron: Option<String>,
    pub(crate) id_reuse_policy: Option<IdReusePolicy>,
    pub(crate) parent_close: ParentClose,
    pub(crate) cancellation: ChildCancellationType,
    pub(crate) memo: Header,
    pub(crate) search_attributes: Header,
    pub(crate) summary: Option<String>,
    pub(crate) details: Option<String>,
}

impl ChildOptions {
    /// Refuses options that the server would refuse, and with them the whole workflow task.
    ///
    /// # Errors
    /// All that is wrong at once, in words.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut wrong = Vec::new();
        if self.id.as_deref() == Some("") {
            wrong.push("`id` is empty; leave it out for a random one".to_owned());
        }
        if self.task_queue.as_deref() == Some("") {
            wrong.push("`task_queue` is empty; leave it out for that of the parent".to_owned());
        }
        let timeouts = [
            ("execution_timeout", self.execution_timeout),
            ("run_timeout", self.run_timeout),
            ("task_timeout", self.task_timeout),
        ];
        for (name, given) in timeouts {
            if given == Some(Duration::ZERO) {
                wrong.push(format!(
                    "`{name}` is zero, which would mean no timeout; leave it out"
                ));
            }
        }
        if let Some(retry) = &self.retry {
            retry.check(&mut wrong);
        }
        if let Some(priority) = &self.priority {
            priority.check(&mut wrong);
        }
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(wrong.join("; ")),
        }
    }

    /// The intent, but for what the options do not say; `random` makes an id up if none was chosen.
    pub(crate) fn into_start(self, random: impl FnOnce() -> String) -> StartChild {
        let text = |text: String| value::encode_json(&text).ok();
        StartChild {
            id: match self.id {
                Some(id) => ChildId::Chosen(id),
                None => ChildId::Generated(random()),
            },
            task_queue: self.task_queue,
            execution_timeout: self.execution_timeout,
            run_timeout: self.run_timeout,
            task_timeout: self.task_timeout,
            retry: self.retry.as_ref().map(Retry::policy),
            priority: self.priority.map(Priority::into_engine).unwrap_or_default(),
            cron: self.cron.unwrap_or_default(),
            id_reuse: self.id_reuse_policy.unwrap_or_default(),
            parent_close: self.parent_close,
            memo: self.memo,
            search_attributes: self.search_attributes,
            cancellation: self.cancellation,
            summary: self.summary.and_then(text),
            details: self.details.and_then(text),
            ..StartChild::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_wrong_is_said_at_once() {
        let options = ChildOptions {
            id: Some(String::new()),
            run_timeout: Some(Duration::ZERO),
            retry: Some(Retry::attempts(3).backoff(0.5)),
            ..ChildOptions::default()
        };
        assert_eq!(
            options.check().unwrap_err(),
            "`id` is empty; leave it out for a random one; \
             `run_timeout` is zero, which would mean no timeout; leave it out; \
             `retry.backoff` is 0.5; a pause cannot shrink, use 1 or more"
        );
        assert_eq!(ChildOptions::default().check(), Ok(()));
    }
}
