//! Values of search attributes: which are refused, with which text, and which are kept.

use durably::{
    Server,
    prelude::*,
    search::{Keyword, SearchKey},
};
use durably_proto::api::{
    command::v1::{
        Command, ContinueAsNewWorkflowExecutionCommandAttributes,
        UpsertWorkflowSearchAttributesCommandAttributes, command::Attributes,
    },
    enums::v1::{CommandType, WorkflowTaskFailedCause as Cause},
    history::v1::history_event::Attributes as Event,
    workflowservice::v1::{
        GetWorkflowExecutionHistoryRequest, RespondWorkflowTaskCompletedRequest,
        TerminateWorkflowExecutionRequest,
    },
};
use durably_tests::{
    World, on_both_servers,
    raw::{
        NAMESPACE, add_search_attributes, complete, continue_as_new, ended, events, execution,
        search_attributes, terminate, workflow_task,
    },
};

on_both_servers! {
    a_value_of_a_wrong_type_is_refused
    a_value_that_stands_for_none_is_dropped
    a_type_is_added_unless_it_is_there
    a_wrong_value_for_the_next_run_is_refused
    the_next_run_has_the_values_that_stand_for_some
}

/// Name and JSON of a value, and why it is refused.
fn wrong() -> Vec<(&'static str, String, String)> {
    let mut table = Vec::new();
    for (name, value_type, values) in [
        (
            "DurablyKeyword",
            "Keyword",
            &[
                "7",
                "1.5",
                "true",
                "{\"a\":1}",
                "[\"a\",\"b\"]",
                "9007199254740993",
            ][..],
        ),
        ("DurablyText", "Text", &["7", "[1]", "1e3"]),
        (
            "DurablyInt",
            "Int",
            &["\"x\"", "1.5", "1.0", "9223372036854775808", "[7,8]"],
        ),
        ("DurablyDouble", "Double", &["\"1.5\"", "true"]),
        ("DurablyBool", "Bool", &["\"true\"", "1", "[\"x\",null]"]),
        (
            "DurablyDatetime",
            "Datetime",
            &["\"2024-01-02\"", "7", "\"x\""],
        ),
        (
            "DurablyKeywordList",
            "KeywordList",
            &["\"x\"", "[7]", "[\"a\",1]"],
        ),
    ] {
        for value in values {
            let shown = match *value {
                "{\"a\":1}" => "map[a:1]".to_owned(),
                "9007199254740993" => "9.007199254740992e+15".to_owned(),
                "9223372036854775808" => "9.223372036854776e+18".to_owned(),
                "1e3" => "1000".to_owned(),
                "1.0" => "1".to_owned(),
                list if list.starts_with('[') => list
                    .replace("null", "<nil>")
                    .replace(',', " ")
                    .replace('"', ""),
                value => value.trim_matches('"').to_owned(),
            };
            table.push((
                name,
                (*value).to_owned(),
                format!("invalid value for search attribute {name} of type {value_type}: {shown}"),
            ));
        }
    }
    table.push((
        "DurablyKeyword",
        "nonsense".to_owned(),
        "invalid value for search attribute DurablyKeyword of type Keyword: value from <metadata:{key:\"encoding\"  value:\"json/plain\"}  data:\"nonsense\">".to_owned(),
    ));
    table.push((
        "Unheard",
        "7".to_owned(),
        "Namespace default has no mapping defined for search attribute Unheard".to_owned(),
    ));
    for name in ["WorkflowId", "ExecutionStatus", "TemporalWorkerDeployment"] {
        table.push((
            name,
            "\"x\"".to_owned(),
            format!("{name} attribute can't be set in SearchAttributes"),
        ));
    }
    table.push((
        "DurablyKeyword",
        format!("\"{}\"", "x".repeat(2047)),
        "search attribute DurablyKeyword value size 2049 exceeds size limit 2048".to_owned(),
    ));
    table
}

async fn a_value_of_a_wrong_type_is_refused(world: &World) -> Result<()> {
    add_search_attributes(world).await?;
    let mut service = world.service().await?;
    for (name, value, text) in wrong() {
        let attributes = search_attributes(&[(name, &value)]);
        let mut start = world.start_request();
        start.search_attributes = Some(attributes.clone());
        assert_eq!(
            ended(service.start_workflow_execution(start).await),
            format!("InvalidArgument: {text}")
        );
        let (ended, events) = upserted(world, attributes).await?;
        assert_eq!(
            ended,
            format!("InvalidArgument: BadSearchAttributes: {text}")
        );
        let failed = events.into_iter().find_map(|event| match event {
            Event::WorkflowTaskFailedEventAttributes(failed) => Some(failed),
            _ => None,
        });
        let failed = failed.unwrap_or_else(|| panic!("{text}: the task has not failed"));
        assert_eq!(failed.cause(), Cause::BadSearchAttributes, "{text}");
        assert_eq!(
            failed.failure.unwrap_or_default().message,
            format!("BadSearchAttributes: {text}")
        );
    }
    Ok(())
}

/// Answers the first task of a workflow with an upsert: how that ended, and the history.
async fn upserted(
    world: &World,
    attributes: durably_proto::api::common::v1::SearchAttributes,
) -> Result<(String, Vec<Event>)> {
    let mut service = world.service().await?;
    let request = world.start_request();
    let workflow_id = request.workflow_id.clone();
    service.start_workflow_execution(request).await?;
    let task = workflow_task(&mut service, &world.queue).await?;
    let upsert = UpsertWorkflowSearchAttributesCommandAttributes {
        search_attributes: Some(attributes),
    };
    let completed = RespondWorkflowTaskCompletedRequest {
        namespace: NAMESPACE.to_owned(),
        task_token: task.task_token,
        commands: vec![Command {
            command_type: CommandType::UpsertWorkflowSearchAttributes.into(),
            attributes: Some(Attributes::UpsertWorkflowSearchAttributesCommandAttributes(
                upsert,
            )),
            ..Default::default()
        }],
        ..Default::default()
    };
    let ended = ended(service.respond_workflow_task_completed(completed).await);
    let events = events(&mut service, &workflow_id).await?;
    // Its next task would reach the next case. One that was too large has ended the run already.
    service
        .terminate_workflow_execution(TerminateWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: execution(&workflow_id),
            ..Default::default()
        })
        .await
        .ok();
    Ok((
        ended,
        events.into_iter().filter_map(|it| it.attributes).collect(),
    ))
}

async fn a_value_that_stands_for_none_is_dropped(world: &World) -> Result<()> {
    add_search_attributes(world).await?;
    let mut service = world.service().await?;
    for nothing in ["null", "[]"] {
        let mut start = world.start_request();
        let attributes = search_attributes(&[("DurablyKeyword", nothing), ("DurablyInt", "7")]);
        start.search_attributes = Some(attributes);
        let workflow_id = start.workflow_id.clone();
        service.start_workflow_execution(start).await?;
        let started = events(&mut service, &workflow_id).await?.remove(0);
        let Some(Event::WorkflowExecutionStartedEventAttributes(started)) = started.attributes
        else {
            panic!("a history begins with its start");
        };
        let kept = started.search_attributes.unwrap_or_default().indexed_fields;
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["DurablyInt"], "{nothing}");
        service
            .terminate_workflow_execution(TerminateWorkflowExecutionRequest {
                namespace: NAMESPACE.to_owned(),
                workflow_execution: execution(&workflow_id),
                ..Default::default()
            })
            .await?;
    }
    Ok(())
}

async fn a_type_is_added_unless_it_is_there(world: &World) -> Result<()> {
    add_search_attributes(world).await?;
    for (given, expected) in [(None, "Int"), (Some("Keyword"), "Keyword")] {
        let mut attributes = search_attributes(&[("DurablyInt", "7")]);
        if let (Some(given), Some(value)) = (given, attributes.indexed_fields.get_mut("DurablyInt"))
        {
            value.metadata.insert("type".to_owned(), given.into());
        }
        let (ended, events) = upserted(world, attributes).await?;
        assert_eq!(ended, "OK");
        let upserted = events.into_iter().find_map(|event| match event {
            Event::UpsertWorkflowSearchAttributesEventAttributes(upsert) => {
                upsert.search_attributes
            }
            _ => None,
        });
        let fields = upserted.unwrap_or_default().indexed_fields;
        let labelled = fields["DurablyInt"].metadata.get("type");
        assert_eq!(labelled.map(Vec::as_slice), Some(expected.as_bytes()));
    }
    Ok(())
}

/// Answers the first task of a workflow with a continue-as-new: how that ended, and the history.
async fn continued(
    world: &World,
    attributes: durably_proto::api::common::v1::SearchAttributes,
) -> Result<(String, String, Vec<Event>)> {
    let mut service = world.service().await?;
    let request = world.start_request();
    let workflow_id = request.workflow_id.clone();
    service.start_workflow_execution(request).await?;
    let task = workflow_task(&mut service, &world.queue).await?;
    let command = continue_as_new(ContinueAsNewWorkflowExecutionCommandAttributes {
        search_attributes: Some(attributes),
        ..Default::default()
    });
    let ended = ended(complete(&mut service, &task, vec![command], vec![]).await);
    let history = service
        .get_workflow_execution_history(GetWorkflowExecutionHistoryRequest {
            namespace: NAMESPACE.to_owned(),
            execution: task.workflow_execution,
            ..Default::default()
        })
        .await?;
    let events = history.into_inner().history.unwrap_or_default().events;
    let events = events.into_iter().filter_map(|it| it.attributes).collect();
    Ok((workflow_id, ended, events))
}

async fn a_wrong_value_for_the_next_run_is_refused(world: &World) -> Result<()> {
    add_search_attributes(world).await?;
    let mut service = world.service().await?;
    for (name, value, text) in wrong() {
        let attributes = search_attributes(&[(name, &value)]);
        let (workflow_id, ended, events) = continued(world, attributes).await?;
        let queue = &world.queue;
        let (cause, text) = if text.starts_with("Namespace") {
            (
                Cause::BadSearchAttributes,
                format!("BadSearchAttributes: {text}"),
            )
        } else if text.contains("exceeds size limit") {
            (
                Cause::BadContinueAsNewAttributes,
                format!("BadContinueAsNewAttributes: {text}"),
            )
        } else {
            (
                Cause::BadSearchAttributes,
                format!(
                    "BadSearchAttributes: invalid SearchAttributes on ContinueAsNewWorkflowExecutionCommand: {text}. WorkflowType=Raw TaskQueue=name:\"{queue}\"  kind:TASK_QUEUE_KIND_NORMAL"
                ),
            )
        };
        assert_eq!(ended, format!("InvalidArgument: {text}"));
        let failed = events.iter().find_map(|event| match event {
            Event::WorkflowTaskFailedEventAttributes(failed) => Some(failed),
            _ => None,
        });
        let failed = failed.unwrap_or_else(|| panic!("{text}: the task has not failed"));
        assert_eq!(failed.cause(), cause, "{text}");
        assert_eq!(failed.failure.clone().unwrap_or_default().message, text);
        let is_terminated = events
            .iter()
            .any(|event| matches!(event, Event::WorkflowExecutionTerminatedEventAttributes(_)));
        assert_eq!(is_terminated, cause == Cause::BadContinueAsNewAttributes);
        terminate(&mut service, &workflow_id).await.ok();
    }
    Ok(())
}

async fn the_next_run_has_the_values_that_stand_for_some(world: &World) -> Result<()> {
    add_search_attributes(world).await?;
    let mut service = world.service().await?;
    for nothing in ["null", "[]"] {
        let attributes = search_attributes(&[("DurablyKeyword", nothing), ("DurablyInt", "7")]);
        let (workflow_id, ended, mut closed) = continued(world, attributes).await?;
        assert_eq!(ended, "OK");
        let next = events(&mut service, &workflow_id)
            .await?
            .remove(0)
            .attributes;
        let kept = [closed.pop(), next].map(|event| match event {
            Some(Event::WorkflowExecutionContinuedAsNewEventAttributes(event)) => {
                event.search_attributes
            }
            Some(Event::WorkflowExecutionStartedEventAttributes(event)) => event.search_attributes,
            other => panic!("an end and a start, not {other:?}"),
        });
        for kept in kept {
            let fields = kept.unwrap_or_default().indexed_fields;
            assert_eq!(
                fields.keys().collect::<Vec<_>>(),
                ["DurablyInt"],
                "{nothing}"
            );
            let labelled = fields["DurablyInt"].metadata.get("type");
            assert_eq!(labelled.map(Vec::as_slice), Some(b"Int".as_slice()));
        }
        terminate(&mut service, &workflow_id).await?;
    }
    Ok(())
}

#[tokio::test]
async fn attributes_of_the_builder_are_registered_in_its_namespaces() -> Result<()> {
    const CUSTOMER: SearchKey<Keyword> = SearchKey::new("CustomerId");
    let server = || {
        let server = Server::builder().namespace("shop").in_process_only();
        server.search_attribute(CUSTOMER)
    };
    let running = server().start().await?;
    for namespace in ["default", "shop"] {
        let client = running.client_of(namespace).await?;
        let start = client.start("Order", ()).id("order-1").task_queue("orders");
        start.search(CUSTOMER, "c-1").await?;
        assert_eq!(client.count(CUSTOMER.eq("c-1")).await?, 1);
    }
    running.shutdown().await;
    let number = SearchKey::<i64>::new("CustomerId");
    let error = server().search_attribute(number).start().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("already exists with another type"),
        "{error}"
    );
    Ok(())
}
