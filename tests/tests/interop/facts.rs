//! Search attributes, priorities, summaries and details of one SDK, read by the other.

use std::process::{Command, Stdio};

use durably::{
    Time,
    prelude::*,
    search::{Keyword, KeywordList, SearchKey, Text},
};
use durably_tests::{
    World, eventually, on_both_servers,
    process::{output, python},
    raw, unique,
};
use serde_json::{Value as Json, json};

const CUSTOMER: SearchKey<Keyword> = SearchKey::new("DurablyKeyword");
const NOTE: SearchKey<Text> = SearchKey::new("DurablyText");
const ITEMS: SearchKey<KeywordList> = SearchKey::new("DurablyKeywordList");
const COUNT: SearchKey<i64> = SearchKey::new("DurablyInt");
const AMOUNT: SearchKey<f64> = SearchKey::new("DurablyDouble");
const PAID: SearchKey<bool> = SearchKey::new("DurablyBool");
const DUE: SearchKey<Time> = SearchKey::new("DurablyDatetime");

/// Noon and a half of the first of March 2026.
const DUE_SECONDS: u64 = 1_772_368_200;

fn due() -> Time {
    Time::UNIX_EPOCH + secs(DUE_SECONDS)
}

/// Says what it reads of its start, sets attributes and details, and waits.
#[derive(Default)]
struct Noted {
    read: Vec<String>,
    done: bool,
}

#[workflow]
impl Noted {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        let priority = ctx.priority();
        self.read = vec![
            format!("{:?} {:?}", ctx.search(CUSTOMER)?, ctx.search(NOTE)?),
            format!("{:?} {:?}", ctx.search(ITEMS)?, ctx.search(COUNT)?),
            format!("{:?} {:?}", ctx.search(AMOUNT)?, ctx.search(PAID)?),
            format!("{:?}", ctx.search(DUE)? == Some(due())),
            format!("{:?} {:?}", priority.key, priority.fairness_key),
            format!("{:?}", priority.fairness_weight),
        ];
        ctx.upsert([CUSTOMER.set("c-2"), NOTE.unset(), COUNT.set(7)])?;
        ctx.set_current_details("waits for *them*");
        ctx.wait_until(|| self.done).await?;
        Ok(())
    }

    #[query]
    fn read(&self) -> Vec<String> {
        self.read.clone()
    }
}

on_both_servers! {
    python_reads_what_we_set_and_we_what_python_sets
    our_code_reads_what_a_python_client_sets
}

fn script(world: &World) -> Option<Command> {
    let mut command = python("facts.py")?;
    command.args([&world.address(), &world.queue]);
    Some(command)
}

async fn python_reads_what_we_set_and_we_what_python_sets(world: &World) -> Result<()> {
    let Some(mut worker) = script(world) else {
        return Ok(());
    };
    raw::add_search_attributes(world).await?;
    let mut worker = worker.stdin(Stdio::piped()).spawn()?;
    let start = world.client.start("Described", ());
    let priority = Priority::key(2).fairness_key("acme").fairness_weight(2.0);
    let described = start
        .task_queue(&world.queue)
        .search(CUSTOMER, "c-1")
        .search(NOTE, "handle with care")
        .search(ITEMS, ["tea", "cup"])
        .search(COUNT, 3)
        .search(AMOUNT, 4.5)
        .search(PAID, false)
        .search(DUE, due())
        .priority(priority.clone())
        .summary("from Rust")
        .details("by a *client*")
        .await?;
    let info = eventually("the attributes that Python sets", || async {
        let info = described.describe().await.ok()?;
        (info.search(COUNT).ok()? == Some(9)).then_some(info)
    })
    .await;
    assert_eq!(info.search(CUSTOMER)?.as_deref(), Some("c-9"));
    assert_eq!(info.search(NOTE)?, None);
    assert_eq!(info.search(ITEMS)?, Some(vec!["pen".into(), "ink".into()]));
    assert_eq!(info.search(AMOUNT)?, Some(0.25));
    assert_eq!(info.search(PAID)?, Some(true));
    assert_eq!(info.search(DUE)?, Some(due()));
    assert_eq!(info.priority, priority);
    assert_eq!(info.static_summary.as_deref(), Some("from Rust"));
    assert_eq!(info.current_details().await?, "waits for **you**");
    described.signal("end", ()).await?;
    let seen: Vec<String> = described.result().await?;
    assert_eq!(
        seen,
        [
            "c-1",
            "handle with care",
            "['tea', 'cup']",
            "3",
            "4.5",
            "False",
            &DUE_SECONDS.to_string(),
            "2 acme 2.0",
        ]
    );
    drop(worker.stdin.take());
    worker.wait()?;
    Ok(())
}

async fn our_code_reads_what_a_python_client_sets(world: &World) -> Result<()> {
    let (Some(mut starts), Some(mut reads)) = (script(world), script(world)) else {
        return Ok(());
    };
    raw::add_search_attributes(world).await?;
    let worker = world.worker().workflow::<Noted>().spawn().await?;
    let id = unique("noted");
    starts.args([&id, "Noted"]);
    output(starts).await;
    let noted = Noted::handle(&world.client, &id);
    assert_eq!(
        noted.read().await?,
        [
            r#"Some("c-1") Some("some words")"#,
            r#"Some(["tea"]) Some(3)"#,
            "Some(4.5) Some(false)",
            "true",
            r#"Some(4) Some("py")"#,
            "Some(0.5)",
        ]
    );
    let info = noted.describe().await?;
    assert_eq!(info.static_summary.as_deref(), Some("from Python"));
    assert_eq!(info.static_details.as_deref(), Some("by a *client*"));
    reads.arg(&id);
    let read: Json = serde_json::from_str(&output(reads).await).expect("it prints JSON");
    let due = DUE_SECONDS.to_string();
    assert_eq!(
        read,
        json!({
            "attributes": ["c-2", "None", "['tea']", "7", "4.5", "False", due],
            "summary": "from Python",
            "details": "by a *client*",
            "current_details": "waits for *them*",
            "waits_in": format!("{} `Noted`", file!()),
            "has_source": true,
        })
    );
    noted.terminate("seen").await?;
    worker.shutdown().await
}
