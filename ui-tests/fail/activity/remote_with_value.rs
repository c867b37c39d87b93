//! `remote = true`.

use durably::prelude::*;

#[activity(remote = true)]
async fn ocr(url: String) -> String;

fn main() {}
