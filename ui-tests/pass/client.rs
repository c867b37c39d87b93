//! A web handler's view: clients, handles and calls are shared between tasks and threads.
#![deny(warnings)]

use std::{collections::HashMap, sync::Arc};

use durably::{
    client::{IdConflictPolicy, WorkflowStatus},
    error::{ResultError, StartError},
    prelude::*,
};
use tokio::task::JoinSet;

#[derive(Default)]
pub struct Job {
    done: u32,
}

#[workflow(task_queue = "jobs")]
impl Job {
    #[run]
    async fn run(&mut self, ctx: &Ctx, steps: u32) -> Result<u32> {
        ctx.wait_until(|| self.done >= steps).await?;
        Ok(self.done)
    }

    #[signal]
    fn step(&mut self) {
        self.done += 1;
    }

    #[update]
    fn add(&mut self, steps: u32) -> u32 {
        self.done += steps;
        self.done
    }

    #[query]
    fn done(&self) -> u32 {
        self.done
    }
}

#[derive(Clone)]
pub struct App {
    client: Client,
    jobs: Arc<HashMap<String, Handle<Job>>>,
}

impl App {
    pub async fn start(&self, id: &str, steps: u32) -> Result<u32> {
        let start = Job::start(&self.client, steps)
            .id(id)
            .id_conflict_policy(IdConflictPolicy::UseExisting)
            .run_timeout(hours(1))
            .memo("by", "the web")
            .with_signal(|job| job.step());
        match start.await {
            Ok(job) => Ok(job.add(2).id("first").await?),
            Err(StartError::AlreadyStarted(_)) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    pub async fn all_done(&self) -> Result<u32> {
        let mut tasks = JoinSet::new();
        for job in self.jobs.values() {
            let job = job.clone();
            tasks.spawn(async move {
                job.step().await?;
                Ok::<_, Error>(job.done().await?)
            });
        }
        let mut sum = 0;
        while let Some(done) = tasks.join_next().await {
            sum += done??;
        }
        Ok(sum)
    }

    pub async fn cancel(&self, id: &'static str) -> Result<bool> {
        let app = self.clone();
        let ended = tokio::spawn(async move {
            let job = Job::handle(&app.client, id);
            job.cancel().await?;
            match job.result().await {
                Err(ResultError::Cancelled(_)) => Ok(true),
                Err(ResultError::Failed(error)) => Err(Error::from(error)),
                other => Ok(other.is_err()),
            }
        });
        ended.await?
    }

    pub async fn by_name(&self, id: String) -> Result<(u32, bool)> {
        let job = self.client.handle(&id);
        job.signal("step", ()).await?;
        let done: u32 = job.query("done", ()).await?;
        let _: u32 = job.update("add", (3_u32,)).await?;
        let state = job.typed::<Job>().describe().await?;
        Ok((done, state.status == WorkflowStatus::Running))
    }
}

async fn take_job(app: App, id: String) -> Result<String> {
    let job = Job::start(&app.client, 1).id(&id).await?;
    job.step().await?;
    let waiting = tokio::spawn(async move { job.result().await });
    Ok(waiting.await??.to_string())
}

async fn start_in_the_background(app: App, id: String) -> Result<String> {
    let start = Job::start(&app.client, 1).id(id);
    let job = tokio::spawn(start).await??;
    Ok(job.id().to_owned())
}

/// What web frameworks ask of a handler.
fn route<F, Answer>(handler: F) -> F
where
    F: Fn(App, String) -> Answer + Clone + Send + Sync + 'static,
    Answer: Future<Output: Send> + Send + 'static,
{
    handler
}

pub fn routes() {
    let _ = (route(take_job), route(start_in_the_background));
}

fn main() {}
