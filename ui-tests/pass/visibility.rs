//! A service of several modules: what is generated is as visible as what the user wrote for it.
//!
//! In other modules, through re-exports, and restricted with `pub(crate)`, `pub(super)`, `pub(in ..)`.
#![deny(warnings, private_interfaces, unused_qualifications)]

use durably::prelude::*;

/// Private types in signatures that nobody outside of this module can call.
mod secret {
    use durably::prelude::*;

    #[durably::data]
    struct Receipt(u64);

    #[activity(start_to_close = "1s")]
    async fn print(receipt: Receipt) -> Receipt {
        receipt
    }

    #[derive(Default)]
    pub struct Printer;

    #[activities]
    impl Printer {
        /// Private, as its types are.
        #[activity(start_to_close = "1s")]
        async fn print(&self, receipt: Receipt) -> Receipt {
            receipt
        }
        #[activity(start_to_close = "1s")]
        pub async fn count(&self) -> u64 {
            1
        }
    }

    /// Public methods of a private type.
    #[derive(Default)]
    struct Drawer;

    #[activities]
    impl Drawer {
        #[activity(start_to_close = "1s")]
        pub async fn open(&self, receipt: Receipt) -> Receipt {
            receipt
        }
    }

    #[derive(Default)]
    struct Print;

    #[workflow(task_queue = "print")]
    impl Print {
        #[run]
        pub async fn run(&mut self, ctx: &Ctx, receipt: Receipt) -> Result<Receipt> {
            let receipt = print::call(ctx, receipt).await?;
            let receipt = Drawer::stub(ctx).open(receipt).await?;
            Ok(Printer::stub(ctx).print(receipt).await?)
        }
        #[signal]
        pub fn again(&mut self, _receipt: Receipt) {}
        #[query]
        pub fn last(&self) -> Receipt {
            Receipt(1)
        }
    }

    pub async fn print_one(client: &Client) -> Result<u64> {
        let handle = Print::start(client, Receipt(1)).await?;
        handle.again(Receipt(2)).await?;
        handle.last().await?;
        Ok(handle.result().await?.0)
    }

    pub fn register(worker: Worker) -> Worker {
        worker
            .workflow::<Print>()
            .activity::<print>()
            .activities(Printer)
            .activities(Drawer)
    }
}

/// Used from everywhere below.
mod orders {
    use durably::prelude::*;

    pub mod activities {
        use durably::prelude::*;

        #[activity(start_to_close = "1s")]
        pub async fn price(item: String) -> u64 {
            item.len() as u64
        }

        #[activity(start_to_close = "1s")]
        pub(crate) async fn tax(cents: u64) -> u64 {
            cents / 5
        }

        #[activity(start_to_close = "1s", remote)]
        pub(in super::super) async fn ship(item: String) -> String;

        pub struct Shop(pub u64);

        #[activities]
        impl Shop {
            #[activity]
            pub async fn ping(&self) -> Result<u64> {
                Ok(self.0)
            }
            #[activity(start_to_close = "1s")]
            pub(crate) fn reserve(&self, item: String) -> String {
                item
            }
            #[activity(start_to_close = "1s")]
            pub(super) fn release(&self, item: String) -> String {
                item
            }
            #[activity(start_to_close = "1s")]
            pub(in super::super) async fn r#return(&self, item: String) -> String {
                item
            }
        }
    }

    pub mod workflows {
        use super::activities::{Shop, price};
        use durably::prelude::*;

        #[derive(Default)]
        pub struct Order {
            approved: bool,
        }

        #[workflow(task_queue = "orders")]
        impl Order {
            #[run]
            pub async fn run(&mut self, ctx: &Ctx, item: String) -> Result<u64> {
                ctx.wait_until(|| self.approved).await?;
                let shop = Shop::stub(ctx);
                let shop = shop.start_to_close(secs(1));
                shop.reserve(&item).await?;
                Ok(price::call(ctx, item).await? + shop.ping().await?)
            }
            #[signal]
            pub fn approve(&mut self) {
                self.approved = true;
            }
            #[query]
            pub(crate) fn is_approved(&self) -> bool {
                self.approved
            }
            #[update]
            pub(super) async fn wait(&mut self, ctx: &Ctx, _reason: String) -> Result<bool> {
                ctx.sleep(secs(1)).await?;
                Ok(self.approved)
            }
            #[signal]
            pub(in super::super) fn refuse(&mut self) {
                self.approved = false;
            }
        }
    }

    pub use workflows::Order;

    /// `pub(super)` of a child.
    pub async fn wait(order: &Handle<Order>, ctx: &Ctx) -> Result<bool> {
        activities::Shop::stub(ctx).release("ring").await?;
        Ok(order.wait("for the manager").await?)
    }
}

/// A facade over the modules.
mod api {
    pub(crate) use super::orders::activities::*;
    pub(crate) use super::orders::{Order as PlacedOrder, workflows};
}

use api::{PlacedOrder, Shop, price, tax};

#[derive(Default)]
struct Audit;

#[workflow]
impl Audit {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u64> {
        let shop = Shop::stub(ctx);
        let started = shop.reserve("ring");
        shop.r#return(started.await?).await?;
        orders::activities::ship::call(ctx, "ring").await?;
        let cents = price::call(ctx, "ring").await?;
        let pinged = shop.ping().start_to_close(secs(1)).await?;
        let counted = secret::Printer::stub(ctx).count().await?;
        PlacedOrder::child(ctx, "ring").await?;
        api::workflows::Order::external(ctx, "order-1")
            .approve()
            .await?;
        Ok(tax::call(ctx, cents).await? + pinged + counted)
    }
}

/// What holds a call has a type: the caller's own struct names none of ours.
async fn client(client: &Client) -> Result<()> {
    let order = PlacedOrder::start(client, "ring").await?;
    order.approve().await?;
    order.refuse().await?;
    let approved: bool = order.is_approved().await?;
    assert!(approved, "{}", secret::print_one(client).await?);
    PlacedOrder::handle(client, "order-1").approve().await?;
    Ok(())
}

fn worker(client: &Client) -> Worker {
    let worker = Worker::new(client, "orders")
        .workflow::<PlacedOrder>()
        .workflow::<Audit>()
        .activity::<price>()
        .activity::<tax>()
        .activities(Shop(1));
    secret::register(worker)
}

fn main() {
    let _ = (client, worker, orders::wait);
}
