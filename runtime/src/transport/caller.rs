//! Calls to a server: the identity and namespace of the caller, the headers and the transport.

#[cfg(any(feature = "server", test))]
use std::any::Any;
use std::{
    ops::ControlFlow,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use durably_proto::api::workflowservice::v1::PollWorkflowTaskQueueResponse;
use futures::{
    FutureExt,
    future::{self, BoxFuture},
};
use http::HeaderMap;
use tokio::runtime::Handle;
use tonic::Status;
use tracing::{Instrument, Span};

#[cfg(any(feature = "server", test))]
use super::in_process::{InProcess, Services};
use super::{
    availability::{Availability, Failed},
    channel::Channel,
    eager_starts::EagerStarts,
    grpc::{ApiKey, Grpc},
    message_codecs::MessageCodecs,
    retry::{ANSWER_TIMEOUT, Attempts, Patience},
    rpc::Rpc,
};
use crate::{
    codec::Codecs,
    telemetry::{
        log,
        measure::Measures,
        meter::Meter,
        metrics::{MeasuredRequest, RequestFacts, RequestMetrics},
        spans,
    },
    wire::{
        namespace::GetSystemInfo,
        payload_fields::{PayloadFields, Subject},
        request::{Request, Sender},
        sizes::{SizeChecks, Sizes},
        status::{self, CallError, CodecFault, Retry},
        workflow_task::undecoded_queries,
    },
};

/// Calls a server on behalf of one client or worker. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Caller {
    route: Route,
    namespace: Arc<str>,
    identity: Arc<str>,
    /// Where pauses are measured, if the clock of the caller's runtime may be paused.
    timers: Option<Handle>,
    availability: Option<Arc<Availability>>,
    codecs: MessageCodecs,
    eager_starts: Arc<EagerStarts>,
    /// Whether a wait for a result ends with the failures of the workflow's task.
    ends_with_failing_tasks: bool,
    /// The size checks; none before a worker knows the limits of its namespace.
    sizes: Arc<OnceLock<SizeChecks>>,
    measures: Measures,
    /// Those of every request that this caller sends.
    metrics: RequestMetrics,
}

/// The codec subject and the large parts of a request message.
struct Sent {
    /// The workflow that its payloads belong to, for codecs; none without codecs.
    about: Option<Subject>,
    /// Its parts that are large.
    large: Option<String>,
}

/// A response, at once or when codecs have decoded its payloads.
pub(crate) enum Arrival<T> {
    Decoded(T),
    Decoding(BoxFuture<'static, Result<T, CallError>>),
}

/// Sends the requests of a [`Caller`] to a server.
pub(crate) trait Transport {
    /// A message, ready to be sent any number of times.
    type Prepared<M: Rpc>: Send + Sync;

    fn prepare<M: Rpc>(&self, message: M) -> Self::Prepared<M>;

    /// One attempt.
    fn send<M: Rpc>(
        &self,
        message: &Self::Prepared<M>,
        timeout: Duration,
    ) -> impl Future<Output = Result<M::Reply, CallError>> + Send;
}

/// How the requests of a caller are sent.
#[derive(Clone)]
enum Route {
    Grpc(Arc<Grpc>),
    #[cfg(any(feature = "server", test))]
    InProcess(InProcess),
}

impl Caller {
    /// `headers` go with every request.
    pub(crate) fn grpc(
        channel: Channel,
        headers: HeaderMap,
        key: Option<ApiKey>,
        namespace: &str,
        identity: &str,
    ) -> Self {
        let grpc = Arc::new(Grpc::new(channel, headers, key));
        Self::new(Route::Grpc(grpc), namespace, identity)
    }

    /// Keeps `server` alive.
    #[cfg(any(feature = "server", test))]
    pub(crate) fn in_process(
        services: Services,
        server: Option<Arc<dyn Any + Send + Sync>>,
        namespace: &str,
        identity: &str,
    ) -> Self {
        let route = Route::InProcess(InProcess::new(services, server));
        Self::new(route, namespace, identity)
    }

    fn new(route: Route, namespace: &str, identity: &str) -> Self {
        Self {
            route,
            namespace: namespace.into(),
            identity: identity.into(),
            timers: None,
            availability: None,
            codecs: MessageCodecs::default(),
            eager_starts: Arc::default(),
            ends_with_failing_tasks: false,
            sizes: Arc::new(OnceLock::from(SizeChecks::of_client())),
            measures: Measures::default(),
            metrics: RequestMetrics::default(),
        }
    }

    /// The same server and namespace, for a worker: its pauses are measured by `timers`, and it logs
    /// when the server becomes unreachable and when it is reachable again.
    pub(crate) fn for_worker(
        &self,
        identity: &str,
        timers: Handle,
        availability: Arc<Availability>,
    ) -> Self {
        Self {
            route: self.route.clone(),
            namespace: Arc::clone(&self.namespace),
            identity: identity.into(),
            timers: Some(timers),
            availability: Some(availability),
            codecs: self.codecs.clone(),
            eager_starts: Arc::clone(&self.eager_starts),
            ends_with_failing_tasks: self.ends_with_failing_tasks,
            sizes: Arc::default(),
            measures: self.measures.clone(),
            metrics: self.metrics.clone(),
        }
    }

    /// The same caller, in another namespace. Workers of the first one take no first tasks of it.
    pub(crate) fn in_namespace(&self, namespace: &str) -> Self {
        if *self.namespace == *namespace {
            return self.clone();
        }
        let route = match &self.route {
            Route::Grpc(grpc) => Route::Grpc(Arc::new(grpc.in_namespace(namespace))),
            #[cfg(any(feature = "server", test))]
            Route::InProcess(in_process) => Route::InProcess(in_process.clone()),
        };
        Self {
            route,
            namespace: namespace.into(),
            eager_starts: Arc::default(),
            ..self.clone()
        }
    }

    /// The same caller, with these codecs in place of its own.
    pub(crate) fn with_codecs(self, codecs: &Codecs) -> Self {
        Self {
            codecs: MessageCodecs::new(codecs),
            ..self
        }
    }

    /// The same caller without codecs, which receives payloads as the server has them.
    pub(crate) fn without_codecs(&self) -> Self {
        self.clone().with_codecs(&Codecs::default())
    }

    pub(crate) fn has_codecs(&self) -> bool {
        !self.codecs.is_empty()
    }

    /// Decodes the payloads of what was received without codecs.
    pub(crate) async fn decode<M: PayloadFields>(
        &self,
        message: &mut M,
        about: Subject,
    ) -> Result<(), CallError> {
        let decoded = self.codecs.decode(message, &self.namespace, about);
        Ok(decoded.await?)
    }

    /// The same caller, which measures its requests.
    pub(crate) fn with_meter(self, meter: impl Meter) -> Self {
        let measures = Measures::new(meter);
        Self {
            metrics: RequestMetrics::new(&measures),
            measures,
            ..self
        }
    }

    /// Where measurements go.
    pub(crate) fn measures(&self) -> &Measures {
        &self.measures
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The same caller, whose waits for results do or do not end with the failures of a workflow's task.
    pub(crate) fn ending_with_failing_tasks(self, ends: bool) -> Self {
        Self {
            ends_with_failing_tasks: ends,
            ..self
        }
    }

    pub(crate) fn ends_with_failing_tasks(&self) -> bool {
        self.ends_with_failing_tasks
    }

    /// Measures what this caller sends from now on.
    pub(crate) fn check_sizes(&self, checks: SizeChecks) {
        self.sizes.get_or_init(|| checks);
    }

    /// The workers of this connection and namespace.
    pub(crate) fn eager_starts(&self) -> &EagerStarts {
        &self.eager_starts
    }

    pub(crate) fn identity(&self) -> &str {
        &self.identity
    }

    /// The runtime on which calls take the fewest hand-overs: the connection's own, or else the
    /// caller's.
    pub(crate) fn runtime(&self) -> Handle {
        match &self.route {
            Route::Grpc(grpc) => grpc.channel().net().clone(),
            #[cfg(any(feature = "server", test))]
            Route::InProcess(_) => Handle::current(),
        }
    }

    /// Sends a request until it has a response, cannot have one, or patience ends.
    pub(crate) async fn call<R: Request>(
        &self,
        request: R,
        patience: Patience,
    ) -> Result<R::Response, CallError>
    where
        R::Message: Rpc<Reply = R::Reply>,
    {
        self.call_about(request, patience, None::<fn() -> Subject>)
            .await
    }

    /// As [`call`](Self::call), for a request that does not say which workflow its payloads belong to.
    pub(crate) async fn call_about<R: Request>(
        &self,
        request: R,
        patience: Patience,
        about: Option<impl FnOnce() -> Subject>,
    ) -> Result<R::Response, CallError>
    where
        R::Message: Rpc<Reply = R::Reply>,
    {
        let prepared = self.message(request, about).await?;
        self.send::<R>(prepared, &mut Attempts::new(patience)).await
    }

    /// As [`call`](Self::call), but does not wait for codecs, which may take long with the payloads of the
    /// response.
    pub(crate) async fn call_undecoded<R: Request + 'static>(
        &self,
        request: R,
        patience: Patience,
    ) -> Result<Arrival<R::Response>, CallError>
    where
        R::Message: Rpc<Reply = R::Reply> + 'static,
        R::Reply: Send + 'static,
        R::Response: Send,
    {
        let (message, sent) = self.message(request, None::<fn() -> Subject>).await?;
        let reply = self.reply(message, &mut Attempts::new(patience)).await;
        if self.codecs.is_empty() {
            let response = self.response::<R>(reply, &sent).await;
            return response.map(Arrival::Decoded);
        }
        let this = self.clone();
        let mut response: BoxFuture<'static, _> =
            Box::pin(async move { this.response::<R>(reply, &sent).await });
        match (&mut response).now_or_never() {
            Some(done) => done.map(Arrival::Decoded),
            None => Ok(Arrival::Decoding(response)),
        }
    }

    /// As [`call`](Self::call), for a caller that has to know whether the request was repeated.
    pub(crate) async fn call_with<R: Request>(
        &self,
        request: R,
        attempts: &mut Attempts,
    ) -> Result<R::Response, CallError>
    where
        R::Message: Rpc<Reply = R::Reply>,
    {
        let prepared = self.message(request, None::<fn() -> Subject>).await?;
        self.send::<R>(prepared, attempts).await
    }

    /// As [`call`](Self::call), for a request that is refused once it has taken effect. A repetition that is
    /// refused so succeeds: an attempt before it has arrived, and only its response was lost.
    pub(crate) async fn call_with_effect<R: Request<Response = ()>>(
        &self,
        request: R,
        patience: Patience,
        has_taken_effect: impl FnOnce(&CallError) -> bool,
    ) -> Result<(), CallError>
    where
        R::Message: Rpc<Reply = R::Reply>,
    {
        let mut attempts = Attempts::new(patience);
        match self.call_with(request, &mut attempts).await {
            Err(error) if attempts.is_repeated() && has_taken_effect(&error) => Ok(()),
            response => response,
        }
    }

    /// As [`call`](Self::call), for a request whose message is another one after the first failed attempt.
    pub(crate) async fn call_once_then<R: Request>(
        &self,
        request: R,
        patience: Patience,
        change: impl FnOnce(&mut R::Message),
    ) -> Result<R::Response, CallError>
    where
        R::Message: Rpc<Reply = R::Reply> + Clone,
    {
        let (mut message, sent) = self.message(request, None::<fn() -> Subject>).await?;
        let mut attempts = Attempts::new(patience);
        let timeout = attempts.timeout(Instant::now());
        let error = match self.send_once(message.clone(), timeout).await {
            Ok(reply) => {
                self.note_success();
                return self.response::<R>(Ok(reply), &sent).await;
            }
            Err(error) => error,
        };
        let Some(pause) = attempts.next_pause(error.retry(), Instant::now()) else {
            return self.response::<R>(Err(error), &sent).await;
        };
        change(&mut message);
        self.pause(R::Message::NAME, &error, pause).await;
        self.send::<R>((message, sent), &mut attempts).await
    }

    async fn send<R: Request>(
        &self,
        prepared: (R::Message, Sent),
        attempts: &mut Attempts,
    ) -> Result<R::Response, CallError>
    where
        R::Message: Rpc<Reply = R::Reply>,
    {
        let (message, sent) = prepared;
        let reply = self.reply(message, attempts).await;
        self.response::<R>(reply, &sent).await
    }

    async fn reply<M: Rpc>(
        &self,
        message: M,
        attempts: &mut Attempts,
    ) -> Result<M::Reply, CallError> {
        let span = self.span::<M>();
        match &self.route {
            Route::Grpc(grpc) => {
                let sent = self.attempt(grpc, message, attempts);
                sent.instrument(span).await
            }
            #[cfg(any(feature = "server", test))]
            Route::InProcess(local) => {
                let sent = self.attempt(local, message, attempts);
                sent.instrument(span).await
            }
        }
    }

    /// The span of a request of a client. Those of workers are no work of user code.
    fn span<M: Rpc>(&self) -> Span {
        match self.availability {
            None => spans::request(M::NAME, &self.namespace),
            Some(_) => Span::none(),
        }
    }

    /// Sends the same request again as long as its response says no more than that the server has
    /// stopped waiting.
    pub(crate) async fn call_until<R: Request, T>(
        &self,
        request: R,
        patience: Patience,
        accept: impl FnMut(R::Response) -> ControlFlow<T>,
    ) -> Result<T, CallError>
    where
        R::Message: Rpc<Reply = R::Reply>,
    {
        let outgoing = self.message(request, None::<fn() -> Subject>).await?;
        let span = self.span::<R::Message>();
        match &self.route {
            Route::Grpc(grpc) => {
                let sent = self.attempt_until::<R, _, _>(grpc, outgoing, patience, accept);
                sent.instrument(span).await
            }
            #[cfg(any(feature = "server", test))]
            Route::InProcess(local) => {
                let sent = self.attempt_until::<R, _, _>(local, outgoing, patience, accept);
                sent.instrument(span).await
            }
        }
    }

    /// The message of a request, with its payloads encoded, and measured as they are sent.
    ///
    /// # Errors
    /// A codec fails, or the server would refuse the message because of its size.
    async fn message<R: Request>(
        &self,
        request: R,
        about: Option<impl FnOnce() -> Subject>,
    ) -> Result<(R::Message, Sent), CallError>
    where
        R::Message: Rpc<Reply = R::Reply>,
    {
        let mut message = request.into_message(self.sender());
        let mut about = about;
        let mut take_about = |message: &R::Message| match about.take() {
            Some(about) => about(),
            None => R::about(message),
        };
        let mut subject = None;
        if !self.codecs.is_empty() {
            let about = take_about(&message);
            self.encode_request::<R>(&mut message, about.clone())
                .await?;
            subject = Some(about);
        }
        let mut large = None;
        if let Some(checks) = self.sizes.get() {
            let mut sizes = Sizes::new(*checks);
            R::measure(&message, &mut sizes);
            if let Some(oversized) = sizes.oversized() {
                return Err(CallError::Oversized(oversized));
            }
            large = sizes.summary();
            if large.is_some() {
                let about = subject.clone().unwrap_or_else(|| take_about(&message));
                self.warn_of_sizes(R::Message::NAME, &about, &sizes);
            }
        }
        let about = subject;
        Ok((message, Sent { about, large }))
    }

    /// Encodes the payloads of a request.
    ///
    /// # Errors
    /// One cannot be encoded that does not belong to the answer to a query.
    async fn encode_request<R: Request>(
        &self,
        message: &mut R::Message,
        about: Subject,
    ) -> Result<(), CodecFault> {
        let (codecs, namespace) = (&self.codecs, &self.namespace);
        let answers = R::query_results(message).map(std::mem::take);
        let answers = answers.unwrap_or_default().into_iter();
        // Side by side, because codecs that do not return take all of their time, and the task has little.
        let answers = answers
            .map(|(id, answer)| codecs.encode_query_result(id, answer, namespace, about.clone()));
        let encoded = codecs.encode(message, namespace, about.clone());
        let answers = future::join_all(answers).map(Ok);
        let ((), answers) = future::try_join(encoded, answers).await?;
        if let Some(place) = R::query_results(message) {
            place.extend(answers);
        }
        Ok(())
    }

    fn warn_of_sizes(&self, request: &'static str, about: &Subject, sizes: &Sizes) {
        for large in sizes.warnings() {
            log::warning!(
                request,
                namespace = &*self.namespace,
                workflow_id = about.workflow_id,
                "a large value is sent: {large} from which a server warns"
            );
        }
    }

    /// Decodes the payloads of a reply, and reads it; decodes those in the details of a refusal.
    async fn response<R: Request>(
        &self,
        reply: Result<R::Reply, CallError>,
        sent: &Sent,
    ) -> Result<R::Response, CallError>
    where
        R::Message: Rpc<Reply = R::Reply>,
    {
        let arrived = Instant::now();
        let mut reply = match reply {
            Ok(reply) => reply,
            Err(refusal) => {
                let refusal = self.decoded(refusal, sent.about.as_ref()).await;
                return Err(refusal.naming(sent.large.as_deref()));
            }
        };
        if let Some(about) = &sent.about {
            let about = R::about_reply(&reply).unwrap_or_else(|| about.clone());
            let decoded = self.decode_reply::<R>(&mut reply, about).await;
            if let Err(fault) = decoded {
                let response = R::undecodable(reply, fault)?;
                return Ok(R::arrived(response, arrived));
            }
        }
        Ok(R::arrived(R::read(reply)?, arrived))
    }

    /// Decodes the payloads of a reply.
    ///
    /// # Errors
    /// One cannot be decoded without which the others are of no use.
    async fn decode_reply<R: Request>(
        &self,
        reply: &mut R::Reply,
        about: Subject,
    ) -> Result<(), CodecFault> {
        let (codecs, namespace) = (&self.codecs, &self.namespace);
        if R::SHOWS_MANY {
            return codecs.decode_what_can_be(reply, namespace, about).await;
        }
        let queries = R::workflow_task(reply).map(|task| std::mem::take(&mut task.queries));
        codecs.decode(reply, namespace, about.clone()).await?;
        let queries = queries.filter(|queries| !queries.is_empty());
        let Some((queries, task)) = queries.zip(R::workflow_task(reply)) else {
            return Ok(());
        };
        let mut asked = PollWorkflowTaskQueueResponse {
            queries,
            ..Default::default()
        };
        let encoded = asked.queries.clone();
        let decoded = codecs.decode_what_can_be(&mut asked, namespace, about);
        task.queries = match decoded.await {
            Ok(()) => asked.queries,
            Err(fault) => undecoded_queries(encoded, &fault),
        };
        Ok(())
    }

    /// The refusal with the payloads in its details decoded, or why they cannot be.
    async fn decoded(&self, refusal: CallError, about: Option<&Subject>) -> CallError {
        let (Some(about), Some(mut details)) = (about, refusal.details()) else {
            return refusal;
        };
        let decoded = self
            .codecs
            .decode(&mut details, &self.namespace, about.clone());
        match decoded.await {
            Ok(()) => refusal.with_details(&details),
            Err(fault) => fault.into(),
        }
    }

    /// Sends a request to see that the server answers at all, which a poll does not show before it ends.
    ///
    /// # Errors
    /// Why it cannot be reached.
    pub(crate) async fn probe(&self) -> Result<(), CallError> {
        let request = GetSystemInfo.into_message(self.sender());
        match self.send_once(request, ANSWER_TIMEOUT).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_answer() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A message of the raw client, sent once.
    pub(crate) async fn send_raw<M: Rpc>(
        &self,
        message: M,
        timeout: Duration,
    ) -> Result<M::Reply, Status> {
        let reply = self.send_once(message, timeout).await;
        reply.map_err(CallError::into_status)
    }

    async fn send_once<M: Rpc>(
        &self,
        message: M,
        timeout: Duration,
    ) -> Result<M::Reply, CallError> {
        let metrics = self.metrics_of(&message);
        match &self.route {
            Route::Grpc(grpc) => {
                let message = grpc.prepare(message);
                measured::<_, M>(grpc, &message, timeout, metrics.as_deref()).await
            }
            #[cfg(any(feature = "server", test))]
            Route::InProcess(local) => {
                let message = local.prepare(message);
                measured::<_, M>(local, &message, timeout, metrics.as_deref()).await
            }
        }
    }

    /// The metrics of the requests that `message` is one of.
    fn metrics_of<M: Rpc>(&self, message: &M) -> Option<Arc<MeasuredRequest>> {
        self.metrics.of(|| RequestFacts {
            operation: M::NAME,
            namespace: M::IS_NAMESPACED.then_some(&*self.namespace),
            task_queue: message.task_queue(),
            is_long: message.is_long(),
        })
    }

    fn sender(&self) -> Sender<'_> {
        Sender {
            namespace: &self.namespace,
            identity: &self.identity,
        }
    }

    async fn attempt<T: Transport, M: Rpc>(
        &self,
        transport: &T,
        message: M,
        attempts: &mut Attempts,
    ) -> Result<M::Reply, CallError> {
        let metrics = self.metrics_of(&message);
        let message = transport.prepare(message);
        self.attempt_prepared(transport, &message, attempts, metrics.as_deref())
            .await
    }

    async fn attempt_until<R: Request, T: Transport, A>(
        &self,
        transport: &T,
        (message, sent): (R::Message, Sent),
        patience: Patience,
        mut accept: impl FnMut(R::Response) -> ControlFlow<A>,
    ) -> Result<A, CallError>
    where
        R::Message: Rpc<Reply = R::Reply>,
    {
        let metrics = self.metrics_of(&message);
        let message = transport.prepare(message);
        loop {
            let reply = self
                .attempt_prepared::<T, R::Message>(
                    transport,
                    &message,
                    &mut Attempts::new(patience),
                    metrics.as_deref(),
                )
                .await;
            let response = self.response::<R>(reply, &sent).await?;
            if let ControlFlow::Break(accepted) = accept(response) {
                return Ok(accepted);
            }
        }
    }

    async fn attempt_prepared<T: Transport, M: Rpc>(
        &self,
        transport: &T,
        message: &T::Prepared<M>,
        attempts: &mut Attempts,
        metrics: Option<&MeasuredRequest>,
    ) -> Result<M::Reply, CallError> {
        loop {
            let timeout = attempts.timeout(Instant::now());
            let error = match measured::<T, M>(transport, message, timeout, metrics).await {
                Ok(reply) => {
                    self.note_success();
                    return Ok(reply);
                }
                Err(error) => error,
            };
            match attempts.next_pause(error.retry(), Instant::now()) {
                Some(pause) => self.pause(M::NAME, &error, pause).await,
                None => return Err(error),
            }
        }
    }

    async fn pause(&self, method: &'static str, error: &CallError, pause: Duration) {
        self.note_failure(Failed::Other(method), error, pause);
        let sleep = {
            let _timers = self.timers.as_ref().map(Handle::enter);
            tokio::time::sleep(pause)
        };
        sleep.await;
    }

    /// Logs that the server has become unreachable, for a caller with retries of its own.
    pub(crate) fn note_failure(&self, request: Failed, error: &CallError, pause: Duration) {
        if let Some(availability) = &self.availability
            && error.retry() != Retry::Interrupted
        {
            availability.note_failure(request, error, pause);
        }
    }

    /// Logs that a server which denied polls of a kind accepts one that was sent later.
    pub(crate) fn note_accepted_poll(&self, what: &str, sent: Instant) {
        if let Some(availability) = &self.availability {
            availability.note_accepted_poll(what, sent);
        }
    }

    fn note_success(&self) {
        if let Some(availability) = &self.availability {
            availability.note_success();
        }
    }
}

/// One attempt, with its metrics: the only place where they are recorded.
async fn measured<T: Transport, M: Rpc>(
    transport: &T,
    message: &T::Prepared<M>,
    timeout: Duration,
    metrics: Option<&MeasuredRequest>,
) -> Result<M::Reply, CallError> {
    let Some(metrics) = metrics else {
        return transport.send::<M>(message, timeout).await;
    };
    metrics.begins();
    let began = Instant::now();
    let reply = transport.send::<M>(message, timeout).await;
    let failed = reply.as_ref().err().map(CallError::code);
    metrics.ended(began.elapsed(), failed.map(status::name_of_code));
    reply
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use durably_proto::{
        api::workflowservice::v1 as pb, service::workflow::workflow_service_server::WorkflowService,
    };

    use durably_engine::Payload;

    use super::*;
    use crate::{
        codec::{CodecContext, CodecError, PayloadCodec},
        wire::{
            list::CountWorkflows,
            payload,
            poll::{PollActivityTask, PollWorkflowTask},
            request::Execution,
            respond::CompleteWorkflowTask,
            signal::SignalWorkflow,
        },
    };

    struct Idle;

    impl WorkflowService for Idle {}

    fn caller() -> Caller {
        Caller::in_process(Services::of_tests(Arc::new(Idle)), None, "default", "me")
    }

    /// A transport whose first attempts fail.
    struct Faulty {
        prepared: AtomicUsize,
        sent: AtomicUsize,
        failing: usize,
    }

    impl Transport for Faulty {
        type Prepared<M: Rpc> = Vec<u8>;

        fn prepare<M: Rpc>(&self, message: M) -> Vec<u8> {
            self.prepared.fetch_add(1, Ordering::Relaxed);
            message.encode_to_vec()
        }

        async fn send<M: Rpc>(
            &self,
            message: &Vec<u8>,
            _: Duration,
        ) -> Result<M::Reply, CallError> {
            assert!(!message.is_empty());
            match self.sent.fetch_add(1, Ordering::Relaxed) < self.failing {
                true => Err(Status::unavailable("restarting").into()),
                false => Ok(M::Reply::default()),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_encoded_once_however_often_it_is_sent() {
        let faulty = Faulty {
            prepared: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
            failing: 4,
        };
        let caller = caller();
        let request = CountWorkflows {
            filter: "WorkflowId = 'a'".to_owned(),
        };
        let message = request.into_message(caller.sender());
        let patience = Patience::until_reachable();
        let reply = caller
            .attempt(&faulty, message, &mut Attempts::new(patience))
            .await;
        assert_eq!(reply.expect("the fifth attempt succeeds").count, 0);
        assert_eq!(faulty.prepared.into_inner(), 1);
        assert_eq!(faulty.sent.into_inner(), 5);
    }

    #[test]
    fn each_request_says_who_sends_it_and_has_an_id() {
        let caller = caller();
        let signal = || SignalWorkflow {
            execution: Execution::default(),
            name: "open".to_owned(),
            input: Vec::new(),
            header: Default::default(),
        };
        let [one, other]: [pb::SignalWorkflowExecutionRequest; 2] =
            [signal(), signal()].map(|signal| signal.into_message(caller.sender()));
        assert_eq!((&*one.namespace, &*one.identity), ("default", "me"));
        assert!(!one.request_id.is_empty() && one.request_id != other.request_id);
    }

    /// Notes when it decodes.
    struct Clocked(Arc<std::sync::Mutex<Vec<Instant>>>);

    impl PayloadCodec for Clocked {
        async fn encode(
            &self,
            payloads: Vec<Payload>,
            _: &CodecContext,
        ) -> Result<Vec<Payload>, CodecError> {
            Ok(payloads)
        }

        async fn decode(
            &self,
            _: Vec<Payload>,
            _: &CodecContext,
        ) -> Result<Vec<Payload>, CodecError> {
            self.0
                .lock()
                .expect("nobody panics with it")
                .push(Instant::now());
            Err("the key is gone".into())
        }
    }

    #[tokio::test]
    async fn a_task_arrived_before_its_payloads_were_decoded() {
        let decoded = Arc::default();
        let codecs = Codecs::new().codec(Clocked(Arc::clone(&decoded)));
        let caller = caller().with_codecs(&codecs);
        let sent = Sent {
            about: Some(Subject::default()),
            large: None,
        };
        let input = || payload::list_to_proto(vec![Payload::null()]);
        let query = durably_proto::api::query::v1::WorkflowQuery {
            query_args: input(),
            ..Default::default()
        };
        let workflow = PollWorkflowTaskQueueResponse {
            task_token: b"token".to_vec(),
            query: Some(query),
            ..Default::default()
        };
        let activity = pb::PollActivityTaskQueueResponse {
            task_token: b"token".to_vec(),
            activity_type: Some(Default::default()),
            workflow_execution: Some(Default::default()),
            input: input(),
            ..Default::default()
        };
        let both = pb::RespondWorkflowTaskCompletedResponse {
            workflow_task: Some(workflow.clone()),
            activity_tasks: vec![activity.clone()],
            ..Default::default()
        };
        let workflow = caller
            .response::<PollWorkflowTask>(Ok(workflow), &sent)
            .await;
        let activity = caller
            .response::<PollActivityTask>(Ok(activity), &sent)
            .await;
        let both = caller
            .response::<CompleteWorkflowTask>(Ok(both), &sent)
            .await;
        let mut both = both.expect("its parts fail by themselves");
        let returned = both.activities.remove(0).expect("it is well-formed");
        let arrivals = [
            workflow
                .expect("it fails by itself")
                .task
                .expect("it is there")
                .arrived(),
            activity
                .expect("it fails by itself")
                .task
                .expect("it is there")
                .arrived,
            both.task.expect("it is there").arrived(),
            returned.arrived,
        ];
        let decoded = decoded.lock().expect("nobody panics with it").clone();
        let expected = [decoded[0], decoded[1], decoded[2], decoded[2]];
        for (arrived, decoded) in arrivals.into_iter().zip(expected) {
            assert!(arrived <= decoded, "{arrived:?} {decoded:?}");
        }
    }
}
