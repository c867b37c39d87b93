//! Executes committed effects: dispatches tasks, notifies waiters, sets the run's alarm.

use std::sync::Arc;
use std::time::Duration;

use durably_history::{Effect, TaskQueue, Time, WorkflowTaskKey};

use crate::backend::Backend;
use crate::clock::WorkUnits;
use crate::execution::{Execution, Record};
use crate::matching::offer::{ActivityOffer, WorkflowOffer};
use crate::matching::priority::TaskPriority;
use crate::matching::queue::QueueKind;

impl Backend {
    /// Executes the effects of a committed transition in order. The execution is still locked, so
    /// that the effects of two inputs are not interleaved.
    pub(crate) fn dispatch(
        &self,
        execution: &Execution,
        record: &mut Record,
        effects: Vec<Effect>,
        now: Time,
    ) {
        for effect in effects {
            match effect {
                Effect::DispatchWorkflowTask {
                    task_key, queue, ..
                } => {
                    self.offer_workflow_task(execution, record, task_key, queue, now);
                }
                Effect::DispatchActivity { task_key, queue } => {
                    let priority = record.run.activity_priority(task_key.scheduled);
                    let priority = TaskPriority::from(priority);
                    let offer = ActivityOffer {
                        run: execution.run_name(record.run.run_id()),
                        task_key,
                        priority: priority.clone(),
                        route: record.run.route(),
                    };
                    let namespace = &execution.namespace;
                    namespace.offer_activity_task(&queue, priority, offer, now);
                }
                // The next run was started in the same commit; its own effects are executed
                // separately.
                Effect::StartNext(_) => {}
                // The message was given to the outbox with its commit.
                Effect::Deliver(_) => {}
                Effect::Remove => self.remove_later(execution, record.run.run_id()),
                Effect::Closed(_) => {
                    record.waiters.end_close_waits();
                    execution.closed.notify_waiters();
                }
                Effect::UpdateReached(status) => record.waiters.notify_update(&status),
                Effect::TimeSkippingChanged => execution.changed.notify_waiters(),
                // The row is part of the commit.
                Effect::VisibilityChanged => {}
            }
        }
        if !record.run.is_fast_forwarding() {
            record.waiters.end_fast_forward_waits();
        }
        if record.next_due() != record.alarm {
            self.set_alarm(execution, record);
        }
        self.update_work_count(record);
    }

    /// Sets the alarm of a run for its earliest deadline.
    pub(crate) fn set_alarm(&self, execution: &Execution, record: &mut Record) {
        record.alarm = record.next_due();
        let run = execution.run_name(record.run.run_id());
        self.timers.set_run(&run, record.alarm);
    }

    /// Offers a workflow task to the sticky queue only while its worker polls; no other worker
    /// would take it from there.
    fn offer_workflow_task(
        &self,
        execution: &Execution,
        record: &Record,
        task_key: WorkflowTaskKey,
        queue: TaskQueue,
        now: Time,
    ) {
        let namespace = &execution.namespace;
        let (queues, route) = (&namespace.workflow_tasks, record.run.route());
        let (queue, normal_queue, kind) = match queue {
            TaskQueue::Normal(name) => (Arc::clone(&name), name, QueueKind::Normal),
            TaskQueue::Sticky(sticky)
                if queues.is_polled(&sticky.name, None, STICKY_WORKER_GONE, now)
                    && namespace.stays(&sticky.normal_name, &route, execution.workflow_id()) =>
            {
                (sticky.name, sticky.normal_name, QueueKind::Sticky)
            }
            TaskQueue::Sticky(sticky) => (
                Arc::clone(&sticky.normal_name),
                sticky.normal_name,
                QueueKind::Normal,
            ),
        };
        let priority = TaskPriority::from(record.run.priority());
        let offer = WorkflowOffer::Task {
            run: execution.run_name(record.run.run_id()),
            task_key,
            normal_queue,
            priority: priority.clone(),
            route,
        };
        namespace.offer_workflow_task(&queue, kind, priority, offer, now);
    }

    /// Reports the run's units of work to a skipping clock.
    fn update_work_count(&self, record: &mut Record) {
        if !self.clock.skips() {
            return;
        }
        let run = &record.run;
        let at_work = usize::from(run.has_workflow_task())
            + usize::from(run.has_runnable_activity())
            + usize::from(run.has_outgoing());
        WorkUnits::replace(&mut record.at_work, at_work, &self.clock);
    }
}

/// A sticky queue without a poll for this long has lost its worker; the real server's value.
pub(crate) const STICKY_WORKER_GONE: Duration = Duration::from_secs(10);
