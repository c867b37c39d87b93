//! Workflows that a macro writes into other crates.

/// Writes a module with the approval of one kind of thing: a workflow `Approval`, the activities that
/// belong to it, and their data.
///
/// What it writes finds durably through this crate, with `crate = $crate::durably`: the crate that
/// calls it need not depend on durably.
///
/// ```
/// mod refunds {
///     billing::approval!("refund" of u64);
/// }
///
/// fn worker(worker: billing::durably::Worker) -> billing::durably::Worker {
///     worker
///         .workflow::<refunds::Approval>()
///         .activity::<refunds::announce>()
///         .activities(refunds::Board)
/// }
/// # fn main() { let _ = worker; }
/// ```
#[macro_export]
macro_rules! approval {
    ($kind:literal of $thing:ty) => {
        /// What was decided.
        #[$crate::durably::data(crate = $crate::durably)]
        #[derive(Clone, Debug)]
        pub struct Decision {
            /// What it is about.
            pub about: $thing,
            /// Whether it may be done.
            pub approved: bool,
        }

        /// Tells everybody what was decided.
        #[$crate::durably::activity(crate = $crate::durably, start_to_close = "10s")]
        pub async fn announce(decision: Decision) -> String {
            match decision.approved {
                true => format!("{}: {:?} is approved", $kind, decision.about),
                false => format!("{}: {:?} is refused", $kind, decision.about),
            }
        }

        /// Those who decide.
        #[derive(Clone, Copy, Debug)]
        pub struct Board;

        #[$crate::durably::activities(crate = $crate::durably)]
        impl Board {
            /// Asks for a decision, and returns how many were asked.
            #[activity(start_to_close = "10s")]
            pub async fn ask(&self, about: $thing) -> $crate::durably::Result<usize> {
                Ok(format!("{about:?}").len())
            }
        }

        /// One decision.
        #[derive(Debug, Default)]
        pub struct Approval {
            decided: Option<bool>,
        }

        #[$crate::durably::workflow(crate = $crate::durably)]
        impl Approval {
            /// Waits for the decision, and returns its announcement.
            #[run]
            pub async fn run(
                &mut self,
                ctx: &$crate::durably::Ctx,
                about: $thing,
            ) -> $crate::durably::Result<String> {
                Board::stub(ctx).ask(about.clone()).await?;
                ctx.wait_until(|| self.decided.is_some()).await?;
                let approved = self.decided == Some(true);
                Ok(announce::call(ctx, Decision { about, approved }).await?)
            }

            /// The decision.
            #[signal]
            pub fn decide(&mut self, approved: bool) {
                self.decided = Some(approved);
            }

            /// Whether there is one.
            #[query]
            pub fn is_decided(&self) -> bool {
                self.decided.is_some()
            }

            /// Takes the decision back, and returns it.
            #[update(validator = check)]
            pub async fn reopen(
                &mut self,
                ctx: &$crate::durably::Ctx,
                reason: String,
            ) -> $crate::durably::Result<Option<bool>> {
                ctx.sleep($crate::durably::millis(1)).await?;
                let _ = reason;
                Ok(self.decided.take())
            }

            fn check(&self, reason: &str) -> ::std::result::Result<(), &'static str> {
                match reason {
                    "" => Err("say why"),
                    _ => Ok(()),
                }
            }
        }
    };
}
