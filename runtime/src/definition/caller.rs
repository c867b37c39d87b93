//! The caller of a generated function: workflow code by its context, or a program by its client.
//!
//! Each generated function takes one of the two, by reference. The bounds say which, and what to
//! call in its place, where rustc would only say that types differ.

use std::{rc::Rc, sync::Arc};

use crate::{client::Client, workflow::Ctx};

/// A workflow's context, or a pointer to one.
///
/// ```
/// use durably::{prelude::*, workflow::AsCtx};
///
/// #[activity(start_to_close = "10s")]
/// async fn greet(name: String) {}
///
/// async fn greet_twice(ctx: &impl AsCtx, name: &str) -> Result<()> {
///     greet::call(ctx, name).await?;
///     greet::call(ctx, name).await?;
///     Ok(())
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "only workflow code can make this call, and `{Self}` is not a workflow context",
    label = "pass the workflow's `ctx: &durably::Ctx`",
    note = "a query only reads, so it makes no calls; outside of workflows an activity is a plain function, and a client starts and reaches workflows: `Greeting::start(&client, ..)`, `Greeting::handle(&client, \"id\")`"
)]
pub trait AsCtx {
    #[doc(hidden)]
    fn __ctx(&self) -> &Ctx;
}

#[diagnostic::do_not_recommend]
impl AsCtx for Ctx {
    fn __ctx(&self) -> &Ctx {
        self
    }
}

/// A client, or a pointer to one.
///
/// ```
/// use std::sync::Arc;
///
/// use durably::{client::AsClient, prelude::*};
///
/// # #[derive(Default)]
/// # struct Greeting;
/// # #[workflow(task_queue = "greetings")]
/// # impl Greeting {
/// #     #[run]
/// #     async fn run(&mut self, greeting: String) -> String {
/// #         greeting
/// #     }
/// # }
///
/// async fn greeting(client: &impl AsClient) -> Result<String> {
///     Ok(Greeting::start(client, "Hello").result().await?)
/// }
///
/// async fn both(client: Client, shared: Arc<Client>) -> Result<()> {
///     greeting(&client).await?;
///     greeting(&shared).await?;
///     Ok(())
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "this call needs a client, and `{Self}` is not one",
    label = "pass a `&durably::Client`",
    note = "workflow code has none: it runs a child with `Greeting::child(ctx, ..)`, and reaches a running workflow with `Greeting::external(ctx, \"id\")`"
)]
pub trait AsClient {
    #[doc(hidden)]
    fn __client(&self) -> &Client;
}

#[diagnostic::do_not_recommend]
impl AsClient for Client {
    fn __client(&self) -> &Client {
        self
    }
}

macro_rules! pointers {
    ($($pointer:ty),*) => { $(
        #[diagnostic::do_not_recommend]
        impl<T: AsCtx + ?Sized> AsCtx for $pointer {
            fn __ctx(&self) -> &Ctx {
                (**self).__ctx()
            }
        }
        #[diagnostic::do_not_recommend]
        impl<T: AsClient + ?Sized> AsClient for $pointer {
            fn __client(&self) -> &Client {
                (**self).__client()
            }
        }
    )* };
}
pointers! { &T, &mut T, Box<T>, Rc<T>, Arc<T> }
