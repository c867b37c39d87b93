//! Three nightly exports that differ in a name and a type: workflows and activities written by a
//! macro of the user's.
#![deny(warnings, missing_docs)]

use durably::prelude::*;

/// Something that is exported.
pub trait Export: Default {
    /// How many rows it has.
    fn rows(&self) -> u64;
}

macro_rules! export {
    (
        $(#[$attribute:meta])*
        $name:ident of $row:ty, by $activity:ident, on $queue:literal, at most $limit:expr
    ) => {
        $(#[$attribute])*
        #[derive(Default)]
        pub struct $name {
            rows: Vec<$row>,
            paused: bool,
        }

        /// Reads one page.
        #[activity(start_to_close = "5m", task_queue = $queue)]
        pub async fn $activity(page: u64) -> Result<Vec<$row>> {
            match page {
                0..3 => Ok(vec![<$row>::default()]),
                _ => Ok(Vec::new()),
            }
        }

        #[workflow(task_queue = $queue)]
        impl $name {
            /// Reads all pages.
            #[run]
            async fn run(&mut self, ctx: &Ctx, from: u64) -> Result<u64> {
                for page in from..$limit {
                    ctx.wait_until(|| !self.paused).await?;
                    let rows = $activity::call(ctx, page).await?;
                    if rows.is_empty() {
                        break;
                    }
                    self.rows.extend(rows);
                }
                Ok(self.rows())
            }

            /// Stops between pages.
            #[signal]
            pub fn pause(&mut self, paused: bool) {
                self.paused = paused;
            }

            /// The last one.
            #[query]
            pub fn last(&self) -> Option<$row> {
                self.rows.last().cloned()
            }
        }

        impl Export for $name {
            fn rows(&self) -> u64 {
                self.rows.len() as u64
            }
        }
    };
}

export!(
    /// All customers.
    Customers of String, by read_customers, on "customers", at most 100
);
export!(Invoices of (u64, String), by read_invoices, on "invoices", at most 10 * 10);
export! {
    #[derive(Debug)]
    Visits of u32, by read_visits, on "visits", at most u64::MAX
}

/// Starts each of them.
pub async fn nightly(client: &Client) -> Result<Option<(u64, String)>> {
    Customers::start(client, 0).await?;
    let invoices = Invoices::start(client, 7).await?;
    invoices.pause(true).await?;
    Visits::start(client, 7).await?.last().await?;
    Ok(invoices.last().await?)
}

/// Runs two of them.
pub fn worker(client: &Client) -> Worker {
    Worker::new(client, "visits")
        .workflow::<Visits>()
        .activity::<read_visits>()
        .workflow::<Customers>()
        .activity::<read_customers>()
}

fn main() {}
