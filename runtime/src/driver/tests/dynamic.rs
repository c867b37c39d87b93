//! Dynamic handlers serve the names that nothing else does, and none of the platform's.

use super::*;
use crate::{definition::Update, error::Error};

#[derive(Default)]
struct Clerk(Vec<String>);
table!(Clerk,
    run: |state, ctx, _| running(async move {
        ctx.wait_until(move || state.with(|it| it.0.len() == 100)).await?;
        Ok(())
    }),
    signals: &[on("named", |state, _, _| done({ state.with(|it| it.0.push("named".into())); Ok(()) }))],
    queries: &[("seen", |state, _, _| encode_result(&state.0))],
    dynamic_signal: &[on("", |state, _, args| {
        let seen = format!("{}({})", args.name(), args.get::<u32>(0)?);
        done({ state.with(|it| it.0.push(seen)); Ok(()) })
    })],
    dynamic_query: &[|_, _, args| encode_result(&args.name().to_owned())],
    dynamic_update: &[Update {
        name: "",
        unfinished: Unfinished::Warn,
        validate: Some(|_, _, args| match args.name() {
            "refused" => Err(Error::message("no")),
            _ => Ok(()),
        }),
        call: |_, _, args| done(Ok(args.name().to_owned())),
    }],
);

#[test]
fn a_named_handler_comes_first_and_the_dynamic_one_serves_the_rest() {
    let mut case = Case::begun::<Clerk>();
    case.settle();
    case.signal("named", ());
    case.signal("other", (1,));
    case.signal("another", (2,));
    case.settle();
    let seen = Ok("[\"named\",\"other(1)\",\"another(2)\"]".to_owned());
    assert_eq!(case.query("seen", ()), seen);
    assert_eq!(case.query("weather", ()), Ok("\"weather\"".to_owned()));
    assert_eq!(
        case.update("u-1", "pay", ()),
        ["accept u-1", "complete u-1: \"pay\""]
    );
    let refused = case.update("u-2", "refused", ());
    assert!(refused[0].starts_with("reject u-2"), "{refused:?}");
}

#[test]
fn an_argument_that_cannot_be_read_skips_the_signal() {
    let mut case = Case::begun::<Clerk>();
    case.settle();
    case.signal("other", ("text",));
    case.signal("other", (3,));
    case.settle();
    let seen = Ok("[\"other(3)\"]".to_owned());
    assert_eq!(case.query("seen", ()), seen);
}

#[test]
fn names_of_the_platform_do_not_reach_dynamic_handlers() {
    let mut case = Case::begun::<Clerk>();
    case.settle();
    for name in ["__temporal_new", "__stack_trace", "__enhanced_stack_trace"] {
        case.signal(name, (1,));
        let refused = case.update("u-1", name, ());
        assert!(refused[0].starts_with("reject u-1"), "{refused:?}");
    }
    case.settle();
    assert_eq!(case.query("seen", ()), Ok("[]".to_owned()));
    let unknown = case.query("__temporal_new", ());
    assert!(unknown.is_err(), "{unknown:?}");
}
