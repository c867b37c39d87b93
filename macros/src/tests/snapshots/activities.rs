impl Shop {
    #[allow(
        clippy::needless_pass_by_ref_mut,
        clippy::needless_pass_by_value,
        clippy::trivially_copy_pass_by_ref,
        clippy::unused_async,
        clippy::unused_self
    )]
    async fn reserve(&self, order: Order) -> Result<String> {
        ::durably::__private::forbid_in_workflow(
            "reserveItem",
            "Shop::stub(ctx).reserve(..)",
        );
        self.stock.take(order).await
    }
    #[allow(
        clippy::needless_pass_by_ref_mut,
        clippy::needless_pass_by_value,
        clippy::trivially_copy_pass_by_ref,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn count(&self) -> u64 {
        ::durably::__private::forbid_in_workflow("count", "Shop::stub(ctx).count()");
        self.stock.len()
    }
}
const _: () = {
    #[allow(unused_imports)]
    use ::durably::__private::{
        ByDerive as _, ByEncoding as _, ByJsonMessage as _, ByJsonMessages as _,
        ByMessage as _, ByMessages as _, ByOptionalJsonMessage as _,
        ByOptionalMessage as _, ByScalar as _, ByVerdict as _, Plain as _,
    };
    ///Calls of the activities of [`Shop`] from a workflow.
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
    #[derive(::core::fmt::Debug)]
    pub struct ShopStub<DurablyTimeout = ::durably::__private::NoTimeout>(
        ::durably::__private::Stub<DurablyTimeout>,
    );
    ///The activity `reserveItem`.
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
    struct reserve<DurablyOwner = Shop> {
        never: ::core::convert::Infallible,
        of: ::core::marker::PhantomData<fn() -> DurablyOwner>,
    }
    const _: () = {
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
        impl ::durably::__private::Activity for reserve {
            const NAME: &'static str = "reserveItem";
            type Output = <Result<String> as ::durably::__private::Outcome>::Ok;
            fn __output() -> ::durably::__private::PayloadOf<
                <Result<String> as ::durably::__private::Outcome>::Ok,
            > {
                <<Result<
                    String,
                > as ::durably::__private::Outcome>::Ok as ::durably::__private::Serialisable<
                    _,
                >>::payload(
                    (&&&&&::durably::__private::Spelled::<
                        <Result<String> as ::durably::__private::Outcome>::Ok,
                    >::HERE)
                        .payload(),
                )
            }
            fn __defaults() -> ::durably::__private::ActivityOptions {
                ::core::convert::Into::into(::durably::__private::Declared {
                    schedule_to_close: ::core::option::Option::Some(
                        ::core::time::Duration::from_millis(3600000u64),
                    ),
                    ..::durably::__private::Declared::NOTHING
                })
            }
        }
    };
    ///The activity `count`.
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
    struct count<DurablyOwner = Shop> {
        never: ::core::convert::Infallible,
        of: ::core::marker::PhantomData<fn() -> DurablyOwner>,
    }
    const _: () = {
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
        impl ::durably::__private::Activity for count {
            const NAME: &'static str = "count";
            type Output = u64;
            fn __output() -> ::durably::__private::PayloadOf<u64> {
                <u64 as ::durably::__private::Serialisable<
                    _,
                >>::payload(
                    ::durably::__private::Spelled::<u64>::HERE
                        .unless_result(
                            (&&&&&::durably::__private::Spelled::<u64>::HERE).payload(),
                        ),
                )
            }
            fn __defaults() -> ::durably::__private::ActivityOptions {
                ::core::convert::Into::into(::durably::__private::Declared::NOTHING)
            }
        }
        const _: () = ::core::assert!(
            ! ::durably::__private::Spelled:: < u64 > ::IS_RESULT,
            "this return type is a `Result` under another name; end the alias in `Result`, so that the macros recognise it"
        );
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
    impl<DurablyTimeout> ShopStub<DurablyTimeout> {
        ///Calls the activity `reserveItem`.
        #[track_caller]
        fn reserve(
            &self,
            order: Order,
        ) -> ::durably::__private::ActivityCall<
            reserve,
            ::durably::__private::TimeoutSet,
        > {
            let mut arguments = self.0.arguments();
            <Order as ::durably::__private::Serialisable<
                _,
            >>::payload((&&&&&::durably::__private::Spelled::<Order>::HERE).payload())
                .add(&mut arguments, "order", &order);
            self.0.call(arguments.finish())
        }
        ///Calls the activity `count`.
        #[track_caller]
        fn count(&self) -> ::durably::__private::ActivityCall<count, DurablyTimeout> {
            let arguments = self.0.arguments();
            self.0.call(arguments.finish())
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
    impl<DurablyTimeout> ShopStub<DurablyTimeout> {
        ///The option `start_to_close` of each call, as `ActivityCall` has it.
        #[must_use]
        pub fn start_to_close(
            self,
            value: impl ::durably::__private::Span,
        ) -> ShopStub<::durably::__private::TimeoutSet> {
            ShopStub(self.0.start_to_close(value))
        }
        ///The option `schedule_to_close` of each call, as `ActivityCall` has it.
        #[must_use]
        pub fn schedule_to_close(
            self,
            value: impl ::durably::__private::Span,
        ) -> ShopStub<::durably::__private::TimeoutSet> {
            ShopStub(self.0.schedule_to_close(value))
        }
        ///The option `schedule_to_start` of each call, as `ActivityCall` has it.
        #[must_use]
        pub fn schedule_to_start(
            self,
            value: impl ::durably::__private::Span,
        ) -> ShopStub<DurablyTimeout> {
            ShopStub(self.0.schedule_to_start(value))
        }
        ///The option `heartbeat` of each call, as `ActivityCall` has it.
        #[must_use]
        pub fn heartbeat(
            self,
            value: impl ::durably::__private::Span,
        ) -> ShopStub<DurablyTimeout> {
            ShopStub(self.0.heartbeat(value))
        }
        ///The option `retry` of each call, as `ActivityCall` has it.
        #[must_use]
        pub fn retry(
            self,
            value: ::durably::__private::Retry,
        ) -> ShopStub<DurablyTimeout> {
            ShopStub(self.0.retry(value))
        }
        ///The option `priority` of each call, as `ActivityCall` has it.
        #[must_use]
        pub fn priority(
            self,
            value: ::durably::__private::Priority,
        ) -> ShopStub<DurablyTimeout> {
            ShopStub(self.0.priority(value))
        }
        ///The option `task_queue` of each call, as `ActivityCall` has it.
        #[must_use]
        pub fn task_queue(
            self,
            value: impl ::durably::__private::Text,
        ) -> ShopStub<DurablyTimeout> {
            ShopStub(self.0.task_queue(value))
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
    impl Shop {
        /// Typed calls of these activities from a workflow.
        pub fn stub(
            ctx: &(impl ::durably::__private::AsCtx + ?::core::marker::Sized),
        ) -> ShopStub {
            ShopStub(
                ::durably::__private::Stub::new(::durably::__private::AsCtx::__ctx(ctx)),
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
    #[allow(trivial_bounds)]
    impl ::durably::__private::ActivitySet for Shop
    where
        Shop: ::core::marker::Send + ::core::marker::Sync,
    {
        fn __register(
            self: ::std::sync::Arc<Self>,
            add: &mut dyn ::core::ops::FnMut(
                ::durably::__private::ActivityName,
                ::durably::__private::ActivityFn,
            ),
        ) {
            {
                let this = ::std::sync::Arc::clone(&self);
                add(
                    ::durably::__private::ActivityName::Named("reserveItem"),
                    ::std::sync::Arc::new(move |
                        ctx: ::durably::__private::ActivityCtx,
                        mut arguments: ::durably::__private::Args|
                    {
                        let this = ::std::sync::Arc::clone(&this);
                        ::durably::__private::Invocation::Async(
                            ::std::boxed::Box::pin(async move {
                                let _ = (&ctx, &mut arguments);
                                let argument_0 = <Order as ::durably::__private::Serialisable<
                                    _,
                                >>::payload(
                                        (&&&&&::durably::__private::Spelled::<Order>::HERE)
                                            .payload(),
                                    )
                                    .next(&mut arguments, "order")?;
                                <reserve as ::durably::__private::Activity>::__output()
                                    .result(
                                        <Result<
                                            String,
                                        > as ::durably::__private::Outcome>::into_result(
                                            <Shop>::reserve(&*this, argument_0).await,
                                        ),
                                        (&&::durably::__private::Spelled::<
                                            <Result<String> as ::durably::__private::Outcome>::Err,
                                        >::HERE)
                                            .failure_by(
                                                <<Result<
                                                    String,
                                                > as ::durably::__private::Outcome>::Err as ::durably::__private::IntoFailure>::into_failure,
                                            ),
                                        arguments.converter(),
                                    )
                            }),
                        )
                    }),
                );
            }
            {
                let this = ::std::sync::Arc::clone(&self);
                add(
                    ::durably::__private::ActivityName::Named("count"),
                    ::std::sync::Arc::new(move |
                        ctx: ::durably::__private::ActivityCtx,
                        mut arguments: ::durably::__private::Args|
                    {
                        let this = ::std::sync::Arc::clone(&this);
                        ::durably::__private::Invocation::Blocking(
                            ::std::boxed::Box::new(move || {
                                let _ = (&ctx, &mut arguments);
                                <count as ::durably::__private::Activity>::__output()
                                    .value(&<Shop>::count(&*this), arguments.converter())
                            }),
                        )
                    }),
                );
            }
        }
    }
};
