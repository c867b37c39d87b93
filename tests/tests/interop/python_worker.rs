//! A worker in Python, in a process of its own.

use std::process::{Child, Stdio};

use durably::prelude::*;
use durably_tests::{World, process::python, unique};

/// A worker in Python, and the queue that it has for itself.
pub(crate) struct PythonWorker {
    process: Child,
    pub(crate) queue: String,
}

impl PythonWorker {
    /// Starts a script; `None` if there is no Python, after a line that says so.
    pub(crate) fn start(script: &str, world: &World) -> Result<Option<Self>> {
        let Some(mut command) = python(script) else {
            return Ok(None);
        };
        let queue = unique("python");
        let process = command
            .args([world.address(), queue.clone()])
            .stdin(Stdio::piped())
            .spawn()?;
        Ok(Some(Self { process, queue }))
    }

    /// It ends with its input.
    pub(crate) async fn end(mut self) -> Result<()> {
        drop(self.process.stdin.take());
        let ended = tokio::task::spawn_blocking(move || self.process.wait());
        assert!(ended.await.expect("waiting does not panic")?.success());
        Ok(())
    }
}

/// It does not outlive a test that fails.
impl Drop for PythonWorker {
    fn drop(&mut self) {
        let _ended = self.process.kill();
    }
}
