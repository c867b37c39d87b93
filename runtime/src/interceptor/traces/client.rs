//! Spans around the calls of a client.

use opentelemetry::{Context, KeyValue, trace::SpanKind};

use super::{Around, Traces, UPDATE_ID, WORKFLOW_ID};
use crate::{
    data::Output,
    error::Result,
    interceptor::{
        ClientInterceptor, CreateScheduleRequest, Next, QueryRequest, SignalRequest,
        SignalWithStartRequest, StartRequest, Started, UpdateRequest, UpdateResponse,
        UpdateWithStartRequest, UpdateWithStartResponse,
    },
};

impl Traces {
    /// A span within the current one of the caller.
    fn call(&self, operation: &str, of: &str, attributes: Vec<KeyValue>) -> Around {
        let name = format!("{operation}:{of}");
        self.around(name, SpanKind::Client, attributes, &Context::current())
    }
}

fn workflow(id: &str) -> KeyValue {
    KeyValue::new(WORKFLOW_ID, id.to_owned())
}

fn update(id: &str) -> KeyValue {
    KeyValue::new(UPDATE_ID, id.to_owned())
}

impl ClientInterceptor for Traces {
    async fn start(&self, mut request: StartRequest, next: Next<StartRequest>) -> Result<Started> {
        let attributes = vec![workflow(&request.workflow_id)];
        let span = self.call("StartWorkflow", &request.workflow_type, attributes);
        span.write(self, &mut request.headers);
        span.run(next.run(request)).await
    }

    async fn signal_with_start(
        &self,
        mut request: SignalWithStartRequest,
        next: Next<SignalWithStartRequest>,
    ) -> Result<Started> {
        let start = &mut request.start;
        let attributes = vec![workflow(&start.workflow_id)];
        let span = self.call("SignalWithStartWorkflow", &start.workflow_type, attributes);
        span.write(self, &mut start.headers);
        span.run(next.run(request)).await
    }

    async fn update_with_start(
        &self,
        mut request: UpdateWithStartRequest,
        next: Next<UpdateWithStartRequest>,
    ) -> Result<UpdateWithStartResponse> {
        let (start, sent) = (&mut request.start, &mut request.update);
        let attributes = vec![workflow(&start.workflow_id), update(&sent.update_id)];
        let operation = "StartUpdateWithStartWorkflow";
        let span = self.call(operation, &start.workflow_type, attributes);
        span.write(self, &mut start.headers);
        span.write(self, &mut sent.headers);
        span.run_with(next.run(request), |response| response.update.failure())
            .await
    }

    async fn signal(&self, mut request: SignalRequest, next: Next<SignalRequest>) -> Result<()> {
        let attributes = vec![workflow(&request.workflow_id)];
        let span = self.call("SignalWorkflow", &request.name, attributes);
        span.write(self, &mut request.headers);
        span.run(next.run(request)).await
    }

    async fn query(&self, mut request: QueryRequest, next: Next<QueryRequest>) -> Result<Output> {
        let attributes = vec![workflow(&request.workflow_id)];
        let span = self.call("QueryWorkflow", &request.name, attributes);
        span.write(self, &mut request.headers);
        span.run(next.run(request)).await
    }

    async fn update(
        &self,
        mut request: UpdateRequest,
        next: Next<UpdateRequest>,
    ) -> Result<UpdateResponse> {
        let attributes = vec![workflow(&request.workflow_id), update(&request.update_id)];
        let span = self.call("StartWorkflowUpdate", &request.name, attributes);
        span.write(self, &mut request.headers);
        span.run_with(next.run(request), UpdateResponse::failure)
            .await
    }

    async fn create_schedule(
        &self,
        mut request: CreateScheduleRequest,
        next: Next<CreateScheduleRequest>,
    ) -> Result<()> {
        let span = self.call("CreateSchedule", &request.schedule_id, Vec::new());
        span.write(self, &mut request.headers);
        span.run(next.run(request)).await
    }
}
