//! What can be said about a workflow that is to be started.

use std::time::Duration;

use durably_engine::Header;

use crate::{
    client::Client,
    data::{EncodedArgs, value},
    error::{DataError, RpcError, StartError},
    options::{InvalidOptions, Priority, Retry},
    transport::id,
    wire::deployment::VersioningOverride,
    wire::start::{IdConflictPolicy, IdReusePolicy, StartWorkflow},
    wire::time_skipping::TimeSkipping,
};

/// A workflow about to be started.
pub(crate) struct Start {
    pub client: Client,
    pub workflow: String,
    pub args: EncodedArgs,
    pub id: Option<String>,
    pub task_queue: String,
    pub execution_timeout: Option<Duration>,
    pub run_timeout: Option<Duration>,
    pub task_timeout: Option<Duration>,
    pub retry: Option<Retry>,
    pub priority: Option<Priority>,
    pub summary: Option<String>,
    pub details: Option<String>,
    pub cron: Option<String>,
    pub start_delay: Option<Duration>,
    pub memo: Header,
    pub search_attributes: Header,
    pub id_reuse_policy: Option<IdReusePolicy>,
    pub id_conflict: Option<IdConflictPolicy>,
    pub versioning: Option<VersioningOverride>,
    pub time_skipping: Option<TimeSkipping>,
    /// Whether a worker of this process may take the first task from the response.
    pub eager: bool,
    /// How long the caller waits for the server's response.
    pub timeout: Option<Duration>,
    /// The first memo or search attribute that could not be encoded.
    pub error: Option<DataError>,
}

impl Start {
    pub(crate) fn new(client: &Client, workflow: String, args: EncodedArgs) -> Self {
        Self {
            client: client.clone(),
            workflow,
            args,
            id: None,
            task_queue: String::new(),
            execution_timeout: None,
            run_timeout: None,
            task_timeout: None,
            retry: None,
            priority: None,
            summary: None,
            details: None,
            cron: None,
            start_delay: None,
            memo: Header::new(),
            search_attributes: Header::new(),
            id_reuse_policy: None,
            id_conflict: None,
            versioning: None,
            time_skipping: None,
            eager: false,
            timeout: None,
            error: None,
        }
    }

    /// The request.
    ///
    /// # Errors
    /// [`StartError::Data`] for an argument, a memo or a search attribute that cannot be written, and
    /// [`RpcError::InvalidArgument`] for a priority or a time skipping that the server would refuse or take for another.
    pub(crate) fn into_request(self) -> Result<StartWorkflow, StartError> {
        if let Some(error) = self.error {
            return Err(error.into());
        }
        let mut wrong = Vec::new();
        if let Some(priority) = &self.priority {
            priority.check(&mut wrong);
        }
        if let Some(skipping) = &self.time_skipping {
            skipping.check(&mut wrong);
        }
        let of = format_args!("workflow `{}`", self.workflow);
        InvalidOptions::check(of, wrong).map_err(RpcError::from)?;
        let text = |text: String| value::encode_json(&text).ok();
        Ok(StartWorkflow {
            workflow_id: self.id.unwrap_or_else(id::random),
            workflow_type: self.workflow,
            task_queue: self.task_queue,
            input: self.args.0?,
            header: Header::new(),
            execution_timeout: self.execution_timeout,
            run_timeout: self.run_timeout,
            task_timeout: self.task_timeout,
            retry: self.retry.map(|retry| retry.policy()),
            priority: self.priority.map(Priority::into_engine).unwrap_or_default(),
            summary: self.summary.and_then(text),
            details: self.details.and_then(text),
            cron: self.cron.unwrap_or_default(),
            start_delay: self.start_delay,
            memo: self.memo,
            search_attributes: self.search_attributes,
            id_reuse: self.id_reuse_policy.unwrap_or_default(),
            id_conflict: self.id_conflict,
            versioning: self.versioning,
            time_skipping: self.time_skipping,
            // A start alone requests it when a worker has a slot for the task.
            eager: false,
        })
    }
}
