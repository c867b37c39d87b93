//! Shapes of workflow types: concrete cases of a generic type, and methods of traits.

use std::fmt::Display;

use durably::prelude::*;
use durably_tests::{World, on_both_servers};

on_both_servers! {
    a_generic_type_is_a_workflow_by_its_aliases
    methods_of_traits_are_called_by_handlers
}

/// Items of any kind, which are listed when the batch is closed.
struct Batch<T> {
    items: Vec<T>,
    is_closed: bool,
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            is_closed: false,
        }
    }
}

#[activity(start_to_close = "10s")]
async fn print(text: String) -> String {
    text
}

/// What all batches do.
impl<T: Display> Batch<T> {
    fn listing(&self) -> String {
        let items: Vec<_> = self.items.iter().map(ToString::to_string).collect();
        items.join(", ")
    }
}

type NumberBatch = Batch<u32>;
type NameBatch = Batch<String>;

#[workflow]
impl NumberBatch {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        ctx.wait_until(|| self.is_closed).await?;
        Ok(print::call(ctx, self.listing()).await?)
    }

    #[signal]
    fn add(&mut self, item: u32) {
        self.items.push(item);
    }

    #[update]
    fn close(&mut self) -> usize {
        self.is_closed = true;
        self.items.len()
    }
}

#[workflow(name = "Names")]
impl NameBatch {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        ctx.wait_until(|| self.is_closed).await?;
        Ok(print::call(ctx, self.listing()).await?)
    }

    #[signal]
    fn add(&mut self, item: String) {
        self.items.push(item);
    }

    #[update]
    fn close(&mut self) -> usize {
        self.is_closed = true;
        self.items.len()
    }
}

async fn a_generic_type_is_a_workflow_by_its_aliases(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<NumberBatch>()
        .workflow::<Batch<String>>()
        .activity::<print>()
        .spawn()
        .await?;
    let numbers = NumberBatch::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    let names = NameBatch::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    numbers.add(1).await?;
    numbers.add(2).await?;
    names.add("Ann").await?;
    assert_eq!((numbers.close().await?, names.close().await?), (2, 1));
    assert_eq!(numbers.result().await?, "1, 2");
    assert_eq!(names.result().await?, "Ann");
    let types = [
        numbers.describe().await?.workflow_type.clone(),
        names.describe().await?.workflow_type.clone(),
    ];
    assert_eq!(types, ["NumberBatch", "Names"]);
    worker.shutdown().await
}

/// Counts what a workflow has received.
trait Counted {
    fn count_mut(&mut self) -> &mut u32;

    fn receive(&mut self, n: u32) -> u32 {
        *self.count_mut() += n;
        *self.count_mut()
    }
}

#[derive(Default)]
struct Letters {
    count: u32,
}

impl Counted for Letters {
    fn count_mut(&mut self) -> &mut u32 {
        &mut self.count
    }
}

#[workflow]
impl Letters {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        ctx.wait_until(|| self.count > 1).await?;
        self.receive(10);
        Ok(self.count)
    }

    #[update]
    fn post(&mut self, n: u32) -> u32 {
        self.receive(n)
    }
}

async fn methods_of_traits_are_called_by_handlers(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Letters>().spawn().await?;
    let letters = Letters::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    assert_eq!(letters.post(1).await?, 1);
    assert_eq!(letters.post(2).await?, 3);
    assert_eq!(letters.result().await?, 13);
    worker.shutdown().await
}
