//! Lists and descriptions where one thing cannot be decoded: the rest is shown, and that thing says why it is not.

use durably::{
    client::{Client, WorkflowStatus},
    codec::{Codecs, Encryption, Keys},
    error::Failure,
    prelude::*,
};
use durably_tests::{World, eventually, on_both_servers, unique};
use futures::TryStreamExt;

/// Reports, fails, and is tried again when nobody looks any more.
#[activity(start_to_close = "10s", heartbeat = "10s")]
async fn polish(ctx: &ActivityCtx) -> Result<()> {
    ctx.heartbeat("half of it");
    let error = AppError::new("Blunt", "no edge").details("the blade");
    Err(error.next_retry_delay(hours(1)).into())
}

#[derive(Default)]
struct Knife;

#[workflow(name = "knife")]
impl Knife {
    #[run]
    async fn run(&mut self, ctx: &Ctx, _owner: String) -> Result<()> {
        Ok(polish::call(ctx).await?)
    }
}

on_both_servers! {
    a_list_goes_past_a_memo_that_cannot_be_decoded
    a_description_shows_the_rest_of_what_cannot_be_decoded
    a_schedule_is_listed_and_described_and_not_updated_with_what_cannot_be_decoded
}

fn with_key(world: &World, id: &str, byte: u8) -> Client {
    let encryption = Encryption::aes256_gcm(Keys::new(id, [byte; 32]));
    let codecs = Codecs::new().codec(encryption).encode_failures();
    world.client.with_codecs(codecs)
}

/// Of a payload of key `k2`, for a client with `k1`.
const WHY: &str = "it is encrypted with key `k2`, which is not here; the keys are `k1`";

fn undecoded(payload: &str, of: &str) -> String {
    format!("codec `Encryption` cannot decode payload `{payload}`{of}: {WHY}")
}

async fn a_list_goes_past_a_memo_that_cannot_be_decoded(world: &World) -> Result<()> {
    let (ours, theirs) = (with_key(world, "k1", 1), with_key(world, "k2", 2));
    let mut ids = Vec::new();
    for client in [&ours, &theirs, &ours] {
        let id = unique("knife");
        Knife::start(client, "Bob")
            .id(&id)
            .task_queue(&world.queue)
            .memo("note", "sharp")
            .await?;
        ids.push(id);
    }
    let filter = format!("WorkflowId IN ('{}')", ids.join("', '"));
    let found = eventually("all in the list", || async {
        let found = ours.list(&*filter).try_collect::<Vec<_>>().await;
        let found = found.expect("the list has no fault");
        (found.len() == 3).then_some(found)
    })
    .await;
    for (index, workflow) in found.iter().enumerate() {
        assert_eq!(workflow.status, WorkflowStatus::Running);
        assert_eq!(workflow.workflow_type, "knife");
        let note = workflow.memo::<String>("note");
        if workflow.workflow_id == ids[1] {
            let payload = format!("executions[{index}].memo.fields[\"note\"][0]");
            let of = format!(" of workflow `{}`", ids[1]);
            assert_eq!(
                note.unwrap_err().to_string(),
                format!(
                    "cannot read memo `note` as `String`: {}",
                    undecoded(&payload, &of)
                )
            );
        } else {
            assert_eq!(note?, Some("sharp".to_owned()));
        }
    }
    for id in ids {
        world.client.handle(id).terminate("seen").await?;
    }
    Ok(())
}

async fn a_description_shows_the_rest_of_what_cannot_be_decoded(world: &World) -> Result<()> {
    let (ours, theirs) = (with_key(world, "k1", 1), with_key(world, "k2", 2));
    let worker = Worker::new(&theirs, &world.queue).workflow::<Knife>();
    let worker = worker.activity::<polish>().spawn().await?;
    let run = Knife::start(&theirs, "Bob")
        .task_queue(&world.queue)
        .memo("note", "sharp")
        .summary("to be polished")
        .await?;
    let of = format!(" of workflow `{}`", run.id());
    let found = eventually("the attempt to fail", || async {
        let described = ours.handle(run.id()).describe().await;
        let mut found = described.expect("it can be described");
        let activity = found.pending_activities.pop()?;
        activity.last_failure.is_some().then_some((found, activity))
    })
    .await;
    let (found, activity) = found;
    assert_eq!(found.status, WorkflowStatus::Running);
    assert_eq!(found.static_summary, None);
    let note = found.memo::<String>("note").unwrap_err().to_string();
    let payload = "workflow_execution_info.memo.fields[\"note\"][0]";
    assert_eq!(
        note,
        format!(
            "cannot read memo `note` as `String`: {}",
            undecoded(payload, &of)
        )
    );
    assert_eq!(activity.activity_type, "polish");
    let beat = activity.heartbeat::<String>().unwrap_err().to_string();
    assert_eq!(
        beat,
        format!(
            "cannot read the heartbeat of activity `polish` as `String`: {}",
            undecoded("pending_activities[0].heartbeat_details[0]", &of)
        )
    );
    let Some(Failure::App(failure)) = &activity.last_failure else {
        panic!("{activity:?}");
    };
    assert_eq!(failure.kind, "Blunt");
    let attributes = "pending_activities[0].last_failure.encoded_attributes[0]";
    assert_eq!(
        failure.message,
        format!("Encoded failure ({})", undecoded(attributes, &of))
    );
    let details = "pending_activities[0].last_failure.ApplicationFailureInfo.details[0]";
    assert_eq!(
        failure.detail::<String>(0).unwrap_err().to_string(),
        format!(
            "cannot read detail 0 of error `Blunt` as `String`: {}",
            undecoded(details, &of)
        )
    );
    let whole = theirs.handle(run.id()).describe().await?;
    assert_eq!(whole.memo::<String>("note")?, Some("sharp".to_owned()));
    let beat = whole.pending_activities[0].heartbeat::<String>()?;
    assert_eq!(beat, Some("half of it".to_owned()));
    run.terminate("seen").await?;
    worker.shutdown().await
}

async fn a_schedule_is_listed_and_described_and_not_updated_with_what_cannot_be_decoded(
    world: &World,
) -> Result<()> {
    let (ours, theirs) = (with_key(world, "k1", 1), with_key(world, "k2", 2));
    let id = unique("schedule");
    let schedule = Knife::schedule(&theirs, &id, "Bob")
        .every(days(300))
        .task_queue(&world.queue)
        .memo("note", "weekly")
        .await?;
    let listed = eventually("the schedule in the list", || async {
        let mut schedules = ours.schedules().matching(format!("ScheduleId = '{id}'"));
        schedules.next().await.expect("the list has no fault")
    })
    .await;
    assert_eq!((&*listed.id, &*listed.workflow_type), (&*id, "knife"));
    let note = listed.memo::<String>("note").unwrap_err().to_string();
    let prefix = "cannot read memo `note` as `String`: ";
    let payload = "schedules[0].memo.fields[\"note\"][0]";
    assert_eq!(note, format!("{prefix}{}", undecoded(payload, "")));
    let handle = ours.schedule(&id);
    let found = handle.describe().await?;
    assert!(!found.paused);
    let note = found.memo::<String>("note").unwrap_err().to_string();
    let payload = "memo.fields[\"note\"][0]";
    assert_eq!(note, format!("{prefix}{}", undecoded(payload, "")));
    let update = handle.update(|schedule| schedule.note = "changed".to_owned());
    let refused = update.await.unwrap_err().to_string();
    assert!(refused.ends_with(WHY), "{refused}");
    assert!(refused.contains("schedule.action."), "{refused}");
    let found = schedule.describe().await?;
    assert_eq!(found.note, "");
    assert_eq!(found.memo::<String>("note")?, Some("weekly".to_owned()));
    schedule.delete().await?;
    Ok(())
}
