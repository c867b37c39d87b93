//! Values of search attributes that a namespace has no longer: they stay stored, and no response shows them.

use durably_proto::api::common::v1::SearchAttributes;
use durably_proto::api::history::v1::HistoryEvent;
use durably_proto::api::history::v1::history_event::Attributes as Event;

use super::attributes::Attributes;
use super::values;

/// Takes out the values of attributes that were removed, or that were added again with another type.
pub(crate) fn hide(known: &Attributes, given: &mut Option<SearchAttributes>) {
    let Some(SearchAttributes { indexed_fields }) = given else {
        return;
    };
    indexed_fields.retain(|name, value| {
        let value_type = known.carried_type(name);
        let is_shown = value_type.is_some_and(|it| values::is_of_type(value, it));
        values::keep_client_label(value);
        is_shown
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use durably_proto::api::common::v1::Payload;
    use durably_proto::api::enums::v1::IndexedValueType as Type;

    use super::*;
    use crate::visibility::attributes::type_name;

    /// A value that was stored while its attribute had this type.
    fn stored(json: &str, value_type: Type, client_label: Option<&str>) -> SearchAttributes {
        let mut known = Attributes::new();
        assert!(known.add("It", value_type));
        let mut metadata: HashMap<_, _> = [("encoding".to_owned(), b"json/plain".to_vec())].into();
        metadata.extend(client_label.map(|label| ("type".to_owned(), label.into())));
        let payload = Payload {
            metadata,
            data: json.into(),
            ..Payload::default()
        };
        let mut fields = [("It".to_owned(), payload)].into();
        values::check("default", &known, &mut fields).expect("the value has the type");
        SearchAttributes {
            indexed_fields: fields,
        }
    }

    /// The label of the value if it is shown while the attribute has this type.
    fn shown(stored: SearchAttributes, value_type: Type) -> Option<String> {
        let mut known = Attributes::new();
        assert!(known.add("It", value_type));
        let mut given = Some(stored);
        hide(&known, &mut given);
        let value = given?.indexed_fields.remove("It")?;
        assert_eq!(value.metadata.len(), 2, "{:?}", value.metadata);
        String::from_utf8(value.metadata["type"].clone()).ok()
    }

    #[test]
    fn a_value_is_hidden_when_its_attribute_has_another_type() {
        for (json, before, after) in [
            ("\"a\"", Type::Text, Type::Keyword),
            ("\"a\"", Type::Keyword, Type::KeywordList),
            ("1", Type::Int, Type::Double),
            ("\"2026-01-01T00:00:00Z\"", Type::Keyword, Type::Datetime),
        ] {
            assert_eq!(shown(stored(json, before, None), after), None, "{json}");
            let same = shown(stored(json, before, None), before);
            assert_eq!(same.as_deref(), Some(type_name(before)), "{json}");
        }
    }

    #[test]
    fn a_value_that_its_client_labelled_otherwise_keeps_the_label() {
        let mislabelled = || stored("\"a\"", Type::Keyword, Some("Text"));
        assert_eq!(shown(mislabelled(), Type::Keyword).as_deref(), Some("Text"));
        assert_eq!(shown(mislabelled(), Type::Text), None);
    }
}
