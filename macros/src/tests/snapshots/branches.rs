impl Both {
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
    ) {
        let cell = durably_lease.cell();
        let a = async {
            let mut root = ::durably::__private::Root::new(cell);
            let mut durably_lease = ::durably::__private::Lease::new(&mut root);
            #[allow(unused_mut, unused_variables, unused_assignments)]
            let mut self_: &mut Self = durably_lease.take();
            {
                match ::durably::__private::value(
                    ::durably::__private::Value(
                        match wait(ctx) {
                            future => {
                                ::durably::__private::give(&mut durably_lease, self_);
                                let result = future.await;
                                #[allow(unused_assignments)]
                                {
                                    self_ = ::durably::__private::take(&mut durably_lease);
                                }
                                result
                            }
                        },
                    ),
                ) {
                    operand_0 => self_.n += operand_0,
                }
            };
        };
        let b = {
            let share = ::core::clone::Clone::clone(cell);
            async move {
                let cell = &share;
                {
                    let mut root = ::durably::__private::Root::new(cell);
                    let mut durably_lease = ::durably::__private::Lease::new(&mut root);
                    #[allow(unused_mut, unused_variables, unused_assignments)]
                    let mut self_: &mut Self = durably_lease.take();
                    self_.n += 1;
                }
            }
        };
        ::durably::__private::value(
            ::durably::__private::Value(
                match join(a, b) {
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
        );
        drop(format!("{self:?}"));
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
    async fn run(cell: &::durably::__private::StateCell<Self>, ctx: &Ctx) {
        let mut root = ::durably::__private::Root::new(cell);
        let mut durably_lease = ::durably::__private::Lease::new(&mut root);
        let state = durably_lease.take();
        Self::__durably_run(state, &mut durably_lease, ctx).await
    }
}