//! Activities that another team implements, in another language: declared, called, not registered.
#![deny(warnings, missing_docs)]

use durably::prelude::*;

/// What the Python team's model found.
#[durably::data]
#[derive(Clone, Debug)]
pub struct Finding {
    label: String,
    sure: f32,
    #[serde(rename = "box")]
    area: [u32; 4],
}

/// Looks for things in a picture.
#[activity(
    remote,
    name = "vision.detect",
    task_queue = "vision-py",
    start_to_close = "2m",
    heartbeat = "10s",
    max_attempts = 4
)]
pub async fn detect(picture: String, labels: Vec<String>) -> Result<Vec<Finding>>;

/// Has no timeout of its own: each caller says how long it waits.
#[activity(remote, name = "vision.caption")]
pub async fn caption(picture: String) -> String;

#[activity(remote, task_queue = "vision-go", schedule_to_close = "1h")]
pub(crate) async fn forget(picture: String);

/// Finds cats.
#[derive(Default)]
pub struct Cats {
    found: Vec<Finding>,
}

#[workflow(task_queue = "cats")]
impl Cats {
    /// Finds all cats of a picture.
    #[run]
    async fn run(&mut self, ctx: &Ctx, picture: String) -> Result<String> {
        let labels = vec!["cat".to_owned(), "kitten".to_owned()];
        self.found = detect::call(ctx, &picture, labels).await?;
        let sure = self.found.iter().filter(|found| found.sure > 0.9);
        let area: u32 = sure.map(|found| found.area[2] * found.area[3]).sum();
        let caption = caption::call(ctx, &picture).start_to_close(mins(1)).await?;
        let forgotten = forget::call(ctx, picture).await;
        if let Err(error) = forgotten
            && error.timeout().is_none()
        {
            return Err(error.into());
        }
        Ok(format!("{caption} ({area} pixels, {:?})", self.labels()))
    }

    fn labels(&self) -> Vec<&str> {
        self.found
            .iter()
            .map(|found| found.label.as_str())
            .collect()
    }
}

/// The worker knows of none of them.
pub fn worker(client: &Client) -> Worker {
    Worker::new(client, "cats").workflow::<Cats>()
}

fn main() {}
