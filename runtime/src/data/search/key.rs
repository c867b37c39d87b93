//! Keys of search attributes, and what sets or removes one.

use std::{borrow::Cow, fmt, marker::PhantomData};

use durably_engine::{Payload, payload::NULL};

use super::{SearchKind, SearchValue};
use crate::{
    data::{Converter, type_name},
    error::{DataError, DataFault},
};

/// The metadata that names the type of a search attribute.
const TYPE: &str = "type";

/// The name and the type of a search attribute: a constant, which starts, workflows and list filters share.
///
/// The attribute must be registered with the server under this name and type.
///
/// ```no_run
/// use durably::{prelude::*, search::{Keyword, SearchKey}};
///
/// const CUSTOMER: SearchKey<Keyword> = SearchKey::new("CustomerId");
/// const AMOUNT: SearchKey<f64> = SearchKey::new("Amount");
///
/// # async fn example(client: Client) -> Result<()> {
/// let start = client.start("Order", ()).task_queue("orders");
/// start.search(CUSTOMER, "c-1").search(AMOUNT, 4.5).await?;
///
/// let mut orders = client.list(CUSTOMER.eq("c-1").and(AMOUNT.lt(10.0))).limit(100);
/// while let Some(order) = orders.next().await? {
///     println!("{} costs {:?}", order.workflow_id, order.search(AMOUNT)?);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Changes by the workflow
/// ```
/// # use durably::{prelude::*, search::SearchKey};
/// const AMOUNT: SearchKey<f64> = SearchKey::new("Amount");
///
/// fn charge(ctx: &Ctx, amount: Option<f64>) -> Result<()> {
///     ctx.upsert(amount.map_or_else(|| AMOUNT.unset(), |amount| AMOUNT.set(amount)))?;
///     Ok(())
/// }
/// ```
///
/// # Filters
/// ```
/// use durably::search::{Keyword, KeywordList, SearchKey};
///
/// const CUSTOMER: SearchKey<Keyword> = SearchKey::new("CustomerId");
/// const ITEMS: SearchKey<KeywordList> = SearchKey::new("Items");
/// let count: SearchKey<i64> = SearchKey::named("Count".to_owned());
///
/// let known = CUSTOMER.is_in(["c-1", "c-2"]).or(CUSTOMER.starts_with("vip-"));
/// let open = known.and(CUSTOMER.is_set()).and(CUSTOMER.ne("c-3")).and(ITEMS.is_unset());
/// let large = count.ge(1_000);
/// assert_eq!((count.name(), &*large.to_string()), ("Count", "`Count` >= 1000"));
/// let small = count.le(3).or(count.gt(100)).and(ITEMS.contains("tea"));
/// assert_eq!(small.to_string(), "(`Count` <= 3 OR `Count` > 100) AND `Items` = 'tea'");
/// assert!(open.to_string().starts_with("(`CustomerId` IN ('c-1', 'c-2') OR "));
/// ```
pub struct SearchKey<K> {
    name: Cow<'static, str>,
    kind: PhantomData<fn() -> K>,
}

impl<K: SearchKind> SearchKey<K> {
    /// The attribute of this name.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name: Cow::Borrowed(name),
            kind: PhantomData,
        }
    }

    /// The attribute of a name that is known only when the program runs.
    pub const fn named(name: String) -> Self {
        Self {
            name: Cow::Owned(name),
            kind: PhantomData,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sets it, in [`Ctx::upsert`](crate::Ctx::upsert).
    pub fn set(&self, value: impl SearchValue<K>) -> SearchUpdate {
        let json = value.into_json();
        let payload = json.map(|json| typed::<K>(Payload::json(json.to_string().into_bytes())));
        SearchUpdate {
            name: self.name.clone().into_owned(),
            payload: payload.map_err(|fault| {
                let what = format!("search attribute `{}`", self.name);
                DataError::write(what, type_name::short::<K::Value>(), fault)
            }),
        }
    }

    /// Removes it, in [`Ctx::upsert`](crate::Ctx::upsert).
    pub fn unset(&self) -> SearchUpdate {
        SearchUpdate {
            name: self.name.clone().into_owned(),
            payload: Ok(typed::<K>(Payload::null())),
        }
    }

    /// Its value in this payload, if there is one.
    pub(crate) fn read(&self, payload: Option<&Payload>) -> Result<Option<K::Value>, DataError> {
        let Some(payload) = payload else {
            return Ok(None);
        };
        decode::<K>(payload).map_err(|fault| {
            DataError::read::<K::Value>(format!("search attribute `{}`", self.name), fault)
        })
    }
}

// Not derived: that would ask the same of the kind.
impl<K> Clone for SearchKey<K> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            kind: PhantomData,
        }
    }
}

impl<K: SearchKind> fmt::Debug for SearchKey<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SearchKey({}: {})", self.name, K::NAME)
    }
}

fn typed<K: SearchKind>(payload: Payload) -> Payload {
    payload.with_metadata(TYPE, K::NAME.into())
}

fn decode<K: SearchKind>(payload: &Payload) -> Result<Option<K::Value>, DataFault> {
    let registered = payload.metadata_of(TYPE).unwrap_or_default();
    if !registered.is_empty() && registered != K::NAME.as_bytes() {
        let registered = String::from_utf8_lossy(registered);
        return Err(DataFault::Unreadable {
            reason: format!("it is of the type `{registered}`, not `{}`", K::NAME),
            path: String::new(),
        });
    }
    if payload.encoding() == NULL {
        return Ok(None);
    }
    let value: serde_json::Value = crate::data::value::decode(payload.clone(), &Converter::JSON)?;
    match value.is_null() {
        true => Ok(None),
        false => K::read(value).map(Some),
    }
}

/// A change of a search attribute: [`SearchKey::set`] and [`SearchKey::unset`] make one.
///
/// ```
/// use durably::{prelude::*, search::{Keyword, SearchKey, SearchUpdate}};
///
/// const CUSTOMER: SearchKey<Keyword> = SearchKey::new("CustomerId");
///
/// fn assigned(customer: Option<&str>) -> SearchUpdate {
///     match customer {
///         Some(customer) => CUSTOMER.set(customer),
///         None => CUSTOMER.unset(),
///     }
/// }
///
/// fn assign(ctx: &Ctx, customer: Option<&str>) -> Result<()> {
///     ctx.upsert(assigned(customer))?;
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "it takes effect when `ctx.upsert(..)` gets it"]
pub struct SearchUpdate {
    name: String,
    payload: Result<Payload, DataError>,
}

impl SearchUpdate {
    pub(crate) fn into_parts(self) -> (String, Result<Payload, DataError>) {
        (self.name, self.payload)
    }
}

/// One change, where several can be.
impl IntoIterator for SearchUpdate {
    type Item = Self;
    type IntoIter = std::iter::Once<Self>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self)
    }
}
