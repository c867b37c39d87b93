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
    async fn run(cell: &::durably::__private::StateCell<Self>, ctx: &Ctx) {
        let mut root = ::durably::__private::Root::new(cell);
        let mut lease = ::durably::__private::Lease::new(&mut root);
        #[allow(unused_mut, unused_variables, unused_assignments)]
        let mut self_: &mut Self = lease.take();
        let a = async {
            let mut root = ::durably::__private::Root::new(cell);
            let mut lease = ::durably::__private::Lease::new(&mut root);
            #[allow(unused_mut, unused_variables, unused_assignments)]
            let mut self_: &mut Self = lease.take();
            {
                match ::durably::__private::value(
                    ::durably::__private::Value(
                        match wait(ctx) {
                            future => {
                                ::durably::__private::give(&mut lease, self_);
                                let result = future.await;
                                #[allow(unused_assignments)]
                                {
                                    self_ = ::durably::__private::take(&mut lease);
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
                    let mut lease = ::durably::__private::Lease::new(&mut root);
                    #[allow(unused_mut, unused_variables, unused_assignments)]
                    let mut self_: &mut Self = lease.take();
                    self_.n += 1;
                }
            }
        };
        ::durably::__private::value(
            ::durably::__private::Value(
                match join(a, b) {
                    future => {
                        ::durably::__private::give(&mut lease, self_);
                        let result = future.await;
                        #[allow(unused_assignments)]
                        {
                            self_ = ::durably::__private::take(&mut lease);
                        }
                        result
                    }
                },
            ),
        );
        drop(format!("{self:?}", self = self_));
    }
}
