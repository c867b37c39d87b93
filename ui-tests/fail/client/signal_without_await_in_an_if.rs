//! The result of a signal, looked at without `.await`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx, greeting: String) -> Result<Vec<String>> {
        ctx.wait_until(|| !self.names.is_empty()).await?;
        self.names.push(greeting);
        Ok(self.names.clone())
    }

    #[signal]
    fn greet(&mut self, name: String) {
        self.names.push(name);
    }

    #[query]
    fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    fn longest(&self, at_least: usize) -> usize {
        self.names.iter().map(String::len).fold(at_least, usize::max)
    }
}

async fn go(handle: Handle<Greeting>) {
    if let Err(error) = handle.greet("Bob") {
        println!("{error}");
    }
}

fn main() {}
