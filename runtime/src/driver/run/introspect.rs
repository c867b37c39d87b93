//! Queries that every workflow answers: where it waits, and what it can be asked.

use std::{collections::BTreeSet, env, fmt::Write, fs};

use durably_engine::{Payload, SDK_NAME, SDK_VERSION, payload::JSON_PROTOBUF};
use serde_json::{Map, Value, json};

use crate::{
    definition::Definition,
    instance::{
        core::Core,
        current::{Place, Who},
    },
};

/// Where the workflow waits, for people.
pub(crate) const STACK_TRACE: &str = "__stack_trace";
/// The same in a form for programs, with the source where it can be read.
pub(crate) const ENHANCED_STACK_TRACE: &str = "__enhanced_stack_trace";
/// The signals, queries and updates of the workflow, for the UI.
pub(crate) const METADATA: &str = "__temporal_workflow_metadata";

/// What waits, and where: the end of the run if handlers hold it back, the run method and the handlers at their
/// awaits, spawned futures, then the operations and waits that durably knows.
pub(crate) fn stack_trace(
    core: &Core,
    held_end: Option<String>,
    coroutines: &[(Who, Place)],
    whereabouts: &str,
) -> Payload {
    let mut trace = held_end.map_or_else(String::new, |end| end + "\n");
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

/// `temporal.api.sdk.v1.EnhancedStackTrace`: a stack of one location for each that [`stack_trace`] has.
pub(crate) fn enhanced_stack_trace(core: &Core, coroutines: &[(Who, Place)]) -> Payload {
    let (ops, waits) = (core.ops.borrow(), core.waits.borrow());
    let coroutines = coroutines.iter().map(|(who, at)| (who.to_string(), *at));
    let ops = ops.pending().map(|op| (op.what.to_string(), op.place));
    let waits = waits
        .pending()
        .map(|wait| (wait.what.to_string(), wait.place));
    let all: Vec<(String, Place)> = coroutines.chain(ops).chain(waits).collect();
    let files: BTreeSet<&str> = all.iter().map(|(_, at)| at.file()).collect();
    let sources = files.into_iter().filter_map(|file| {
        let content = source(file)?;
        Some((
            file.to_owned(),
            json!({ "lineOffset": 0, "content": content }),
        ))
    });
    let stacks = all.iter().map(|(what, at)| {
        json!({ "locations": [{
            "filePath": at.file(),
            "line": at.line(),
            "column": at.column(),
            "functionName": what,
            "internalCode": false,
        }]})
    });
    let trace = json!({
        "sdk": { "name": SDK_NAME, "version": SDK_VERSION },
        "sources": sources.collect::<Map<String, Value>>(),
        "stacks": stacks.collect::<Vec<_>>(),
    });
    protobuf_json("temporal.api.sdk.v1.EnhancedStackTrace", &trace)
}

/// The text of a source file. The compiler names files from the root of the workspace, in which a developer's worker
/// runs; one that runs elsewhere has no sources.
fn source(file: &str) -> Option<String> {
    let here = env::current_dir().ok()?;
    let mut files = here.ancestors().map(|folder| folder.join(file));
    let file = files.find(|file| file.is_file())?;
    let size = fs::metadata(&file).ok()?.len();
    (size <= LONGEST_SOURCE).then(|| fs::read_to_string(&file).ok())?
}

/// The answer to a query has a limit of two megabytes.
const LONGEST_SOURCE: u64 = 256 << 10;

fn protobuf_json(message: &str, value: &Value) -> Payload {
    let payload = Payload::new(JSON_PROTOBUF, value.to_string().into_bytes());
    payload.with_metadata("messageType", message.as_bytes().to_vec())
}

/// `temporal.api.sdk.v1.WorkflowMetadata`.
pub(crate) fn metadata<W>(
    workflow_type: &str,
    definition: &Definition<W>,
    current_details: &str,
) -> Payload {
    let named = |name: &str| json!({ "name": name });
    // A definition without a name is that of a dynamic handler.
    let dynamic = |handlers: usize| (handlers > 0).then(|| json!({}));
    let built_in = [
        (STACK_TRACE, "Where the workflow waits."),
        (
            ENHANCED_STACK_TRACE,
            "Where the workflow waits, for programs.",
        ),
        (METADATA, "What the workflow can be asked and told."),
    ];
    let queries = definition.queries.iter().map(|(name, _)| named(name));
    let signals = definition.signals.iter();
    let signals = signals.map(|signal| named(signal.name));
    let updates = definition.updates.iter();
    let updates = updates.map(|update| named(update.name));
    let built_in = built_in.map(|(name, text)| json!({ "name": name, "description": text }));
    let mut metadata = json!({
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
    if !current_details.is_empty() {
        metadata["currentDetails"] = current_details.into();
    }
    protobuf_json("temporal.api.sdk.v1.WorkflowMetadata", &metadata)
}
