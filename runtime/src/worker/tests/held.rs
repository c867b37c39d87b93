//! A workflow whose code blocks its thread until a test releases it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, mpsc},
};

use crate::prelude::*;

/// Blocks its thread until the test that has [`hold`] of its run releases it; once a run.
#[derive(Default)]
pub(super) struct Held;

/// By run id, because the tests of a process run at the same time.
static HELD: Mutex<BTreeMap<String, mpsc::Receiver<()>>> = Mutex::new(BTreeMap::new());

/// Lets the code of this run block until something is sent.
pub(super) fn hold(run_id: &str) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel();
    HELD.lock().unwrap().insert(run_id.to_owned(), held);
    release
}

fn block(run_id: &str) {
    let held = HELD.lock().unwrap().remove(run_id);
    if let Some(held) = held {
        let _ = held.recv();
    }
}

#[workflow]
impl Held {
    #[run]
    async fn run(&mut self, view: &View) {
        #[allow_nondeterminism(reason = "the test needs a run that blocks")]
        block(view.run_id());
    }
}
