//! A crate that depends on `durably` alone, imports no prelude, has hostile names in scope and
//! denies nearly everything: what the macros generate must not show. Clippy looks at it too.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unused, rust_2018_idioms, unreachable_pub)]
#![deny(clippy::all, clippy::pedantic)]
#![allow(
    dead_code,
    non_camel_case_types,
    clippy::missing_errors_doc,
    clippy::needless_pass_by_value,
    clippy::unused_async,
    clippy::unused_self,
    reason = "about the user's own code below"
)]

pub mod strict;

/// Names that expansions must not pick up.
pub mod hostile {
    mod std {}
    mod core {}
    mod serde {}
    mod durably {}
    struct Vec;
    struct Option;
    struct Box;
    struct Duration;
    struct DurablyResult;
    struct V;
    struct T;
    enum Ok {}
    enum Err {}
    trait Default {}
    trait Clone {}
    trait Future {}
    type Result<T> = ::core::result::Result<T, ::durably::Error>;

    /// One order.
    #[::durably::data]
    #[derive(::core::clone::Clone)]
    pub struct Order {
        id: u64,
    }

    #[::durably::activity(start_to_close = "1s")]
    async fn price(order: Order, ctx: u8, client: u8, arguments: u8) -> u64 {
        order.id + u64::from(ctx + client + arguments)
    }

    #[::durably::activity]
    fn blocking(ctx: &::durably::ActivityCtx, _unused: bool) -> Result<u32> {
        ::core::result::Result::Ok(u32::try_from(u64::from(ctx.attempt()))?)
    }

    #[derive(::core::default::Default)]
    struct Depot {
        stock: u64,
    }

    #[::durably::activities]
    impl Depot {
        #[activity]
        async fn reserve(&self, this: u64, add: u64) -> Result<u64> {
            ::core::result::Result::Ok(self.stock + this + add)
        }
        #[activity(start_to_close = "1s")]
        fn count(&self) -> u64 {
            self.stock
        }
    }

    #[derive(::core::default::Default)]
    struct Shop {
        total: u64,
        __result: u64,
    }

    #[::durably::workflow]
    impl Shop {
        #[run]
        async fn run(
            &mut self,
            ctx: &::durably::Ctx,
            order: Order,
            client: u64,
            id: ::std::string::String,
        ) -> Result<u64> {
            let cell = 1;
            let lease = price::call(ctx, order.clone(), 1, 2, 3).await?;
            self.__result += price::call(ctx, order, 1, 2, 3).await? + cell;
            self.total += lease + client;
            self.add(ctx, 3).await;
            let depot = Depot::stub(ctx).start_to_close(::durably::secs(1));
            self.total += depot.reserve(1, 2).await?;
            self.total += depot.count().await?;
            self.total += u64::try_from(id.len())?;
            ::core::result::Result::Ok(self.total)
        }
        async fn add(&mut self, ctx: &::durably::Ctx, number: u64) -> bool {
            self.total += number;
            ctx.sleep(::durably::secs(1)).await.is_ok()
        }
        async fn peek(&self, ctx: &::durably::Ctx) -> u64 {
            let _ = ctx.sleep(::durably::secs(1)).await;
            self.total
        }
        #[signal(name = "Add-It")]
        fn add_it(&mut self, state: u64, via: u64) {
            self.total += state + via;
        }
        #[update]
        fn swap(&mut self, view: &::durably::View, view_: u64, name: u64) -> u64 {
            let _ = view;
            ::core::mem::replace(&mut self.total, view_ + name)
        }
        #[query]
        fn total(&self) -> u64 {
            self.total
        }
    }

    /// Generic code over handles.
    pub async fn wait<W: ::durably::workflow::Workflow>(
        handle: &::durably::Handle<W>,
    ) -> Result<W::Output> {
        ::core::result::Result::Ok(handle.result().await?)
    }

    /// Uses the private ones.
    pub async fn go(client: &::durably::Client) -> Result<u64> {
        let handle = Shop::start(client, Order { id: 1 }, 2, "id")
            .task_queue("q")
            .await?;
        handle.add_it(1, 2).await?;
        handle.swap(1, 2).await?;
        handle.total().await?;
        wait(&handle).await
    }
}
