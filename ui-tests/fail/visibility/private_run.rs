//! A workflow whose run method is private, started from another module.

use durably::prelude::*;

mod orders {
    use durably::prelude::*;

    #[derive(Default)]
    pub struct Order {
        approved: bool,
    }

    #[workflow(task_queue = "orders")]
    impl Order {
        #[run]
        async fn run(&mut self, ctx: &Ctx) -> Result<()> {
            ctx.wait_until(|| self.approved).await?;
            Ok(())
        }

        #[signal]
        pub fn approve(&mut self) {
            self.approved = true;
        }
    }
}

async fn order(client: &Client) -> Result<()> {
    orders::Order::start(client).await?;
    Ok(())
}

fn main() {}
