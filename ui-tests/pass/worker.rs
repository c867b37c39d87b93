//! A worker with its options, two of them in one process, and an orderly end.
#![deny(warnings)]

use durably::{
    prelude::*,
    worker::{WorkerGuard, WorkerHandle},
};

#[activity(start_to_close = "10s")]
pub async fn fetch(url: String) -> Result<Vec<u8>> {
    Ok(url.into_bytes())
}

#[activity(start_to_close = "10s")]
pub fn resize(image: Vec<u8>, width: u32) -> Vec<u8> {
    image.into_iter().take(width as usize).collect()
}

#[derive(Default)]
pub struct Bucket;

#[activities]
impl Bucket {
    #[activity(start_to_close = "1m")]
    async fn store(&self, image: Vec<u8>) -> usize {
        image.len()
    }
}

#[derive(Default)]
pub struct Thumbnail;

#[workflow]
impl Thumbnail {
    #[run]
    async fn run(&mut self, ctx: &Ctx, url: String) -> Result<usize> {
        let image = fetch::call(ctx, url).await?;
        let small = resize::call(ctx, image, 64).task_queue("cpu").await?;
        Ok(Bucket::stub(ctx).store(small).await?)
    }
}

#[derive(Default)]
pub struct Album;

#[workflow]
impl Album {
    #[run]
    async fn run(&mut self, ctx: &Ctx, urls: Vec<String>) -> Result<usize> {
        let images = try_join_all(urls.iter().map(|url| fetch::call(ctx, url))).await?;
        let bucket = Bucket::stub(ctx);
        let sizes = images.into_iter().map(|image| bucket.store(image));
        Ok(try_join_all(sizes).await?.into_iter().sum())
    }
}

pub fn light(client: &Client) -> Worker {
    Worker::new(client, "images")
        .workflow::<Thumbnail>()
        .workflow::<Album>()
        .activity::<fetch>()
        .activities(Bucket)
        .max_cached_workflows(500)
        .workflow_pollers(2)
        .identity("light-1")
}

pub fn heavy(client: &Client) -> Worker {
    Worker::new(client, format!("{}pu", 'c'))
        .activity::<resize>()
        .max_concurrent_activities(4)
        .shutdown_grace(secs(30))
}

pub async fn both(client: &Client) -> Result<()> {
    let heavy: WorkerGuard = heavy(client).spawn().await?;
    let light = light(client);
    let stop: WorkerHandle = light.handle();
    tokio::spawn(async move {
        if tokio::signal_like().await {
            stop.shutdown();
        }
    });
    light.run().await?;
    heavy.shutdown().await
}

/// Stands for the process's own end.
mod tokio {
    pub(crate) use ::tokio::spawn;
    pub(crate) async fn signal_like() -> bool {
        true
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let client = Client::from_env().await?;
    both(&client).await
}
