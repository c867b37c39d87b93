//! Snapshots of whole expansions, and names that no expansion may use.

use std::path::Path;

use quote::quote;

use super::{blessed::blessed, expanded, laid_out, mistakes};
use crate::entry;

fn check(name: &str, code: &str) {
    let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/snapshots");
    blessed(&snapshots.join(name), code);
}

#[test]
fn a_workflow_with_each_kind_of_handler() {
    let code = expanded(
        entry::workflow,
        quote!(task_queue = "greetings"),
        quote! {
            impl Greeting {
                /// Greets.
                #[run]
                async fn run(&mut self, ctx: &Ctx, greeting: String) -> Result<usize> {
                    ctx.wait_until(|| self.done).await?;
                    self.names.push(greet::call(ctx, greeting).await?);
                    Ok(self.names.len())
                }
                #[signal(name = "Finish")]
                fn finish(&mut self) {
                    self.done = true;
                }
                #[cfg(feature = "rename")]
                #[update(validator = check)]
                async fn rename(&mut self, ctx: &Ctx, to: String) -> Result<Self> {
                    self.slow(ctx).await
                }
                #[cfg(feature = "rename")]
                fn check(&self, to: &str) -> Result<(), String> {
                    Ok(())
                }
                async fn slow(&self, ctx: &Ctx) -> Result<Self> {
                    Ok(self.clone())
                }
                #[query]
                fn names(&self, view: &View) -> Vec<String> {
                    self.names.clone()
                }
            }
        },
    );
    check("workflow.rs", &code);
}

#[test]
fn a_dynamic_workflow_with_dynamic_handlers() {
    let code = expanded(
        entry::workflow,
        quote!(dynamic),
        quote! {
            impl Any {
                #[run]
                async fn run(&mut self, args: Args) -> Result<Value> {
                    args.get(0)
                }
                #[signal(dynamic, unfinished = "abandon")]
                async fn other(&mut self, ctx: &Ctx, name: String, args: Args) {
                    self.names.push(name);
                }
                #[cfg(feature = "ask")]
                #[query(dynamic)]
                fn ask(&self, name: String, args: Args) -> Value {
                    args.get(0)
                }
                #[update(dynamic, validator = check)]
                fn change(&mut self, name: String, args: Args) {
                    self.names.push(name);
                }
                fn check(&self, name: &str, args: &Args) -> Result<(), String> {
                    Ok(())
                }
            }
        },
    );
    check("dynamic.rs", &code);
}

#[test]
fn methods_of_the_users_own_types_take_what_they_take() {
    let code = expanded(
        entry::workflow,
        quote!(),
        quote! {
            impl Clerk {
                #[run]
                async fn run(&mut self, ctx: &Ctx) {
                    let desk = self.desk();
                    desk.wait_until(self.due).await;
                    desk.wait_until(1 + 1).await;
                    desk.state(|state| state.open);
                }
            }
        },
    );
    for call in ["wait_until(1 + 1)", "state(|state| state.open)"] {
        assert!(code.contains(call), "{code}");
    }
}

#[test]
fn a_message_with_an_encoding() {
    let code = expanded(
        entry::data,
        quote!(encoding = "binary/protobuf"),
        quote! {
            #[cfg(feature = "quotes")]
            #[derive(prost::Message)]
            struct Quote<T: Item> {
                #[prost(message, repeated, tag = "1")]
                items: Vec<T>,
            }
        },
    );
    check("message.rs", &code);
}

fn an_error() -> String {
    let code = entry::expand_derive(quote! {
        enum PayError {
            #[error("card declined: {reason}")]
            #[failure(non_retryable)]
            Declined { #[serde(default)] reason: String },
            #[failure(name = "busy", next_retry_delay = "30s")]
            Busy,
            Partly(u64, Bytes),
            #[error(transparent)]
            Gateway(#[from] GatewayError),
        }
    });
    assert_eq!(mistakes(&code), Vec::<String>::new());
    laid_out(code)
}

#[test]
fn an_error_that_keeps_its_type() {
    check("failure.rs", &an_error());
}

#[test]
fn an_activity_function() {
    let code = expanded(
        entry::activity,
        quote!(start_to_close = "1m30s", max_attempts = 3),
        quote! {
            /// Charges a card.
            pub async fn charge(ctx: &ActivityCtx, card: String, cents: u64) -> Result<Receipt> {
                bank(card, cents).await
            }
        },
    );
    check("activity.rs", &code);
}

#[test]
fn a_set_of_activities() {
    let code = expanded(
        entry::activities,
        quote!(),
        quote! {
            impl Shop {
                #[activity(name = "reserveItem", schedule_to_close = "1h")]
                async fn reserve(&self, order: Order) -> Result<String> {
                    self.stock.take(order).await
                }
                #[activity]
                fn count(&self) -> u64 {
                    self.stock.len()
                }
            }
        },
    );
    check("activities.rs", &code);
}

#[test]
fn two_branches_that_use_the_state() {
    let code = expanded(
        entry::workflow,
        quote!(),
        quote! {
            impl Both {
                #[run]
                async fn run(&mut self, ctx: &Ctx) {
                    let a = async { self.n += wait(ctx).await; };
                    let b = async move { self.n += 1; };
                    join(a, b).await;
                    drop(format!("{self:?}"));
                }
            }
        },
    );
    let body = &code[..code.find("\n#[doc(hidden)]").expect("it is generated")];
    check("branches.rs", body);
}

#[test]
fn expansions_name_nothing_of_the_users_prelude() {
    let code = expanded(
        entry::workflow,
        quote!(crate = ::my::durably),
        quote! {
            impl Bare {
                #[run]
                async fn run(&mut self) -> u8 { 1 }
                #[signal]
                fn stop(&mut self, why: String) {}
            }
        },
    );
    let error = an_error();
    // serde's derives are others' expansions, and the derive's types are the user's.
    for named in [
        "Ok(", "Some(", "None", "Box::", "Option<", "Result<", "Default",
    ] {
        for (at, _) in error.match_indices(named) {
            assert!(
                error[..at].ends_with("::"),
                "{named} stands bare in:\n{error}"
            );
        }
    }
    for named in [
        "Ok(", "Some(", "None", "Box::", "Option<", "Result<", "Default",
    ] {
        for (at, _) in code.match_indices(named) {
            assert!(
                code[..at].ends_with("::"),
                "{named} stands bare in:\n{code}"
            );
        }
    }
    assert!(!code.contains(" ::durably"));
}
