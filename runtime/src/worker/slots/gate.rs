//! Decides whether the machine has room for one more task.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{Machine, Usage};
use crate::{
    telemetry::metrics::{ResourceMetrics, ResourceState},
    worker::{options::ResolvedTargets, timers::Timers},
};

/// The pause before another look at a machine without room. Its readings are not newer than that.
const PAUSE: Duration = Duration::from_millis(100);
/// Below the target by this much there is room: what runs already may still grow. Memory that is used up ends the
/// process, while work on a busy CPU only takes longer.
const MEMORY_MARGIN: f64 = 0.05;
const CPU_MARGIN: f64 = 0.01;
/// How much of the last rise is expected to come once more.
const RISE: f64 = 0.2;
/// Other SDKs decide by the output of a PID controller, which is the distance to the target times this.
const GAIN: f64 = 5.0;

/// Decides whether the machine has room for one more task.
#[derive(Debug)]
pub(super) struct Gate {
    /// As many slots as this are handed out whatever the machine does.
    least: usize,
    /// The pause between two slots, in which the use of the first one begins to show.
    ramp: Duration,
    targets: ResolvedTargets,
    machine: Arc<Machine>,
    pub(super) timers: Timers,
    metrics: Option<ResourceMetrics>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last_handed_out: Option<Instant>,
    /// The reading before the present one, and that one, with its time.
    before: Option<Usage>,
    present: Option<(Instant, Usage)>,
}

/// One decision of the gate, which is locked meanwhile: two at once would each count the other's slot.
pub(super) struct Decision<'a> {
    gate: &'a Gate,
    state: MutexGuard<'a, State>,
}

impl Gate {
    pub(super) fn new(
        least: usize,
        ramp: Duration,
        targets: ResolvedTargets,
        machine: Arc<Machine>,
        timers: Timers,
        metrics: Option<ResourceMetrics>,
    ) -> Self {
        // An idle worker has its gauges, too.
        if let Some(metrics) = &metrics {
            metrics.set(ResourceState::default(), ResourceState::default());
        }
        Self {
            least,
            ramp,
            targets,
            machine,
            timers,
            metrics,
            state: Mutex::default(),
        }
    }

    pub(super) fn lock(&self) -> Decision<'_> {
        Decision {
            gate: self,
            state: self.state.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Whether usage, and what it is about to become, is below the targets. A machine whose usage is not known has
    /// no room.
    fn has_room(&self, state: &mut State, now: Instant) -> bool {
        let Some((at, usage)) = self.machine.usage(now) else {
            return false;
        };
        if state.present.is_none_or(|(seen, _)| seen != at) {
            state.before = state.present.map(|(_, usage)| usage);
            state.present = Some((at, usage));
        }
        let before = state.before.unwrap_or(usage);
        let below = |target: f64, now: f64, before: f64| target - (now + (now - before) * RISE);
        let memory = below(self.targets.memory, usage.memory, before.memory);
        let cpu = below(self.targets.cpu, usage.cpu, before.cpu);
        if let Some(metrics) = &self.metrics {
            let state = |usage: f64, below: f64| ResourceState {
                usage,
                output: below * GAIN,
            };
            metrics.set(state(usage.memory, memory), state(usage.cpu, cpu));
        }
        memory > MEMORY_MARGIN && cpu > CPU_MARGIN
    }
}

impl Decision<'_> {
    /// Hands a slot out, or returns the pause until the next decision can be another.
    ///
    /// - `in_use` slots are handed out; `is_first`: none of them to the holder that wants this one.
    pub(super) fn decide(
        &mut self,
        in_use: usize,
        is_first: bool,
        now: Instant,
    ) -> Result<(), Duration> {
        let Self { gate, state } = self;
        if in_use >= gate.least && !is_first {
            let passed = state
                .last_handed_out
                .map(|at| now.saturating_duration_since(at));
            let ramp = gate.ramp.saturating_sub(passed.unwrap_or(gate.ramp));
            if !ramp.is_zero() {
                return Err(ramp);
            }
            if !gate.has_room(state, now) {
                return Err(PAUSE);
            }
        }
        state.last_handed_out = Some(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::span::{millis, secs};

    fn gate(usage: Usage, ramp: Duration) -> (Gate, Arc<Machine>) {
        let machine = Arc::new(Machine::scripted(usage));
        let targets = ResolvedTargets {
            memory: 0.8,
            cpu: 0.9,
        };
        let timers = Timers::of_process().expect("a thread");
        (
            Gate::new(1, ramp, targets, Arc::clone(&machine), timers, None),
            machine,
        )
    }

    fn usage(memory: f64, cpu: f64) -> Usage {
        Usage { memory, cpu }
    }

    #[test]
    fn slots_pass_while_memory_and_cpu_are_below_their_targets() {
        let now = Instant::now();
        for (memory, cpu, passes) in [
            (0.1, 0.1, true),
            (0.74, 0.88, true),
            (0.76, 0.1, false),
            (0.1, 0.895, false),
            (1.0, 1.0, false),
        ] {
            let (gate, _) = gate(usage(memory, cpu), secs(0));
            let passed = gate.lock().decide(1, false, now).is_ok();
            assert_eq!(passed, passes, "{memory} {cpu}");
            assert!(gate.lock().decide(0, false, now).is_ok(), "the minimum");
            assert!(gate.lock().decide(7, true, now).is_ok(), "its first");
        }
    }

    #[test]
    fn a_ramp_separates_the_slots_past_the_minimum() {
        let now = Instant::now();
        let (gate, _) = gate(usage(0.1, 0.1), millis(50));
        assert_eq!(gate.lock().decide(0, false, now), Ok(()));
        let after = |passed| gate.lock().decide(1, false, now + millis(passed));
        assert_eq!(after(20), Err(millis(30)));
        assert_eq!(after(50), Ok(()));
        assert_eq!(after(60), Err(millis(40)));
    }

    #[test]
    fn a_steep_rise_closes_the_gate_before_the_target() {
        let now = Instant::now();
        let (gate, machine) = gate(usage(0.1, 0.1), secs(0));
        assert!(gate.lock().decide(1, false, now).is_ok());
        machine.set(usage(0.7, 0.1));
        let later = now + millis(200);
        assert_eq!(
            gate.lock().decide(1, false, later),
            Err(PAUSE),
            "0.82 is next"
        );
        let still = later + millis(200);
        assert!(
            gate.lock().decide(1, false, still).is_ok(),
            "it rises no more"
        );
    }

    #[test]
    fn a_machine_that_cannot_be_read_has_no_room() {
        let (gate, machine) = gate(usage(0.1, 0.1), secs(0));
        machine.fail();
        let now = Instant::now();
        assert_eq!(gate.lock().decide(1, false, now), Err(PAUSE));
        assert!(gate.lock().decide(0, false, now).is_ok());
    }
}
