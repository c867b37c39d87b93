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
const _: () = {
    #[allow(unused_imports)]
    use ::durably::__private::{
        ByDerive as _, ByEncoding as _, ByJsonMessage as _, ByJsonMessages as _,
        ByMessage as _, ByMessages as _, ByOptionalJsonMessage as _,
        ByOptionalMessage as _, ByScalar as _, ByVerdict as _, Plain as _,
    };
    #[allow(unused_imports)]
    use ::durably::__private::{
        CauseByDeref as _, CauseByDerive as _, CauseByError as _, CauseByRecord as _,
        CauseBySource as _,
    };
    #[derive(::durably::data::serde::Serialize)]
    #[serde(crate = "::durably::data::serde")]
    struct __Written0<'failure> {
        #[serde(default)]
        reason: &'failure String,
    }
    #[derive(::durably::data::serde::Deserialize)]
    #[serde(crate = "::durably::data::serde")]
    struct __Read0 {
        #[serde(default)]
        reason: String,
    }
    impl ::durably::__private::TypedError for PayError {
        const NAME: &'static str = "PayError";
        fn __write(&self, to: &mut ::durably::__private::FailureWriter) {
            match self {
                Self::Declined { reason: field_0 } => {
                    to.variant("Declined");
                    to.fields("PayError::Declined", &__Written0 { reason: field_0 });
                    to.non_retryable();
                }
                Self::Busy {} => {
                    to.variant("busy");
                    to.next_retry_delay_millis(30000u64);
                }
                Self::Partly { 0: field_0, 1: field_1 } => {
                    to.variant("Partly");
                    to.value(
                        <u64 as ::durably::__private::Serialisable<
                            _,
                        >>::payload(
                            (&&&&&::durably::__private::Spelled::<u64>::HERE).payload(),
                        ),
                        field_0,
                    );
                    to.value(
                        <Bytes as ::durably::__private::Serialisable<
                            _,
                        >>::payload(
                            (&&&&&::durably::__private::Spelled::<Bytes>::HERE).payload(),
                        ),
                        field_1,
                    );
                }
                Self::Gateway { 0: cause } => {
                    to.variant("Gateway");
                    to.cause(
                        (&&&&&::durably::__private::Spelled::<GatewayError>::HERE)
                            .cause(),
                        cause,
                    );
                    to.retry_like_cause();
                }
            }
        }
        fn __read(
            from: &::durably::__private::FailureReader<'_>,
        ) -> ::core::option::Option<Self> {
            let variant = from.variant()?;
            match &*variant {
                "Declined" => {
                    let __Read0 { reason: field_0 } = from.fields(1usize)?;
                    ::core::option::Option::Some(Self::Declined { reason: field_0 })
                }
                "busy" => ::core::option::Option::Some(Self::Busy {}),
                "Partly" => {
                    let field_0 = from
                        .value(
                            <u64 as ::durably::__private::Serialisable<
                                _,
                            >>::payload(
                                (&&&&&::durably::__private::Spelled::<u64>::HERE).payload(),
                            ),
                            1usize,
                        )?;
                    let field_1 = from
                        .value(
                            <Bytes as ::durably::__private::Serialisable<
                                _,
                            >>::payload(
                                (&&&&&::durably::__private::Spelled::<Bytes>::HERE)
                                    .payload(),
                            ),
                            2usize,
                        )?;
                    ::core::option::Option::Some(Self::Partly {
                        0: field_0,
                        1: field_1,
                    })
                }
                "Gateway" => {
                    let cause = from
                        .cause(
                            (&&&&&::durably::__private::Spelled::<GatewayError>::HERE)
                                .cause(),
                        )?;
                    ::core::option::Option::Some(Self::Gateway { 0: cause })
                }
                _ => ::core::option::Option::None,
            }
        }
    }
};
