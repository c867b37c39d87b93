//! Activities on a generic type.
use bench_mistakes::*;

pub struct Shop<T> {
    pub pool: T,
}

#[activities]
impl<T: Send + Sync + 'static> Shop<T> {
    #[activity]
    pub async fn save(
        self: Arc<Self>,
        _ctx: ActivityContext,
        row: String,
    ) -> Result<(), ActivityError> {
        drop(row);
        Ok(())
    }
}

fn main() {}
