//! An activity of another worker registered here.

use durably::prelude::*;

#[activity(remote, start_to_close = "1m")]
async fn ocr(url: String) -> String;

fn worker(client: &Client) -> Worker {
    Worker::new(client, "q").activity::<ocr>()
}

fn main() {}
