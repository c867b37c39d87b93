//! Filters: generated queries find the same generated rows in both stores of the embedded server and on the real one.

mod queries;
mod rows;

use durably::prelude::*;
use durably_proto::api::{
    common::v1::WorkflowType,
    workflowservice::v1::{ListWorkflowExecutionsRequest, TerminateWorkflowExecutionRequest},
};
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{
        NAMESPACE, Service, add_search_attributes, complete, complete_workflow, ended, execution,
        fail_workflow, search_attributes, task_queue, terminate, workflow_task,
    },
    rng::Rng,
    unique,
};
use futures::{StreamExt as _, stream};

use self::rows::{End, Row};

const QUERIES: usize = 1000;

#[tokio::test(flavor = "multi_thread")]
async fn generated_queries_find_the_same_rows_in_every_store() -> Result<()> {
    let file = std::env::temp_dir().join(unique("filters"));
    let mut worlds = vec![World::embedded().await?, World::on_database(&file).await?];
    worlds.extend(World::real("generated_queries_find_the_same_rows_in_every_store").await?);
    let mut rng = Rng::new(20_261_130);
    let rows = rows::rows(&mut rng);
    // The same on all servers, so that answers need no translation.
    let workflow_type = unique("Filtered");
    for world in &worlds {
        enter(world, &workflow_type, &rows).await?;
    }
    let mut services = Vec::new();
    for world in &worlds {
        services.push(world.service().await?);
    }
    let queries: Vec<_> = (0..QUERIES).map(|_| queries::query(&mut rng)).collect();
    let answers = stream::iter(&queries).map(|query| {
        let lists = services
            .iter()
            .map(|service| listed(service.clone(), &workflow_type, query));
        async move { (query, futures::future::join_all(lists).await) }
    });
    let answers: Vec<_> = answers.buffer_unordered(8).collect().await;
    let (mut matches, mut refusals, mut differences) = (0, 0, Vec::new());
    for (query, answers) in &answers {
        let [memory, disk, real @ ..] = &answers[..] else {
            panic!("each server answers");
        };
        match memory {
            Ok(rows) => matches += rows.len(),
            Err(_) => refusals += 1,
        }
        if memory != disk || !real.iter().all(|real| is_same(memory, real)) {
            differences.push(format!(
                "{query}\n  memory: {memory:?}\n  disk:   {disk:?}\n  real:   {real:?}"
            ));
        }
    }
    assert!(
        differences.is_empty(),
        "{} differ\n{}",
        differences.len(),
        differences.join("\n")
    );
    // The queries are worth the comparison.
    assert!(
        matches > 3000 && refusals > 100,
        "{matches} matches, {refusals} refusals"
    );
    for world in worlds {
        end_open(&world, &workflow_type, &rows).await?;
        world.stop().await;
    }
    std::fs::remove_file(file).ok();
    Ok(())
}

type Answer = std::result::Result<Vec<String>, String>;

/// Our texts say where a query is malformed; those of the real server name types of its parser.
fn is_same(ours: &Answer, real: &Answer) -> bool {
    match (ours, real) {
        (Err(ours), Err(real)) => {
            let is_malformed = [
                "malformed SQL query",
                "sqlparser.",
                "incomplete expression",
                "column name on the right side",
            ]
            .into_iter()
            .any(|words| real.contains(words));
            ours == real || is_malformed && ours.starts_with("InvalidArgument: invalid query: ")
        }
        (ours, real) => ours == real,
    }
}

/// Starts the workflows of the rows and brings each to its end.
async fn enter(world: &World, workflow_type: &str, rows: &[Row]) -> Result<()> {
    add_search_attributes(world).await?;
    let mut service = world.service().await?;
    let queue = |end: End| format!("{workflow_type}-{end:?}");
    for row in rows {
        let fields: Vec<_> = row
            .fields
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        let mut start = world.start_request();
        start.workflow_id = format!("{workflow_type}/{}", row.name);
        start.workflow_type = Some(WorkflowType {
            name: workflow_type.to_owned(),
        });
        start.task_queue = task_queue(&queue(row.end));
        start.search_attributes = Some(search_attributes(&fields));
        service.start_workflow_execution(start).await?;
    }
    for row in rows {
        let commands = match row.end {
            End::Completes => vec![complete_workflow()],
            End::Fails => vec![fail_workflow()],
            End::Runs => Vec::new(),
            End::IsTerminated => {
                terminate(&mut service, &format!("{workflow_type}/{}", row.name)).await?;
                continue;
            }
            End::Waits => continue,
        };
        // All in one queue have the same end.
        let task = workflow_task(&mut service, &queue(row.end)).await?;
        complete(&mut service, &task, commands, vec![]).await?;
    }
    let closed = rows
        .iter()
        .filter(|row| !matches!(row.end, End::Runs | End::Waits))
        .count();
    eventually("all rows are listed", || {
        let service = service.clone();
        async move {
            let all = listed(service.clone(), workflow_type, "StartTime > 0")
                .await
                .ok()?;
            let listed_closed = listed(service, workflow_type, "CloseTime IS NOT NULL")
                .await
                .ok()?;
            (all.len() == rows.len() && listed_closed.len() == closed).then_some(())
        }
    })
    .await;
    Ok(())
}

/// Ends the workflows that are still open, so that a server that other tests use keeps none of them.
async fn end_open(world: &World, workflow_type: &str, rows: &[Row]) -> Result<()> {
    let mut service = world.service().await?;
    for row in rows {
        if let End::Runs | End::Waits = row.end {
            terminate(&mut service, &format!("{workflow_type}/{}", row.name)).await?;
        }
    }
    Ok(())
}

/// The rows of this type that match a filter, sorted.
async fn listed(mut service: Service, workflow_type: &str, filter: &str) -> Answer {
    let request = ListWorkflowExecutionsRequest {
        namespace: NAMESPACE.to_owned(),
        query: format!("WorkflowType = '{workflow_type}' AND ({filter})"),
        ..Default::default()
    };
    let listed = match service.list_workflow_executions(request).await {
        Ok(listed) => listed.into_inner().executions,
        Err(status) => return Err(ended::<()>(Err(status))),
    };
    let rows = listed.into_iter().filter_map(|info| info.execution);
    let mut rows: Vec<_> = rows
        .filter_map(|it| Some(it.workflow_id.split_once('/')?.1.to_owned()))
        .collect();
    rows.sort_unstable();
    Ok(rows)
}

on_both_servers! {
    what_the_real_store_finds_otherwise
}

/// The real server's SQLite compares times and beginnings as its texts are; the stores that are made for production
/// do not, and neither do ours.
async fn what_the_real_store_finds_otherwise(world: &World) -> Result<()> {
    add_search_attributes(world).await?;
    let mut service = world.service().await?;
    let workflow_type = unique("Odd");
    let fields = [
        ("DurablyKeyword", "\"Tea\""),
        ("DurablyText", "\"caf\u{e9}\""),
        ("DurablyDatetime", "\"2026-03-01T12:30:00Z\""),
        ("DurablyKeywordList", "[\"a\\\"b\", \"\"]"),
    ];
    let mut start = world.start_request();
    start.workflow_type = Some(WorkflowType {
        name: workflow_type.clone(),
    });
    start.workflow_id = format!("{workflow_type}/it");
    start.search_attributes = Some(search_attributes(&fields));
    service.start_workflow_execution(start).await?;
    eventually("it is listed", || {
        let (service, workflow_type) = (service.clone(), &workflow_type);
        async move {
            let listed = listed(service, workflow_type, "StartTime > 0").await.ok()?;
            (listed == ["it"]).then_some(())
        }
    })
    .await;
    let found = || Ok(vec!["it".to_owned()]);
    let nothing = || Ok(Vec::new());
    let failed = Err(
        "Unavailable: ListWorkflowExecutions operation failed.: SQL logic error: unterminated string (1)"
            .to_owned(),
    );
    for (filter, ours, real) in [
        ("DurablyKeyword STARTS_WITH 'tea'", nothing(), found()),
        ("DurablyKeyword = 'tea'", nothing(), nothing()),
        ("DurablyText = 'cafe'", nothing(), found()),
        (
            "DurablyDatetime = '2026-03-01T12:30:00Z'",
            found(),
            nothing(),
        ),
        (
            "DurablyDatetime >= '2026-03-01T12:30:00Z'",
            found(),
            found(),
        ),
        (
            "DurablyDatetime > '2026-03-01T12:30:00Z'",
            nothing(),
            found(),
        ),
        ("DurablyKeywordList = ''", found(), nothing()),
        (r#"DurablyKeywordList = 'a"b'"#, found(), failed),
    ] {
        let expected = match world.is_ours() {
            true => ours,
            false => real,
        };
        let answer = listed(service.clone(), &workflow_type, filter).await;
        assert_eq!(answer, expected, "{filter}");
    }
    let terminate = TerminateWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: execution(&format!("{workflow_type}/it")),
        ..Default::default()
    };
    service.terminate_workflow_execution(terminate).await?;
    Ok(())
}
