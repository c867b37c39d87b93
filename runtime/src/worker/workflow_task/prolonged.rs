//! A task that is prolonged while pages of its history are fetched.
//!
//! Its time runs at the server meanwhile, and each attempt at a task begins with the first page: a run whose pages
//! take longer than a task's time would never get on. Other SDKs leave it at that; they send heartbeats for local
//! activities alone. Here a task is completed, after 80 % of its time, as that of a long replay is: without
//! commands, and with the flag which says that user code has not seen its events. Nothing of the run has to be
//! known for that.
//!
//! Two tasks are not prolonged: a query, whose caller waits and whose response is no completion, and a task of a
//! worker that caches no runs, to which the server would return all of history with each heartbeat.

use std::pin::pin;

use durably_engine::Run;

use super::{
    executor::Executors, history_pages::fetch_pages, rejection::log_rejected, task_info::TaskInfo,
};
use crate::{
    transport::retry::Patience,
    wire::{history::Events, request::Execution, status::CallError, workflow_task::PolledTask},
    worker::server::Server,
};

/// Further pages of a task's history.
pub(crate) struct Pages {
    pub(crate) events: Result<Events, CallError>,
    /// The tasks with which the server has replaced the task meanwhile, with the events since; the last one counts.
    pub(crate) later: Vec<PolledTask>,
}

/// A task that is prolonged while something is awaited.
struct Prolonged<'a> {
    server: &'a Server,
    executors: &'a Executors,
    info: TaskInfo,
    later: Vec<PolledTask>,
}

impl Pages {
    /// Fetches the pages from `page_token` on, with an empty token all of history, and prolongs the task
    /// meanwhile; none if the server gives the task to another worker, or again.
    pub(crate) async fn fetch(
        server: &Server,
        executors: &Executors,
        info: TaskInfo,
        page_token: Vec<u8>,
    ) -> Option<Self> {
        let execution = Execution {
            workflow_id: info.workflow_id.clone(),
            run_id: info.run_id.clone(),
        };
        let fetch = |page_token| fetch_pages(server, execution.clone(), page_token);
        let mut task = Prolonged {
            server,
            executors,
            info,
            later: Vec::new(),
        };
        let mut events = task.during(fetch(page_token)).await?;
        let mut complete = 0;
        while events.is_ok() && complete < task.later.len() {
            if task.later[complete].has_more_pages() {
                let page_token = task.later[complete].take_page_token();
                match task.during(fetch(page_token)).await? {
                    Ok(more) => task.later[complete].append(more),
                    Err(error) => events = Err(error),
                }
            }
            complete += 1;
        }
        let later = task.later;
        Some(Self { events, later })
    }
}

impl Prolonged<'_> {
    async fn during<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        let is_prolonged = self.executors.max_cached > 0 && !self.info.query_only;
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                () = self.server.timers.sleep_until(self.info.heartbeat_due()), if is_prolonged => {}
            }
            // The work rests meanwhile: its result is of no use without the next task.
            let task = self.heartbeat().await?;
            self.info = TaskInfo::of(&task);
            self.later.push(task);
        }
    }

    /// Sends a heartbeat; returns the task with which the server replaces the one in hand.
    async fn heartbeat(&self) -> Option<PolledTask> {
        let Self {
            server,
            executors,
            info,
            later: _,
        } = self;
        let completions = &executors.completions;
        let request = completions.request(Run::heartbeat(), info, true);
        let patience = Patience::until(info.deadline());
        let sent = server
            .caller
            .call_about(request.prolonging(), patience, Some(|| info.about()));
        match sent.await {
            Ok(response) => response.task.filter(|_| response.reset_to.is_none()),
            Err(error) => {
                log_rejected(server, info, "the heartbeat of a workflow task", &error);
                None
            }
        }
    }
}
