//! Options that a configuration writes as a number or as a table.

/// Reads a number as the one kind of limit, and a table as the other.
macro_rules! number_or_table {
    ($limit:ident, $number:ident, $table:ident($fields:ident), $expected:literal) => {
        impl<'de> ::serde::Deserialize<'de> for $limit {
            fn deserialize<D: ::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                use ::serde::de::{self, Unexpected, Visitor, value::MapAccessDeserializer};

                struct NumberOrTable;

                impl<'de> Visitor<'de> for NumberOrTable {
                    type Value = $limit;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str($expected)
                    }

                    fn visit_i64<E: de::Error>(self, n: i64) -> Result<$limit, E> {
                        let number = usize::try_from(n).map($limit::$number);
                        number.map_err(|_| E::invalid_value(Unexpected::Signed(n), &self))
                    }

                    fn visit_u64<E: de::Error>(self, n: u64) -> Result<$limit, E> {
                        let number = usize::try_from(n).map($limit::$number);
                        number.map_err(|_| E::invalid_value(Unexpected::Unsigned(n), &self))
                    }

                    fn visit_map<M: de::MapAccess<'de>>(self, map: M) -> Result<$limit, M::Error> {
                        $fields::deserialize(MapAccessDeserializer::new(map)).map($limit::$table)
                    }
                }

                from.deserialize_any(NumberOrTable)
            }
        }
    };
}

pub(super) use number_or_table;
