//! Search attributes of the configuration, on a store that has some.

use durably_proto::api::enums::v1::IndexedValueType;

use super::*;

#[tokio::test]
async fn a_stored_attribute_whose_name_became_reserved_can_be_configured() {
    let case = Case::new().await;
    let namespace = case.server.backend.namespaces.find("default").unwrap();
    let added = namespace.change_attributes(&*case.store, |attributes| {
        assert!(attributes.add("TemporalRegion", IndexedValueType::Keyword));
        Ok(())
    });
    added.unwrap();
    drop(namespace);
    let case = case.restart().await;
    let configured = |name: &str, value_type: &str| {
        let attribute = (name.to_owned(), value_type.to_owned());
        register_attributes(&case.server.backend, &["default".to_owned()], &[attribute])
            .map_err(|error| error.to_string())
    };
    assert_eq!(configured("TemporalRegion", "Keyword"), Ok(()));
    for (name, value_type, problem) in [
        (
            "TemporalRegion",
            "Int",
            "it already exists with another type",
        ),
        (
            "TemporalZone",
            "Keyword",
            "Search attribute TemporalZone is reserved by system.",
        ),
    ] {
        assert_eq!(
            configured(name, value_type),
            Err(format!(
                "search attribute `{name}` cannot be registered: {problem}"
            ))
        );
    }
    let namespace = case.server.backend.namespaces.find("default").unwrap();
    let custom: Vec<_> = namespace
        .attributes()
        .custom()
        .map(|(name, value_type)| (name.to_owned(), value_type))
        .collect();
    assert_eq!(
        custom,
        [("TemporalRegion".to_owned(), IndexedValueType::Keyword)]
    );
}
