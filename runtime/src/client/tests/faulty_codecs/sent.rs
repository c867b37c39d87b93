//! What a client sends.

use super::{alone, bad, fault, with_faulty};
use crate::{
    client::StartCall,
    client::tests::Account,
    data::EncodedArgs,
    definition::QueueSet,
    error::{
        AppError, AsyncActivityError, BatchError, CreateScheduleError, HandleError, QueryError,
        Result, RpcError, SignalError, StartError, UpdateError, UpdateWithStartError,
    },
    interceptor::{ClientInterceptor, Next, SignalRequest},
    time::span::hours,
    transport::faulty_codec::ACTS,
};

/// A filter of batches, which have none that matches everything.
const ALL: &str = "WorkflowType = 'Account'";

const BAD_TEXT: &str = "bad";

/// Sends what is bad as a header.
struct Heads;

impl ClientInterceptor for Heads {
    async fn signal(&self, mut request: SignalRequest, next: Next<SignalRequest>) -> Result<()> {
        request.headers.set("color", BAD_TEXT)?;
        next.run(request).await
    }
}

fn of_start(error: UpdateWithStartError) -> StartError {
    match error {
        UpdateWithStartError::Start(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nothing_is_sent_that_cannot_be_encoded() {
    for act in ACTS {
        let (fake, client, _) = with_faulty(act).await;
        let start = |argument: &str| {
            let start = client.start("Account", (argument,));
            start.id("acc-1").task_queue("accounts")
        };
        let account = client.handle("acc-1");
        let headed = client.with_interceptor(Heads);
        let headed = headed.handle("acc-1");
        let schedule = |argument: &str| {
            let schedule = client.create_schedule("nightly", "Account", (argument,));
            let schedule = schedule.every(hours(1)).task_queue("accounts");
            schedule.workflow_id("acc-1")
        };
        let by_token = client.activity_by_token(b"token".to_vec());
        let by_id = client.activity("acc-1", "print");
        let both =
            StartCall::<Account, QueueSet>::new(&client, EncodedArgs::from_payloads(vec![bad()]));
        let both = both.id("acc-1").task_queue("accounts");
        let both = both.with_update(|account| account.deposit());
        let error = || AppError::new("Kind", BAD_TEXT);
        let refused = [
            (fault!(start(BAD_TEXT), StartError), alone("input[0]")),
            (
                fault!(start("good").memo("color", BAD_TEXT), StartError),
                alone("memo.fields[\"color\"][0]").apart(),
            ),
            (
                fault!(start("good").summary(BAD_TEXT), StartError),
                alone("user_metadata.summary[0]").apart(),
            ),
            (
                fault!(start("good").details(BAD_TEXT), StartError),
                alone("user_metadata.details[0]").apart(),
            ),
            (
                fault!(start("good").with_signal("open", (BAD_TEXT,)), StartError),
                alone("signal_input[0]").apart(),
            ),
            (
                fault!(async { both.await.map_err(of_start) }, StartError),
                alone("operations[0].operation.StartWorkflow.input[0]"),
            ),
            (
                fault!(account.signal("open", (BAD_TEXT,)), SignalError),
                alone("input[0]"),
            ),
            (
                fault!(headed.signal("open", ()), SignalError),
                alone("header[\"color\"][0]"),
            ),
            (
                fault!(account.query::<u64>("balance", (BAD_TEXT,)), QueryError),
                alone("query.query_args[0]"),
            ),
            (
                fault!(account.update::<u64>("deposit", (BAD_TEXT,)), UpdateError),
                alone("request.input.args[0]"),
            ),
            (
                fault!(account.terminate("enough").details(BAD_TEXT), HandleError),
                alone("details[0]"),
            ),
            (
                fault!(schedule(BAD_TEXT), CreateScheduleError),
                alone("schedule.action.action.StartWorkflow.input[0]"),
            ),
            (
                fault!(
                    schedule("good").memo("color", BAD_TEXT),
                    CreateScheduleError
                ),
                alone("memo.fields[\"color\"][0]").of_namespace().apart(),
            ),
            (
                fault!(
                    schedule("good").workflow_memo("color", BAD_TEXT),
                    CreateScheduleError
                ),
                alone("schedule.action.action.StartWorkflow.memo.fields[\"color\"][0]")
                    .apart()
                    .in_schedule(),
            ),
            (
                fault!(
                    client.batch(ALL).signal("open", (BAD_TEXT,), "all"),
                    BatchError
                ),
                alone("operation.SignalOperation.input[0]").of_namespace(),
            ),
            (
                fault!(by_token.complete(BAD_TEXT), AsyncActivityError),
                alone("result[0]").of_namespace(),
            ),
            (
                fault!(by_token.fail(error()), AsyncActivityError),
                alone("failure.encoded_attributes[0]").of_namespace(),
            ),
            (
                fault!(by_token.report_cancelled(BAD_TEXT), AsyncActivityError),
                alone("details[0]").of_namespace(),
            ),
            (
                fault!(by_token.heartbeat(BAD_TEXT), AsyncActivityError),
                alone("details[0]").of_namespace(),
            ),
            (
                fault!(by_id.complete(BAD_TEXT), AsyncActivityError),
                alone("result[0]"),
            ),
            (
                fault!(by_id.fail(error().details("good")), AsyncActivityError),
                alone("failure.encoded_attributes[0]").together(),
            ),
            (
                fault!(by_id.report_cancelled(BAD_TEXT), AsyncActivityError),
                alone("details[0]"),
            ),
            (
                fault!(by_id.heartbeat(BAD_TEXT), AsyncActivityError),
                alone("details[0]"),
            ),
        ];
        let told = refused
            .each_ref()
            .map(|(_, payload)| payload.told(act, "encode"));
        assert_eq!(refused.map(|(message, _)| message), told);
        assert_eq!(fake.sent(), [""; 0], "{act:?}");
    }
}
