//! A workflow whose steps are data: one type that runs every type name, handlers that take every message, and an
//! activity that runs every other name.
//!
//! `cargo run --example dynamic`

use durably::{Args, Value, prelude::*};

/// One step of a plan: an activity by its name, and a text for it.
#[durably::data]
#[derive(Clone)]
struct Step {
    activity: String,
    text: String,
}

/// Runs workflows of all types; what each does is written in a table.
#[derive(Default)]
struct Plans {
    done: Vec<String>,
    added: Vec<Step>,
}

fn plan(workflow_type: &str) -> Vec<Step> {
    let steps: &[(&str, &str)] = match workflow_type {
        "Breakfast" => &[("boil", "eggs"), ("toast", "bread")],
        "Dinner" => &[("bake", "pizza")],
        _ => &[],
    };
    let step = |(activity, text): &(&str, &str)| Step {
        activity: (*activity).to_owned(),
        text: (*text).to_owned(),
    };
    steps.iter().map(step).collect()
}

#[workflow(dynamic, task_queue = "plans")]
impl Plans {
    #[run]
    async fn run(&mut self, ctx: &Ctx, args: Args) -> Result<Value> {
        let guests: Option<u32> = args.get(0)?;
        let mut steps = plan(ctx.workflow_type());
        if steps.is_empty() {
            bail!("nobody has written a plan `{}`", ctx.workflow_type());
        }
        loop {
            for step in steps {
                let call = ctx.activity::<String>(step.activity, (step.text,));
                let done = call.start_to_close(secs(10)).await?;
                self.done.push(done);
            }
            if self.added.is_empty() {
                break;
            }
            steps = std::mem::take(&mut self.added);
        }
        Ok(Value::of((guests.unwrap_or(1), self.done.clone())))
    }

    /// Any signal adds a step: its name is the activity.
    #[signal(dynamic)]
    fn add(&mut self, name: String, args: Args) -> Result<()> {
        self.added.push(Step {
            activity: name,
            text: args.get(0)?,
        });
        Ok(())
    }

    /// Any query counts what its name is in.
    #[query(dynamic)]
    fn count(&self, name: String, _args: Args) -> usize {
        self.done.iter().filter(|it| it.contains(&name)).count()
    }
}

/// Runs activities of all names that have no function.
#[activity(dynamic)]
async fn cook(ctx: &ActivityCtx, args: Args) -> Result<String> {
    let what: String = args.get(0)?;
    Ok(format!("{} {what}", ctx.info().activity_type))
}

/// One that has a function.
#[activity(name = "boil")]
async fn boil(what: String) -> String {
    format!("boil {what} for 6 minutes")
}

#[durably::main]
async fn main() -> Result<()> {
    let client = Client::development().await?;
    let worker = Worker::new(&client, "plans")
        .workflow::<Plans>()
        .activity::<cook>()
        .activity::<boil>()
        .spawn()
        .await?;

    let breakfast = client
        .start("Breakfast", (2,))
        .task_queue("plans")
        .with_signal("fry", ("bacon",))
        .await?;
    let (guests, done): (u32, Vec<String>) = breakfast.result().await?;
    println!("for {guests}: {done:?}");
    let eggs: usize = breakfast.query("eggs", ()).await?;
    println!("{eggs} steps with eggs");

    // The same with the Rust type, whose task queue and result it knows.
    let dinner = Plans::start(&client, "Dinner", ()).result().await?;
    let (_, done) = dinner.get::<(u32, Vec<String>)>()?;
    println!("{done:?}");

    let lunch = client.start("Lunch", ()).task_queue("plans");
    if let Err(error) = lunch.result::<Vec<String>>().await {
        println!("{error}");
    }
    worker.shutdown().await
}
