impl Greeting {
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
        mut self: &'durably mut Self,
        durably_lease: &mut ::durably::__private::Lease<'durably, Self>,
        ctx: &Ctx,
        greeting: String,
    ) -> Result<usize> {
        let cell = durably_lease.cell();
        ::durably::__private::value(
            ::durably::__private::Value(
                match ctx
                    .wait_until(|| {
                        static SITE: ::durably::__private::Site = ::durably::__private::Site::new();
                        SITE.is_here();
                        let mut root = ::durably::__private::Root::new(cell);
                        let mut durably_lease = ::durably::__private::Lease::new(
                            &mut root,
                        );
                        #[allow(unused_mut, unused_variables, unused_assignments)]
                        let mut self_: &mut Self = durably_lease.take();
                        ::durably::__private::shared(self_).done
                    })
                {
                    future => {
                        ::durably::__private::give(durably_lease, self);
                        let result = future.await;
                        #[allow(unused_assignments)]
                        {
                            self = ::durably::__private::take(durably_lease);
                        }
                        result
                    }
                },
            ),
        )?;
        ::durably::__private::value(
            ::durably::__private::Value(
                match ::durably::__private::value(
                    ::durably::__private::Value(
                        match greet::call(ctx, greeting) {
                            future => {
                                ::durably::__private::give(durably_lease, self);
                                let result = future.await;
                                #[allow(unused_assignments)]
                                {
                                    self = ::durably::__private::take(durably_lease);
                                }
                                result
                            }
                        },
                    ),
                )? {
                    operand_0 => self.names.push(operand_0),
                },
            ),
        );
        Ok(self.names.len())
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
    /// Greets.
    async fn run(
        cell: &::durably::__private::StateCell<Self>,
        ctx: &Ctx,
        greeting: String,
    ) -> Result<usize> {
        let mut root = ::durably::__private::Root::new(cell);
        let mut durably_lease = ::durably::__private::Lease::new(&mut root);
        let state = durably_lease.take();
        Self::__durably_run(state, &mut durably_lease, ctx, greeting).await
    }
    #[allow(
        clippy::needless_pass_by_ref_mut,
        clippy::needless_pass_by_value,
        clippy::trivially_copy_pass_by_ref,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn finish(&mut self) {
        self.done = true;
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
    #[cfg(feature = "rename")]
    async fn __durably_rename<'durably>(
        mut self: &'durably mut Self,
        durably_lease: &mut ::durably::__private::Lease<'durably, Self>,
        ctx: &Ctx,
        to: String,
    ) -> Result<Self> {
        let cell = durably_lease.cell();
        ::durably::__private::value(
            ::durably::__private::Value(
                match Self::slow(cell, ctx) {
                    future => {
                        ::durably::__private::give(durably_lease, self);
                        let result = future.await;
                        #[allow(unused_assignments)]
                        {
                            self = ::durably::__private::take(durably_lease);
                        }
                        result
                    }
                },
            ),
        )
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
    #[cfg(feature = "rename")]
    async fn rename(
        cell: &::durably::__private::StateCell<Self>,
        ctx: &Ctx,
        to: String,
    ) -> Result<Self> {
        let mut root = ::durably::__private::Root::new(cell);
        let mut durably_lease = ::durably::__private::Lease::new(&mut root);
        let state = durably_lease.take();
        Self::__durably_rename(state, &mut durably_lease, ctx, to).await
    }
    #[allow(
        clippy::needless_pass_by_ref_mut,
        clippy::needless_pass_by_value,
        clippy::trivially_copy_pass_by_ref,
        clippy::unused_async,
        clippy::unused_self
    )]
    #[cfg(feature = "rename")]
    fn check(&self, to: &str) -> Result<(), String> {
        Ok(())
    }
    #[allow(
        clippy::future_not_send,
        clippy::shadow_reuse,
        clippy::shadow_same,
        clippy::shadow_unrelated
    )]
    #[doc(hidden)]
    #[allow(dead_code, clippy::needless_arbitrary_self_type, clippy::too_many_arguments)]
    async fn __durably_slow<'durably>(
        self: &'durably mut Self,
        _durably_lease: &mut ::durably::__private::Lease<'durably, Self>,
        ctx: &Ctx,
    ) -> Result<Self> {
        Ok(::durably::__private::shared(self).clone())
    }
    #[allow(
        clippy::future_not_send,
        clippy::shadow_reuse,
        clippy::shadow_same,
        clippy::shadow_unrelated
    )]
    async fn slow(
        cell: &::durably::__private::StateCell<Self>,
        ctx: &Ctx,
    ) -> Result<Self> {
        let mut root = ::durably::__private::Root::new(cell);
        let mut durably_lease = ::durably::__private::Lease::new(&mut root);
        let state = durably_lease.take();
        Self::__durably_slow(state, &mut durably_lease, ctx).await
    }
    #[allow(
        clippy::needless_pass_by_ref_mut,
        clippy::needless_pass_by_value,
        clippy::trivially_copy_pass_by_ref,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn names(&self, view: &View) -> Vec<String> {
        self.names.clone()
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
trait Greeting_has_one_workflow_block_with_all_its_methods {
    fn run<DurablyOutput>(
        &mut self,
        _: impl ::core::marker::Sized,
        _: impl ::core::marker::Sized,
    ) -> ::core::future::Ready<DurablyOutput>
    where
        for<'durably> Self: ::durably::__private::CalledInside<'durably>,
    {
        loop {}
    }
    #[cfg(feature = "rename")]
    fn rename<DurablyOutput>(
        &mut self,
        _: impl ::core::marker::Sized,
        _: impl ::core::marker::Sized,
    ) -> ::core::future::Ready<DurablyOutput>
    where
        for<'durably> Self: ::durably::__private::CalledInside<'durably>,
    {
        loop {}
    }
    fn slow<DurablyOutput>(
        &mut self,
        _: impl ::core::marker::Sized,
    ) -> ::core::future::Ready<DurablyOutput>
    where
        for<'durably> Self: ::durably::__private::CalledInside<'durably>,
    {
        loop {}
    }
}
impl Greeting_has_one_workflow_block_with_all_its_methods for Greeting {}
const _: () = {
    #[allow(unused_imports)]
    use ::durably::__private::{
        ByDerive as _, ByEncoding as _, ByJsonMessage as _, ByJsonMessages as _,
        ByMessage as _, ByMessages as _, ByOptionalJsonMessage as _,
        ByOptionalMessage as _, ByScalar as _, ByVerdict as _, Plain as _,
    };
    ///Signals, queries and updates of [`Greeting`]; every handle derefs to it.
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
    pub struct GreetingMethods<DurablyVia>(DurablyVia);
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
    impl<DurablyVia> GreetingMethods<DurablyVia> {
        #[doc(hidden)]
        pub fn run<DurablyOutput>(&self, _: impl ::core::marker::Sized) -> DurablyOutput
        where
            for<'durably> Greeting: ::durably::__private::CalledThroughHandle<'durably>,
        {
            loop {}
        }
        #[cfg(feature = "rename")]
        #[doc(hidden)]
        pub fn check<DurablyOutput>(
            &self,
            _: impl ::core::marker::Sized,
        ) -> DurablyOutput
        where
            for<'durably> Greeting: ::durably::__private::CalledThroughHandle<'durably>,
        {
            loop {}
        }
        #[doc(hidden)]
        pub fn slow<DurablyOutput>(&self) -> DurablyOutput
        where
            for<'durably> Greeting: ::durably::__private::CalledThroughHandle<'durably>,
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
    > ::durably::__private::MethodsOf<DurablyVia> for GreetingMethods<DurablyVia> {
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
    impl<DurablyVia> ::core::ops::Deref for GreetingMethods<DurablyVia> {
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
    impl<DurablyVia: ::durably::__private::Via> GreetingMethods<DurablyVia> {
        ///The signal `Finish` of [`Greeting`].
        #[track_caller]
        fn finish(&self) -> <DurablyVia as ::durably::__private::Via>::Signal {
            let arguments = ::durably::__private::Via::arguments(&self.0);
            ::durably::__private::Via::signal(&self.0, "Finish", arguments.finish())
        }
        #[cfg(feature = "rename")]
        ///The update `rename` of [`Greeting`].
        #[track_caller]
        fn rename(
            &self,
            to: impl ::durably::__private::Text,
        ) -> <DurablyVia as ::durably::__private::Via>::Update<
            <Result<Greeting> as ::durably::__private::Outcome>::Ok,
        >
        where
            DurablyVia: ::durably::__private::CanUpdate,
        {
            let mut arguments = ::durably::__private::Via::arguments(&self.0);
            <String as ::durably::__private::Serialisable<
                _,
            >>::payload((&&&&&::durably::__private::Spelled::<String>::HERE).payload())
                .add_text(&mut arguments, "to", to);
            ::durably::__private::CanUpdate::update(
                &self.0,
                "rename",
                arguments.finish(),
                <<Result<
                    Greeting,
                > as ::durably::__private::Outcome>::Ok as ::durably::__private::Serialisable<
                    _,
                >>::payload(
                    (&&&&&::durably::__private::Spelled::<
                        <Result<Greeting> as ::durably::__private::Outcome>::Ok,
                    >::HERE)
                        .payload(),
                ),
            )
        }
        ///The query `names` of [`Greeting`].
        #[track_caller]
        fn names(&self) -> ::durably::__private::QueryCall<Vec<String>>
        where
            DurablyVia: ::durably::__private::CanQuery,
        {
            let arguments = ::durably::__private::Via::arguments(&self.0);
            ::durably::__private::CanQuery::query(
                &self.0,
                "names",
                arguments.finish(),
                <Vec<
                    String,
                > as ::durably::__private::Serialisable<
                    _,
                >>::payload(
                    ::durably::__private::Spelled::<Vec<String>>::HERE
                        .unless_result(
                            (&&&&&::durably::__private::Spelled::<Vec<String>>::HERE)
                                .payload(),
                        ),
                ),
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
    impl Greeting {
        ///Starts this workflow: `.await` returns a handle, `.result().await` its result.
        ///
        /// Greets.
        fn start(
            client: &(impl ::durably::__private::AsClient + ?::core::marker::Sized),
            greeting: impl ::durably::__private::Text,
        ) -> ::durably::__private::StartCall<Greeting, ::durably::__private::QueueSet> {
            let mut arguments = ::durably::__private::AsClient::__client(client)
                .__arguments();
            <String as ::durably::__private::Serialisable<
                _,
            >>::payload((&&&&&::durably::__private::Spelled::<String>::HERE).payload())
                .add_text(&mut arguments, "greeting", greeting);
            ::durably::__private::StartCall::new(
                ::durably::__private::AsClient::__client(client),
                arguments.finish(),
            )
        }
        ///A handle to an execution that exists already.
        fn handle(
            client: &(impl ::durably::__private::AsClient + ?::core::marker::Sized),
            id: impl ::durably::__private::Text,
        ) -> ::durably::__private::Handle<Greeting> {
            ::durably::__private::Handle::attach(
                ::durably::__private::AsClient::__client(client),
                ::durably::__private::Text::into_text(id),
            )
        }
        ///Runs this workflow as a child: `.await` returns its result, `.start().await` a handle.
        ///
        /// Greets.
        #[track_caller]
        fn child(
            ctx: &(impl ::durably::__private::AsCtx + ?::core::marker::Sized),
            greeting: impl ::durably::__private::Text,
        ) -> ::durably::__private::ChildCall<Greeting> {
            let mut arguments = ::durably::__private::AsCtx::__ctx(ctx).__arguments();
            <String as ::durably::__private::Serialisable<
                _,
            >>::payload((&&&&&::durably::__private::Spelled::<String>::HERE).payload())
                .add_text(&mut arguments, "greeting", greeting);
            ::durably::__private::ChildCall::new(
                ::durably::__private::AsCtx::__ctx(ctx),
                arguments.finish(),
            )
        }
        ///A handle to another running workflow, for use inside a workflow.
        fn external(
            ctx: &(impl ::durably::__private::AsCtx + ?::core::marker::Sized),
            id: impl ::durably::__private::Text,
        ) -> ::durably::__private::ExternalHandle<Greeting> {
            ::durably::__private::ExternalHandle::new(
                ::durably::__private::AsCtx::__ctx(ctx),
                ::durably::__private::Text::into_text(id),
            )
        }
        ///Creates a schedule that starts this workflow at given times: `.await` returns a handle of the schedule.
        ///
        /// Greets.
        fn schedule(
            client: &(impl ::durably::__private::AsClient + ?::core::marker::Sized),
            schedule_id: impl ::durably::__private::Text,
            greeting: impl ::durably::__private::Text,
        ) -> ::durably::__private::ScheduleCall<
            Greeting,
            ::durably::__private::QueueSet,
            ::durably::__private::NoTimes,
        > {
            let mut arguments = ::durably::__private::AsClient::__client(client)
                .__arguments();
            <String as ::durably::__private::Serialisable<
                _,
            >>::payload((&&&&&::durably::__private::Spelled::<String>::HERE).payload())
                .add_text(&mut arguments, "greeting", greeting);
            ::durably::__private::ScheduleCall::new(
                ::durably::__private::AsClient::__client(client),
                schedule_id,
                arguments.finish(),
            )
        }
        ///Ends this run and starts the next one with these arguments: `return Self::continue_as_new(..).into()`.
        fn continue_as_new(
            greeting: impl ::durably::__private::Text,
        ) -> ::durably::__private::ContinueAsNew {
            let mut arguments = ::durably::__private::arguments_of_next_run();
            <String as ::durably::__private::Serialisable<
                _,
            >>::payload((&&&&&::durably::__private::Spelled::<String>::HERE).payload())
                .add_text(&mut arguments, "greeting", greeting);
            ::durably::__private::ContinueAsNew::new(
                <Greeting as ::durably::__private::Workflow>::NAME,
                arguments.finish(),
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
    impl ::durably::__private::Workflow for Greeting {
        const NAME: &'static str = "Greeting";
        const TASK_QUEUE: ::core::option::Option<&'static str> = ::core::option::Option::Some(
            "greetings",
        );
        type Output = <Result<usize> as ::durably::__private::Outcome>::Ok;
        fn __output() -> ::durably::__private::PayloadOf<
            <Result<usize> as ::durably::__private::Outcome>::Ok,
        > {
            <<Result<
                usize,
            > as ::durably::__private::Outcome>::Ok as ::durably::__private::Serialisable<
                _,
            >>::payload(
                (&&&&&::durably::__private::Spelled::<
                    <Result<usize> as ::durably::__private::Outcome>::Ok,
                >::HERE)
                    .payload(),
            )
        }
        type Queue = ::durably::__private::QueueSet;
        type Methods<DurablyVia: ::durably::__private::Via> = GreetingMethods<
            DurablyVia,
        >;
        fn __definition() -> &'static ::durably::__private::Definition<Self> {
            &::durably::__private::Definition {
                init: |view, arguments| ::core::result::Result::Ok(
                    <Greeting as ::durably::__private::Initial>::initial(),
                ),
                run: |cell, ctx, mut arguments| {
                    let argument_0 = <String as ::durably::__private::Serialisable<
                        _,
                    >>::payload(
                            (&&&&&::durably::__private::Spelled::<String>::HERE)
                                .payload(),
                        )
                        .next(&mut arguments, "greeting")?;
                    let converter = ::core::clone::Clone::clone(arguments.converter());
                    ::core::result::Result::Ok(
                        ::durably::__private::Called::Running(
                            ::std::boxed::Box::pin(async move {
                                let mut root = ::durably::__private::Root::new(&cell);
                                let mut lease = ::durably::__private::Lease::new(&mut root);
                                let state = lease.take();
                                <Greeting as ::durably::__private::Workflow>::__output()
                                    .result(
                                        <Result<
                                            usize,
                                        > as ::durably::__private::Outcome>::into_result(
                                            <Greeting>::__durably_run(
                                                    state,
                                                    &mut lease,
                                                    <Ctx as ::durably::__private::CtxArg>::of(&ctx),
                                                    argument_0,
                                                )
                                                .await,
                                        ),
                                        (&&::durably::__private::Spelled::<
                                            <Result<usize> as ::durably::__private::Outcome>::Err,
                                        >::HERE)
                                            .failure_by(
                                                <<Result<
                                                    usize,
                                                > as ::durably::__private::Outcome>::Err as ::durably::__private::IntoFailure>::into_failure,
                                            ),
                                        &converter,
                                    )
                            }),
                        ),
                    )
                },
                signals: &[
                    ::durably::__private::Signal {
                        name: "Finish",
                        unfinished: ::durably::__private::Unfinished::Warn,
                        call: |cell, ctx, mut arguments| {
                            ::core::result::Result::Ok(
                                ::durably::__private::Called::Done(
                                    <() as ::durably::__private::Serialisable<
                                        _,
                                    >>::payload(
                                            (&&&&&::durably::__private::Spelled::<()>::HERE).payload(),
                                        )
                                        .value(
                                            &cell.with(|state| <Greeting>::finish(state)),
                                            arguments.converter(),
                                        ),
                                ),
                            )
                        },
                    },
                ],
                queries: &[
                    (
                        "names",
                        |state, view, mut arguments| {
                            <Vec<
                                String,
                            > as ::durably::__private::Serialisable<
                                _,
                            >>::payload(
                                    ::durably::__private::Spelled::<Vec<String>>::HERE
                                        .unless_result(
                                            (&&&&&::durably::__private::Spelled::<Vec<String>>::HERE)
                                                .payload(),
                                        ),
                                )
                                .value(
                                    &<Greeting>::names(
                                        state,
                                        <View as ::durably::__private::ViewArg>::of(view),
                                    ),
                                    arguments.converter(),
                                )
                        },
                    ),
                ],
                updates: &[
                    #[cfg(feature = "rename")]
                    ::durably::__private::Update {
                        name: "rename",
                        unfinished: ::durably::__private::Unfinished::Warn,
                        validate: ::core::option::Option::Some(|
                            state,
                            view,
                            mut arguments|
                        {
                            let argument_0 = <String as ::durably::__private::Serialisable<
                                _,
                            >>::payload(
                                    (&&&&&::durably::__private::Spelled::<String>::HERE)
                                        .payload(),
                                )
                                .next(&mut arguments, "to")?;
                            let __argument_0 = &argument_0;
                            let argument_0: &str = __argument_0;
                            ::durably::__private::verdict(
                                <Greeting>::check(state, argument_0),
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
                            let argument_0 = <String as ::durably::__private::Serialisable<
                                _,
                            >>::payload(
                                    (&&&&&::durably::__private::Spelled::<String>::HERE)
                                        .payload(),
                                )
                                .next(&mut arguments, "to")?;
                            let converter = ::core::clone::Clone::clone(
                                arguments.converter(),
                            );
                            ::core::result::Result::Ok(
                                ::durably::__private::Called::Running(
                                    ::std::boxed::Box::pin(async move {
                                        let mut root = ::durably::__private::Root::new(&cell);
                                        let mut lease = ::durably::__private::Lease::new(&mut root);
                                        let state = lease.take();
                                        <<Result<
                                            Greeting,
                                        > as ::durably::__private::Outcome>::Ok as ::durably::__private::Serialisable<
                                            _,
                                        >>::payload(
                                                (&&&&&::durably::__private::Spelled::<
                                                    <Result<Greeting> as ::durably::__private::Outcome>::Ok,
                                                >::HERE)
                                                    .payload(),
                                            )
                                            .result(
                                                <Result<
                                                    Greeting,
                                                > as ::durably::__private::Outcome>::into_result(
                                                    <Greeting>::__durably_rename(
                                                            state,
                                                            &mut lease,
                                                            <Ctx as ::durably::__private::CtxArg>::of(&ctx),
                                                            argument_0,
                                                        )
                                                        .await,
                                                ),
                                                (&&::durably::__private::Spelled::<
                                                    <Result<Greeting> as ::durably::__private::Outcome>::Err,
                                                >::HERE)
                                                    .failure_by(
                                                        <<Result<
                                                            Greeting,
                                                        > as ::durably::__private::Outcome>::Err as ::durably::__private::IntoFailure>::into_failure,
                                                    ),
                                                &converter,
                                            )
                                    }),
                                ),
                            )
                        },
                    },
                ],
                dynamic_signal: &[],
                dynamic_query: &[],
                dynamic_update: &[],
            }
        }
    }
    const _: () = {
        const _: () = ::core::assert!(
            ! ::durably::__private::Spelled:: < Vec < String > > ::IS_RESULT,
            "this return type is a `Result` under another name; end the alias in `Result`, so that the macros recognise it"
        );
    };
};
