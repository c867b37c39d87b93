//! No mistake: what every other program is a variation of. It compiles, and runs silently.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn greet(_ctx: ActivityContext, name: String) -> Result<String, ActivityError> {
        Ok(format!("Hello, {name}!"))
    }
}

#[workflow]
#[derive(Default)]
pub struct Greeting {
    names: Vec<String>,
}

#[workflow_methods]
impl Greeting {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.wait_condition(|s| !s.names.is_empty()).await?;
        let name = ctx.state(|s| s.names[0].clone());
        ctx.timer(secs(1)).await;
        Ok(ctx.execute_activity(Shop::greet, name, once()).await?)
    }

    #[signal]
    pub fn submit(&mut self, _ctx: &mut SyncWorkflowContext<Self>, name: String) {
        self.names.push(name);
    }

    #[query]
    pub fn names(&self, _ctx: &WorkflowContextView) -> Vec<String> {
        self.names.clone()
    }

    #[update]
    pub fn add(&mut self, _ctx: &mut SyncWorkflowContext<Self>, name: String) -> usize {
        self.names.push(name);
        self.names.len()
    }
}

pub fn main() {
    run(
        |worker| {
            worker.register_workflow::<Greeting>()?;
            worker.register_activities(Shop);
            Ok(())
        },
        async |server| {
            let handle = server.start(Greeting::run, ()).await?;
            handle
                .signal(Greeting::submit, "Bob".into(), Default::default())
                .await?;
            let names = handle
                .query(Greeting::names, (), Default::default())
                .await?;
            let count = handle
                .execute_update(Greeting::add, "Ann".into(), Default::default())
                .await?;
            let result = handle.get_result(Default::default()).await?;
            Ok(format!("{names:?} {count} {result}"))
        },
    )
}
