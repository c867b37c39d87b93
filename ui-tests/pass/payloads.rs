//! Arguments and results with encodings of their own, and texts in options and lists.
#![deny(warnings, missing_docs)]

use durably::{
    Bytes,
    data::{BinaryProto, Encoded, Encoding, EncodingError, Payload},
    prelude::*,
    raw::api::common::v1::WorkflowExecution,
};

/// Cents, as a text.
#[derive(Clone, Default)]
pub struct Money(i64);

impl Encoding for Money {
    fn encode(&self) -> Result<Payload, EncodingError> {
        Ok(Payload::new("text/cents", self.0.to_string().into_bytes()))
    }

    fn decode(payload: Payload) -> Result<Self, EncodingError> {
        Ok(Self(std::str::from_utf8(payload.data())?.parse()?))
    }
}

/// Everything at once.
#[activity(start_to_close = "10s")]
pub async fn convert(
    ctx: &ActivityCtx,
    price: Money,
    tips: Vec<Option<Money>>,
    run: WorkflowExecution,
    runs: Vec<WorkflowExecution>,
    small: Option<BinaryProto<WorkflowExecution>>,
    raw: Payload,
) -> Result<Option<WorkflowExecution>> {
    ctx.heartbeat(Encoded(price));
    let before: Option<Encoded<Money>> = ctx.heartbeat_details()?;
    if before.is_some() || tips.is_empty() || runs.is_empty() || small.is_none() {
        let error = AppError::new("Odd", raw.encoding()).details(BinaryProto(run));
        return Err(error.into());
    }
    Ok(Some(run))
}

/// Texts that need not be there.
#[activity(start_to_close = "10s")]
pub async fn greet(name: Option<String>, others: Vec<String>) -> String {
    name.unwrap_or_default() + &others.concat()
}

/// A `Result` as a value.
#[activity(start_to_close = "10s")]
pub async fn judge(outcome: Result<u32, String>) -> Result<Result<u32, String>> {
    Ok(outcome)
}

/// Keeps money.
#[derive(Default)]
pub struct Till {
    balance: Money,
    note: Option<String>,
    names: Vec<String>,
}

#[workflow(task_queue = "tills")]
impl Till {
    /// Converts, and greets in many ways.
    #[run]
    async fn run(&mut self, ctx: &Ctx, start: Money) -> Result<Money> {
        let run = WorkflowExecution::default();
        let raw = Payload::json(b"1".to_vec());
        let tips = vec![None, Some(start.clone())];
        convert::call(
            ctx,
            start,
            tips,
            run.clone(),
            vec![run.clone()],
            Some(BinaryProto(run)),
            raw,
        )
        .await?;
        let name = "Ada".to_owned();
        greet::call(ctx, None, vec![]).await?;
        greet::call(ctx, Some("Ada"), Vec::new()).await?;
        greet::call(ctx, Some(&*name), ["a", "b"]).await?;
        greet::call(ctx, &self.note, &self.names).await?;
        greet::call(ctx, &Some(name), self.names.clone()).await?;
        greet::call(ctx, self.note.as_deref(), ["a"]).await?;
        greet::call(ctx, None, &self.names[1..]).await?;
        greet::call(ctx, None, &vec!["a"]).await?;
        greet::call(ctx, Some("Ada"), vec!["a".into()]).await?;
        if judge::call(ctx, Ok(1)).await?.is_err() {
            judge::call(ctx, Err("no".to_owned())).await?.ok();
        }
        Self::continue_as_new(self.balance.clone()).into()
    }

    /// Is told how something ended.
    #[signal]
    fn ended(&mut self, outcome: Result<u32, String>) {
        self.note = outcome.err();
    }

    /// Puts money in.
    #[signal]
    fn put(&mut self, money: Vec<Money>, note: Option<String>, scan: Option<Vec<u8>>) {
        drop(scan);
        self.balance.0 += money.iter().map(|it| it.0).sum::<i64>();
        self.note = note;
    }

    /// Takes money out.
    #[update]
    fn take(&mut self, money: Money, receipt: Bytes) -> Result<Money> {
        self.balance.0 -= money.0 + receipt.len() as i64;
        Ok(self.balance.clone())
    }

    /// The run that asked.
    #[query]
    fn of(&self, run: WorkflowExecution) -> WorkflowExecution {
        run
    }
}

/// The same from a client.
pub async fn go(client: &Client) -> Result<Money> {
    let till = Till::start(client, Money(1))
        .with_signal(|it| it.put(vec![Money(1)], None, None))
        .await?;
    till.put(vec![Money(1)], Some("tip"), Some(vec![1])).await?;
    till.of(WorkflowExecution::default()).await?;
    till.take(Money(1), Bytes(vec![1])).await?;
    Ok(till.result().await?)
}

fn main() {}
