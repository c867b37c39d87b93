//! A module of a library that denies nearly every lint, and is not troubled by what macros generate.
//!
//! It denies what rustc allows by default and stable code may deny, clippy's groups, and the
//! restrictions that libraries choose. Lints about packages (`unused_crate_dependencies`), about whole
//! crates (`non_ascii_idents`) and for nightly compilers are left out.
#![deny(
    absolute_paths_not_starting_with_crate,
    ambiguous_negative_literals,
    closure_returning_async_block,
    deprecated_in_future,
    deref_into_dyn_supertrait,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    ffi_unwind_calls,
    if_let_rescope,
    impl_trait_overcaptures,
    impl_trait_redundant_captures,
    keyword_idents_2018,
    keyword_idents_2024,
    let_underscore_drop,
    macro_use_extern_crate,
    meta_variable_misuse,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    private_bounds,
    private_interfaces,
    redundant_imports,
    redundant_lifetimes,
    rust_2021_incompatible_closure_captures,
    single_use_lifetimes,
    tail_expr_drop_order,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unnameable_types,
    unreachable_pub,
    unsafe_code,
    unused_extern_crates,
    unused_import_braces,
    unused_lifetimes,
    unused_macro_rules,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery, clippy::cargo)]
#![deny(
    clippy::absolute_paths,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::clone_on_ref_ptr,
    clippy::empty_structs_with_brackets,
    clippy::exhaustive_structs,
    clippy::expect_used,
    clippy::field_scoped_visibility_modifiers,
    clippy::indexing_slicing,
    clippy::infinite_loop,
    clippy::let_underscore_untyped,
    clippy::missing_assert_message,
    clippy::missing_docs_in_private_items,
    clippy::missing_errors_doc,
    clippy::missing_inline_in_public_items,
    clippy::multiple_inherent_impl,
    clippy::panic,
    clippy::partial_pub_fields,
    clippy::pattern_type_mismatch,
    clippy::print_stdout,
    clippy::redundant_type_annotations,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::str_to_string,
    clippy::unwrap_used,
    clippy::use_debug,
    clippy::wildcard_imports
)]

use core::result::Result as StdResult;

use durably::{Ctx, Result, View, activities, activity, secs, workflow, workflow::Sleep};

/// One order.
#[durably::data]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Order {
    /// What is bought.
    pub item: String,
    /// For how much.
    pub cents: u64,
}

/// Where it goes.
#[durably::data]
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Place {
    /// To the customer.
    Home,
    /// To a shelf.
    Shop {
        /// Its number.
        shelf: u64,
    },
}

/// Takes the money.
///
/// # Errors
/// If there is none.
#[inline]
#[activity(start_to_close = "10s")]
pub async fn charge(order: Order, place: Place) -> Result<u64> {
    let shelf = match place {
        Place::Home => 0,
        Place::Shop { shelf } => shelf,
    };
    checked(order.cents.checked_add(shelf)).await
}

/// The sum, if it is one.
#[expect(clippy::unused_async, reason = "stands for a call of another service")]
async fn checked(sum: Option<u64>) -> Result<u64> {
    sum.ok_or_else(|| durably::AppError::new("TooMuch", "nobody has so much").into())
}

/// What a worker elsewhere does.
#[activity(remote, start_to_close = "10s")]
pub async fn pack(order: Order) -> Place;

/// The warehouse.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Warehouse;

#[activities]
impl Warehouse {
    /// Takes the item off its shelf.
    ///
    /// # Errors
    /// Never.
    #[inline]
    #[activity(start_to_close = "10s")]
    pub async fn reserve(&self, item: String) -> Result<String> {
        let _count: Option<u64> = checked(None).await.ok();
        Ok(item)
    }

    /// Counts.
    #[inline]
    #[must_use]
    #[activity]
    pub fn count(&self) -> u64 {
        1
    }
}

/// A purchase.
#[derive(Clone, Copy, Debug, Default)]
pub struct Purchase {
    /// Whether the customer wants it.
    approved: bool,
    /// What other customers have paid.
    prices: [u64; 3],
}

impl Purchase {
    /// The pause before the money is taken.
    fn pause(ctx: &Ctx, approved: bool) -> Sleep {
        ctx.sleep(secs(u64::from(approved)))
    }

    /// The same, of this purchase.
    fn own_pause(&self, ctx: &Ctx) -> Sleep {
        Self::pause(ctx, self.approved)
    }
}

#[workflow(task_queue = "orders")]
impl Purchase {
    /// Buys.
    ///
    /// # Errors
    /// If there is no money.
    #[inline]
    #[run]
    pub async fn run(&mut self, ctx: &Ctx, order: Order) -> Result<u64> {
        ctx.wait_until(|| self.approved).await?;
        self.own_pause(ctx).await?;
        let warehouse = Warehouse::stub(ctx).start_to_close(secs(1));
        let _item: String = warehouse.reserve(order.item.clone()).await?;
        let place = pack::call(ctx, order.clone()).await?;
        self.approved = warehouse.count().await? > 0;
        Ok(charge::call(ctx, order, place).await?)
    }

    /// The customer wants it.
    #[inline]
    #[signal]
    pub const fn approve(&mut self) {
        self.approved = true;
    }

    /// The customer wants it, after a pause.
    ///
    /// # Errors
    /// If the workflow was cancelled.
    #[inline]
    #[update(validator = check)]
    pub async fn approve_later(&mut self, ctx: &Ctx, pause: u64) -> Result<bool> {
        ctx.sleep(secs(pause)).await?;
        self.approved = true;
        Ok(self.approved)
    }

    /// Pauses are short.
    fn check(&self, view: &View, pause: &u64) -> StdResult<(), String> {
        match *pause {
            0..10 if !self.approved => Ok(()),
            _ => Err(view.workflow_id().to_owned()),
        }
    }

    /// The highest price, of those that are not zero.
    #[inline]
    #[must_use]
    #[query]
    pub fn highest_price(&self) -> Option<u64> {
        let mut prices = Vec::new();
        for price in &self.prices {
            prices.push(*price);
        }
        prices.extend(self.prices.iter());
        prices.into_iter().filter(|price| *price > 0).max()
    }

    /// Whether the customer wants it.
    #[inline]
    #[must_use]
    #[query]
    pub const fn is_approved(&self) -> bool {
        self.approved
    }
}

/// What holds calls and handles can be printed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Shop {
    /// The client.
    pub client: durably::Client,
    /// The latest purchase.
    pub latest: durably::Handle<Purchase>,
}

impl Shop {
    /// Buys one thing more.
    ///
    /// # Errors
    /// If the server refuses it.
    #[inline]
    pub async fn buy(&mut self, order: Order) -> Result<bool> {
        self.latest = Purchase::start(&self.client, order).await?;
        self.latest.approve().await?;
        Ok(self.latest.is_approved().await?)
    }
}
