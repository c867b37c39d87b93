//! A stored run whose parts and events are changed, and their checksums with them: restoring it is
//! an error, or a run that inputs can be applied to.

mod inputs;
mod stored;

use durably_history::{Run, Time};

use crate::choices::Choices;
use inputs::Worker;
use stored::Stored;

pub fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let mut stored = Stored::first();
    for _ in 0..choices.below(MOST_CHANGES) {
        stored.change(&mut choices);
    }
    // What is not changed is whole.
    let Ok(mut run) = stored.restore() else {
        return;
    };
    read(&run);
    let mut worker = Worker::new(&run);
    let mut now = Time::from_unix_nanos(match choices.once_in(4) {
        true => choices.number(),
        false => START,
    });
    for _ in 0..MOST_INPUTS {
        if choices.is_exhausted() {
            return;
        }
        let input = worker.input(&mut choices, &run, &mut now);
        if let Ok(transition) = run.apply(input, now) {
            worker.drive(transition);
        }
        stored.apply(run.take_changes());
        // Reading a run takes longer than an input.
        if choices.once_in(4) {
            run = stored.restore().expect("what a run stores can be restored");
            read(&run);
        }
    }
}

/// Reads what requests and recovery read.
fn read(run: &Run) {
    run.describe(Time::default());
    run.unrecorded_events();
    run.pending_tasks();
    run.next_deadline();
    run.next_run_id();
    run.priority();
    run.current_task_queue();
    run.delayed_until();
    let events = run.events();
    for place in 0..events.len() {
        events.get(place).expect("it is one of the events");
    }
}

const MOST_CHANGES: usize = 5;
const MOST_INPUTS: usize = 24;
/// The stored run was started at this time.
const START: i64 = 1_000_000_000_000_000_000;
