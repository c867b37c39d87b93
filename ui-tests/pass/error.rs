//! Errors that keep their type: each option, sources of all kinds, names of the standard library taken by
//! the program.
#![deny(warnings)]

use durably::{ContinueAsNew, error::ChildError, prelude::*};

#[derive(Debug, thiserror::Error, durably::Failure)]
#[failure(name = "Payment")]
pub enum PayError {
    /// Never tried again.
    #[error("card declined: {reason}")]
    #[failure(non_retryable, name = "declined")]
    Declined {
        reason: String,
        #[serde(default, rename = "advice_code")]
        advice: Option<u32>,
        r#type: Card,
    },
    #[error("gateway busy")]
    #[failure(next_retry_delay = "1m30s")]
    Busy,
    #[error("{0} of {1} paid")]
    Partly(u64, u64),
    #[error("a scan of {} bytes", .0.len())]
    Scanned(Vec<u8>, durably::Bytes),
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error("booked {seat}")]
    Booked {
        seat: u32,
        source: Box<ActivityError>,
    },
    #[error("the ship left")]
    Ship(#[from] Box<ChildError>),
    #[error(transparent)]
    Any(#[from] anyhow::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("before: {0}")]
    Before(#[source] Box<PayError>),
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error(transparent)]
    ContinueAsNew(#[from] ContinueAsNew),
    #[cfg(any())]
    #[error("never")]
    Never(Missing),
}

#[durably::data]
#[derive(Debug)]
pub struct Card {
    digits: String,
}

#[derive(Debug, PartialEq, thiserror::Error, durably::Failure)]
#[error("no answer from {host}")]
#[failure(next_retry_delay = "5s")]
pub struct GatewayError {
    host: String,
}

#[derive(Clone, Copy, Debug, thiserror::Error, durably::Failure)]
#[error("nothing happens")]
pub enum Nothing {}

#[activity(start_to_close = "10s")]
pub async fn charge(cents: u64) -> Result<u64, PayError> {
    match cents {
        0 => Err(GatewayError {
            host: "bank".to_owned(),
        })?,
        cents => Ok(cents),
    }
}

#[derive(Default)]
pub struct Checkout {
    paid: u64,
}

#[workflow]
impl Checkout {
    #[run]
    async fn run(&mut self, ctx: &Ctx, cents: u64) -> Result<u64, PayError> {
        ctx.sleep(secs(1)).await?;
        match charge::call(ctx, cents).await {
            Ok(paid) => self.paid = paid,
            Err(error) => {
                if let Some(PayError::Declined { reason, .. }) = error.failed() {
                    return Err(anyhow::anyhow!(reason).into());
                }
                return Self::continue_as_new(cents).into();
            }
        }
        Ok(self.paid)
    }

    #[update(validator = check)]
    fn pay(&mut self, cents: u64) -> Result<u64, GatewayError> {
        self.paid += cents;
        Ok(self.paid)
    }

    fn check(&self, cents: &u64) -> Result<(), PayError> {
        match cents {
            0 => Err(PayError::Busy),
            _ => Ok(()),
        }
    }

    #[query]
    fn paid(&self) -> Result<u64, PayError> {
        Ok(self.paid)
    }

    #[signal]
    fn refund(&mut self) -> Result<(), PayError> {
        Err(PayError::Partly(0, self.paid))
    }
}

pub async fn reason(handle: Handle<Checkout>) -> Option<PayError> {
    handle.result().await.err()?.failed()
}

/// Nothing that the derive names is the program's.
pub mod own_names {
    #![allow(missing_docs, clippy::upper_case_acronyms)]

    pub struct String;
    pub struct Option;
    pub struct Result;
    pub struct Vec;
    pub struct Box;
    pub struct Error;
    pub trait Default {}
    pub trait From {}
    pub fn drop() {}

    #[derive(Debug, thiserror::Error, durably::Failure)]
    pub enum Failure {
        #[error("some")]
        Some { none: u32 },
        #[error("none")]
        None(u8),
        #[error("ok")]
        Ok,
    }
}

/// The type stands in a function, the crate behind a macro.
pub fn in_a_function() -> bool {
    macro_rules! error {
        ($name:ident) => {
            #[derive(Debug, thiserror::Error, durably::Failure)]
            enum $name {
                #[error("local {why} {again}")]
                Local { why: String, again: bool },
                #[error("remote {why}")]
                Remote { why: String },
            }
        };
    }
    error!(Local);
    let local = Error::from_typed(Local::Local {
        why: String::new(),
        again: true,
    });
    matches!(local.failed(), Some(Local::Remote { .. }))
}
