//! A chain of codecs over the payloads of one message.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use durably_engine::Payload;
use futures::{
    FutureExt, StreamExt, TryStreamExt,
    future::{self, Either},
    stream,
};
use tokio::{runtime::Handle, sync::Semaphore};

use super::{At, CodecContext, CodecError, DynCodec, threads, threads::THREADS};
use crate::error::panic_text;

/// How many batches of one message, or payloads of one batch, are transformed side by side where another server may be
/// asked for each.
pub(super) const SIDE_BY_SIDE: usize = 16;

/// Which way payloads go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Encode,
    Decode,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Encode => "encode",
            Self::Decode => "decode",
        })
    }
}

/// Payloads of one context.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) context: CodecContext,
    pub(crate) payloads: Vec<Payload>,
}

/// Why a chain could not transform the payloads of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ChainFault {
    /// The codec; all of them if it is not known which.
    pub(crate) codec: String,
    /// The batch, if it is known.
    pub(crate) batch: Option<usize>,
    /// The payload within the batch, if it is known.
    pub(crate) payload: Option<usize>,
    pub(crate) reason: String,
}

impl ChainFault {
    pub(crate) fn describe(&self, direction: Direction, what: &str) -> String {
        let Self { codec, reason, .. } = self;
        format!("codec `{codec}` cannot {direction} {what}: {reason}")
    }
}

/// Codecs in the order in which they decode; they encode in reverse.
#[derive(Clone)]
pub(crate) struct Chain {
    codecs: Arc<[Arc<dyn DynCodec>]>,
    timeout: Duration,
    /// The threads that its jobs may have at once.
    threads: Arc<Semaphore>,
}

impl Chain {
    pub(crate) fn new(
        codecs: &[Arc<dyn DynCodec>],
        timeout: Duration,
        threads: &Arc<Semaphore>,
    ) -> Self {
        Self {
            codecs: codecs.into(),
            timeout,
            threads: Arc::clone(threads),
        }
    }

    #[cfg(test)]
    fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.codecs.is_empty()
    }

    /// The payloads of each batch, transformed; as they are if there are no codecs.
    pub(crate) async fn transform(
        &self,
        direction: Direction,
        batches: Vec<Batch>,
    ) -> Result<Vec<Vec<Payload>>, ChainFault> {
        self.do_job(direction, batches, run).await
    }

    /// The same, with a result for each batch; an error is that there is no end.
    pub(crate) async fn transform_each(
        &self,
        direction: Direction,
        batches: Vec<Batch>,
    ) -> Result<Vec<Result<Vec<Payload>, ChainFault>>, ChainFault> {
        self.do_job(direction, batches, run_each).await
    }

    async fn do_job<T: Send + 'static, J>(
        &self,
        direction: Direction,
        batches: Vec<Batch>,
        job: impl FnOnce(Arc<[Arc<dyn DynCodec>]>, Direction, Vec<Batch>) -> J,
    ) -> Result<T, ChainFault>
    where
        J: Future<Output = Result<T, ChainFault>> + Send + 'static,
    {
        let payloads = || batches.iter().flat_map(|batch| &batch.payloads);
        let bytes = payloads().map(|payload| payload.data().len()).sum();
        let in_place = self
            .codecs
            .iter()
            .all(|codec| runs_in_place(&**codec, bytes));
        let only_batch = (batches.len() == 1).then_some(0);
        let only_payload = (payloads().count() == 1).then_some(0);
        let job = job(Arc::clone(&self.codecs), direction, batches);
        let done = match in_place {
            true => self.in_place(job).await,
            false => self.on_a_thread(job).await,
        };
        done.unwrap_or_else(|reason| {
            let names: Vec<_> = self.codecs.iter().map(|codec| codec.name()).collect();
            Err(ChainFault {
                codec: names.join("`, `"),
                batch: only_batch,
                payload: only_payload,
                reason,
            })
        })
    }

    /// Polls the job here; the error is that it has no end.
    async fn in_place<T>(&self, job: impl Future<Output = T>) -> Result<T, String> {
        let mut job = pin!(job);
        match job.as_mut().now_or_never() {
            Some(done) => Ok(done),
            // A codec that says it does not wait may do so nevertheless.
            None => {
                let handle = threads::handle()?;
                let done = in_time(handle, self.timeout, job).await;
                done.ok_or_else(|| self.too_late())
            }
        }
    }

    /// Runs the job on a thread of its own; the error is that it has no end, or no thread.
    async fn on_a_thread<T: Send + 'static>(
        &self,
        job: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, String> {
        let handle = threads::handle()?;
        let began = Instant::now();
        let thread = Arc::clone(&self.threads).acquire_owned();
        let thread = in_time(handle, self.timeout, thread).await;
        let thread = thread.ok_or_else(|| self.no_thread())?;
        let timeout = self.timeout.saturating_sub(began.elapsed());
        let job = handle.spawn_blocking(move || {
            // It frees its thread, unless it blocks it.
            let done = handle.block_on(tokio::time::timeout(timeout, job));
            drop(thread);
            done
        });
        match in_time(handle, timeout, job).await {
            Some(Ok(Ok(done))) => Ok(done),
            Some(Ok(Err(_))) | None => Err(self.too_late()),
            Some(Err(error)) => Err(error.to_string()),
        }
    }

    fn no_thread(&self) -> String {
        format!(
            "it had no thread for {:?}: earlier calls of the codecs have all {THREADS}, and have not returned",
            self.timeout
        )
    }

    fn too_late(&self) -> String {
        format!("it took longer than {:?}", self.timeout)
    }
}

/// None if the job takes longer. The clock is that of the threads for codecs: the caller's may be paused.
async fn in_time<T>(handle: &Handle, timeout: Duration, job: impl Future<Output = T>) -> Option<T> {
    let sleep = {
        let _entered = handle.enter();
        tokio::time::sleep(timeout)
    };
    match future::select(pin!(job), pin!(sleep)).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(((), _)) => None,
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.codecs.iter().map(|codec| codec.name());
        f.debug_list().entries(names).finish()
    }
}

/// A codec that panics here is asked on a thread for codecs: it may do so there, too, where it is caught.
fn runs_in_place(codec: &dyn DynCodec, bytes: usize) -> bool {
    let asked = AssertUnwindSafe(|| codec.runs_in_place(bytes));
    catch_unwind(asked).unwrap_or(false)
}

/// Transforms batches side by side; they stay in their order.
async fn run(
    codecs: Arc<[Arc<dyn DynCodec>]>,
    direction: Direction,
    batches: Vec<Batch>,
) -> Result<Vec<Vec<Payload>>, ChainFault> {
    let passes = batches.into_iter().enumerate();
    let passes = passes.map(|(index, batch)| pass(&codecs, direction, index, batch));
    stream::iter(passes)
        .buffered(SIDE_BY_SIDE)
        .try_collect()
        .await
}

/// The same, going on after a batch that cannot be transformed.
async fn run_each(
    codecs: Arc<[Arc<dyn DynCodec>]>,
    direction: Direction,
    batches: Vec<Batch>,
) -> Result<Vec<Result<Vec<Payload>, ChainFault>>, ChainFault> {
    let passes = batches.into_iter().enumerate();
    let passes = passes.map(|(index, batch)| pass(&codecs, direction, index, batch));
    let each = stream::iter(passes).buffered(SIDE_BY_SIDE).collect();
    Ok(each.await)
}

/// Passes one batch through all codecs.
async fn pass(
    codecs: &[Arc<dyn DynCodec>],
    direction: Direction,
    index: usize,
    batch: Batch,
) -> Result<Vec<Payload>, ChainFault> {
    let Batch {
        context,
        mut payloads,
    } = batch;
    for step in 0..codecs.len() {
        let codec = match direction {
            Direction::Encode => &codecs[codecs.len() - 1 - step],
            Direction::Decode => &codecs[step],
        };
        let count = payloads.len();
        let only = (count == 1).then_some(0);
        let fault = |payload: Option<usize>, reason: String| ChainFault {
            codec: codec.name().to_owned(),
            batch: Some(index),
            payload: payload.or(only),
            reason,
        };
        // The call itself may panic, too.
        let call = async { codec.transform(direction, payloads, &context).await };
        payloads = match AssertUnwindSafe(call).catch_unwind().await {
            Ok(Ok(transformed)) if transformed.len() == count => transformed,
            Ok(Ok(transformed)) => {
                let returned = transformed.len();
                return Err(fault(
                    None,
                    format!("it returned {returned} payloads for {count}"),
                ));
            }
            Ok(Err(error)) => return Err(fault(index_of(&error), error.to_string())),
            Err(panic) => {
                let text = panic_text(&*panic).unwrap_or("without a text");
                return Err(fault(None, format!("it panicked: {text}")));
            }
        };
    }
    Ok(payloads)
}

fn index_of(error: &CodecError) -> Option<usize> {
    error.downcast_ref::<At>().map(|at| at.index)
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use super::*;
    use crate::codec::{Codecs, PayloadCodec, at};

    /// What a codec does with what it is given.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Act {
        Append(u8),
        Drop,
        Add,
        Panic,
        Fail(usize),
        Wait,
        Block,
    }

    struct Acting {
        act: Act,
        in_place: bool,
        /// Where a blocked thread waits for the end of the test.
        end: Mutex<Option<mpsc::Receiver<()>>>,
    }

    impl Acting {
        async fn act(&self, mut payloads: Vec<Payload>) -> Result<Vec<Payload>, CodecError> {
            match self.act {
                Act::Append(byte) => {
                    let append = |payload: Payload| {
                        let mut data = payload.into_data();
                        data.push(byte);
                        Payload::bytes(data)
                    };
                    payloads = payloads.into_iter().map(append).collect();
                }
                Act::Drop => _ = payloads.pop(),
                Act::Add => payloads.push(Payload::null()),
                Act::Panic => panic!("no key at {}", payloads.len()),
                Act::Fail(index) => return Err(at(index, "it is damaged")),
                Act::Wait => future::pending().await,
                Act::Block => {
                    let end = self.end.lock().unwrap().take().expect("it is called once");
                    let _closed = end.recv();
                }
            }
            Ok(payloads)
        }
    }

    impl PayloadCodec for Acting {
        async fn encode(
            &self,
            payloads: Vec<Payload>,
            _: &CodecContext,
        ) -> Result<Vec<Payload>, CodecError> {
            self.act(payloads).await
        }

        async fn decode(
            &self,
            payloads: Vec<Payload>,
            _: &CodecContext,
        ) -> Result<Vec<Payload>, CodecError> {
            self.act(payloads).await
        }

        fn runs_in_place(&self, bytes: usize) -> bool {
            assert!(bytes > 0, "a message without bytes");
            self.in_place
        }
    }

    fn acting(acts: &[Act], in_place: bool, timeout: Duration) -> (Chain, mpsc::Sender<()>) {
        let (end, blocked) = mpsc::channel();
        let mut blocked = Some(blocked);
        let add = |codecs: Codecs, act: &Act| {
            codecs.codec(Acting {
                act: *act,
                in_place,
                end: Mutex::new(blocked.take_if(|_| *act == Act::Block)),
            })
        };
        let codecs = acts.iter().fold(Codecs::new(), add);
        (codecs.timeout(timeout).chain(), end)
    }

    fn batch(payloads: &[&[u8]]) -> Batch {
        Batch {
            context: CodecContext::of_namespace("default"),
            payloads: payloads
                .iter()
                .map(|it| Payload::bytes(it.to_vec()))
                .collect(),
        }
    }

    const NEVER: Duration = Duration::from_secs(3600);
    const SOON: Duration = Duration::from_millis(20);

    async fn fault(acts: &[Act], in_place: bool, timeout: Duration) -> ChainFault {
        let (chain, _end) = acting(acts, in_place, timeout);
        let batches = vec![batch(&[b"1"]), batch(&[b"2", b"3"])];
        let transformed = chain.transform(Direction::Decode, batches).await;
        transformed.expect_err("the codec does not do its work")
    }

    #[tokio::test]
    async fn the_first_codec_encodes_last_and_decodes_first_and_batches_keep_their_order() {
        for in_place in [true, false] {
            let acts = [Act::Append(b'a'), Act::Append(b'b')];
            let (chain, _end) = acting(&acts, in_place, NEVER);
            for (direction, suffix) in [(Direction::Encode, "ba"), (Direction::Decode, "ab")] {
                let numbers: Vec<_> = (0..50).map(|n| n.to_string()).collect();
                let batches = numbers
                    .iter()
                    .map(|n| batch(&[n.as_bytes(), b"x"]))
                    .collect();
                let transformed = chain.transform(direction, batches).await;
                let transformed = transformed.expect("they can be transformed");
                let expected = numbers.iter().map(|n| {
                    [format!("{n}{suffix}"), format!("x{suffix}")]
                        .map(|text| Payload::bytes(text.into_bytes()))
                        .to_vec()
                });
                assert!(transformed.into_iter().eq(expected));
            }
        }
    }

    #[tokio::test]
    async fn a_codec_that_panics_when_asked_for_its_place_runs_on_a_thread() {
        let (chain, _end) = acting(&[Act::Append(b'a')], true, NEVER);
        let transformed = chain
            .transform(Direction::Decode, vec![batch(&[b""])])
            .await;
        assert_eq!(transformed, Ok(vec![vec![Payload::bytes(b"a".to_vec())]]));
    }

    #[tokio::test]
    async fn another_number_of_payloads_a_panic_and_an_error_are_faults_of_a_codec_and_a_batch() {
        let cases = [
            (Act::Drop, Some(0), "it returned 0 payloads for 1"),
            (Act::Add, Some(0), "it returned 2 payloads for 1"),
            (Act::Panic, Some(0), "it panicked: no key at 1"),
            (Act::Fail(1), Some(1), "it is damaged"),
        ];
        for in_place in [true, false] {
            for (act, payload, reason) in cases {
                let found = fault(&[Act::Append(b'a'), act], in_place, NEVER).await;
                let expected = ChainFault {
                    codec: "Acting".to_owned(),
                    batch: Some(0),
                    payload,
                    reason: reason.to_owned(),
                };
                assert_eq!(found, expected, "{act:?}");
            }
        }
    }

    /// The clock of the caller stands still, that of the codecs does not.
    #[tokio::test(start_paused = true)]
    async fn a_codec_that_waits_or_blocks_is_given_up_on() {
        for (act, in_place) in [(Act::Wait, true), (Act::Wait, false), (Act::Block, false)] {
            let found = fault(&[Act::Append(b'a'), act], in_place, SOON).await;
            let expected = ChainFault {
                codec: "Acting`, `Acting".to_owned(),
                batch: None,
                payload: None,
                reason: "it took longer than 20ms".to_owned(),
            };
            assert_eq!(found, expected, "{act:?}");
        }
    }
    /// Blocks until all that hold the sender are gone, or does nothing.
    struct Blocking(Arc<Mutex<mpsc::Receiver<()>>>);

    impl Blocking {
        fn block(&self, payloads: Vec<Payload>) -> Result<Vec<Payload>, CodecError> {
            if payloads[0].data() == b"blocks" {
                let _closed = self.0.lock().unwrap().recv();
            }
            Ok(payloads)
        }
    }

    impl PayloadCodec for Blocking {
        async fn encode(
            &self,
            payloads: Vec<Payload>,
            _: &CodecContext,
        ) -> Result<Vec<Payload>, CodecError> {
            self.block(payloads)
        }

        async fn decode(
            &self,
            payloads: Vec<Payload>,
            _: &CodecContext,
        ) -> Result<Vec<Payload>, CodecError> {
            self.block(payloads)
        }
    }

    #[tokio::test]
    async fn a_codec_that_never_returns_takes_its_own_threads_only_and_gets_them_back() {
        let (end, blocked) = mpsc::channel();
        let codecs = Codecs::new().codec(Blocking(Arc::new(Mutex::new(blocked))));
        // Clients that are made with the same codecs share their threads.
        let (blocks, again) = (
            codecs.clone().timeout(SOON).chain(),
            codecs.timeout(SOON).chain(),
        );
        let ask = async |chain: &Chain, data: &[u8]| {
            let transformed = chain.transform(Direction::Decode, vec![batch(&[data])]);
            transformed.await.map_err(|fault| fault.reason)
        };
        for _ in 0..THREADS {
            let late = Err("it took longer than 20ms".to_owned());
            assert_eq!(ask(&blocks, b"blocks").await, late);
        }
        let none = "it had no thread for 20ms: earlier calls of the codecs have all 128, and have not returned";
        assert_eq!(ask(&again, b"free").await, Err(none.to_owned()));
        let (other, _end) = acting(&[Act::Append(b'a')], false, NEVER);
        let done = Ok(vec![vec![Payload::bytes(b"1a".to_vec())]]);
        assert_eq!(ask(&other, b"1").await, done);
        drop(end);
        let patient = again.with_timeout(NEVER);
        let done = Ok(vec![vec![Payload::bytes(b"free".to_vec())]]);
        assert_eq!(ask(&patient, b"free").await, done);
    }
}
