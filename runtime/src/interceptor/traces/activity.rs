//! Spans around the attempts of activities.

use opentelemetry::{KeyValue, trace::SpanKind};

use super::{ACTIVITY_ID, RUN_ID, Traces, WORKFLOW_ID};
use crate::{
    data::Output,
    error::Result,
    interceptor::{ActivityInterceptor, Next, ReceivedActivity},
};

impl ActivityInterceptor for Traces {
    async fn execute(
        &self,
        request: ReceivedActivity,
        next: Next<ReceivedActivity>,
    ) -> Result<Output> {
        let info = request.info();
        let attributes = [
            (WORKFLOW_ID, &info.workflow_id),
            (RUN_ID, &info.run_id),
            (ACTIVITY_ID, &info.activity_id),
        ];
        let attributes = attributes.map(|(key, id)| KeyValue::new(key, id.clone()));
        // Without a trace in its headers, an attempt begins one.
        let parent = self.read(&request.headers).unwrap_or_default();
        let name = format!("RunActivity:{}", info.activity_type);
        let span = self.around(name, SpanKind::Server, attributes.into(), &parent);
        span.run(next.run(request)).await
    }
}
