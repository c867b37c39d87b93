//! The workloads, as in ../ours, with the official SDK.

#[path = "../../src/process.rs"]
pub mod process;

use std::{error::Error, time::Duration};

use temporalio_client::{
    Client, ClientOptions, Connection, envconfig::LoadClientConfigProfileOptions,
};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::{
    ActivityOptions, SyncWorkflowContext, WorkflowContext, WorkflowResult,
    activities::{ActivityContext, ActivityError},
};

pub type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

pub struct Acts;

#[activities]
impl Acts {
    #[activity]
    pub async fn inc(_ctx: ActivityContext, n: u32) -> Result<u32, ActivityError> {
        Ok(n + 1)
    }
}

/// Runs `n` activities, one after another.
#[workflow]
#[derive(Default)]
pub struct Hello;

#[workflow_methods]
impl Hello {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, n: u32) -> WorkflowResult<u32> {
        let mut x = 0;
        for _ in 0..n {
            let options = ActivityOptions::start_to_close_timeout(Duration::from_secs(10));
            x = ctx.execute_activity(Acts::inc, x, options).await?;
        }
        Ok(x)
    }
}

/// Waits for `n` signals.
#[workflow]
#[derive(Default)]
pub struct Sig {
    c: u32,
}

#[workflow_methods]
impl Sig {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, n: u32) -> WorkflowResult<u32> {
        ctx.wait_condition(move |s: &Self| s.c >= n).await?;
        Ok(ctx.state(|s| s.c))
    }

    #[signal]
    pub fn add(&mut self, _ctx: &mut SyncWorkflowContext<Self>, k: u32) {
        self.c += k;
    }
}

/// A client of the server that TEMPORAL_ADDRESS names.
pub async fn connect() -> Result<Client> {
    let (connection, options) =
        ClientOptions::load_from_config(LoadClientConfigProfileOptions::default())?;
    Ok(Client::new(
        Connection::connect(connection).await?,
        options,
    )?)
}
