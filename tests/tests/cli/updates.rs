//! Updates, alone and with a start.

use durably::Result;
use durably_tests::cli::{Row, compare, row};

use super::{NONE, ZERO, carts};

/// The tables of this file.
pub(super) fn tables() -> Vec<Vec<Row>> {
    vec![updates()]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_sent_described_and_read() -> Result<()> {
    compare("an_update_is_sent_described_and_read", &updates(), carts).await
}

fn updates() -> Vec<Row> {
    vec![
        row("workflow start --type Cart -t $queue -w $name -i '\"tea\"'"),
        row("workflow update execute -w $name --name replace --update-id one -i '\"milk\"'"),
        row("workflow update execute -w $name --name replace --update-id one -i '\"milk\"'"),
        row("workflow update execute -w $name --name replace --update-id two -i '\"\"'"),
        row("workflow update execute -w $name --name refuse --update-id three"),
        row(
            "workflow update start -w $name --name replace --update-id four -i '\"rice\"' --wait-for-stage accepted",
        ),
        row("workflow update result -w $name --update-id four"),
        row("workflow update result -w $name --update-id three"),
        row("workflow update describe -w $name --update-id one"),
        row("workflow update describe -w $name --update-id three"),
        row("workflow update describe -w $name --update-id nothing"),
        row("workflow update execute -w $name --name nothing --update-id five"),
        row("workflow show -w $name").ignore(ZERO, NONE),
        row("workflow signal -w $name --name check_out"),
        row("workflow result -w $name"),
        row("workflow update execute -w $name --name replace --update-id six -i '\"late\"'"),
        row(
            "workflow update execute -w $name-nowhere --name replace --update-id one -i '\"milk\"'",
        ),
        row(
            "workflow start-update-with-start --type Cart -t $queue -w $name-new -i '\"tea\"' --update-name replace --update-id one --update-input '\"milk\"' --update-wait-for-stage accepted --id-conflict-policy UseExisting",
        ),
        row(
            "workflow execute-update-with-start --type Cart -t $queue -w $name-new -i '\"tea\"' --update-name replace --update-id two --update-input '\"rice\"' --id-conflict-policy UseExisting",
        ),
        row(
            "workflow execute-update-with-start --type Cart -t $queue -w $name-new -i '\"tea\"' --update-name replace --update-id three --update-input '\"rice\"' --id-conflict-policy Fail",
        ),
        row("workflow terminate -w $name-new"),
    ]
}
