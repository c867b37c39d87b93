#[cfg(feature = "quotes")]
#[derive(prost::Message)]
struct Quote<T: Item> {
    #[prost(message, repeated, tag = "1")]
    items: Vec<T>,
}
#[cfg(feature = "quotes")]
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
impl<T: Item> ::durably::Encoding for Quote<T> {
    fn encode(
        &self,
    ) -> ::core::result::Result<
        ::durably::data::Payload,
        ::durably::data::EncodingError,
    > {
        <Self as ::durably::__private::AsBinaryProto>::encode(self)
    }
    fn decode(
        payload: ::durably::data::Payload,
    ) -> ::core::result::Result<Self, ::durably::data::EncodingError> {
        #[allow(unused_imports)]
        use ::durably::__private::{DecodeBinary as _, DecodeBinaryOrJson as _};
        (&&::durably::__private::Spelled::<Self>::HERE)
            .decode(payload, <Self as ::durably::__private::AsBinaryProto>::decode)
    }
}
