//! All programs that compile, as one program, because linking the SDK takes longer than compiling
//! them: `bench-mistakes NAME` runs one. Those that the compiler refuses are examples only.

macro_rules! programs {
    ($($name:ident = $file:literal;)*) => {
        $(#[path = $file] mod $name;)*

        fn main() {
            let wanted = std::env::args().nth(1).unwrap_or_default();
            match wanted.as_str() {
                $(stringify!($name) => $name::main(),)*
                // Without a name: which names there are.
                _ => print!("{}", concat!($(stringify!($name), "\n"),*)),
            }
        }
    };
}

programs! {
    activity_contradictory_timeouts = "../examples/activity_contradictory_timeouts.rs";
    activity_heartbeat_without_context = "../examples/activity_heartbeat_without_context.rs";
    activity_no_attempts = "../examples/activity_no_attempts.rs";
    activity_option_twice = "../examples/activity_option_twice.rs";
    activity_zero_duration = "../examples/activity_zero_duration.rs";
    at_run_time_activity_registered_twice = "../examples/at_run_time_activity_registered_twice.rs";
    at_run_time_blocked_thread = "../examples/at_run_time_blocked_thread.rs";
    at_run_time_changed_code = "../examples/at_run_time_changed_code.rs";
    at_run_time_foreign_wake = "../examples/at_run_time_foreign_wake.rs";
    at_run_time_nothing_registered = "../examples/at_run_time_nothing_registered.rs";
    at_run_time_panic = "../examples/at_run_time_panic.rs";
    at_run_time_undecodable_argument = "../examples/at_run_time_undecodable_argument.rs";
    at_run_time_unknown_activity = "../examples/at_run_time_unknown_activity.rs";
    at_run_time_unknown_workflow = "../examples/at_run_time_unknown_workflow.rs";
    at_run_time_wait_without_end = "../examples/at_run_time_wait_without_end.rs";
    at_run_time_workflow_registered_twice = "../examples/at_run_time_workflow_registered_twice.rs";
    control = "../examples/control.rs";
    determinism_async_runtime = "../examples/determinism_async_runtime.rs";
    determinism_child_process = "../examples/determinism_child_process.rs";
    determinism_clocks = "../examples/determinism_clocks.rs";
    determinism_environment = "../examples/determinism_environment.rs";
    determinism_fields = "../examples/determinism_fields.rs";
    determinism_files_and_network = "../examples/determinism_files_and_network.rs";
    determinism_foreign_join = "../examples/determinism_foreign_join.rs";
    determinism_foreign_select = "../examples/determinism_foreign_select.rs";
    determinism_hash_order = "../examples/determinism_hash_order.rs";
    determinism_imported_in_the_body = "../examples/determinism_imported_in_the_body.rs";
    determinism_in_format_arguments = "../examples/determinism_in_format_arguments.rs";
    determinism_in_helpers_and_handlers = "../examples/determinism_in_helpers_and_handlers.rs";
    determinism_in_macros_and_closures = "../examples/determinism_in_macros_and_closures.rs";
    determinism_in_nested_function = "../examples/determinism_in_nested_function.rs";
    determinism_in_opaque_macro = "../examples/determinism_in_opaque_macro.rs";
    determinism_in_signature = "../examples/determinism_in_signature.rs";
    determinism_lazy_static_that_reads_a_clock = "../examples/determinism_lazy_static_that_reads_a_clock.rs";
    determinism_lock_in_a_field = "../examples/determinism_lock_in_a_field.rs";
    determinism_printing = "../examples/determinism_printing.rs";
    determinism_random = "../examples/determinism_random.rs";
    determinism_seeded_outside = "../examples/determinism_seeded_outside.rs";
    determinism_sleeps_of_the_thread = "../examples/determinism_sleeps_of_the_thread.rs";
    determinism_sleeps_of_tokio = "../examples/determinism_sleeps_of_tokio.rs";
    determinism_sleeps_with_timeout = "../examples/determinism_sleeps_with_timeout.rs";
    determinism_standard_input = "../examples/determinism_standard_input.rs";
    determinism_static_that_is_set_once = "../examples/determinism_static_that_is_set_once.rs";
    determinism_statics = "../examples/determinism_statics.rs";
    determinism_sync_primitives_channel = "../examples/determinism_sync_primitives_channel.rs";
    determinism_sync_primitives_lock = "../examples/determinism_sync_primitives_lock.rs";
    determinism_thread_local = "../examples/determinism_thread_local.rs";
    determinism_threads_blocking = "../examples/determinism_threads_blocking.rs";
    determinism_threads_task = "../examples/determinism_threads_task.rs";
    determinism_threads_thread = "../examples/determinism_threads_thread.rs";
    determinism_use_of_a_static = "../examples/determinism_use_of_a_static.rs";
    determinism_yielding = "../examples/determinism_yielding.rs";
    init_named = "../examples/init_named.rs";
    names_duplicate_activity = "../examples/names_duplicate_activity.rs";
    names_duplicate_signal = "../examples/names_duplicate_signal.rs";
    names_duplicate_update = "../examples/names_duplicate_update.rs";
    names_empty = "../examples/names_empty.rs";
    names_of_temporal = "../examples/names_of_temporal.rs";
    query_gives_nothing = "../examples/query_gives_nothing.rs";
    query_result_alias = "../examples/query_result_alias.rs";
    update_result_alias = "../examples/update_result_alias.rs";
    workflow_unknown_option_of_the_block = "../examples/workflow_unknown_option_of_the_block.rs";
}
