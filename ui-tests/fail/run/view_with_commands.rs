//! A command on a `View`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, view: &View) -> Result<()> {
        view.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
