//! A whole program: a worker and a client in one `main` that reads its arguments.
#![deny(warnings)]

use std::{env, process::ExitCode};

use durably::prelude::*;

#[activity(start_to_close = "10s")]
async fn square(n: i64) -> i64 {
    n * n
}

#[derive(Default)]
struct Squares;

#[workflow(task_queue = "numbers")]
impl Squares {
    #[run]
    async fn run(&mut self, ctx: &Ctx, to: i64) -> Result<Vec<i64>> {
        Ok(try_join_all((1..=to).map(|n| square::call(ctx, n))).await?)
    }
}

async fn squares(to: i64) -> Result<Vec<i64>> {
    let client = Client::connect("localhost:7233").await?;
    let worker = Worker::new(&client, "numbers")
        .workflow::<Squares>()
        .activity::<square>()
        .spawn()
        .await?;
    let squares = Squares::start(&client, to).result().await?;
    worker.shutdown().await?;
    Ok(squares)
}

#[durably::main]
async fn main() -> ExitCode {
    let to = env::args().nth(1).and_then(|to| to.parse().ok());
    match squares(to.unwrap_or(10)).await {
        Ok(squares) => {
            println!("{squares:?}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
