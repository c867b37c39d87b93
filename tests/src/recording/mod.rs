//! What a server recorded of a scenario, as text that is compared with that of another server.
//!
//! A scenario drives workflows and names what is to be compared: runs, with all that follow them and their
//! children, descriptions of what waits, and texts. All fields of all events are compared. Ids are replaced by names,
//! consistently, and times by the fact that they are there; `fields.rs` lists what else is left out.

mod fields;
mod names;
mod side_by_side;

use std::collections::BTreeSet;

use durably::{Client, Result, client::DynHandle};
use durably_proto::{
    Message,
    api::{
        common::v1::WorkflowExecution,
        enums::v1::HistoryEventFilterType,
        history::v1::{HistoryEvent, history_event::Attributes},
        workflowservice::v1::{
            DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse,
            GetWorkflowExecutionHistoryRequest,
        },
    },
};

use crate::{World, eventually, history, raw::within, unique};
use names::Names;

/// One event, one description or one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    title: String,
    /// Path and value of each field.
    fields: Vec<(String, String)>,
}

impl From<String> for Entry {
    fn from(title: String) -> Self {
        let fields = Vec::new();
        Self { title, fields }
    }
}

/// A scenario on one server.
pub struct Recording {
    /// The server, with a client and a task queue.
    pub world: World,
    names: Names,
    entries: Vec<Entry>,
    /// Runs whose histories are compared at the end: label, workflow id, run id.
    roots: Vec<(String, String, String)>,
}

impl Recording {
    fn new(world: World) -> Self {
        let mut names = Names::default();
        names.add(&world.queue, "queue");
        Self {
            world,
            names,
            entries: Vec::new(),
            roots: Vec::new(),
        }
    }

    /// A client of the server.
    pub fn client(&self) -> &Client {
        &self.world.client
    }

    /// The task queue of the scenario.
    pub fn queue(&self) -> &str {
        &self.world.queue
    }

    /// An id that nobody else uses, whose name in the text is `what`.
    pub fn name(&mut self, what: &str) -> String {
        let id = unique(what);
        self.names.add(&id, what);
        id
    }

    /// Compares the history of this run, of all runs that follow it and of their children, at the end of the
    /// scenario.
    pub fn follow(&mut self, label: &str, handle: &DynHandle) {
        let run_id = handle.run_id().expect("a started handle knows its run");
        self.follow_run(label, handle.id(), run_id);
    }

    /// See [`Recording::follow`].
    pub fn follow_run(&mut self, label: &str, workflow_id: &str, run_id: &str) {
        let [label, workflow_id, run_id] = [label, workflow_id, run_id].map(ToOwned::to_owned);
        self.roots.push((label, workflow_id, run_id));
    }

    /// Compares a text: a result, or what an error says.
    pub fn note(&mut self, label: &str, text: impl ToString) {
        let value = self.names.replaced(&text.to_string(), label);
        let title = self.title(label.to_owned());
        let fields = vec![("text".to_owned(), value)];
        self.entries.push(Entry { title, fields });
    }

    /// A title that no other entry has.
    fn title(&self, title: String) -> String {
        let is_used = |title: &str| self.entries.iter().any(|it| it.title == title);
        let others = (2..).map(|n| format!("{title} ({n})"));
        let mut all = std::iter::once(title.clone()).chain(others);
        all.find(|it| !is_used(it)).expect("there are many numbers")
    }

    /// Compares what the server says of the latest run of a workflow at this moment.
    pub async fn describe(&mut self, label: &str, workflow_id: &str) -> Result<()> {
        let described = self.described(workflow_id, "").await?;
        self.add_description(label, &described);
        Ok(())
    }

    /// Waits until the latest run of the workflow has no workflow task: it waits for something else.
    pub async fn idle(&self, workflow_id: &str) {
        eventually("the workflow waits", || async {
            let described = self.described(workflow_id, "").await.ok()?;
            described.pending_workflow_task.is_none().then_some(())
        })
        .await;
    }

    /// Waits until the latest run of the workflow has a workflow task that no worker has taken.
    pub async fn task_waits(&self, workflow_id: &str) {
        self.until(workflow_id, "a task that waits", |it| {
            let task = it.pending_workflow_task.as_ref();
            task.is_some_and(|it| it.started_time.is_none())
        })
        .await;
    }

    /// Waits until the latest run of the workflow is described as the test needs it.
    pub async fn until(
        &self,
        workflow_id: &str,
        what: &str,
        condition: impl Fn(&DescribeWorkflowExecutionResponse) -> bool,
    ) {
        eventually(what, || async {
            let described = self.described(workflow_id, "").await.ok()?;
            condition(&described).then_some(())
        })
        .await;
    }

    /// Waits until the latest run of the workflow has this many events of a kind, as `ActivityTaskStarted`.
    pub async fn recorded(&self, workflow_id: &str, kind: &str, times: usize) {
        eventually(kind, || async {
            let address = self.world.address();
            let events = history::events(&address, workflow_id, "").await;
            let found = events.iter().filter(|event| kind_of(event) == kind);
            (found.count() >= times).then_some(())
        })
        .await;
    }

    /// Waits until a run is closed.
    pub async fn closed(&self, workflow_id: &str, run_id: &str) -> Result<()> {
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: "default".to_owned(),
            execution: Some(execution(workflow_id, run_id)),
            wait_new_event: true,
            history_event_filter_type: HistoryEventFilterType::CloseEvent.into(),
            ..Default::default()
        };
        let mut service = self.world.service().await?;
        loop {
            let request = within(60, request.clone());
            let page = service.get_workflow_execution_history(request).await?;
            let page = page.into_inner();
            if !page.history.unwrap_or_default().events.is_empty() {
                return Ok(());
            }
        }
    }

    async fn described(
        &self,
        workflow_id: &str,
        run_id: &str,
    ) -> Result<DescribeWorkflowExecutionResponse> {
        let request = DescribeWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            execution: Some(execution(workflow_id, run_id)),
        };
        let mut service = self.world.service().await?;
        let described = service.describe_workflow_execution(request).await?;
        Ok(described.into_inner())
    }

    fn add_description(&mut self, label: &str, described: &DescribeWorkflowExecutionResponse) {
        self.add(
            format!("{label}: description"),
            described,
            "temporal.api.workflowservice.v1.DescribeWorkflowExecutionResponse",
        );
    }

    fn add(&mut self, title: String, message: &impl Message, name: &str) {
        let title = self.title(title);
        let fields = fields::of(message, name, &title, &mut self.names);
        self.entries.push(Entry { title, fields });
    }

    /// Adds the histories of all runs that belong to the scenario, with their descriptions.
    async fn finish(mut self) -> Result<Vec<Entry>> {
        let mut seen = BTreeSet::new();
        let mut runs = std::mem::take(&mut self.roots);
        runs.reverse();
        while let Some((label, workflow_id, run_id)) = runs.pop() {
            if !seen.insert(run_id.clone()) {
                continue;
            }
            self.names.add(&run_id, &format!("<run {label}>"));
            let events = history::events(&self.world.address(), &workflow_id, &run_id).await;
            for event in &events {
                let title = format!("{label}: event {} {}", event.event_id, kind_of(event));
                self.add(title, event, "temporal.api.history.v1.HistoryEvent");
                if let Some((relation, id, run)) = related(event, &workflow_id) {
                    runs.push((format!("{relation} of {label}"), id, run));
                }
            }
            let described = self.described(&workflow_id, &run_id).await?;
            self.add_description(&label, &described);
        }
        self.world.stop().await;
        Ok(self.entries)
    }
}

fn execution(workflow_id: &str, run_id: &str) -> WorkflowExecution {
    WorkflowExecution {
        workflow_id: workflow_id.to_owned(),
        run_id: run_id.to_owned(),
    }
}

fn kind_of(event: &HistoryEvent) -> String {
    let name = event.event_type().as_str_name();
    let words = name.trim_start_matches("EVENT_TYPE_").split('_');
    let word = |word: &str| word[..1].to_owned() + &word[1..].to_lowercase();
    words.map(word).collect()
}

/// A run that an event leads to: how, workflow id, run id.
fn related(event: &HistoryEvent, workflow_id: &str) -> Option<(String, String, String)> {
    if let Some(run_id) = history::next_run_id(event) {
        let relation = "next run".to_owned();
        return Some((relation, workflow_id.to_owned(), run_id.to_owned()));
    }
    match event.attributes.as_ref()? {
        Attributes::ChildWorkflowExecutionStartedEventAttributes(it) => {
            let child = it.workflow_execution.clone()?;
            let relation = format!("child of event {}", it.initiated_event_id);
            Some((relation, child.workflow_id, child.run_id))
        }
        _ => None,
    }
}

/// What the real server and ours recorded of one scenario.
///
/// The order of what happens at the same time is the machine's, so a scenario whose recordings differ is
/// recorded again; a server that behaves differently does so each time.
#[derive(Default)]
pub struct Recordings {
    real: Vec<Vec<Entry>>,
    embedded: Vec<Vec<Entry>>,
}

impl Recordings {
    /// How often a scenario is recorded before its difference counts.
    pub const ATTEMPTS: usize = 4;

    /// Adds a recording of each server.
    pub fn add(&mut self, real: Vec<Entry>, embedded: Vec<Entry>) {
        self.real.push(real);
        self.embedded.push(embedded);
    }

    /// Whether a recording of ours is one of the real server's.
    pub fn agree(&self) -> bool {
        self.embedded.iter().any(|found| self.real.contains(found))
    }

    /// # Panics
    /// If the servers have no recording in common, with what differs between the last ones.
    pub fn assert_agree(&self, scenario: &str) {
        let real = self.real.last().expect("it was recorded");
        let embedded = self.embedded.last().expect("it was recorded");
        assert!(
            self.agree(),
            "{scenario}: real server left, embedded right\n{}",
            side_by_side::recordings(real, embedded)
        );
    }
}

/// Runs a scenario on both servers and compares what they recorded.
///
/// # Panics
/// If they differ each time.
pub async fn compare(
    name: &str,
    scenario: impl AsyncFn(&mut Recording) -> Result<()>,
) -> Result<()> {
    let record = async |world: World| {
        let mut recording = Recording::new(world);
        scenario(&mut recording).await?;
        recording.finish().await
    };
    let mut recordings = Recordings::default();
    for _ in 0..Recordings::ATTEMPTS {
        let Some(real) = World::real(name).await? else {
            return Ok(());
        };
        let embedded = World::embedded().await?;
        let (real, embedded) = futures::join!(record(real), record(embedded));
        recordings.add(real?, embedded?);
        if recordings.agree() {
            return Ok(());
        }
    }
    recordings.assert_agree(name);
    Ok(())
}

/// Compares what both servers record of each named scenario, a function of a [`Recording`].
#[macro_export]
macro_rules! same_on_both_servers {
    ($($name:ident)*) => {
        mod same {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() -> ::durably::Result<()> {
                let name = concat!(module_path!(), "::", stringify!($name));
                $crate::recording::compare(name, async |it: &mut $crate::recording::Recording| {
                    super::$name(it).await
                })
                .await
            })*
        }
    };
}
