//! A transfer with errors of its own, results under names that end in `Result`, and `?`.
#![deny(warnings)]

use std::{error::Error as StdError, fmt, num::ParseIntError};

use durably::{Cancelled, prelude::*};

#[derive(Debug)]
pub enum BankError {
    NoFunds { missing: u64 },
    BadNumber(ParseIntError),
    Stopped(Cancelled),
    Activity(ActivityError),
}

pub type BankResult<T = ()> = Result<T, BankError>;
type IoResult<T> = std::io::Result<T>;

impl fmt::Display for BankError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFunds { missing } => write!(f, "{missing} cents are missing"),
            Self::BadNumber(_) => f.write_str("not a number"),
            Self::Stopped(_) => f.write_str("stopped"),
            Self::Activity(_) => f.write_str("the bank failed"),
        }
    }
}

impl StdError for BankError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::NoFunds { .. } => None,
            Self::BadNumber(cause) => Some(cause),
            Self::Stopped(cause) => Some(cause),
            Self::Activity(cause) => Some(cause),
        }
    }
}

macro_rules! causes {
    ($($variant:ident($cause:ty)),*) => { $(
        impl From<$cause> for BankError {
            fn from(cause: $cause) -> Self {
                Self::$variant(cause)
            }
        }
    )* };
}
causes!(
    BadNumber(ParseIntError),
    Stopped(Cancelled),
    Activity(ActivityError)
);

#[activity(start_to_close = "10s")]
pub async fn withdraw(account: String, cents: u64) -> BankResult<u64> {
    let number: u64 = account.parse()?;
    match number.checked_sub(cents) {
        Some(left) => Ok(left),
        None => Err(BankError::NoFunds {
            missing: cents - number,
        }),
    }
}

#[activity(start_to_close = "10s")]
pub fn journal(line: String) -> IoResult<usize> {
    Ok(line.len())
}

#[derive(Default)]
pub struct Transfer {
    left: Option<u64>,
}

#[workflow(task_queue = "bank")]
impl Transfer {
    #[run]
    async fn run(&mut self, ctx: &Ctx, from: String, cents: u64) -> BankResult<u64> {
        ctx.sleep(secs(1)).await?;
        let left = withdraw::call(ctx, from, cents).await?;
        self.left = Some(left);
        self.note(ctx).await?;
        Ok(left)
    }

    async fn note(&self, ctx: &Ctx) -> BankResult {
        journal::call(ctx, format!("{:?}", self.left)).await?;
        Ok(())
    }

    #[query]
    fn left(&self) -> BankResult<u64> {
        self.left.ok_or(BankError::NoFunds { missing: 0 })
    }

    #[update]
    async fn retry(&mut self, ctx: &Ctx, cents: String) -> Result<u64, Error> {
        let cents: u64 = cents.parse()?;
        let left = withdraw::call(ctx, "7", cents)
            .await
            .map_err(BankError::from)?;
        Ok(left)
    }

    #[signal]
    fn give_up(&mut self, why: String) -> BankResult {
        let missing: u64 = why.parse()?;
        Err(BankError::NoFunds { missing })
    }
}

pub async fn explain(client: &Client) -> Result<Option<String>> {
    let transfer = Transfer::start(client, "100", 3).await?;
    match transfer.result().await {
        Ok(_) => Ok(None),
        Err(error) if error.app().is_some_and(|app| app.kind == "BankError") => {
            Ok(error.activity().map(ToString::to_string))
        }
        Err(error) => Err(error)?,
    }
}

fn main() {}
