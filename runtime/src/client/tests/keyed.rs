//! A client and a worker whose codec ties each payload to its subject, on an embedded server: whatever
//! happens to a run, whoever decodes a payload names the subject that it was encoded for.

use std::sync::Arc;

use crate::{
    client::Client, data::Converter, error::TimeoutKind, prelude::*, server::Server,
    transport::test_codec::keyed,
};

/// Leaves a heartbeat and an error, and goes on from there.
#[activity(start_to_close = "10s", heartbeat = "10s")]
async fn flaky(ctx: &ActivityCtx, n: u32) -> Result<u32> {
    match ctx.heartbeat_details::<u32>()? {
        Some(seen) => Ok(seen + n),
        None => {
            ctx.heartbeat(n);
            Err(AppError::new("Flaky", "once")
                .details(n)
                .next_retry_delay(millis(1))
                .into())
        }
    }
}

#[activity(start_to_close = "10s", heartbeat = "100ms", max_attempts = 1)]
async fn stall(ctx: &ActivityCtx, n: u32) {
    ctx.heartbeat(n);
    ctx.cancelled().await;
}

#[activity(start_to_close = "10s", max_attempts = 1)]
async fn refuse(n: u32) -> Result<()> {
    Err(AppError::new("Refused", "no").details(n).into())
}

/// Has every kind of payload that a client and a worker exchange.
#[derive(Default)]
struct Ledger {
    open: bool,
}

#[workflow]
impl Ledger {
    #[run]
    async fn run(&mut self, ctx: &Ctx, runs: u32) -> Result<u32> {
        ctx.wait_until(|| self.open).await?;
        let sum = flaky::call(ctx, 1).await?;
        let stalled = stall::call(ctx, 2).await.unwrap_err();
        assert_eq!(stalled.timeout(), Some(TimeoutKind::Heartbeat));
        let refused = refuse::call(ctx, 3).await.unwrap_err();
        let refused: u32 = refused.app().expect("it says why").detail(0)?;
        let sum = sum + stalled.last_heartbeat::<u32>()?.unwrap_or_default() + refused;
        match runs {
            0 => Err(AppError::new("Closed", "see the sum").details(sum).into()),
            runs => Self::continue_as_new(runs - 1).memo("sum", sum).into(),
        }
    }

    #[signal]
    fn open(&mut self, open: bool) {
        self.open = open;
    }

    #[query]
    fn is_open(&self, fails: bool) -> Result<bool> {
        match fails {
            false => Ok(self.open),
            true => Err(AppError::new("Query", "no").details(7).into()),
        }
    }

    #[update]
    async fn add(&mut self, ctx: &Ctx, n: u32) -> Result<u32> {
        match n {
            0 => Err(AppError::new("Update", "no").details(7).into()),
            n => Ok(flaky::call(ctx, n).await?),
        }
    }
}

fn detail(error: Option<&AppError>) -> u32 {
    let error = error.expect("an application error is in the chain");
    error.detail(0).expect("it is a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_payload_of_a_run_is_decoded_for_the_subject_it_was_encoded_for() -> Result<()> {
    let server = Server::start().await?;
    let plain = server.client().await?;
    let caller = plain.caller().clone().with_codecs(&keyed());
    let client = Client(
        Arc::new(caller),
        Converter::JSON,
        crate::interceptor::ClientChain::default(),
    );
    // Nothing is cached, so every task decodes its whole history.
    let worker = Worker::new(&client, "ledgers")
        .max_cached_workflows(0)
        .workflow::<Ledger>()
        .activity::<flaky>()
        .activity::<stall>()
        .activity::<refuse>()
        .spawn()
        .await?;

    let start = || Ledger::start(&client, 1).task_queue("ledgers");
    let ledger = start().memo("by", "Ada").await?;
    assert_eq!(ledger.add(5).await?, 10);
    assert_eq!(detail(ledger.add(0).await.unwrap_err().app()), 7);
    assert!(!ledger.is_open(false).await?);
    assert_eq!(detail(ledger.is_open(true).await.unwrap_err().app()), 7);
    let memo: Option<String> = ledger.describe().await?.memo("by")?;
    assert_eq!(memo.as_deref(), Some("Ada"));
    ledger.open(true).await?;
    let next = client.handle(ledger.id());
    let sum = loop {
        // The second run says what the first one added up.
        if let Some(sum) = next.describe().await?.memo::<u32>("sum")? {
            break sum;
        }
        tokio::time::sleep(millis(10)).await;
    };
    assert_eq!(sum, 2 + 2 + 3);
    let mut list = client.list("");
    let listed = list.next().await?.expect("the second run is listed");
    assert_eq!(listed.memo::<u32>("sum")?, Some(7));
    next.signal("open", (true,)).await?;
    assert_eq!(detail(ledger.result().await.unwrap_err().app()), 7);

    let signalled = start().with_signal(|it| it.open(true)).await?;
    signalled.terminate("it began").await?;
    let (updated, added) = start().with_update(|it| it.add(4)).await?;
    assert_eq!(added.result().await?, 8);
    updated.terminate("it was updated").await?;
    // Without the codec nothing of it can be read.
    let without = Ledger::handle(&plain, ledger.id()).result().await;
    let error = without
        .unwrap_err()
        .app()
        .expect("it failed")
        .detail::<u32>(0);
    assert!(error.unwrap_err().to_string().contains("`binary/sealed`"));
    worker.shutdown().await
}
