//! A signal outside a `#[workflow_methods]` block.
use bench_mistakes::*;

pub struct Greeting;

impl Greeting {
    #[signal]
    pub fn submit(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {}
}

fn main() {}
