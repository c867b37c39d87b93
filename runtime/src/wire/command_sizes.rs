//! The sizes of the commands and messages that complete a workflow task; those that the server has limits for.

use durably_proto::{
    Message,
    api::{
        command::v1::{Command, command::Attributes},
        common::v1 as common,
        workflowservice::v1::RespondWorkflowTaskCompletedRequest,
    },
};

use super::{marker, sizes::Sizes};

/// Measures the response to a workflow task.
pub(super) fn measure(completed: &RespondWorkflowTaskCompletedRequest, sizes: &mut Sizes) {
    // No part is larger than the whole.
    let bytes = completed.encoded_len();
    if sizes.has_no_part_over(bytes) {
        return;
    }
    for command in &completed.commands {
        measure_command(command, sizes);
    }
    for message in &completed.messages {
        let bytes = message.body.as_ref().map_or(0, Message::encoded_len);
        sizes.bytes(bytes, || {
            format!("the outcome of update `{}`", message.protocol_instance_id)
        });
    }
    sizes.message(bytes, || {
        format!(
            "the response to the workflow task, {} commands,",
            completed.commands.len()
        )
    });
}

fn measure_command(command: &Command, sizes: &mut Sizes) {
    use Attributes::*;
    let Some(attributes) = &command.attributes else {
        return;
    };
    match attributes {
        ScheduleActivityTaskCommandAttributes(it) => sizes.payloads(it.input.as_ref(), || {
            let name = it.activity_type.as_ref().map_or("", |it| &it.name);
            format!("the arguments of activity `{name}`")
        }),
        StartChildWorkflowExecutionCommandAttributes(it) => {
            let of_child = |what: &str| {
                let name = it.workflow_type.as_ref().map_or("", |it| &it.name);
                format!("{what} of child `{name}`")
            };
            sizes.payloads(it.input.as_ref(), || of_child("the arguments"));
            sizes.memo(it.memo.as_ref(), || of_child("the memo"));
        }
        SignalExternalWorkflowExecutionCommandAttributes(it) => {
            sizes.payloads(it.input.as_ref(), || {
                let to = it.execution.as_ref().map_or("", |it| &it.workflow_id);
                format!(
                    "the arguments of signal `{}` to workflow `{to}`",
                    it.signal_name
                )
            });
        }
        ContinueAsNewWorkflowExecutionCommandAttributes(it) => {
            sizes.payloads(it.input.as_ref(), || {
                "the arguments of the next run (continue-as-new)".to_owned()
            });
            sizes.memo(it.memo.as_ref(), || {
                "the memo of the next run (continue-as-new)".to_owned()
            });
        }
        CompleteWorkflowExecutionCommandAttributes(it) => {
            sizes.payloads(it.result.as_ref(), || {
                "the result of the workflow".to_owned()
            });
        }
        FailWorkflowExecutionCommandAttributes(it) => {
            let bytes = it.failure.as_ref().map_or(0, Message::encoded_len);
            sizes.bytes(bytes, || "the error of the workflow".to_owned());
        }
        RecordMarkerCommandAttributes(it) => {
            let details = it.details.iter();
            let bytes = details.map(|(key, values)| key.len() + values.encoded_len());
            sizes.bytes(bytes.sum(), || marker::describe(it));
        }
        ModifyWorkflowPropertiesCommandAttributes(it) => {
            sizes.memo(it.upserted_memo.as_ref(), || {
                "a change of the memo".to_owned()
            });
        }
        UpsertWorkflowSearchAttributesCommandAttributes(it) => {
            let fields = it
                .search_attributes
                .iter()
                .flat_map(|it| &it.indexed_fields);
            let bytes =
                fields.map(|(key, value): (_, &common::Payload)| key.len() + value.data.len());
            sizes.bytes(bytes.sum(), || "a change of search attributes".to_owned());
        }
        StartTimerCommandAttributes(_)
        | CancelTimerCommandAttributes(_)
        | RequestCancelActivityTaskCommandAttributes(_)
        | CancelWorkflowExecutionCommandAttributes(_)
        | RequestCancelExternalWorkflowExecutionCommandAttributes(_)
        | ProtocolMessageCommandAttributes(_)
        | ScheduleNexusOperationCommandAttributes(_)
        | RequestCancelNexusOperationCommandAttributes(_) => {}
    }
}
