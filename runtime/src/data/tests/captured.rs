//! A value that is encoded later is what it would have been at once, in every format.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    rc::Rc,
};

use serde::Serialize;

use super::{formats::MessagePack, shapes};
use crate::{
    data::{BinaryProto, Bytes, Converter, Encoded, JsonProto, Outgoing},
    error::DataFault,
};

fn encoded_later<T: Outgoing>(value: &T) {
    for converter in [Converter::JSON, Converter::of(MessagePack)] {
        let later = value.__unencoded().encode(&converter);
        assert_eq!(later, value.__encode(&converter), "{converter:?}");
    }
}

#[test]
fn every_shape_of_serde_is_encoded_later_as_at_once() {
    for number in [0.1, f64::NAN, f64::INFINITY] {
        for (shape, _) in shapes(number) {
            encoded_later(&shape);
        }
    }
    #[derive(Serialize)]
    struct Unit;
    #[derive(Serialize)]
    enum Variants {
        Unit,
        Newtype(u8),
        Tuple(u8, char),
    }
    let variants = [
        Variants::Unit,
        Variants::Newtype(1),
        Variants::Tuple(2, 'x'),
    ];
    encoded_later(&variants);
    encoded_later(&(
        Unit,
        (),
        None::<u8>,
        Some(Some(1)),
        true,
        i128::MIN,
        u128::MAX,
    ));
    encoded_later(&(-1_i8, -2_i16, -3_i32, -4_i64, 1_u8, 2_u16, 3_u32, 4_u64));
    encoded_later(&(f32::MIN_POSITIVE, "text", String::from("other text")));
    encoded_later(&BTreeMap::from([(1, "one"), (2, "two")]));
    encoded_later(&BTreeMap::from([(vec![1], "no key of JSON")]));
}

#[test]
fn a_value_that_has_two_forms_keeps_both() {
    encoded_later(&IpAddr::from(Ipv4Addr::LOCALHOST));
    encoded_later(&uuid::Uuid::from_u128(7));
    encoded_later(&vec![Bytes(vec![1, 2])]);
}

#[test]
fn what_has_an_encoding_of_its_own_keeps_it() {
    encoded_later(&Bytes(vec![1, 2]));
    encoded_later(&());
    encoded_later(&None::<u32>);
    encoded_later(&Encoded(vec![1_u8]));
    encoded_later(&Encoded(vec![::bytes::Bytes::from_static(b"ab")]));
    encoded_later(&Encoded(Some(vec![::bytes::Bytes::from_static(b"ab")])));
    encoded_later(&JsonProto(prost_wkt_types::Duration::default()));
    encoded_later(&BinaryProto(prost_wkt_types::Duration::default()));
}

/// It lives no longer than the call, and may not leave its thread.
#[test]
fn a_value_may_be_borrowed() {
    let seats = [Rc::<str>::from("12A")];
    let seats: Vec<&str> = seats.iter().map(|seat| &**seat).collect();
    encoded_later(&&seats);
}

#[test]
fn a_value_that_refuses_is_named_with_its_path_in_every_format() {
    struct Refuses;
    impl Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("not today"))
        }
    }
    let refuses = BTreeMap::from([("a", (1, Refuses))]).__unencoded();
    for converter in [Converter::JSON, Converter::of(MessagePack)] {
        let expected = DataFault::NotSerialisable {
            reason: "not today".to_owned(),
            path: ".a[1]".to_owned(),
        };
        assert_eq!(refuses.encode(&converter), Err(expected));
    }
}

/// In one of its forms it refuses.
struct RefusesIn {
    readable: bool,
}

impl Serialize for RefusesIn {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() == self.readable {
            true => Err(serde::ser::Error::custom("not in this form")),
            false => serializer.serialize_str("written"),
        }
    }
}

#[test]
fn a_fault_of_one_form_leaves_the_other() {
    for readable in [true, false] {
        encoded_later(&RefusesIn { readable });
        encoded_later(&(RefusesIn { readable }, f64::NAN));
    }
}

/// It announces a length that is not its own.
struct Announces(Option<usize>);

impl Serialize for Announces {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::{SerializeMap as _, SerializeSeq as _};
        let mut list = serializer.serialize_seq(self.0)?;
        list.serialize_element(&1_u8)?;
        list.serialize_element(&InMap(self.0))?;
        return list.end();

        struct InMap(Option<usize>);
        impl Serialize for InMap {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(self.0)?;
                map.serialize_entry("one", &1)?;
                map.end()
            }
        }
    }
}

#[test]
fn the_length_that_a_value_announces_is_only_passed_on() {
    encoded_later(&Announces(None));
    let later = Announces(Some(usize::MAX)).__unencoded();
    let at_once = Announces(Some(usize::MAX)).__encode(&Converter::JSON);
    assert_eq!(later.encode(&Converter::JSON), at_once);
}

#[test]
fn a_list_of_bytes_and_others_keeps_its_order() {
    encoded_later(&vec![1_u8, 2, 3]);
    encoded_later(&(1_u8, 2_u8, "three", 4_u8));
    encoded_later(&Vec::<u8>::new());
}
