//! The bounds of histograms, as SDKs built on Temporal's shared core have them.

/// The bounds of a histogram of durations in milliseconds, by its name.
pub(crate) fn of(name: &str) -> &'static [f64] {
    match name.strip_prefix("temporal_").unwrap_or_default() {
        "workflow_endtoend_latency" => &[
            100.0,
            500.0,
            1_000.0,
            1_500.0,
            2_000.0,
            5_000.0,
            10_000.0,
            30_000.0,
            60_000.0,
            120_000.0,
            300_000.0,
            600_000.0,
            1_800_000.0,
            3_600_000.0,
            30_600_000.0,
            86_400_000.0,
        ],
        "workflow_task_execution_latency" | "workflow_task_replay_latency" => {
            &[1.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0]
        }
        "activity_execution_latency" => &[50.0, 100.0, 500.0, 1_000.0, 5_000.0, 10_000.0, 60_000.0],
        "workflow_task_schedule_to_start_latency" | "activity_schedule_to_start_latency" => &[
            100.0,
            500.0,
            1_000.0,
            5_000.0,
            10_000.0,
            100_000.0,
            1_000_000.0,
        ],
        _ => &[50.0, 100.0, 500.0, 1_000.0, 2_500.0, 10_000.0],
    }
}
