//! Values of search attributes that a namespace has no longer: they stay stored, and no response shows them.

use durably_proto::api::common::v1::SearchAttributes;
use durably_proto::api::history::v1::HistoryEvent;
use durably_proto::api::history::v1::history_event::Attributes as Event;

use super::attributes::{Attributes, type_name};
use super::values;

/// Takes out the values of attributes that were removed, or that were added again with another type.
pub(crate) fn hide(known: &Attributes, given: &mut Option<SearchAttributes>) {
    let Some(SearchAttributes { indexed_fields }) = given else {
        return;
    };
    indexed_fields.retain(|name, value| {
        let Some(value_type) = known.carried_type(name) else {
            return false;
        };
        let labelled = value.metadata.get("type").map(Vec::as_slice);
        // A client may have labelled a value with another type.
        labelled == Some(type_name(value_type).as_bytes()) || values::is_of_type(value, value_type)
    });
}

/// [Takes out](hide) values that events carry.
pub(crate) fn hide_in_events(known: &Attributes, events: &mut [HistoryEvent]) {
    for event in events {
        let given = match &mut event.attributes {
            Some(Event::WorkflowExecutionStartedEventAttributes(it)) => &mut it.search_attributes,
            Some(Event::WorkflowExecutionContinuedAsNewEventAttributes(it)) => {
                &mut it.search_attributes
            }
            Some(Event::UpsertWorkflowSearchAttributesEventAttributes(it)) => {
                &mut it.search_attributes
            }
            Some(Event::StartChildWorkflowExecutionInitiatedEventAttributes(it)) => {
                &mut it.search_attributes
            }
            _ => continue,
        };
        hide(known, given);
    }
}
