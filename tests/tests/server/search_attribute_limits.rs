//! Which search attributes a namespace takes, and what happens to the values of one that is removed.

use durably::prelude::*;
use durably_proto::{
    api::{
        common::v1::{SearchAttributes, WorkflowExecution},
        enums::v1::IndexedValueType as Type,
        history::v1::history_event::Attributes as Event,
        operatorservice::v1::*,
        workflowservice::v1::*,
    },
    service::operator::operator_service_client::OperatorServiceClient,
};
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{Service, ended, execution, search_attributes},
};
use tonic::transport::Channel;

on_both_servers! {
    each_type_has_as_many_attributes_as_the_default_store
    names_of_the_server_are_reserved
    a_request_for_no_attributes_is_refused
    values_of_a_removed_attribute_are_hidden
    an_attribute_that_is_added_with_another_type_has_no_old_values
}

/// A namespace that no other test uses, and what operates it.
struct Case {
    operator: OperatorServiceClient<Channel>,
    service: Service,
    namespace: String,
}

impl Case {
    async fn new(world: &World) -> Result<Self> {
        world.own_namespace().await?;
        let address = format!("http://{}", world.address());
        Ok(Self {
            operator: OperatorServiceClient::connect(address).await?,
            service: world.service().await?,
            namespace: world.queue.clone(),
        })
    }

    async fn add(&mut self, attributes: &[(&str, i32)]) -> String {
        let attributes = attributes.iter();
        let request = AddSearchAttributesRequest {
            namespace: self.namespace.clone(),
            search_attributes: attributes
                .map(|(name, value_type)| ((*name).to_owned(), *value_type))
                .collect(),
        };
        ended(self.operator.add_search_attributes(request).await)
    }

    async fn remove(&mut self, names: &[&str]) -> String {
        let request = RemoveSearchAttributesRequest {
            namespace: self.namespace.clone(),
            search_attributes: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        ended(self.operator.remove_search_attributes(request).await)
    }

    /// Waits until these attributes are listed, in any order, and no others.
    async fn until_listed(&self, expected: &[(&str, Type)]) {
        let mut expected: Vec<_> = expected
            .iter()
            .map(|(name, value_type)| ((*name).to_owned(), i32::from(*value_type)))
            .collect();
        expected.sort();
        eventually("the attributes are listed", || {
            let (mut operator, expected) = (self.operator.clone(), &expected);
            let request = ListSearchAttributesRequest {
                namespace: self.namespace.clone(),
            };
            async move {
                let listed = operator.list_search_attributes(request).await.ok()?;
                let mut listed: Vec<_> =
                    listed.into_inner().custom_attributes.into_iter().collect();
                listed.sort();
                (listed == *expected).then_some(())
            }
        })
        .await;
    }

    /// Starts a workflow when all of the server knows the attributes.
    async fn start(&self, world: &World, id: &str, fields: &[(&str, &str)]) {
        let mut start = world.start_request();
        start.namespace.clone_from(&self.namespace);
        start.workflow_id = id.to_owned();
        start.search_attributes = Some(search_attributes(fields));
        eventually("the attributes can be set", || {
            let (mut service, start) = (self.service.clone(), start.clone());
            async move { service.start_workflow_execution(start).await.ok() }
        })
        .await;
    }

    /// The workflows that match a filter, each with the values that it shows.
    async fn listed(&self, filter: &str) -> std::result::Result<Vec<String>, String> {
        let request = ListWorkflowExecutionsRequest {
            namespace: self.namespace.clone(),
            query: filter.to_owned(),
            ..Default::default()
        };
        let listed = self.service.clone().list_workflow_executions(request).await;
        let listed = match listed {
            Ok(listed) => listed.into_inner().executions,
            Err(_) => return Err(ended(listed)),
        };
        let mut shown: Vec<_> = listed
            .into_iter()
            .map(|info| {
                let id = info.execution.unwrap_or_default().workflow_id;
                format!("{id}: {}", values(info.search_attributes))
            })
            .collect();
        shown.sort();
        Ok(shown)
    }

    /// The values of a workflow in its description and in the first event of its history, from either end.
    async fn shown(&mut self, id: &str) -> Result<[String; 3]> {
        let describe = DescribeWorkflowExecutionRequest {
            namespace: self.namespace.clone(),
            execution: execution(id),
        };
        let described = self.service.describe_workflow_execution(describe).await?;
        let info = described.into_inner().workflow_execution_info;
        let history = GetWorkflowExecutionHistoryRequest {
            namespace: self.namespace.clone(),
            execution: execution(id),
            ..Default::default()
        };
        let history = self.service.get_workflow_execution_history(history).await?;
        let reverse = GetWorkflowExecutionHistoryReverseRequest {
            namespace: self.namespace.clone(),
            execution: execution(id),
            ..Default::default()
        };
        let reverse = self
            .service
            .get_workflow_execution_history_reverse(reverse)
            .await?;
        let first = history
            .into_inner()
            .history
            .unwrap_or_default()
            .events
            .into_iter()
            .next();
        let last = reverse
            .into_inner()
            .history
            .unwrap_or_default()
            .events
            .pop();
        let started = [first, last].map(|event| match event.and_then(|it| it.attributes) {
            Some(Event::WorkflowExecutionStartedEventAttributes(it)) => {
                values(it.search_attributes)
            }
            other => panic!("a history begins with its start, not {other:?}"),
        });
        let [forwards, backwards] = started;
        let described = values(info.unwrap_or_default().search_attributes);
        Ok([described, forwards, backwards])
    }
}

/// The names and values of search attributes.
fn values(given: Option<SearchAttributes>) -> String {
    let fields = given.unwrap_or_default().indexed_fields.into_iter();
    let mut shown: Vec<_> = fields
        .map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(&value.data)))
        .collect();
    shown.sort();
    shown.join(" ")
}

async fn each_type_has_as_many_attributes_as_the_default_store(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    let mut names = Vec::new();
    for (value_type, most) in [
        (Type::Text, 3),
        (Type::Keyword, 10),
        (Type::Int, 3),
        (Type::Double, 3),
        (Type::Bool, 3),
        (Type::Datetime, 3),
        (Type::KeywordList, 3),
    ] {
        for number in 0..most {
            names.push((format!("{value_type:?}{number}"), value_type));
        }
    }
    let all: Vec<_> = names
        .iter()
        .map(|(name, value_type)| (&**name, *value_type))
        .collect();
    let numbers: Vec<_> = all
        .iter()
        .map(|(name, value_type)| (*name, i32::from(*value_type)))
        .collect();
    assert_eq!(case.add(&numbers).await, "OK");
    case.until_listed(&all).await;
    for (value_type, most) in [(Type::Text, 3), (Type::Keyword, 10), (Type::Bool, 3)] {
        assert_eq!(
            case.add(&[("OneMore", value_type.into())]).await,
            format!(
                "InvalidArgument: Unable to create search attributes: cannot have more than {most} search attribute of type {value_type:?}."
            )
        );
    }
    // One that is there is left as it is, whatever type is named.
    for named in [Type::Int, Type::Keyword, Type::Unspecified] {
        assert_eq!(case.add(&[("Int0", named.into())]).await, "OK");
    }
    // All are added, or none.
    assert_eq!(case.remove(&["Int0", "Nothing"]).await, "OK");
    let without: Vec<_> = all
        .iter()
        .copied()
        .filter(|(name, _)| *name != "Int0")
        .collect();
    case.until_listed(&without).await;
    assert_eq!(
        case.add(&[("New1", Type::Int.into()), ("New2", Type::Int.into())])
            .await,
        "InvalidArgument: Unable to create search attributes: cannot have more than 3 search attribute of type Int."
    );
    assert_eq!(case.add(&[("New1", Type::Int.into())]).await, "OK");
    let with: Vec<_> = without.into_iter().chain([("New1", Type::Int)]).collect();
    case.until_listed(&with).await;
    Ok(())
}

async fn names_of_the_server_are_reserved(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    for name in [
        "WorkflowId",
        "ExecutionStatus",
        "BuildIds",
        "BatcherUser",
        "TemporalChangeVersion",
        "TemporalScheduledById",
        "TemporalOfMine",
        "Temporal",
        "NamespaceId",
        "Memo",
        "MemoEncoding",
        "VisibilityTaskKey",
    ] {
        assert_eq!(
            case.add(&[("Mine", Type::Keyword.into()), (name, Type::Keyword.into())])
                .await,
            format!("InvalidArgument: Search attribute {name} is reserved by system.")
        );
    }
    for name in ["WorkflowId", "BuildIds", "TemporalScheduledById"] {
        assert_eq!(
            case.remove(&[name]).await,
            format!("InvalidArgument: Unable to remove non-custom search attributes: {name}.")
        );
    }
    // What filters can name in backticks only is a name, too.
    let long = "x".repeat(300);
    let names = [
        "temporalx",
        "ScheduleId",
        "Order",
        "a b",
        "1a",
        "a-b",
        "Gr\u{f6}\u{df}e",
        "'q",
        &*long,
        "Encoding",
    ];
    let attributes = names.map(|name| (name, Type::Keyword));
    let added = attributes.map(|(name, value_type)| (name, i32::from(value_type)));
    assert_eq!(case.add(&added).await, "OK");
    // One without a name is not added.
    assert_eq!(case.add(&[("", Type::Int.into())]).await, "OK");
    case.until_listed(&attributes).await;
    case.start(world, "named", &[("a b", "\"x\""), ("Order", "\"y\"")])
        .await;
    eventually("it is listed", || async {
        let listed = case.listed("`a b` = 'x' AND `Order` = 'y'").await.ok()?;
        (listed == ["named: Order=\"y\" a b=\"x\""]).then_some(())
    })
    .await;
    Ok(())
}

async fn a_request_for_no_attributes_is_refused(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    const NOTHING: &str = "InvalidArgument: SearchAttributes are not set on request.";
    assert_eq!(case.add(&[]).await, NOTHING);
    assert_eq!(case.remove(&[]).await, NOTHING);
    for unknown in [8, 99, -1] {
        assert_eq!(
            case.add(&[("Mine", unknown)]).await,
            format!("InvalidArgument: Unknown search attribute type: {unknown}.")
        );
    }
    assert_eq!(
        case.add(&[("Mine", Type::Unspecified.into())]).await,
        "InvalidArgument: Unable to create search attributes: cannot have more than 0 search attribute of type Unspecified."
    );
    assert_eq!(case.remove(&["Nothing"]).await, "OK");
    for (namespace, answer) in [
        ("", "InvalidArgument: Namespace is not set on request."),
        ("nowhere", "NotFound: Namespace nowhere is not found."),
    ] {
        case.namespace = namespace.to_owned();
        assert_eq!(case.add(&[("Mine", Type::Int.into())]).await, answer);
        assert_eq!(case.remove(&["Mine"]).await, answer);
        let request = ListSearchAttributesRequest {
            namespace: namespace.to_owned(),
        };
        let listed = case.operator.list_search_attributes(request).await;
        assert_eq!(ended(listed), answer);
    }
    Ok(())
}

async fn an_attribute_that_is_added_with_another_type_has_no_old_values(
    world: &World,
) -> Result<()> {
    let mut case = Case::new(world).await?;
    let before = [("Weight", Type::Int), ("Remark", Type::Text)];
    let after = [("Weight", Type::Double), ("Remark", Type::Keyword)];
    assert_eq!(
        case.add(&before.map(|(name, of)| (name, of.into()))).await,
        "OK"
    );
    case.until_listed(&before).await;
    case.start(world, "old", &[("Weight", "3"), ("Remark", "\"a\"")])
        .await;
    eventually("it is listed", || async {
        let listed = case.listed("Weight = 3 AND Remark = 'a'").await.ok()?;
        (listed == ["old: Remark=\"a\" Weight=3"]).then_some(())
    })
    .await;
    assert_eq!(case.remove(&["Weight", "Remark"]).await, "OK");
    case.until_listed(&[]).await;
    assert_eq!(
        case.add(&after.map(|(name, of)| (name, of.into()))).await,
        "OK"
    );
    case.until_listed(&after).await;
    case.start(world, "new", &[("Weight", "3"), ("Remark", "\"a\"")])
        .await;
    eventually("it is listed", || async {
        let listed = case.listed("Weight = 3 AND Remark = 'a'").await.ok()?;
        (listed == ["new: Remark=\"a\" Weight=3"]).then_some(())
    })
    .await;
    // The real server shows the old values by the names of its columns, such as `Int02`.
    let names_none = |shown: &str| !shown.contains("Weight") && !shown.contains("Remark");
    for filter in ["Weight IS NULL", "Remark IS NULL"] {
        let listed = case.listed(filter).await;
        let is_old = |it: &String| it.starts_with("old: ") && names_none(it);
        assert!(
            matches!(&listed, Ok(listed) if matches!(&**listed, [one] if is_old(one))),
            "{listed:?}"
        );
    }
    let shown = case.shown("old").await?;
    assert!(shown.iter().all(|it| names_none(it)), "{shown:?}");
    Ok(())
}

async fn values_of_a_removed_attribute_are_hidden(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    let [pages, color] = [("Pages", Type::Int), ("Color", Type::Keyword)];
    let added = [pages, color].map(|(name, value_type)| (name, i32::from(value_type)));
    assert_eq!(case.add(&added).await, "OK");
    case.until_listed(&[pages, color]).await;
    case.start(world, "book", &[("Pages", "3"), ("Color", "\"red\"")])
        .await;
    eventually("it is listed", || async {
        let listed = case.listed("Pages = 3").await.ok()?;
        (listed == ["book: Color=\"red\" Pages=3"]).then_some(())
    })
    .await;
    assert_eq!(case.shown("book").await?, ["Color=\"red\" Pages=3"; 3]);
    assert_eq!(case.remove(&["Pages"]).await, "OK");
    const UNKNOWN: &str = "InvalidArgument: invalid query: invalid search attribute: Pages";
    eventually("the filter is refused", || async {
        (case.listed("Pages = 3").await == Err(UNKNOWN.to_owned())).then_some(())
    })
    .await;
    assert_eq!(
        case.listed("Color = 'red'").await,
        Ok(vec!["book: Color=\"red\"".to_owned()])
    );
    assert_eq!(case.shown("book").await?, ["Color=\"red\""; 3]);
    let mut start = world.start_request();
    start.namespace.clone_from(&case.namespace);
    start.search_attributes = Some(search_attributes(&[("Pages", "4")]));
    assert_eq!(
        ended(case.service.start_workflow_execution(start).await),
        format!(
            "InvalidArgument: Namespace {} has no mapping defined for search attribute Pages",
            case.namespace
        )
    );
    // With another type it is another attribute.
    assert_eq!(case.add(&[("Pages", Type::Keyword.into())]).await, "OK");
    case.until_listed(&[("Pages", Type::Keyword), color]).await;
    case.start(world, "leaflet", &[("Pages", "\"two\"")]).await;
    eventually("it is listed", || async {
        let listed = case.listed("Pages = 'two'").await.ok()?;
        (listed == ["leaflet: Pages=\"two\""]).then_some(())
    })
    .await;
    assert_eq!(
        case.listed("Pages IS NULL").await,
        Ok(vec!["book: Color=\"red\"".to_owned()])
    );
    assert_eq!(case.shown("book").await?, ["Color=\"red\""; 3]);
    // The end of a workflow writes its row again.
    let terminate = TerminateWorkflowExecutionRequest {
        namespace: case.namespace.clone(),
        workflow_execution: Some(WorkflowExecution {
            workflow_id: "book".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    case.service.terminate_workflow_execution(terminate).await?;
    eventually("its end is listed", || async {
        let listed = case.listed("ExecutionStatus = 'Terminated'").await.ok()?;
        (listed == ["book: Color=\"red\""]).then_some(())
    })
    .await;
    Ok(())
}
