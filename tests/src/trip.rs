//! A saga whose steps and compensations run on another worker than its code.

use durably::prelude::*;

/// Books `steps` seats at a desk, finds no bed, and gives the seats back.
#[derive(Default)]
pub struct Trip;

#[workflow]
impl Trip {
    /// `desk` is the task queue of the activities `book` and `give_back`.
    #[run]
    pub async fn run(&mut self, ctx: &Ctx, desk: String, steps: u32) -> Result<()> {
        let mut saga = Saga::new();
        for step in 0..steps {
            let book = ctx.activity("book", (step,)).task_queue(&desk);
            let seat: u32 = book.start_to_close(mins(1)).await?;
            let give_back = ctx.activity::<()>("give_back", (seat,)).task_queue(&desk);
            saga.undo(give_back.start_to_close(mins(1)));
        }
        let errors = saga.compensate().await;
        Err(AppError::new("SoldOut", format!("{} errors", errors.len()))
            .non_retryable()
            .into())
    }
}
