//! Search attributes with types: keys, values, and the filters of lists.
//!
//! A [`SearchKey`] is a constant with the name and the type of an attribute. Starts, next runs, workflows,
//! descriptions and filters take it, so a value of another type does not compile.
//!
//! ```
//! use durably::{prelude::*, search::{Keyword, SearchKey}};
//!
//! const CUSTOMER: SearchKey<Keyword> = SearchKey::new("CustomerId");
//! const PAID: SearchKey<bool> = SearchKey::new("Paid");
//!
//! #[derive(Default)]
//! struct Order;
//!
//! #[workflow]
//! impl Order {
//!     #[run]
//!     async fn run(&mut self, ctx: &Ctx, customer: String) -> Result<()> {
//!         ctx.upsert([CUSTOMER.set(&customer), PAID.unset()])?;
//!         ctx.sleep(days(1)).await?;
//!         ctx.upsert(PAID.set(true))?;
//!         Ok(())
//!     }
//! }
//!
//! async fn unpaid(client: &Client, customer: &str) -> Result<u64> {
//!     Ok(client.count(CUSTOMER.eq(customer).and(PAID.is_unset())).await?)
//! }
//! ```
//!
//! The attributes must be registered with the server: `temporal operator search-attribute create --name
//! CustomerId --type Keyword`. A start with an attribute that is not, or of another type, is
//! [`RpcError::InvalidArgument`](crate::error::RpcError::InvalidArgument), and a workflow task that upserts one
//! fails until the attribute is registered.

pub use crate::data::search::{
    Filter, Keyword, KeywordList, Ordered, SearchKey, SearchKind, SearchUpdate, SearchValue, Text,
};
