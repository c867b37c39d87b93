//! Queries that every workflow answers: where it waits, and what it can be asked.

use std::fmt::Write;

use durably_engine::{Payload, payload::JSON_PROTOBUF};
use serde_json::{Value, json};

use crate::{
    definition::Definition,
    instance::{
        core::Core,
        current::{Place, Who},
    },
};

/// Where the workflow waits, for people.
pub(crate) const STACK_TRACE: &str = "__stack_trace";
/// The signals, queries and updates of the workflow, for the UI.
pub(crate) const METADATA: &str = "__temporal_workflow_metadata";

/// What waits, and where: the run method and the handlers at their awaits, spawned futures, then the operations
/// and waits that durably knows.
pub(crate) fn stack_trace(core: &Core, coroutines: &[(Who, Place)], whereabouts: &str) -> Payload {
    let mut trace = String::new();
    let mut line = |what: &dyn std::fmt::Display, place: &dyn std::fmt::Display| {
        writeln!(trace, "{what}\n    at {place}").expect("a string takes all that is written");
    };
    let (ops, waits) = (core.ops.borrow(), core.waits.borrow());
    let knows = ops.pending().next().is_some() || waits.pending().next().is_some();
    if knows {
        for (who, place) in coroutines {
            line(who, place);
        }
        for op in ops.pending() {
            line(&op.what, op.place);
        }
        for wait in waits.pending() {
            line(&wait.what, wait.place);
        }
    } else {
        trace.push_str("the workflow waits for nothing that durably knows");
        trace.push_str(whereabouts);
        trace.push('\n');
    }
    Payload::json(Value::String(trace).to_string().into_bytes())
}

/// `temporal.api.sdk.v1.WorkflowMetadata`.
pub(crate) fn metadata<W>(workflow_type: &str, definition: &Definition<W>) -> Payload {
    let named = |name: &str| json!({ "name": name });
    // A definition without a name is that of a dynamic handler.
    let dynamic = |handlers: usize| (handlers > 0).then(|| json!({}));
    let built_in = [
        (STACK_TRACE, "Where the workflow waits."),
        (METADATA, "What the workflow can be asked and told."),
    ];
    let queries = definition.queries.iter().map(|(name, _)| named(name));
    let signals = definition.signals.iter().map(|(name, _)| named(name));
    let updates = definition.updates.iter();
    let updates = updates.map(|update| named(update.name));
    let built_in = built_in.map(|(name, text)| json!({ "name": name, "description": text }));
    let metadata = json!({
        "definition": {
            "type": workflow_type,
            "queryDefinitions": queries
                .chain(dynamic(definition.dynamic_query.len()))
                .chain(built_in)
                .collect::<Vec<_>>(),
            "signalDefinitions": signals
                .chain(dynamic(definition.dynamic_signal.len()))
                .collect::<Vec<_>>(),
            "updateDefinitions": updates
                .chain(dynamic(definition.dynamic_update.len()))
                .collect::<Vec<_>>(),
        }
    });
    Payload::new(JSON_PROTOBUF, metadata.to_string().into_bytes()).with_metadata(
        "messageType",
        b"temporal.api.sdk.v1.WorkflowMetadata".to_vec(),
    )
}
