//! An activity that takes the context of a workflow.

use durably::prelude::*;

#[activity]
async fn greet(ctx: &Ctx, name: String) -> String {
    name + ctx.workflow_id()
}

fn main() {}
