//! A guard of a `RefCell` held across an await.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: std::cell::RefCell<Vec<String>>,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        let mut names = self.names.borrow_mut();
        ctx.sleep(secs(1)).await?;
        names.push(String::new());
        Ok(())
    }
}

fn main() {}
