//! Workflows that a macro generates in other crates.

/// Generates the approval of one kind of thing: a workflow `Approval`, its activities, and their data.
///
/// The generated code finds durably through this crate, with `crate = $crate::durably`: the crate that
/// calls the macro need not depend on durably.
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
        /// A decision.
        #[$crate::durably::data(crate = $crate::durably)]
        #[derive(Clone, Debug)]
        pub struct Decision {
            /// Its subject.
            pub about: $thing,
            /// Whether the subject is approved.
            pub approved: bool,
        }

        /// Announces a decision.
        #[$crate::durably::activity(crate = $crate::durably, start_to_close = "10s")]
        pub async fn announce(decision: Decision) -> String {
            match decision.approved {
                true => format!("{}: {:?} is approved", $kind, decision.about),
                false => format!("{}: {:?} is refused", $kind, decision.about),
            }
        }

        /// The board that decides.
        #[derive(Clone, Copy, Debug)]
        pub struct Board;

        #[$crate::durably::activities(crate = $crate::durably)]
        impl Board {
            /// Requests a decision, and returns the number of requests.
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

            /// Decides.
            #[signal]
            pub fn decide(&mut self, approved: bool) {
                self.decided = Some(approved);
            }

            /// Whether a decision was made.
            #[query]
            pub fn is_decided(&self) -> bool {
                self.decided.is_some()
            }

            /// Revokes the decision, and returns it.
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
