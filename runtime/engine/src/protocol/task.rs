//! A task, as it comes in: a slice of history, updates, queries.

use crate::{Event, EventId, Header, Payload, UpdateMessage};

/// One workflow task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Task {
    /// Type of the workflow.
    pub workflow_type: String,
    /// Id of the workflow.
    pub workflow_id: String,
    /// The run.
    pub run_id: String,
    /// All of history, or what follows the last task this worker answered.
    pub history: Vec<Event>,
    /// The event by which this worker took the task; 0 for a task that only asks queries.
    pub started: EventId,
    /// The event by which the last answered task was taken; 0 if none was.
    pub previous_started: EventId,
    /// Updates to handle in this task, in their order.
    pub messages: Vec<UpdateMessage>,
    /// Queries to answer.
    pub queries: Queries,
}

impl Task {
    /// Becomes the task that the server returned for a heartbeat of this one, whose history is known up to
    /// `last`. The server does not repeat the messages of a task that was answered with a heartbeat.
    pub fn prolong(&mut self, next: Self, last: EventId) {
        let known = next.history.partition_point(|event| event.id <= last);
        self.history.extend(next.history.into_iter().skip(known));
        self.started = next.started;
        self.messages.extend(next.messages);
        if let (Queries::Attached(queries), Queries::Attached(new)) =
            (&mut self.queries, next.queries)
        {
            for query in new {
                if queries.iter().all(|known| known.id != query.id) {
                    queries.push(query);
                }
            }
        }
    }
}

/// What a task asks beside going on.
#[derive(Clone, Debug, PartialEq)]
pub enum Queries {
    /// Answered together with the commands of the task; mostly none.
    Attached(Vec<QueryRequest>),
    /// The task is only this query; nothing moves.
    Only(QueryRequest),
}

/// A query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryRequest {
    /// Id of the query within the task.
    pub id: String,
    /// Name of the query.
    pub name: String,
    /// Its arguments.
    pub input: Vec<Payload>,
    /// What travels beside them.
    pub header: Header,
}

impl Default for Queries {
    fn default() -> Self {
        Self::Attached(Vec::new())
    }
}
