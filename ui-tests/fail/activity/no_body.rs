//! An activity without a body that does not say `remote`.

use durably::prelude::*;

#[activity]
async fn ocr(url: String) -> String;

fn main() {}
