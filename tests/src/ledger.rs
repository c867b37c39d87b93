//! A workflow with one local activity that waits for a file to go, to be interrupted while it runs.

#![allow(missing_docs)]

use std::{fs, io::Write, path::Path, process};

use durably::prelude::*;

/// Writes the id of its process into the folder, and waits there as long as the file `hold` exists.
#[activity(start_to_close = "1m")]
pub async fn enter(folder: String) -> Result<usize> {
    let folder = Path::new(&folder);
    let entries = folder.join("entries");
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&entries)?;
    writeln!(file, "{}", process::id())?;
    while folder.join("hold").exists() {
        tokio::time::sleep(millis(5)).await;
    }
    Ok(fs::read_to_string(entries)?.lines().count())
}

#[derive(Default)]
pub struct Ledger;

#[workflow]
impl Ledger {
    /// Gives the number of times that the activity has begun.
    #[run]
    pub async fn run(&mut self, ctx: &Ctx, folder: String) -> Result<usize> {
        Ok(enter::call(ctx, folder).local().await?)
    }
}
