//! A subscription: the name and queue of a workflow, checked fields, constants, helpers elsewhere.
#![deny(warnings, missing_docs)]

use std::collections::BTreeMap;

use durably::prelude::*;

/// Takes the monthly fee.
#[activity(start_to_close = "1m", max_attempts = 5)]
pub async fn charge(customer: String, cents: u64) -> Result<String> {
    if cents == 0 {
        bail!("{customer} has nothing to pay");
    }
    Ok(format!("paid-{customer}-{cents}"))
}

/// The state of one subscription.
#[workflow]
#[durably::data]
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Subscription {
    receipts: BTreeMap<u32, String>,
    pub(crate) plan: Plan,
    cancelled: bool,
}

/// What a customer pays for.
#[durably::data]
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub enum Plan {
    /// Nothing but the basics.
    #[default]
    Basic,
    /// So many seats.
    Team {
        /// How many.
        seats: u32,
    },
}

/// Bills a customer until the subscription is cancelled.
#[workflow(name = "billing.Subscription", task_queue = "billing")]
impl Subscription {
    const TRIAL: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 3600);
    const MONTHS: u32 = 24;

    /// Waits for the trial to end, then bills each month.
    #[run]
    pub(crate) async fn run(&mut self, ctx: &Ctx, customer: String) -> Result<Self> {
        if ctx
            .wait_until(|| self.cancelled)
            .timeout(Self::TRIAL)
            .await?
        {
            return Ok(self.clone());
        }
        for month in 1..=Self::MONTHS {
            let receipt = charge::call(ctx, &customer, self.cents()).await?;
            self.receipts.insert(month, receipt);
            if ctx.wait_until(|| self.cancelled).timeout(days(30)).await? {
                break;
            }
        }
        Ok(self.clone())
    }

    /// No more bills from next month.
    #[signal]
    pub fn cancel_subscription(&mut self) {
        self.cancelled = true;
    }

    /// Another plan from next month.
    #[update]
    pub fn change_plan(&mut self, plan: Plan) -> Plan {
        std::mem::replace(&mut self.plan, plan)
    }

    /// What was paid so far.
    #[query]
    pub fn receipts(&self) -> Vec<String> {
        self.receipts.values().cloned().collect()
    }
}

impl Subscription {
    fn cents(&self) -> u64 {
        match self.plan {
            Plan::Basic => 900,
            Plan::Team { seats } => 700 * u64::from(seats),
        }
    }
}

fn main() {
    let mut subscription = Subscription::default();
    subscription.change_plan(Plan::Team { seats: 3 });
    assert_eq!(subscription.cents(), 2100);
}
