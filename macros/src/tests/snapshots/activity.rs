#[allow(
    clippy::needless_pass_by_ref_mut,
    clippy::needless_pass_by_value,
    clippy::trivially_copy_pass_by_ref,
    clippy::unused_async,
    clippy::unused_self
)]
/// Charges a card.
pub async fn charge(ctx: &ActivityCtx, card: String, cents: u64) -> Result<Receipt> {
    ::durably::__private::forbid_in_workflow("charge", "charge::call(ctx, ..)");
    bank(card, cents).await
}
/// Charges a card.
#[allow(
    dead_code,
    deprecated,
    missing_copy_implementations,
    private_bounds,
    private_interfaces,
    unnameable_types,
    unreachable_pub,
    unused_variables,
    unused_mut,
    clippy::all,
    clippy::nursery,
    clippy::pedantic,
    clippy::restriction
)]
#[allow(non_camel_case_types)]
#[derive(::core::fmt::Debug)]
pub struct charge {
    never: ::core::convert::Infallible,
}
const _: () = {
    #[allow(unused_imports)]
    use ::durably::__private::{
        ByDerive as _, ByEncoding as _, ByJsonMessage as _, ByJsonMessages as _,
        ByMessage as _, ByMessages as _, ByOptionalJsonMessage as _,
        ByOptionalMessage as _, ByScalar as _, ByVerdict as _, Plain as _,
    };
    #[allow(
        dead_code,
        deprecated,
        missing_copy_implementations,
        private_bounds,
        private_interfaces,
        unnameable_types,
        unreachable_pub,
        unused_variables,
        unused_mut,
        clippy::all,
        clippy::nursery,
        clippy::pedantic,
        clippy::restriction
    )]
    impl ::durably::__private::Activity for charge {
        const NAME: &'static str = "charge";
        type Output = <Result<Receipt> as ::durably::__private::Outcome>::Ok;
        fn __output() -> ::durably::__private::PayloadOf<
            <Result<Receipt> as ::durably::__private::Outcome>::Ok,
        > {
            <<Result<
                Receipt,
            > as ::durably::__private::Outcome>::Ok as ::durably::__private::Serialisable<
                _,
            >>::payload(
                (&&&&&::durably::__private::Spelled::<
                    <Result<Receipt> as ::durably::__private::Outcome>::Ok,
                >::HERE)
                    .payload(),
            )
        }
        fn __defaults() -> ::durably::__private::ActivityOptions {
            ::core::convert::Into::into(::durably::__private::Declared {
                start_to_close: ::core::option::Option::Some(
                    ::core::time::Duration::from_millis(90000u64),
                ),
                max_attempts: ::core::option::Option::Some(3u32),
                ..::durably::__private::Declared::NOTHING
            })
        }
    }
    #[allow(
        dead_code,
        deprecated,
        missing_copy_implementations,
        private_bounds,
        private_interfaces,
        unnameable_types,
        unreachable_pub,
        unused_variables,
        unused_mut,
        clippy::all,
        clippy::nursery,
        clippy::pedantic,
        clippy::restriction
    )]
    impl ::durably::__private::FreeActivity for charge {
        fn __invoke(
            ctx: ::durably::__private::ActivityCtx,
            mut arguments: ::durably::__private::Args,
        ) -> ::durably::__private::Invocation {
            ::durably::__private::Invocation::Async(
                ::std::boxed::Box::pin(async move {
                    let _ = (&ctx, &mut arguments);
                    let argument_0 = <String as ::durably::__private::Serialisable<
                        _,
                    >>::payload(
                            (&&&&&::durably::__private::Spelled::<String>::HERE)
                                .payload(),
                        )
                        .next(&mut arguments, "card")?;
                    let argument_1 = <u64 as ::durably::__private::Serialisable<
                        _,
                    >>::payload(
                            (&&&&&::durably::__private::Spelled::<u64>::HERE).payload(),
                        )
                        .next(&mut arguments, "cents")?;
                    <charge as ::durably::__private::Activity>::__output()
                        .result(
                            <Result<
                                Receipt,
                            > as ::durably::__private::Outcome>::into_result(
                                charge(
                                        <ActivityCtx as ::durably::__private::ActivityCtxArg>::of(
                                            &ctx,
                                        ),
                                        argument_0,
                                        argument_1,
                                    )
                                    .await,
                            ),
                            (&&::durably::__private::Spelled::<
                                <Result<Receipt> as ::durably::__private::Outcome>::Err,
                            >::HERE)
                                .failure_by(
                                    <<Result<
                                        Receipt,
                                    > as ::durably::__private::Outcome>::Err as ::durably::__private::IntoFailure>::into_failure,
                                ),
                            arguments.converter(),
                        )
                }),
            )
        }
    }
    #[allow(
        dead_code,
        deprecated,
        missing_copy_implementations,
        private_bounds,
        private_interfaces,
        unnameable_types,
        unreachable_pub,
        unused_variables,
        unused_mut,
        clippy::all,
        clippy::nursery,
        clippy::pedantic,
        clippy::restriction
    )]
    impl charge {
        ///Calls this activity from a workflow.
        ///
        /// Charges a card.
        #[track_caller]
        pub fn call(
            ctx: &(impl ::durably::__private::AsCtx + ?::core::marker::Sized),
            card: impl ::durably::__private::Text,
            cents: u64,
        ) -> ::durably::__private::ActivityCall<
            charge,
            ::durably::__private::TimeoutSet,
        > {
            let mut arguments = ::durably::__private::AsCtx::__ctx(ctx).__arguments();
            <String as ::durably::__private::Serialisable<
                _,
            >>::payload((&&&&&::durably::__private::Spelled::<String>::HERE).payload())
                .add_text(&mut arguments, "card", card);
            <u64 as ::durably::__private::Serialisable<
                _,
            >>::payload((&&&&&::durably::__private::Spelled::<u64>::HERE).payload())
                .add(&mut arguments, "cents", &cents);
            ::durably::__private::ActivityCall::new(
                ::durably::__private::AsCtx::__ctx(ctx),
                arguments.finish(),
            )
        }
    }
};
