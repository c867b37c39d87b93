//! What people look for at a worker and find elsewhere: the names that other SDKs give things.
//! Calling one does not compile, with words on where it is.

use std::future::Ready;

use crate::{error::Result, worker::Worker};

/// `Worker::builder`: no worker has one.
#[diagnostic::on_unimplemented(
    message = "a `Worker` is its own builder",
    label = "write `Worker::new(&client, \"my-queue\")`; options are methods of it"
)]
pub trait Built {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `start`: no worker has it.
#[diagnostic::on_unimplemented(
    message = "`Worker` has no `start`",
    label = "write `.run().await?` to run until ctrl-c or SIGTERM, or `.spawn().await?` to run in the background"
)]
pub trait Started {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `register_workflow`: no worker has it.
#[diagnostic::on_unimplemented(
    message = "`Worker` has no `register_workflow`",
    label = "write `.workflow::<Greeting>()`"
)]
pub trait RegistersWorkflows {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `register_activity`, `register_activities`: no worker has them.
#[diagnostic::on_unimplemented(
    message = "`Worker` has no method of this name",
    label = "write `.activity::<greet>()` for a function, `.activities(shop)` for a value with an `#[activities] impl`"
)]
pub trait RegistersActivities {
    #[doc(hidden)]
    fn never<T>() -> T;
}

// No type has the traits. `for<'a>` lets a bound stand that is known not to hold.
#[doc(hidden)]
impl Worker {
    pub fn builder<T>() -> T
    where
        for<'a> Self: Built,
    {
        <Self as Built>::never()
    }

    pub fn start<T>(self) -> Ready<Result<T>>
    where
        for<'a> Self: Started,
    {
        <Self as Started>::never()
    }

    pub fn register_workflow<W>(self) -> Self
    where
        for<'a> Self: RegistersWorkflows,
    {
        <Self as RegistersWorkflows>::never()
    }

    pub fn register_activity<A>(self) -> Self
    where
        for<'a> Self: RegistersActivities,
    {
        <Self as RegistersActivities>::never()
    }

    pub fn register_activities(self, _activities: impl Sized) -> Self
    where
        for<'a> Self: RegistersActivities,
    {
        <Self as RegistersActivities>::never()
    }
}
