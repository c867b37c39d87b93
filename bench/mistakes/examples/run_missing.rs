//! A workflow without `#[run]`.
use bench_mistakes::*;

#[workflow]
#[derive(Default)]
pub struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow_methods]
impl Greeting {
    #[signal]
    pub fn submit_greeting(&mut self, _ctx: &mut SyncWorkflowContext<Self>, name: String) {
        self.names.push(name);
    }
}

fn main() {}
