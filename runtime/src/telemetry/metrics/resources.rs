//! Metrics of the machine, by which resource-based slots are handed out.

use std::sync::Arc;

use super::names;
use crate::telemetry::{
    measure::{Instrument, Measures},
    meter::Label,
};

/// The gauges of memory and of CPU.
#[derive(Debug)]
pub(crate) struct ResourceMetrics {
    memory: ResourceGauges,
    cpu: ResourceGauges,
}

#[derive(Debug)]
struct ResourceGauges {
    usage: Instrument,
    output: Instrument,
}

/// One resource at a decision about a slot.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ResourceState {
    /// The part in use, from 0 to 1.
    pub(crate) usage: f64,
    /// What the other SDKs call the output of a PID controller: how far the usage, and what it is about to become, is
    /// below the target.
    pub(crate) output: f64,
}

impl ResourceMetrics {
    pub(super) fn new(measures: &Measures) -> Self {
        let no_labels: Arc<[Label]> = Arc::default();
        let instrument = |metric| Instrument::new(measures, metric, &no_labels);
        Self {
            memory: ResourceGauges {
                usage: instrument(&names::RESOURCE_SLOTS_MEM_USAGE),
                output: instrument(&names::RESOURCE_SLOTS_MEM_PID_OUTPUT),
            },
            cpu: ResourceGauges {
                usage: instrument(&names::RESOURCE_SLOTS_CPU_USAGE),
                output: instrument(&names::RESOURCE_SLOTS_CPU_PID_OUTPUT),
            },
        }
    }

    pub(crate) fn set(&self, memory: ResourceState, cpu: ResourceState) {
        self.memory.set(memory);
        self.cpu.set(cpu);
    }
}

impl ResourceGauges {
    fn set(&self, state: ResourceState) {
        self.usage.record(state.usage * 100.0);
        self.output.record(state.output);
    }
}
