use durably::prelude::*;

#[activity]
async fn ocr(url: String) -> String;

fn main() {}
