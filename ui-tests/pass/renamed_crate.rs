//! The crate under another name, as an application's own facade re-exports it.
#![deny(warnings)]

/// The facade: what the application's other crates depend on.
mod platform {
    pub(crate) mod temporal {
        pub(crate) use durably::*;
    }
}

use platform::temporal::{self as flow, ActivityCtx, Client, Ctx, Result, View, Worker, secs};

#[flow::data(crate = crate::programs::renamed_crate::platform::temporal)]
#[derive(Clone, Default)]
struct Ticket {
    title: String,
    votes: u32,
}

#[flow::activity(crate = flow, start_to_close = "10s")]
async fn notify(ctx: &ActivityCtx, ticket: Ticket) -> Result<u32> {
    Ok(ctx.attempt() + ticket.votes)
}

#[flow::activity(crate = flow, remote, name = "rank", start_to_close = "1m")]
async fn rank(tickets: Vec<Ticket>) -> Result<Vec<String>>;

struct Tracker(String);

#[flow::activities(crate = flow)]
impl Tracker {
    #[activity(start_to_close = "10s")]
    async fn file(&self, ticket: Ticket) -> String {
        format!("{}/{}", self.0, ticket.title)
    }
}

#[derive(Default)]
struct Triage {
    tickets: Vec<Ticket>,
}

#[flow::workflow(crate = flow, task_queue = "triage")]
impl Triage {
    #[flow::run]
    async fn run(&mut self, ctx: &Ctx, wanted: usize) -> Result<Vec<String>> {
        ctx.wait_until(|| self.tickets.len() >= wanted).await?;
        let tracker = Tracker::stub(ctx);
        for ticket in self.tickets.clone() {
            tracker.file(ticket.clone()).await?;
            notify::call(ctx, ticket).await?;
        }
        ctx.sleep(secs(1)).await?;
        Ok(rank::call(ctx, self.tickets.clone()).await?)
    }

    #[flow::signal]
    fn submit(&mut self, ticket: Ticket) {
        self.tickets.push(ticket);
    }

    #[flow::update(validator = is_new)]
    async fn vote(&mut self, ctx: &Ctx, title: String) -> Result<u32> {
        ctx.sleep(secs(1)).await?;
        let votes = self.tickets.iter_mut().find(|ticket| ticket.title == title);
        Ok(votes.map_or(0, |ticket| {
            ticket.votes += 1;
            ticket.votes
        }))
    }

    fn is_new(&self, view: &View, title: &str) -> Result<(), String> {
        match title.is_empty() {
            true => Err(format!("{}: which ticket?", view.workflow_id())),
            false => Ok(()),
        }
    }

    #[flow::query]
    fn titles(&self) -> Vec<String> {
        self.tickets
            .iter()
            .map(|ticket| ticket.title.clone())
            .collect()
    }
}

fn worker(client: &Client) -> Worker {
    Worker::new(client, "triage")
        .workflow::<Triage>()
        .activity::<notify>()
        .activities(Tracker("https://tracker".into()))
}

#[flow::main(crate = flow)]
async fn main() {
    let _ = worker;
}

#[derive(Debug, thiserror::Error, flow::Failure)]
#[failure(crate = flow)]
enum TriageError {
    #[error("no {title}")]
    NoTicket { title: String },
    #[error("closed")]
    Closed(u32),
}
