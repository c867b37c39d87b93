impl Any {
    #[allow(
        clippy::future_not_send,
        clippy::shadow_reuse,
        clippy::shadow_same,
        clippy::shadow_unrelated
    )]
    #[allow(
        clippy::needless_pass_by_ref_mut,
        clippy::needless_pass_by_value,
        clippy::trivially_copy_pass_by_ref,
        clippy::unused_async,
        clippy::unused_self
    )]
    #[doc(hidden)]
    #[allow(dead_code, clippy::needless_arbitrary_self_type, clippy::too_many_arguments)]
    async fn __durably_run<'durably>(
        self: &'durably mut Self,
        _durably_lease: &mut ::durably::__private::Lease<'durably, Self>,
        args: Args,
    ) -> Result<Value> {
        args.get(0)
    }
    #[allow(
        clippy::future_not_send,
        clippy::shadow_reuse,
        clippy::shadow_same,
        clippy::shadow_unrelated
    )]
    #[allow(dead_code)]
    #[allow(
        clippy::needless_pass_by_ref_mut,
        clippy::needless_pass_by_value,
        clippy::trivially_copy_pass_by_ref,
        clippy::unused_async,
        clippy::unused_self
    )]
    async fn run(
        cell: &::durably::__private::StateCell<Self>,
        args: Args,
    ) -> Result<Value> {
        let mut root = ::durably::__private::Root::new(cell);
        let mut durably_lease = ::durably::__private::Lease::new(&mut root);
        let state = durably_lease.take();
        Self::__durably_run(state, &mut durably_lease, args).await
    }
    #[allow(
        clippy::future_not_send,
        clippy::shadow_reuse,
        clippy::shadow_same,
        clippy::shadow_unrelated
    )]
    #[allow(
        clippy::needless_pass_by_ref_mut,
        clippy::needless_pass_by_value,
        clippy::trivially_copy_pass_by_ref,
        clippy::unused_async,
        clippy::unused_self
    )]
    #[doc(hidden)]
    #[allow(dead_code, clippy::needless_arbitrary_self_type, clippy::too_many_arguments)]
    async fn __durably_other<'durably>(
        self: &'durably mut Self,
        _durably_lease: &mut ::durably::__private::Lease<'durably, Self>,
        ctx: &Ctx,
        name: String,
        args: Args,
    ) {
        self.names.push(name);
    }
    #[allow(
        clippy::future_not_send,
        clippy::shadow_reuse,
        clippy::shadow_same,
        clippy::shadow_unrelated
    )]
    #[allow(dead_code)]
    #[allow(
        clippy::needless_pass_by_ref_mut,
        clippy::needless_pass_by_value,
        clippy::trivially_copy_pass_by_ref,
        clippy::unused_async,
        clippy::unused_self
    )]
    async fn other(
        cell: &::durably::__private::StateCell<Self>,
        ctx: &Ctx,
        name: String,
        args: Args,
    ) {
        let mut root = ::durably::__private::Root::new(cell);
        let mut durably_lease = ::durably::__private::Lease::new(&mut root);
        let state = durably_lease.take();
        Self::__durably_other(state, &mut durably_lease, ctx, name, args).await
    }
    #[allow(
        clippy::needless_pass_by_ref_mut,
        clippy::needless_pass_by_value,
        clippy::trivially_copy_pass_by_ref,
        clippy::unused_async,
        clippy::unused_self
    )]
    #[cfg(feature = "ask")]
    fn ask(&self, name: String, args: Args) -> Value {
        args.get(0)
    }
    #[allow(
        clippy::needless_pass_by_ref_mut,
        clippy::needless_pass_by_value,
        clippy::trivially_copy_pass_by_ref,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn change(&mut self, name: String, args: Args) {
        self.names.push(name);
    }
    #[allow(
        clippy::needless_pass_by_ref_mut,
        clippy::needless_pass_by_value,
        clippy::trivially_copy_pass_by_ref,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn check(&self, name: &str, args: &Args) -> Result<(), String> {
        Ok(())
    }
}
#[doc(hidden)]
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
trait Any_has_one_workflow_block_with_all_its_methods {
    fn run<DurablyOutput>(
        &mut self,
        _: impl ::core::marker::Sized,
    ) -> ::core::future::Ready<DurablyOutput>
    where
        for<'durably> Self: ::durably::__private::CalledInside<'durably>,
    {
        loop {}
    }
    fn other<DurablyOutput>(
        &mut self,
        _: impl ::core::marker::Sized,
        _: impl ::core::marker::Sized,
        _: impl ::core::marker::Sized,
    ) -> ::core::future::Ready<DurablyOutput>
    where
        for<'durably> Self: ::durably::__private::CalledInside<'durably>,
    {
        loop {}
    }
}
impl Any_has_one_workflow_block_with_all_its_methods for Any {}
const _: () = {
    #[allow(unused_imports)]
    use ::durably::__private::{
        ByDerive as _, ByEncoding as _, ByJsonMessage as _, ByJsonMessages as _,
        ByMessage as _, ByMessages as _, ByOptionalJsonMessage as _,
        ByOptionalMessage as _, ByScalar as _, ByVerdict as _, Plain as _,
    };
    ///Signals, queries and updates of [`Any`]; every handle derefs to it.
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
    pub struct AnyMethods<DurablyVia>(DurablyVia);
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
    impl<DurablyVia> AnyMethods<DurablyVia> {
        #[doc(hidden)]
        pub fn run<DurablyOutput>(&self, _: impl ::core::marker::Sized) -> DurablyOutput
        where
            for<'durably> Any: ::durably::__private::CalledThroughHandle<'durably>,
        {
            loop {}
        }
        #[doc(hidden)]
        pub fn check<DurablyOutput>(
            &self,
            _: impl ::core::marker::Sized,
            _: impl ::core::marker::Sized,
        ) -> DurablyOutput
        where
            for<'durably> Any: ::durably::__private::CalledThroughHandle<'durably>,
        {
            loop {}
        }
        #[doc(hidden)]
        pub fn other<DurablyOutput>(
            &self,
            _: impl ::core::marker::Sized,
            _: impl ::core::marker::Sized,
        ) -> DurablyOutput
        where
            for<'durably> Any: ::durably::__private::CalledWithoutName<'durably>,
        {
            loop {}
        }
        #[cfg(feature = "ask")]
        #[doc(hidden)]
        pub fn ask<DurablyOutput>(
            &self,
            _: impl ::core::marker::Sized,
            _: impl ::core::marker::Sized,
        ) -> DurablyOutput
        where
            for<'durably> Any: ::durably::__private::CalledWithoutName<'durably>,
        {
            loop {}
        }
        #[doc(hidden)]
        pub fn change<DurablyOutput>(
            &self,
            _: impl ::core::marker::Sized,
            _: impl ::core::marker::Sized,
        ) -> DurablyOutput
        where
            for<'durably> Any: ::durably::__private::CalledWithoutName<'durably>,
        {
            loop {}
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
    impl<
        DurablyVia: ::durably::__private::Via,
    > ::durably::__private::MethodsOf<DurablyVia> for AnyMethods<DurablyVia> {
        fn new(via: DurablyVia) -> Self {
            Self(via)
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
    impl<DurablyVia> ::core::ops::Deref for AnyMethods<DurablyVia> {
        type Target = DurablyVia;
        fn deref(&self) -> &DurablyVia {
            &self.0
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
    impl<DurablyVia: ::durably::__private::Via> AnyMethods<DurablyVia> {}
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
    impl Any {
        ///Starts this workflow: `.await` returns a handle, `.result().await` its result.
        fn start(
            client: &(impl ::durably::__private::AsClient + ?::core::marker::Sized),
            name: impl ::durably::__private::Text,
            args: impl ::durably::__private::ArgList,
        ) -> ::durably::__private::StartCall<Any, ::durably::__private::NoQueue> {
            let arguments = ::durably::__private::AsClient::__client(client)
                .__arguments();
            ::durably::__private::StartCall::named(
                ::durably::__private::AsClient::__client(client),
                name,
                arguments.all(args),
            )
        }
        ///A handle to an execution that exists already.
        fn handle(
            client: &(impl ::durably::__private::AsClient + ?::core::marker::Sized),
            id: impl ::durably::__private::Text,
        ) -> ::durably::__private::Handle<Any> {
            ::durably::__private::Handle::attach(
                ::durably::__private::AsClient::__client(client),
                ::durably::__private::Text::into_text(id),
            )
        }
        ///A handle to another running workflow, for use inside a workflow.
        fn external(
            ctx: &(impl ::durably::__private::AsCtx + ?::core::marker::Sized),
            id: impl ::durably::__private::Text,
        ) -> ::durably::__private::ExternalHandle<Any> {
            ::durably::__private::ExternalHandle::new(
                ::durably::__private::AsCtx::__ctx(ctx),
                ::durably::__private::Text::into_text(id),
            )
        }
        ///Creates a schedule that starts this workflow at given times: `.await` returns a handle of the schedule.
        fn schedule(
            client: &(impl ::durably::__private::AsClient + ?::core::marker::Sized),
            schedule_id: impl ::durably::__private::Text,
            name: impl ::durably::__private::Text,
            args: impl ::durably::__private::ArgList,
        ) -> ::durably::__private::ScheduleCall<
            Any,
            ::durably::__private::NoQueue,
            ::durably::__private::NoTimes,
        > {
            let arguments = ::durably::__private::AsClient::__client(client)
                .__arguments();
            ::durably::__private::ScheduleCall::named(
                ::durably::__private::AsClient::__client(client),
                schedule_id,
                name,
                arguments.all(args),
            )
        }
        ///Ends this run and starts the next one with these arguments: `return Self::continue_as_new(..).into()`.
        fn continue_as_new(
            args: impl ::durably::__private::ArgList,
        ) -> ::durably::__private::ContinueAsNew {
            let arguments = ::durably::__private::arguments_of_next_run();
            ::durably::__private::ContinueAsNew::of_same_type(arguments.all(args))
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
    impl ::durably::__private::Workflow for Any {
        const NAME: &'static str = "Any";
        const __IS_DYNAMIC: bool = true;
        const TASK_QUEUE: ::core::option::Option<&'static str> = ::core::option::Option::None;
        type Output = <Result<Value> as ::durably::__private::Outcome>::Ok;
        fn __output() -> ::durably::__private::PayloadOf<
            <Result<Value> as ::durably::__private::Outcome>::Ok,
        > {
            <<Result<
                Value,
            > as ::durably::__private::Outcome>::Ok as ::durably::__private::Serialisable<
                _,
            >>::payload(
                (&&&&&::durably::__private::Spelled::<
                    <Result<Value> as ::durably::__private::Outcome>::Ok,
                >::HERE)
                    .payload(),
            )
        }
        type Queue = ::durably::__private::NoQueue;
        type Methods<DurablyVia: ::durably::__private::Via> = AnyMethods<DurablyVia>;
        fn __definition() -> &'static ::durably::__private::Definition<Self> {
            &::durably::__private::Definition {
                init: |view, arguments| ::core::result::Result::Ok(
                    <Any as ::durably::__private::Initial>::initial(),
                ),
                run: |cell, ctx, mut arguments| {
                    let argument_0 = <Args as ::durably::__private::AllArguments>::of(
                        &mut arguments,
                    );
                    let converter = ::core::clone::Clone::clone(arguments.converter());
                    ::core::result::Result::Ok(
                        ::durably::__private::Called::Running(
                            ::std::boxed::Box::pin(async move {
                                let mut root = ::durably::__private::Root::new(&cell);
                                let mut lease = ::durably::__private::Lease::new(&mut root);
                                let state = lease.take();
                                <Any as ::durably::__private::Workflow>::__output()
                                    .result(
                                        <Result<
                                            Value,
                                        > as ::durably::__private::Outcome>::into_result(
                                            <Any>::__durably_run(state, &mut lease, argument_0).await,
                                        ),
                                        (&&::durably::__private::Spelled::<
                                            <Result<Value> as ::durably::__private::Outcome>::Err,
                                        >::HERE)
                                            .failure_by(
                                                <<Result<
                                                    Value,
                                                > as ::durably::__private::Outcome>::Err as ::durably::__private::IntoFailure>::into_failure,
                                            ),
                                        &converter,
                                    )
                            }),
                        ),
                    )
                },
                signals: &[],
                queries: &[],
                updates: &[],
                dynamic_signal: &[
                    ::durably::__private::Signal {
                        name: "",
                        unfinished: ::durably::__private::Unfinished::Abandon,
                        call: |cell, ctx, mut arguments| {
                            let argument_0 = <String as ::durably::__private::CalledName>::of(
                                &arguments,
                            );
                            let argument_1 = <Args as ::durably::__private::AllArguments>::of(
                                &mut arguments,
                            );
                            let converter = ::core::clone::Clone::clone(
                                arguments.converter(),
                            );
                            ::core::result::Result::Ok(
                                ::durably::__private::Called::Running(
                                    ::std::boxed::Box::pin(async move {
                                        let mut root = ::durably::__private::Root::new(&cell);
                                        let mut lease = ::durably::__private::Lease::new(&mut root);
                                        let state = lease.take();
                                        <() as ::durably::__private::Serialisable<
                                            _,
                                        >>::payload(
                                                (&&&&&::durably::__private::Spelled::<()>::HERE).payload(),
                                            )
                                            .value(
                                                &<Any>::__durably_other(
                                                        state,
                                                        &mut lease,
                                                        <Ctx as ::durably::__private::CtxArg>::of(&ctx),
                                                        argument_0,
                                                        argument_1,
                                                    )
                                                    .await,
                                                &converter,
                                            )
                                    }),
                                ),
                            )
                        },
                    },
                ],
                dynamic_query: &[
                    #[cfg(feature = "ask")]
                    |state, view, mut arguments| {
                        let argument_0 = <String as ::durably::__private::CalledName>::of(
                            &arguments,
                        );
                        let argument_1 = <Args as ::durably::__private::AllArguments>::of(
                            &mut arguments,
                        );
                        <Value as ::durably::__private::Serialisable<
                            _,
                        >>::payload(
                                ::durably::__private::Spelled::<Value>::HERE
                                    .unless_result(
                                        (&&&&&::durably::__private::Spelled::<Value>::HERE)
                                            .payload(),
                                    ),
                            )
                            .value(
                                &<Any>::ask(state, argument_0, argument_1),
                                arguments.converter(),
                            )
                    },
                ],
                dynamic_update: &[
                    ::durably::__private::Update {
                        name: "",
                        unfinished: ::durably::__private::Unfinished::Warn,
                        validate: ::core::option::Option::Some(|
                            state,
                            view,
                            mut arguments|
                        {
                            let argument_0 = <String as ::durably::__private::CalledName>::of(
                                &arguments,
                            );
                            let argument_1 = <Args as ::durably::__private::AllArguments>::of(
                                &mut arguments,
                            );
                            let __argument_0 = &argument_0;
                            let argument_0: &str = __argument_0;
                            let __argument_1 = &argument_1;
                            let argument_1: &Args = __argument_1;
                            ::durably::__private::verdict(
                                <Any>::check(state, argument_0, argument_1),
                                (&&::durably::__private::Spelled::<
                                    Result<(), String>,
                                >::HERE)
                                    .verdict_by(
                                        <Result<
                                            (),
                                            String,
                                        > as ::durably::__private::Verdict>::into_verdict,
                                    ),
                            )
                        }),
                        call: |cell, ctx, mut arguments| {
                            let argument_0 = <String as ::durably::__private::CalledName>::of(
                                &arguments,
                            );
                            let argument_1 = <Args as ::durably::__private::AllArguments>::of(
                                &mut arguments,
                            );
                            ::core::result::Result::Ok(
                                ::durably::__private::Called::Done(
                                    <() as ::durably::__private::Serialisable<
                                        _,
                                    >>::payload(
                                            (&&&&&::durably::__private::Spelled::<()>::HERE).payload(),
                                        )
                                        .value(
                                            &cell
                                                .with(|state| <Any>::change(state, argument_0, argument_1)),
                                            arguments.converter(),
                                        ),
                                ),
                            )
                        },
                    },
                ],
            }
        }
    }
    #[cfg(feature = "ask")]
    const _: () = {
        const _: () = ::core::assert!(
            ! ::durably::__private::Spelled:: < Value > ::IS_RESULT,
            "this return type is a `Result` under another name; end the alias in `Result`, so that the macros recognise it"
        );
    };
};
