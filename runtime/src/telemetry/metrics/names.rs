//! The metrics of clients and workers, with the names and descriptions that SDKs built on Temporal's shared core use.

use crate::telemetry::meter::{
    Metric,
    MetricKind::{Counter, DurationHistogram, Gauge},
};

macro_rules! metrics {
    ($($name:ident: $kind:ident, $wire:literal, $description:literal;)*) => {
        $(pub(super) static $name: Metric =
            Metric::fixed($kind, concat!("temporal_", $wire), $description);)*
    };
}

metrics! {
    REQUEST: Counter, "request", "Count of client request successes by rpc name";
    REQUEST_FAILURE: Counter, "request_failure", "Count of client request failures by rpc name";
    REQUEST_LATENCY: DurationHistogram, "request_latency", "Histogram of client request latencies";
    LONG_REQUEST: Counter, "long_request", "Count of long-poll request successes by rpc name";
    LONG_REQUEST_FAILURE: Counter, "long_request_failure", "Count of long-poll request failures by rpc name";
    LONG_REQUEST_LATENCY: DurationHistogram, "long_request_latency", "Histogram of client long-poll request latencies";

    WORKER_START: Counter, "worker_start", "Count of the number of initialized workers";
    NUM_POLLERS: Gauge, "num_pollers", "Current number of active pollers per queue type";
    SLOTS_AVAILABLE: Gauge, "worker_task_slots_available", "Current number of available slots per task type";
    SLOTS_USED: Gauge, "worker_task_slots_used", "Current number of used slots per task type";

    RESOURCE_SLOTS_MEM_USAGE: Gauge, "resource_slots_mem_usage", "Percentage of memory in use at the last decision about a slot";
    RESOURCE_SLOTS_CPU_USAGE: Gauge, "resource_slots_cpu_usage", "Percentage of CPU in use at the last decision about a slot";
    RESOURCE_SLOTS_MEM_PID_OUTPUT: Gauge, "resource_slots_mem_pid_output", "How far memory was below its target at the last decision about a slot";
    RESOURCE_SLOTS_CPU_PID_OUTPUT: Gauge, "resource_slots_cpu_pid_output", "How far CPU was below its target at the last decision about a slot";

    STICKY_CACHE_HIT: Counter, "sticky_cache_hit", "Count of times the workflow cache was used for a new workflow task";
    STICKY_CACHE_MISS: Counter, "sticky_cache_miss", "Count of times the workflow cache was missing a workflow for a sticky task";
    STICKY_CACHE_SIZE: Gauge, "sticky_cache_size", "Current number of cached workflows";
    STICKY_CACHE_FORCED_EVICTION: Counter, "sticky_cache_total_forced_eviction", "Count of evictions of cached workflows";

    WORKFLOW_COMPLETED: Counter, "workflow_completed", "Count of successfully completed workflows";
    WORKFLOW_FAILED: Counter, "workflow_failed", "Count of failed workflows";
    WORKFLOW_CANCELED: Counter, "workflow_canceled", "Count of canceled workflows";
    WORKFLOW_CONTINUE_AS_NEW: Counter, "workflow_continue_as_new", "Count of continued-as-new workflows";
    WORKFLOW_ENDTOEND_LATENCY: DurationHistogram, "workflow_endtoend_latency", "Histogram of total workflow execution latencies";

    WORKFLOW_TASK_QUEUE_POLL_SUCCEED: Counter, "workflow_task_queue_poll_succeed", "Count of workflow task queue poll successes";
    WORKFLOW_TASK_QUEUE_POLL_EMPTY: Counter, "workflow_task_queue_poll_empty", "Count of workflow task queue poll timeouts (no new task)";
    WORKFLOW_TASK_EXECUTION_FAILED: Counter, "workflow_task_execution_failed", "Count of workflow task execution failures";
    WORKFLOW_TASK_SCHEDULE_TO_START_LATENCY: DurationHistogram, "workflow_task_schedule_to_start_latency", "Histogram of workflow task schedule-to-start latencies";
    WORKFLOW_TASK_REPLAY_LATENCY: DurationHistogram, "workflow_task_replay_latency", "Histogram of workflow task replay latencies";
    WORKFLOW_TASK_EXECUTION_LATENCY: DurationHistogram, "workflow_task_execution_latency", "Histogram of workflow task execution (not replay) latencies";

    ACTIVITY_POLL_NO_TASK: Counter, "activity_poll_no_task", "Count of activity task queue poll timeouts (no new task)";
    ACTIVITY_TASK_RECEIVED: Counter, "activity_task_received", "Count of activity task queue poll successes";
    ACTIVITY_EXECUTION_FAILED: Counter, "activity_execution_failed", "Count of activity task execution failures";
    ACTIVITY_SCHEDULE_TO_START_LATENCY: DurationHistogram, "activity_schedule_to_start_latency", "Histogram of activity schedule-to-start latencies";
    ACTIVITY_EXECUTION_LATENCY: DurationHistogram, "activity_execution_latency", "Histogram of activity execution latencies";
    ACTIVITY_SUCCEED_ENDTOEND_LATENCY: DurationHistogram, "activity_succeed_endtoend_latency", "Histogram of activity execution latencies for successful activities";

    LOCAL_ACTIVITY_TOTAL: Counter, "local_activity_total", "Count of local activities executed";
    LOCAL_ACTIVITY_EXECUTION_CANCELLED: Counter, "local_activity_execution_cancelled", "Count of local activity executions that were cancelled";
    LOCAL_ACTIVITY_EXECUTION_FAILED: Counter, "local_activity_execution_failed", "Count of local activity executions that failed";
    LOCAL_ACTIVITY_EXECUTION_LATENCY: DurationHistogram, "local_activity_execution_latency", "Histogram of local activity execution latencies";
    LOCAL_ACTIVITY_SUCCEED_ENDTOEND_LATENCY: DurationHistogram, "local_activity_succeed_endtoend_latency", "Histogram of local activity execution latencies for successful local activities";
}
