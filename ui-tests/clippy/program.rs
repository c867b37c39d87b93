//! What clippy finds with the shipped configuration, and the macros do not: each finding stands
//! beside its line, with a part of its reason. Whatever else clippy says fails the test.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros
)]
#![allow(dead_code)]

fn main() {}

/// Where the level is not raised, nothing is said.
mod activities {
    use durably::prelude::*;

    #[activity(start_to_close = "10s")]
    pub async fn stamp() -> u64 {
        println!("{:?}", std::env::var("HOME"));
        std::time::UNIX_EPOCH.elapsed().map_or(0, |it| it.as_secs())
    }
}

#[deny(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros
)]
mod aliases {
    use durably::prelude::*;
    use std::{
        collections::HashMap as Index, //~ std::collections::HashMap: durably::HashMap
        env::var as setting,
        thread::sleep,
        time::Instant as Clock,
    };
    use tokio::task as jobs;

    type Guarded<T> = std::sync::Mutex<T>; //~ std::sync::Mutex: a field of `self`

    #[derive(Default)]
    struct Aliased {
        index: Index<String, u32>, //~ std::collections::HashMap: durably::HashMap
        guarded: Guarded<u32>,
    }

    #[workflow]
    impl Aliased {
        #[run]
        async fn run(&mut self, ctx: &Ctx) -> Result<()> {
            let _ = Clock::now(); //~ std::time::Instant::now: ctx.now()
            sleep(secs(1)); //~ std::thread::sleep: ctx.sleep(..).await?
            let _ = setting("HOME"); //~ std::env::var: the workflow's input
            let later = || Clock::now().elapsed(); //~ std::time::Instant::now: ctx.now() //~ std::time::Instant::elapsed: ctx.now()
            let _ = later();
            helper();
            ctx.sleep(secs(1)).await?;
            Ok(())
        }

        #[signal]
        fn note(&mut self) {
            jobs::spawn(async {}); //~ tokio::task::spawn: ctx.spawn(..)
        }
    }

    fn helper() {
        println!("{}", rand::random::<u8>()); //~ std::println: tracing::info! //~ rand::random: ctx.rng()
        let _ = uuid::Uuid::new_v4(); //~ uuid::Uuid::new_v4: ctx.uuid()
        let _ = std::path::Path::new("orders").exists(); //~ std::path::Path::exists: an activity
        let _ = std::fs::read("orders"); //~ std::fs::read: an activity
    }
}

/// Everything the macros generate, and what they permit.
#[deny(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros
)]
mod clean {
    use durably::prelude::*;

    #[durably::data]
    #[derive(Clone)]
    pub struct Order {
        id: String,
        lines: durably::HashMap<String, u32>,
    }

    #[activity(start_to_close = "10s")]
    pub async fn charge(ctx: &ActivityCtx, order: Order) -> Result<u32> {
        Ok(ctx.attempt() + order.lines.len() as u32)
    }

    #[activity(start_to_close = "10s")]
    pub fn count(order: Order) -> usize {
        order.id.len()
    }

    pub struct Depot;

    #[activities]
    impl Depot {
        #[activity(start_to_close = "10s")]
        async fn reserve(&self, order: Order) -> bool {
            order.id.is_empty()
        }
    }

    #[workflow]
    pub struct Checkout {
        order: Order,
        paid: u32,
        #[allow_nondeterminism(reason = "never iterated")]
        seen: std::collections::HashSet<String>,
    }

    #[workflow(task_queue = "orders")]
    impl Checkout {
        #[init]
        fn new(order: Order) -> Self {
            let seen = durably::HashMap::<String, ()>::default();
            Self {
                order,
                paid: seen.len() as u32,
                seen: Default::default(),
            }
        }

        #[run]
        async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
            let both = join(
                charge::call(ctx, self.order.clone()),
                count::call(ctx, self.order.clone()),
            );
            let (charged, counted) = both.await;
            self.paid += charged? + counted? as u32;
            Depot::stub(ctx).reserve(self.order.clone()).await?;
            ctx.wait_until(|| self.paid > 0).timeout(secs(1)).await?;
            race(
                ctx.sleep(secs(1)),
                ctx.sleep(ctx.random::<u8>().into_secs()),
            )
            .await;
            #[allow_nondeterminism(reason = "for a metric only")]
            let begun = std::time::Instant::now();
            #[allow_nondeterminism(reason = "for whoever watches")]
            println!("{:?}", begun);
            #[allow_nondeterminism(reason = "for a metric only")]
            std::thread::yield_now();
            self.later(ctx).await;
            Ok(self.paid)
        }

        async fn later(&mut self, ctx: &Ctx) {
            let _ = ctx.sleep(mins(1)).await;
        }

        #[signal]
        async fn pay(&mut self, ctx: &Ctx, cents: u32) {
            let _ = ctx.sleep(secs(1)).await;
            self.paid += cents;
        }

        #[update(validator = check)]
        fn refund(&mut self, cents: u32) -> u32 {
            self.paid -= cents;
            self.paid
        }

        fn check(&self, cents: &u32) -> Result<(), &'static str> {
            if *cents > self.paid {
                Err("too much")
            } else {
                Ok(())
            }
        }

        #[query]
        fn paid(&self) -> u32 {
            self.paid
        }

        #[allow_nondeterminism(reason = "its result reaches no command")]
        fn measured(&self) -> std::time::Instant {
            std::time::Instant::now()
        }
    }

    trait IntoSecs {
        fn into_secs(self) -> std::time::Duration;
    }

    impl IntoSecs for u8 {
        fn into_secs(self) -> std::time::Duration {
            secs(self.into())
        }
    }

    pub async fn client(client: &Client, order: Order) -> Result<u32> {
        let handle = Checkout::start(client, order).await?;
        handle.pay(3).await?;
        handle.refund(1).await?;
        handle.paid().await?;
        Ok(handle.result().await?)
    }
}
