//! Values that are always encrypted.

use std::fmt;

use durably_engine::Payload;

use super::{
    Cipher, Converter, Data, Sensitive, Unencoded,
    encoding::{Item, Own},
};
use crate::error::DataFault;

/// A value that is encrypted wherever it is sent, also by a client without codecs: as an argument or a result of
/// workflows, activities and handlers, in an `Option` and in a `Vec`. Its `Debug` does not show it.
///
/// The keys are those of the client: of its codec [`Encryption`](crate::codec::Encryption), or those that
/// [`Codecs::encrypted_values`](crate::codec::Codecs::encrypted_values) sets for these values alone. Without
/// keys it cannot be sent, and one that was not encrypted cannot be received. (A client with the codec cannot tell
/// whether the codec has decrypted it; there [`only_encrypted`](crate::codec::Encryption::only_encrypted)
/// refuses what was not.)
///
/// In the history it is a payload of encoding `binary/encrypted`, which codecs of other SDKs decrypt. Functions
/// that take any serde value take it in [`Encoded`](super::Encoded); a field of a [`data`](macro@crate::data)
/// type cannot be encrypted by itself.
///
/// ```
/// use durably::{data::Encrypted, prelude::*};
///
/// #[durably::data]
/// #[derive(Clone)]
/// struct Card {
///     number: String,
/// }
///
/// #[activity(start_to_close = "10s")]
/// async fn charge(card: Encrypted<Card>, cents: u64) -> Result<String> {
///     let number = &card.expose().number;
///     Ok(format!("{cents} from the card that ends in {}", &number[number.len() - 4..]))
/// }
///
/// #[derive(Default)]
/// struct Order;
///
/// #[workflow]
/// impl Order {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx, card: Encrypted<Card>) -> Result<String> {
///         Ok(charge::call(ctx, card, 100).await?)
///     }
/// }
///
/// let card = Encrypted::new(Card { number: "4111 1111 1111 1111".to_owned() });
/// assert_eq!(format!("{card:?}"), "Encrypted(<hidden>)");
/// let kept = card.clone().into_sensitive();
/// assert_eq!(kept.expose().number, card.into_exposed().number);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Encrypted<T>(T);

impl<T> Encrypted<T> {
    /// A value that is encrypted wherever it is sent.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, to be used and not to be kept.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value, by move.
    pub fn into_exposed(self) -> T {
        self.0
    }

    /// The value as one that cannot be sent at all.
    pub fn into_sensitive(self) -> Sensitive<T> {
        Sensitive::new(self.0)
    }
}

impl<T> From<T> for Encrypted<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Encrypted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encrypted(<hidden>)")
    }
}

impl<T: Data> Own for Encrypted<T> {
    fn encode_own(&self, converter: &Converter) -> Result<Payload, DataFault> {
        encrypt(self.0.__encode(converter)?, converter)
    }

    fn decode_own(payload: Payload, converter: &Converter) -> Result<Self, DataFault> {
        let decrypted = cipher(converter)?.decrypt(payload)?;
        T::__decode(decrypted, converter).map(Self)
    }

    fn unencoded_own(&self) -> Unencoded {
        self.0.__unencoded().encrypted()
    }
}

impl<T: Data> Item for Encrypted<T> {}

pub(super) fn encrypt(payload: Payload, converter: &Converter) -> Result<Payload, DataFault> {
    cipher(converter)?.encrypt(payload)
}

fn cipher(converter: &Converter) -> Result<&dyn Cipher, DataFault> {
    let missing = || {
        DataFault::Encryption {
        reason: "it is always encrypted, and this client has no keys; \
                 `Codecs::encrypted_values` or the codec `Encryption` sets them, in a replay by `.codecs(..)`"
            .to_owned(),
    }
    };
    converter.cipher().ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        codec::{Codecs, Encryption, Keys},
        data::{Bytes, Encoded, Value},
    };

    fn encryption() -> Encryption {
        Encryption::aes256_gcm(Keys::new("k1", [1; 32]))
    }

    fn with(codecs: Codecs) -> Converter {
        Converter::JSON.with_cipher(codecs.cipher)
    }

    fn converters() -> [Converter; 2] {
        [
            with(Codecs::new().encrypted_values(encryption())),
            with(Codecs::new().codec(encryption())),
        ]
    }

    fn round_trip<T: Own + PartialEq + fmt::Debug>(value: T) {
        for converter in converters() {
            let now = value.encode_own(&converter).expect("there are keys");
            let later = value
                .unencoded_own()
                .encode(&converter)
                .expect("there are keys");
            for payload in [now, later] {
                assert!(!payload.data().windows(4).any(|it| it == b"4711"));
                assert_eq!(T::decode_own(payload, &converter).as_ref(), Ok(&value));
            }
        }
    }

    #[test]
    fn values_are_encrypted_by_themselves_in_options_in_lists_and_later() {
        round_trip(Encrypted::new("card 4711".to_owned()));
        round_trip(Encrypted::new(Bytes::from(b"4711".to_vec())));
        round_trip(Some(Encrypted::new("4711".to_owned())));
        round_trip(vec![
            Encrypted::new("4711".to_owned()),
            Encrypted::new("4711".to_owned()),
        ]);
        round_trip(None::<Encrypted<u32>>);
    }

    #[test]
    fn without_keys_nothing_is_written_and_nothing_read() {
        let card = Encrypted::new("4711".to_owned());
        let no_keys = "it is always encrypted, and this client has no keys; \
                       `Codecs::encrypted_values` or the codec `Encryption` sets them, in a replay by \
                       `.codecs(..)`";
        for fault in [
            card.encode_own(&Converter::JSON).map(drop),
            card.unencoded_own().encode(&Converter::JSON).map(drop),
            Encrypted::<u32>::decode_own(Payload::null(), &Converter::JSON).map(drop),
        ] {
            assert_eq!(fault.expect_err("there are no keys").to_string(), no_keys);
        }
        let shown = format!(
            "{card:?} {:?} {:?}",
            card.unencoded_own(),
            Value::of(Encoded(card.clone()))
        );
        assert!(!shown.contains("4711"), "{shown}");
    }

    #[test]
    fn what_was_not_encrypted_is_refused_unless_a_codec_has_decrypted_it() {
        let [values, chain] = converters();
        let plain = || Payload::json(b"\"4711\"".to_vec());
        let read = |converter| Encrypted::<String>::decode_own(plain(), converter);
        assert_eq!(
            read(&values).expect_err("it is plain").to_string(),
            "it is not encrypted; its encoding is `json/plain`"
        );
        assert_eq!(read(&chain), Ok(Encrypted::new("4711".to_owned())));
    }
}
