//! A private signal handler, called from another module.

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
        pub async fn run(&mut self, ctx: &Ctx) -> Result<()> {
            ctx.wait_until(|| self.approved).await?;
            Ok(())
        }

        #[signal]
        fn approve(&mut self) {
            self.approved = true;
        }
    }
}

async fn approve(order: &Handle<orders::Order>) -> Result<()> {
    order.approve().await?;
    Ok(())
}

fn main() {}
