//! Every field of each message that may hold payloads is visited, whatever the messages become.

use std::collections::HashMap;

use durably_engine::Payload;
use durably_proto::{
    FILE_DESCRIPTOR_SET, Message,
    api::{command, common, protocol, update, workflowservice},
    rpc,
    wkt::Any,
};
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value,
};

use super::rpc::check_payload_fields;
use crate::wire::{
    payload,
    payload_fields::{Field, PayloadFields, Subject, VisitOptions, Visitor},
};

const ALL: VisitOptions = VisitOptions {
    headers: true,
    encode_failures: false,
    limit_causes: false,
};
const PAYLOAD: &str = "temporal.api.common.v1.Payload";

/// The payloads that a message holds after `path`, one message of which nothing else is set.
fn message_with(root: &MessageDescriptor, path: &[FieldDescriptor]) -> DynamicMessage {
    let mut message = DynamicMessage::new(root.clone());
    let Some((field, rest)) = path.split_first() else {
        message.set_field_by_name("data", Value::Bytes(b"found".to_vec().into()));
        return message;
    };
    let value = match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            let inner = match entry.map_entry_value_field().kind() {
                Kind::Message(inner) => message_with(&inner, rest),
                _ => unreachable!("payloads are messages"),
            };
            let entries = [(MapKey::String("key".to_owned()), Value::Message(inner))];
            Value::Map(entries.into_iter().collect())
        }
        Kind::Message(inner) => {
            let inner = Value::Message(message_with(&inner, rest));
            match field.is_list() {
                true => Value::List(vec![inner]),
                false => inner,
            }
        }
        _ => unreachable!("payloads are messages"),
    };
    message.set_field(field, value);
    message
}

/// All paths to payloads, without those through a message of the same kind twice.
fn paths(
    message: &MessageDescriptor,
    above: &mut Vec<FieldDescriptor>,
    kinds: &mut Vec<String>,
    found: &mut Vec<Vec<FieldDescriptor>>,
) {
    if message.full_name() == PAYLOAD {
        found.push(above.clone());
        return;
    }
    // The server reads search attributes, writes the values by which it groups counts, and starts workers by the
    // configuration of their version.
    let is_the_servers = message.full_name() == "temporal.api.common.v1.SearchAttributes"
        || message.full_name().starts_with("temporal.api.compute.")
        || message.full_name().ends_with(".AggregationGroup");
    if is_the_servers || kinds.iter().any(|kind| kind == message.full_name()) {
        return;
    }
    kinds.push(message.full_name().to_owned());
    for field in message.fields() {
        let inner = match field.kind() {
            Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
            kind => kind,
        };
        if let Kind::Message(inner) = inner {
            above.push(field);
            paths(&inner, above, kinds, found);
            above.pop();
        }
    }
    kinds.pop();
}

/// Checks the messages of the table of RPCs, one after the other.
pub(crate) struct Check {
    pool: DescriptorPool,
    /// Payloads that were found in messages that codecs see.
    found: usize,
    /// Messages with payloads that no codec sees: durably has no request for them.
    unsent: Vec<&'static str>,
}

impl Check {
    fn paths(&self, name: &str) -> (MessageDescriptor, Vec<Vec<FieldDescriptor>>) {
        let name = format!("temporal.api.workflowservice.v1.{name}");
        let root = self.pool.get_message_by_name(&name);
        let root = root.expect("the API has it");
        let mut found = Vec::new();
        paths(&root, &mut Vec::new(), &mut Vec::new(), &mut found);
        (root, found)
    }
}

/// Tells messages that codecs see from others, by the trait that they implement.
pub(crate) struct Checked<M>(std::marker::PhantomData<M>);

impl<M> Checked<M> {
    pub(crate) const HERE: Self = Self(std::marker::PhantomData);
}

/// Of messages that codecs see; found first, because it borrows less.
pub(crate) trait ByFields {
    fn check(&self, check: &mut Check, name: &'static str);
}

impl<M: Message + Default + PayloadFields> ByFields for Checked<M> {
    fn check(&self, check: &mut Check, name: &'static str) {
        let (root, found) = check.paths(name);
        for path in &found {
            let bytes = message_with(&root, path).encode_to_vec();
            let mut message = M::decode(&*bytes).expect("it was encoded just now");
            let mut payloads = Vec::new();
            let mut visit = |_: &Subject, field: Field<'_>| payloads.extend(field.take());
            let visited = Visitor::new(Subject::default(), ALL, &mut visit).all_of(&mut message);
            visited.expect("nothing is encoded within it");
            let names: Vec<_> = path.iter().map(FieldDescriptor::name).collect();
            assert_eq!(payloads.len(), 1, "{name}: {}", names.join("."));
            assert_eq!(payloads[0].data(), b"found");
        }
        check.found += found.len();
    }
}

/// Of the rest.
pub(crate) trait Unsent {
    fn check(&self, check: &mut Check, name: &'static str);
}

impl<M> Unsent for &Checked<M> {
    fn check(&self, check: &mut Check, name: &'static str) {
        if !check.paths(name).1.is_empty() {
            check.unsent.push(name);
        }
    }
}

#[test]
fn every_payload_of_every_message_is_visited() {
    let mut check = Check {
        pool: DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the build wrote it"),
        found: 0,
        unsent: Vec::new(),
    };
    check_payload_fields(&mut check);
    assert!(check.found > 300, "{}", check.found);
    assert_eq!(check.unsent, [""; 0]);
}

#[test]
fn payloads_in_each_detail_of_a_status_are_visited() {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the build wrote it");
    let mut visited = 0;
    for detail in pool.all_messages() {
        if detail.package_name() != "temporal.api.errordetails.v1" {
            continue;
        }
        let mut found = Vec::new();
        paths(&detail, &mut Vec::new(), &mut Vec::new(), &mut found);
        for path in found {
            let mut status = rpc::Status {
                details: vec![Any {
                    type_url: format!("type.googleapis.com/{}", detail.full_name()),
                    value: message_with(&detail, &path).encode_to_vec(),
                }],
                ..Default::default()
            };
            let mut payloads = Vec::new();
            let mut visit = |_: &Subject, field: Field<'_>| payloads.extend(field.take());
            let whole = Visitor::new(Subject::default(), ALL, &mut visit).all_of(&mut status);
            whole.expect("the detail can be read");
            let names: Vec<_> = path.iter().map(FieldDescriptor::name).collect();
            let name = detail.full_name();
            assert_eq!(payloads.len(), 1, "{name}: {}", names.join("."));
            visited += 1;
        }
    }
    assert!(visited > 3, "{visited}");
}

#[test]
fn payloads_of_updates_within_a_task_are_visited_and_put_back() {
    let request = update::v1::Request {
        input: Some(update::v1::Input {
            args: payload::list_to_proto(vec![Payload::json(b"1".to_vec())]),
            ..Default::default()
        }),
        ..Default::default()
    };
    let body = Any {
        type_url: "type.googleapis.com/temporal.api.update.v1.Request".to_owned(),
        value: request.encode_to_vec(),
    };
    let mut task = workflowservice::v1::PollWorkflowTaskQueueResponse {
        messages: vec![protocol::v1::Message {
            body: Some(body),
            ..Default::default()
        }],
        ..Default::default()
    };
    let mut replace = |_: &Subject, mut field: Field<'_>| {
        if let Field::Many(list) = &mut field {
            list.clear();
        }
        field.put([Payload::json(b"2".to_vec())].into_iter());
    };
    let visited = Visitor::new(Subject::default(), ALL, &mut replace).all_of(&mut task);
    visited.unwrap();
    let body = task.messages[0].body.as_ref().unwrap();
    let request = update::v1::Request::decode(&*body.value).unwrap();
    assert_eq!(
        payload::list_from_proto(request.input.unwrap_or_default().args),
        [Payload::json(b"2".to_vec())]
    );
}

#[test]
fn the_arguments_of_a_workflow_name_its_type_and_nothing_else_does() {
    let mut request = workflowservice::v1::StartWorkflowExecutionRequest {
        workflow_type: Some("Order".into()),
        input: payload::list_to_proto(vec![Payload::null()]),
        memo: Some(common::v1::Memo {
            fields: HashMap::from([("note".to_owned(), payload::to_proto(Payload::null()))]),
        }),
        ..Default::default()
    };
    let mut types = Vec::new();
    let mut visit = |about: &Subject, _: Field<'_>| types.push(about.workflow_type.clone());
    let visited = Visitor::new(Subject::default(), ALL, &mut visit).all_of(&mut request);
    visited.unwrap();
    assert_eq!(types, [Some("Order".to_owned()), None]);
}

#[test]
fn an_activity_s_payloads_name_it_and_patches_are_left_alone() {
    let scheduled = command::v1::ScheduleActivityTaskCommandAttributes {
        activity_type: Some("charge".into()),
        input: payload::list_to_proto(vec![Payload::null()]),
        ..Default::default()
    };
    let patch = command::v1::RecordMarkerCommandAttributes {
        marker_name: "core_patch".to_owned(),
        details: HashMap::from([(String::new(), common::v1::Payloads::default())]),
        ..Default::default()
    };
    let ended = command::v1::CompleteWorkflowExecutionCommandAttributes {
        result: payload::list_to_proto(vec![Payload::null()]),
    };
    use command::v1::command::Attributes as A;
    let commands = [
        A::ScheduleActivityTaskCommandAttributes(scheduled),
        A::RecordMarkerCommandAttributes(patch),
        A::CompleteWorkflowExecutionCommandAttributes(ended),
    ];
    let mut request = workflowservice::v1::RespondWorkflowTaskCompletedRequest {
        commands: commands
            .map(|attributes| command::v1::Command {
                attributes: Some(attributes),
                ..Default::default()
            })
            .into(),
        ..Default::default()
    };
    let mut owners = Vec::new();
    let mut visit = |about: &Subject, _: Field<'_>| owners.push(about.activity_type.clone());
    let visited = Visitor::new(Subject::default(), ALL, &mut visit).all_of(&mut request);
    visited.unwrap();
    assert_eq!(owners, [Some("charge".to_owned()), None]);
}
