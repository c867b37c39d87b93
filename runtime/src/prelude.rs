//! The items that most programs use: `use durably::prelude::*;`.

pub use crate::{
    ActivityCtx, ActivityError, AppError, Cancelled, Client, Ctx, Either, Error, Handle, Result,
    Retry, Saga, Time, View, Worker, activities, activity, bail, days, hours, init, join, join_all,
    millis, mins, query, race, race_all, run, secs, signal, try_join, try_join_all, update,
    workflow,
};
