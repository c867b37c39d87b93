//! Search attributes and memos: set on starts, changed by workflows, read back, found by filters.

use durably::{
    Time,
    client::WorkflowStatus,
    error::{RpcError, StartError},
    prelude::*,
    search::{Keyword, KeywordList, SearchKey, Text},
    worker::WorkerGuard,
};
use durably_tests::{
    World, eventually, on_both_servers, raw::add_search_attributes, told::Told, unique,
};

const CUSTOMER: SearchKey<Keyword> = SearchKey::new("DurablyKeyword");
const NOTE: SearchKey<Text> = SearchKey::new("DurablyText");
const ITEMS: SearchKey<KeywordList> = SearchKey::new("DurablyKeywordList");
const COUNT: SearchKey<i64> = SearchKey::new("DurablyInt");
const AMOUNT: SearchKey<f64> = SearchKey::new("DurablyDouble");
const PAID: SearchKey<bool> = SearchKey::new("DurablyBool");
const DUE: SearchKey<Time> = SearchKey::new("DurablyDatetime");

/// What `Order` is searched by.
#[durably::data]
#[derive(Clone, Debug, Default, PartialEq)]
struct Facts {
    customer: Option<String>,
    items: Option<Vec<String>>,
    count: Option<i64>,
    amount: Option<f64>,
    paid: Option<bool>,
    due_seconds: Option<i64>,
    note: Option<String>,
    memo: Option<u32>,
}

fn facts(view: &View) -> Result<Facts> {
    Ok(Facts {
        customer: view.search(CUSTOMER)?,
        items: view.search(ITEMS)?,
        count: view.search(COUNT)?,
        amount: view.search(AMOUNT)?,
        paid: view.search(PAID)?,
        due_seconds: view.search(DUE)?.map(Time::unix_seconds),
        note: view.search(NOTE)?,
        memo: view.memo("page")?,
    })
}

#[derive(Default)]
struct Order {
    next: Option<String>,
}

#[workflow]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, runs: u32) -> Result<Facts> {
        if runs == 0 {
            return facts(ctx);
        }
        ctx.wait_until(|| self.next.is_some()).await?;
        match self.next.take().as_deref() {
            Some("continue") => Self::continue_as_new(runs - 1).into(),
            Some("replace") => Self::continue_as_new(runs - 1)
                .search(COUNT, 9)
                .memo("page", 9)
                .into(),
            _ => facts(ctx),
        }
    }

    #[update]
    fn assign(&mut self, ctx: &Ctx, customer: String) -> Result<Facts> {
        ctx.upsert([CUSTOMER.set(customer), COUNT.set(2), AMOUNT.unset()])?;
        ctx.upsert(ITEMS.set(["tea", "cup"]))?;
        ctx.upsert_memo("page", 7)?;
        ctx.upsert_memo("draft", None::<String>)?;
        facts(ctx)
    }

    #[update]
    fn refuse(&mut self, ctx: &Ctx) -> Result<()> {
        Ok(ctx.upsert([COUNT.set(3), AMOUNT.set(f64::NAN)])?)
    }

    #[query]
    fn facts(&self, view: &View) -> Result<Facts> {
        facts(view)
    }

    #[signal]
    fn end(&mut self, how: String) {
        self.next = Some(how);
    }
}

/// Upserts an attribute that no server has.
#[derive(Default)]
struct Stamped;

#[workflow(name = "Stamp")]
impl Stamped {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        ctx.upsert(SearchKey::<Keyword>::new("NobodyRegisteredThis").set("x"))?;
        Ok("stamped".to_owned())
    }
}

/// The same workflow after the code was corrected.
#[derive(Default)]
struct Corrected;

#[workflow(name = "Stamp")]
impl Corrected {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        ctx.upsert(CUSTOMER.set("c-1"))?;
        Ok("corrected".to_owned())
    }
}

/// Sets attributes of its child.
#[derive(Default)]
struct Shop;

#[workflow]
impl Shop {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String, id: String) -> Result<Facts> {
        let order = Order::child(ctx, 0).id(&id);
        let order = match case.as_str() {
            "set" => order
                .search(CUSTOMER, &id)
                .search(ITEMS, ["tea", "cup"])
                .search(COUNT, 4)
                .memo("page", 5),
            "unregistered" => order.search(SearchKey::<Keyword>::new("NobodyRegisteredThis"), "x"),
            "of another type" => order.search(SearchKey::<i64>::new("DurablyKeyword"), 7),
            other => bail!("no case {other}"),
        };
        Ok(order.await?)
    }
}

async fn worker(world: &World) -> Result<WorkerGuard> {
    add_search_attributes(world).await?;
    let worker = world.worker().workflow::<Order>();
    worker.workflow::<Shop>().spawn().await
}

fn due() -> Time {
    Time::UNIX_EPOCH + secs(1_700_000_000)
}

async fn start(world: &World, customer: &str) -> Result<Handle<Order>> {
    let start = Order::start(&world.client, 2)
        .task_queue(&world.queue)
        .search(CUSTOMER, customer)
        .search(NOTE, "handle with care")
        .search(ITEMS, ["tea"])
        .search(COUNT, 1)
        .search(AMOUNT, 4.5)
        .search(PAID, false)
        .search(DUE, due())
        .memo("page", 1)
        .memo("draft", "yes");
    Ok(start.await?)
}

fn started(customer: &str) -> Facts {
    Facts {
        customer: Some(customer.to_owned()),
        items: Some(vec!["tea".to_owned()]),
        count: Some(1),
        amount: Some(4.5),
        paid: Some(false),
        due_seconds: Some(1_700_000_000),
        note: Some("handle with care".to_owned()),
        memo: Some(1),
    }
}

fn assigned(customer: &str) -> Facts {
    Facts {
        items: Some(vec!["tea".to_owned(), "cup".to_owned()]),
        count: Some(2),
        amount: None,
        memo: Some(7),
        ..started(customer)
    }
}

async fn described(order: &Handle<Order>) -> Result<Facts> {
    let info = order.describe().await?;
    Ok(Facts {
        customer: info.search(CUSTOMER)?,
        items: info.search(ITEMS)?,
        count: info.search(COUNT)?,
        amount: info.search(AMOUNT)?,
        paid: info.search(PAID)?,
        due_seconds: info.search(DUE)?.map(Time::unix_seconds),
        note: info.search(NOTE)?,
        memo: info.memo("page")?,
    })
}

on_both_servers! {
    what_a_start_sets_is_read_in_the_workflow_and_in_its_description
    what_goes_with_a_signal_or_an_update_is_set_by_the_start
    a_workflow_changes_and_removes_search_attributes_and_memos
    the_next_run_takes_over_what_is_set_unless_it_is_replaced
    filters_of_keys_find_runs_whatever_is_in_their_values
    a_change_that_cannot_be_written_changes_nothing
    an_attribute_that_is_not_registered_is_an_error_of_the_start
    an_attribute_of_another_type_is_an_error_that_names_both
    an_upsert_of_an_unregistered_attribute_fails_the_task_until_the_code_changes
    what_a_parent_sets_is_read_in_the_child_and_finds_it
    a_wrong_attribute_of_a_child_fails_the_task
}

async fn what_a_start_sets_is_read_in_the_workflow_and_in_its_description(
    world: &World,
) -> Result<()> {
    let worker = worker(world).await?;
    let order = start(world, "c-1").await?;
    assert_eq!(order.facts().await?, started("c-1"));
    assert_eq!(described(&order).await?, started("c-1"));
    order.terminate("seen").await?;
    worker.shutdown().await
}

async fn what_goes_with_a_signal_or_an_update_is_set_by_the_start(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let start = || {
        let start = Order::start(&world.client, 0).id(unique("order"));
        let start = start.task_queue(&world.queue).search(CUSTOMER, "c-1");
        start.search(ITEMS, ["tea"]).memo("page", 1)
    };
    let signaled = start().with_signal(|order| order.end("now")).await?;
    let updated = Order::start(&world.client, 2)
        .id(unique("order"))
        .task_queue(&world.queue)
        .search(COUNT, 1)
        .search(AMOUNT, 4.5)
        .with_update(|order| order.assign("c-2"));
    let (updated, assigned) = updated.await?;
    let expected = Facts {
        customer: Some("c-1".to_owned()),
        items: Some(vec!["tea".to_owned()]),
        memo: Some(1),
        ..Facts::default()
    };
    assert_eq!(signaled.result().await?, expected);
    assert_eq!(described(&signaled).await?, expected);
    let assigned = assigned.result().await?;
    assert_eq!(
        (assigned.customer.as_deref(), assigned.count),
        (Some("c-2"), Some(2))
    );
    assert_eq!(assigned.amount, None);
    updated.terminate("seen").await?;
    worker.shutdown().await
}

async fn a_workflow_changes_and_removes_search_attributes_and_memos(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let order = start(world, "c-1").await?;
    assert_eq!(order.assign("c-2").await?, assigned("c-2"));
    assert_eq!(described(&order).await?, assigned("c-2"));
    assert_eq!(order.describe().await?.memo::<String>("draft")?, None);
    let history = order.history().await?.to_string();
    let count = |event: &str| history.matches(event).count();
    assert_eq!(count("UpsertWorkflowSearchAttributes"), 2, "{history}");
    assert_eq!(count("WorkflowPropertiesModified"), 2, "{history}");
    // Another worker replays them.
    worker.shutdown().await?;
    let worker = self::worker(world).await?;
    assert_eq!(order.facts().await?, assigned("c-2"));
    order.end("now").await?;
    assert_eq!(order.result().await?, assigned("c-2"));
    worker.shutdown().await
}

async fn the_next_run_takes_over_what_is_set_unless_it_is_replaced(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let order = start(world, "c-1").await?;
    order.assign("c-2").await?;
    order.end("continue").await?;
    let second = Order::handle(&world.client, order.id());
    let customer = eventually("the next run", || async {
        let info = second.describe().await.ok()?;
        (info.run_id != order.run_id()?).then_some(())?;
        second.facts().await.ok()
    });
    assert_eq!(customer.await, assigned("c-2"));
    second.end("replace").await?;
    let last = Facts {
        count: Some(9),
        memo: Some(9),
        ..Facts::default()
    };
    assert_eq!(order.result().await?, last);
    worker.shutdown().await
}

async fn filters_of_keys_find_runs_whatever_is_in_their_values(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let id = unique("c");
    let mut customers = [
        format!("{id}O'Hara"),
        format!("{id}`ticks` % _"),
        format!("{id}(a OR b) --"),
        format!("{id}äöü 東京"),
    ];
    // A real server with an SQL database does not find these, however they are quoted.
    if world.is_ours() {
        customers[2] = format!(r#"{id}"quoted" back\slash"#);
    }
    let mut orders = Vec::new();
    for customer in &customers {
        orders.push(start(world, customer).await?);
    }
    for (customer, order) in customers.iter().zip(&orders) {
        let found = eventually("the run to be listed", || async {
            let mut list = world.client.list(CUSTOMER.eq(customer));
            list.next().await.expect("the filter is valid")
        });
        let found = found.await;
        assert_eq!(found.workflow_id, order.id(), "{customer}");
        assert_eq!(found.search(CUSTOMER)?.as_ref(), Some(customer));
        assert_eq!(found.search(AMOUNT)?, Some(4.5));
    }
    let all = || CUSTOMER.starts_with(&id);
    let count = async |filter| Ok::<_, Error>(world.client.count(filter).await?);
    assert_eq!(count(all()).await?, 4);
    assert_eq!(count(all().and(WorkflowStatus::Running)).await?, 4);
    assert_eq!(count(all().and(COUNT.ge(1)).and(AMOUNT.lt(4.6))).await?, 4);
    assert_eq!(count(all().and(COUNT.gt(1).or(AMOUNT.gt(4.6)))).await?, 0);
    // A real server with an SQL database compares times as texts: `<=` and `=` do not match the same time.
    let unpaid = all().and(PAID.eq(false));
    assert_eq!(count(unpaid.and(DUE.lt(due() + secs(1)))).await?, 4);
    assert_eq!(count(all().and(DUE.ge(due()))).await?, 4);
    assert_eq!(count(all().and(DUE.gt(due() + secs(1)))).await?, 0);
    assert_eq!(
        count(all().and(ITEMS.contains("tea")).and(NOTE.eq("care"))).await?,
        4
    );
    assert_eq!(count(all().and(CUSTOMER.is_in(&customers[..2]))).await?, 2);
    assert_eq!(count(all().and(CUSTOMER.is_in([""; 0]))).await?, 0);
    assert_eq!(count(all().and(CUSTOMER.ne(&customers[0]))).await?, 3);
    assert_eq!(count(all().and(PAID.is_unset())).await?, 0);
    assert_eq!(count(all().and("WorkflowType = 'Order'")).await?, 4);
    let mut two = world.client.list(all()).limit(2);
    let mut listed = 0;
    while two.next().await?.is_some() {
        listed += 1;
    }
    assert_eq!(listed, 2);
    for order in orders {
        order.terminate("seen").await?;
    }
    worker.shutdown().await
}

async fn a_change_that_cannot_be_written_changes_nothing(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let order = start(world, "c-1").await?;
    let error = order.refuse().await.unwrap_err();
    let app = error.app().expect("the handler returned it");
    assert_eq!(
        app.message,
        "cannot write search attribute `DurablyDouble` (`f64`): it is NaN, which JSON cannot hold"
    );
    assert_eq!(order.facts().await?, started("c-1"));
    order.terminate("seen").await?;
    worker.shutdown().await
}

async fn an_attribute_that_is_not_registered_is_an_error_of_the_start(world: &World) -> Result<()> {
    let unknown = SearchKey::<Keyword>::new("NobodyRegisteredThis");
    let start = Order::start(&world.client, 0).task_queue(&world.queue);
    let error = start.search(unknown, "x").await.unwrap_err();
    assert!(
        matches!(&error, StartError::Rpc(RpcError::InvalidArgument { message }) if message.contains("NobodyRegisteredThis")),
        "{error:?}"
    );
    Ok(())
}

async fn an_attribute_of_another_type_is_an_error_that_names_both(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let order = start(world, "c-1").await?;
    let number = SearchKey::<i64>::new("DurablyKeyword");
    let info = order.describe().await?;
    assert_eq!(
        info.search(number.clone()).unwrap_err().to_string(),
        "cannot read search attribute `DurablyKeyword` as `i64`: it is of the type `Keyword`, not `Int`"
    );
    let start = Order::start(&world.client, 0).task_queue(&world.queue);
    let error = start.search(number, 7).await.unwrap_err();
    order.terminate("seen").await?;
    worker.shutdown().await?;
    // A number passes for a keyword on no server.
    assert!(
        matches!(error, StartError::Rpc(RpcError::InvalidArgument { .. })),
        "{error:?}"
    );
    Ok(())
}

async fn an_upsert_of_an_unregistered_attribute_fails_the_task_until_the_code_changes(
    world: &World,
) -> Result<()> {
    add_search_attributes(world).await?;
    Told::listen();
    let worker = world.worker().workflow::<Stamped>().spawn().await?;
    let stamp = Stamped::start(&world.client)
        .id(unique("stamp"))
        .task_queue(&world.queue)
        .await?;
    let failed = eventually("the workflow task fails", || async {
        let history = stamp.history().await.ok()?.to_string();
        history.contains("WorkflowTaskFailed").then_some(history)
    });
    let failed = failed.await;
    assert!(failed.contains("BadSearchAttributes"), "{failed}");
    assert!(failed.contains("NobodyRegisteredThis"), "{failed}");
    assert!(
        !failed.contains("UpsertWorkflowSearchAttributes"),
        "{failed}"
    );
    // The worker's log has the command that registers it.
    let command = "`temporal operator search-attribute create --namespace default --name NobodyRegisteredThis --type \
                   Keyword` registers it";
    let logged = eventually("the worker logs it", || async {
        let warnings = Told::warnings(stamp.id());
        (!warnings.is_empty()).then_some(warnings)
    });
    let logged = logged.await;
    assert!(logged[0].contains(command), "{logged:#?}");
    worker.shutdown().await?;
    let worker = world.worker().workflow::<Corrected>().spawn().await?;
    assert_eq!(stamp.result().await?, "corrected");
    let info = stamp.describe().await?;
    assert_eq!(info.search(CUSTOMER)?.as_deref(), Some("c-1"));
    worker.shutdown().await
}

async fn what_a_parent_sets_is_read_in_the_child_and_finds_it(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let id = unique("order");
    let start = Shop::start(&world.client, "set", &id).task_queue(&world.queue);
    let expected = Facts {
        customer: Some(id.clone()),
        items: Some(vec!["tea".to_owned(), "cup".to_owned()]),
        count: Some(4),
        memo: Some(5),
        ..Facts::default()
    };
    assert_eq!(start.result().await?, expected);
    let found = eventually("the child to be listed", || async {
        let mut list = world.client.list(CUSTOMER.eq(&id).and(COUNT.eq(4)));
        list.next().await.expect("the filter is valid")
    });
    let found = found.await;
    assert_eq!(found.workflow_id, id);
    assert_eq!(found.search(CUSTOMER)?, Some(id));
    worker.shutdown().await
}

async fn a_wrong_attribute_of_a_child_fails_the_task(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    for (case, attribute) in [
        ("unregistered", "NobodyRegisteredThis"),
        ("of another type", "DurablyKeyword"),
    ] {
        let shop = Shop::start(&world.client, case, unique("order"))
            .id(unique("shop"))
            .task_queue(&world.queue)
            .await?;
        let failed = eventually("the workflow task fails", || async {
            let history = shop.history().await.ok()?.to_string();
            history.contains("WorkflowTaskFailed").then_some(history)
        });
        let failed = failed.await;
        assert!(failed.contains("BadSearchAttributes"), "{case}: {failed}");
        assert!(failed.contains(attribute), "{case}: {failed}");
        assert!(
            !failed.contains("StartChildWorkflowExecutionInitiated"),
            "{case}: {failed}"
        );
        shop.terminate("seen").await?;
    }
    worker.shutdown().await
}
