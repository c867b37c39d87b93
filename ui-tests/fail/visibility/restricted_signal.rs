//! A signal handler that is `pub(super)`, called from further outside.

use durably::prelude::*;

mod shop {
    pub use orders::Order;

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
            pub(super) fn approve(&mut self) {
                self.approved = true;
            }
        }
    }
}

async fn approve(order: &Handle<shop::Order>) -> Result<()> {
    order.approve().await?;
    Ok(())
}

fn main() {}
