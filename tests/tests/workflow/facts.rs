//! Facts about runs in code, descriptions and queries: retry policies, priorities, summaries, details, waiting places.

use durably::{
    error::{RpcError, StartError},
    prelude::*,
    worker::WorkerGuard,
};
use durably_proto::api::history::v1::history_event::Attributes;
use durably_tests::{World, eventually, history, on_both_servers, unique};
use serde_json::Value as Json;

fn line(priority: &Priority) -> String {
    let key = priority
        .key
        .map_or_else(|| "-".to_owned(), |key| key.to_string());
    let fairness = priority.fairness_key.as_deref().unwrap_or("-");
    let weight = priority.fairness_weight.unwrap_or_default();
    format!("{key} {fairness} {weight}")
}

#[activity(start_to_close = "10s", max_attempts = 3)]
async fn priority_of_attempt(ctx: &ActivityCtx) -> String {
    line(&ctx.info().priority)
}

#[activity(start_to_close = "10s")]
async fn retry_of_attempt(ctx: &ActivityCtx) -> String {
    let retry = ctx.info().retry.as_ref();
    let most = retry.map(|retry| retry.max_attempts);
    format!("{most:?} {}", ctx.info().is_local)
}

/// Facts that a run reads of itself.
#[durably::data]
#[derive(Clone, Debug, Default, PartialEq)]
struct Known {
    priority: String,
    retry: String,
    waited_for_its_task: bool,
    lengths: Vec<u32>,
    sizes_grow: bool,
    suggested: bool,
    reasons: usize,
}

#[derive(Default)]
struct Errand {
    known: Known,
    steps: u32,
}

#[workflow]
impl Errand {
    #[run]
    async fn run(&mut self, ctx: &Ctx, kind: String) -> Result<Vec<String>> {
        let own = line(&ctx.priority());
        match kind.as_str() {
            "priorities" => {
                let urgent = Priority::key(1).fairness_key("own").fairness_weight(3.0);
                let said = [
                    own,
                    priority_of_attempt::call(ctx).await?,
                    priority_of_attempt::call(ctx).priority(urgent).await?,
                    child(ctx, None).await?,
                    child(ctx, Some(Priority::key(4))).await?,
                ];
                Self::continue_as_new(said.join(", ")).into()
            }
            "own" => Ok(vec![own]),
            "wrong priority" => {
                let wrong = Priority::key(0).fairness_weight(-1.0);
                Ok(vec![priority_of_attempt::call(ctx).priority(wrong).await?])
            }
            "retries" => Ok(vec![
                retry_of_attempt::call(ctx)
                    .retry(Retry::attempts(4))
                    .await?,
                retry_of_attempt::call(ctx)
                    .retry(Retry::attempts(5))
                    .local()
                    .await?,
            ]),
            "known" => {
                self.known.retry = format!("{:?}", ctx.retry_policy());
                self.known.priority = own;
                self.known.waited_for_its_task = ctx.first_task_at() >= ctx.started_at() + secs(1);
                let mut size = 0;
                self.known.sizes_grow = true;
                for step in 1..4 {
                    ctx.wait_until(|| self.steps == step).await?;
                    self.known.lengths.push(ctx.history_length());
                    self.known.sizes_grow &= ctx.history_size() > size;
                    size = ctx.history_size();
                    self.known.suggested |= ctx.continue_as_new_suggested();
                    self.known.reasons += ctx.continue_as_new_reasons().len();
                }
                Ok(Vec::new())
            }
            "details" => {
                ctx.set_current_details("waits for a **step**");
                ctx.wait_until(|| self.steps == 1).await?;
                let said = ctx.current_details();
                ctx.set_current_details("");
                ctx.wait_until(|| self.steps == 2).await?;
                Ok(vec![said])
            }
            "summaries" => {
                ctx.sleep(millis(1)).summary("a nap").await?;
                let soon = millis(1);
                ctx.wait_until(|| false)
                    .timeout(soon)
                    .summary("a step")
                    .await?;
                priority_of_attempt::call(ctx).summary("a look").await?;
                let local = priority_of_attempt::call(ctx).local();
                local.summary("a glance").await?;
                ctx.side_effect(|| 1).summary("a number").await?;
                Ok(Vec::new())
            }
            "waits" => {
                ctx.spawn({
                    let ctx = ctx.clone();
                    async move { ctx.sleep(hours(2)).await }
                });
                ctx.sleep(hours(1)).summary("an hour").await?;
                Ok(Vec::new())
            }
            next => Ok(vec![next.to_owned(), own]),
        }
    }

    #[signal]
    fn step(&mut self) {
        self.steps += 1;
    }

    #[query]
    fn known(&self) -> Known {
        self.known.clone()
    }

    #[query]
    fn sets_details(&self, view: &View) -> String {
        view.current_details()
    }

    #[update]
    fn steps(&mut self) -> u32 {
        self.steps
    }
}

async fn child(ctx: &Ctx, priority: Option<Priority>) -> Result<String> {
    let call = Errand::child(ctx, "own").summary("an errand");
    let said = match priority {
        Some(priority) => call.priority(priority).await?,
        None => call.await?,
    };
    Ok(said.concat())
}

on_both_servers! {
    priorities_reach_activities_children_and_the_next_run
    an_activity_that_is_handed_out_eagerly_has_its_own_priority
    wrong_priorities_are_refused_with_words
    an_activity_knows_how_it_is_retried
    what_a_run_knows_of_itself_is_the_same_after_a_replay
    summaries_and_details_of_a_start_are_described
    summaries_of_what_code_calls_are_recorded
    current_details_are_those_that_the_code_set_last
    a_query_returns_the_places_where_a_run_waits
}

async fn priorities_reach_activities_children_and_the_next_run(world: &World) -> Result<()> {
    let worker = registered(world).max_eager_activities(0).spawn().await?;
    let start = Errand::start(&world.client, "priorities").task_queue(&world.queue);
    let acme = Priority::key(2).fairness_key("acme").fairness_weight(2.0);
    let errand = start.priority(acme.clone()).await?;
    assert_eq!(
        errand.result().await?,
        [
            "2 acme 2, 2 acme 2, 1 own 3, 2 acme 2, 4 acme 2",
            "2 acme 2"
        ]
    );
    assert_eq!(errand.describe().await?.priority, acme);
    worker.shutdown().await
}

async fn an_activity_that_is_handed_out_eagerly_has_its_own_priority(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let start = Errand::start(&world.client, "priorities").task_queue(&world.queue);
    let said = start.priority(Priority::key(2)).result().await?;
    assert_eq!(said[0], "2 - 0, - - 0, 1 own 3, 2 - 0, 4 - 0");
    worker.shutdown().await
}

async fn wrong_priorities_are_refused_with_words(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let start = |priority| {
        let start = Errand::start(&world.client, "own").task_queue(&world.queue);
        start.priority(priority)
    };
    for (priority, wrong) in [
        (
            Priority::key(0),
            "`priority.key` is 0, which would mean the default; the most urgent is 1",
        ),
        (
            Priority::default().fairness_key("k".repeat(65)),
            "`priority.fairness_key` has 65 bytes; servers take at most 64",
        ),
    ] {
        let Err(StartError::Rpc(RpcError::InvalidArgument { message })) = start(priority).await
        else {
            panic!("the start is refused");
        };
        assert_eq!(message, format!("options of workflow `Errand`: {wrong}"));
    }
    let wrong = Errand::start(&world.client, "wrong priority").task_queue(&world.queue);
    let wrong = wrong.await?;
    let text = eventually("the failed task", || async {
        let history = wrong.history().await.ok()?.to_string();
        history.contains("WorkflowTaskFailed").then_some(history)
    })
    .await;
    assert!(
        text.contains("`priority.fairness_weight` is -1; a share is greater than 0"),
        "{text}"
    );
    wrong.terminate("seen").await?;
    worker.shutdown().await
}

async fn an_activity_knows_how_it_is_retried(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let start = Errand::start(&world.client, "retries").task_queue(&world.queue);
    assert_eq!(start.result().await?, ["Some(4) false", "Some(5) true"]);
    worker.shutdown().await
}

async fn what_a_run_knows_of_itself_is_the_same_after_a_replay(world: &World) -> Result<()> {
    let first = worker(world).await?;
    let retry = Retry::attempts(2).initial_interval(secs(3)).not_for("Lost");
    let errand = Errand::start(&world.client, "known")
        .task_queue(&world.queue)
        .start_delay(secs(1))
        .retry(retry.clone())
        .priority(Priority::key(5))
        .await?;
    let steps_known = async |steps: usize| {
        eventually("the step", || async {
            let known = errand.known().await.ok()?;
            (known.lengths.len() == steps).then_some(known)
        })
        .await
    };
    steps_known(0).await;
    errand.step().await?;
    steps_known(1).await;
    errand.step().await?;
    let known = steps_known(2).await;
    // The server fills in what the start leaves to it.
    let recorded = retry.maximum_interval(secs(300)).backoff(2.0);
    assert_eq!(known.retry, format!("{:?}", Some(recorded)));
    assert_eq!(known.priority, "5 - 0");
    assert!(known.waited_for_its_task && known.sizes_grow, "{known:?}");
    assert!(known.lengths.is_sorted(), "{known:?}");
    assert_eq!((known.suggested, known.reasons), (false, 0));
    first.shutdown().await?;
    let second = worker(world).await?;
    assert_eq!(errand.known().await?, known);
    errand.step().await?;
    errand.result().await?;
    second.shutdown().await
}

async fn summaries_and_details_of_a_start_are_described(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let start = || {
        Errand::start(&world.client, "details")
            .id(unique("errand"))
            .task_queue(&world.queue)
            .priority(Priority::key(1))
            .summary("an errand")
            .details("to the *baker*")
    };
    let alone = start().await?;
    let signaled = start().with_signal(|errand| errand.step()).await?;
    let (updated, _) = start().with_update(|errand| errand.steps()).await?;
    for errand in [&alone, &signaled, &updated] {
        let described = errand.describe().await?;
        assert_eq!(described.static_summary.as_deref(), Some("an errand"));
        assert_eq!(described.static_details.as_deref(), Some("to the *baker*"));
        assert_eq!(described.priority, Priority::key(1));
        let events = history::events(&world.address(), errand.id(), "").await;
        let metadata = events[0].user_metadata.clone().unwrap_or_default();
        let summary = metadata.summary.unwrap_or_default();
        assert_eq!(summary.data, b"\"an errand\"");
        assert_eq!(summary.metadata["encoding"], b"json/plain");
        errand.terminate("seen").await?;
    }
    let plain = Errand::start(&world.client, "own")
        .task_queue(&world.queue)
        .await?;
    let described = plain.describe().await?;
    assert_eq!(
        (described.static_summary, described.static_details),
        (None, None)
    );
    assert_eq!(described.priority, Priority::default());
    worker.shutdown().await
}

async fn summaries_of_what_code_calls_are_recorded(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let errand = Errand::start(&world.client, "summaries").task_queue(&world.queue);
    let errand = errand.await?;
    errand.result().await?;
    let events = history::events(&world.address(), errand.id(), "").await;
    let summaries = events.iter().filter_map(|event| {
        let summary = event.user_metadata.as_ref()?.summary.as_ref()?;
        Some((
            event.event_type().as_str_name(),
            String::from_utf8_lossy(&summary.data).into_owned(),
        ))
    });
    let expected = [
        ("EVENT_TYPE_TIMER_STARTED", "\"a nap\""),
        ("EVENT_TYPE_TIMER_STARTED", "\"a step\""),
        ("EVENT_TYPE_ACTIVITY_TASK_SCHEDULED", "\"a look\""),
        ("EVENT_TYPE_MARKER_RECORDED", "\"a glance\""),
        ("EVENT_TYPE_MARKER_RECORDED", "\"a number\""),
    ]
    .map(|(event, text)| (event, text.to_owned()));
    assert_eq!(summaries.collect::<Vec<_>>(), expected);
    worker.shutdown().await
}

async fn current_details_are_those_that_the_code_set_last(world: &World) -> Result<()> {
    let first = worker(world).await?;
    let start = Errand::start(&world.client, "details").task_queue(&world.queue);
    let errand = start.await?;
    let described = errand.describe().await?;
    let waiting = "waits for a **step**";
    assert_eq!(described.current_details().await?, waiting);
    assert_eq!(errand.sets_details().await?, waiting);
    first.shutdown().await?;
    let second = worker(world).await?;
    assert_eq!(
        described.current_details().timeout(secs(20)).await?,
        waiting
    );
    errand.step().await?;
    eventually("the next details", || async {
        let details = described.current_details().await.ok()?;
        details.is_empty().then_some(())
    })
    .await;
    errand.step().await?;
    assert_eq!(errand.result().await?, [waiting]);
    // It is not recorded: the history has the signals, and nothing else of the run.
    let events = history::events(&world.address(), errand.id(), "").await;
    let is_upsert = |attributes: &Attributes| {
        matches!(
            attributes,
            Attributes::WorkflowPropertiesModifiedEventAttributes(_)
                | Attributes::MarkerRecordedEventAttributes(_)
        )
    };
    let upserts = events.iter().filter_map(|event| event.attributes.as_ref());
    assert_eq!(upserts.filter(|it| is_upsert(it)).count(), 0);
    second.shutdown().await
}

async fn a_query_returns_the_places_where_a_run_waits(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let start = Errand::start(&world.client, "waits").task_queue(&world.queue);
    let errand = start.await?;
    let query = errand.untyped().query::<Json>("__enhanced_stack_trace", ());
    let trace = query.await?;
    assert_eq!(trace["sdk"]["name"], "durably");
    let stacks = trace["stacks"].as_array().expect("a list of stacks");
    let locations = stacks.iter().map(|stack| &stack["locations"][0]);
    let locations: Vec<&Json> = locations.collect();
    let at = |what: &str| {
        let found = locations.iter().find(|it| it["functionName"] == what);
        *found.unwrap_or_else(|| panic!("{what} is in {trace}"))
    };
    let file = file!();
    let source = trace["sources"][file]["content"].as_str();
    let lines: Vec<&str> = source.expect("the source is here").lines().collect();
    for (what, code) in [
        ("`Errand`", "ctx.sleep(hours(1))"),
        ("sleep(3600s)", "ctx.sleep(hours(1))"),
        ("sleep(7200s)", "ctx.sleep(hours(2))"),
    ] {
        let location = at(what);
        assert_eq!(location["filePath"], file);
        let line = location["line"].as_u64().expect("a number");
        let line = usize::try_from(line).expect("a line");
        assert!(lines[line - 1].contains(code), "{what} at {line}");
    }
    let metadata = errand
        .untyped()
        .query::<Json>("__temporal_workflow_metadata", ());
    let metadata = metadata.await?.to_string();
    assert!(metadata.contains("__enhanced_stack_trace"), "{metadata}");
    errand.terminate("seen").await?;
    worker.shutdown().await
}

fn registered(world: &World) -> Worker {
    let worker = world.worker().workflow::<Errand>();
    let worker = worker.activity::<priority_of_attempt>();
    worker.activity::<retry_of_attempt>()
}

async fn worker(world: &World) -> Result<WorkerGuard> {
    registered(world).spawn().await
}
