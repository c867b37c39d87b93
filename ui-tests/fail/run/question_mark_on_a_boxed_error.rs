//! `?` on a boxed `dyn Error`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        let checked: Result<usize, Box<dyn std::error::Error>> = Ok(1);
        self.n = checked?;
        Ok(())
    }
}

fn main() {}
