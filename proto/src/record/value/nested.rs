//! Reading a value from its binary form, which says nothing of how deep it is nested: a few bytes a
//! level would otherwise overflow the stack, and no checksum guards against who makes them.

use std::fmt;

use serde::Deserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};

use super::{Map, Value};

/// Deepest nesting that is read, as much as of JSON text.
pub(super) const DEEPEST: u32 = 128;

/// Variants of the tagged form, in order.
const TAGS: [&str; 7] = ["Null", "Bool", "Int", "Float", "Str", "List", "Map"];

/// A value with at most so many levels of lists and maps.
#[derive(Clone, Copy)]
pub(super) struct Nested(pub(super) u32);

impl Nested {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let left = self.0.checked_sub(1);
        left.map(Self)
            .ok_or_else(|| E::custom(format!("a value is nested deeper than {DEEPEST} levels")))
    }
}

impl<'de> DeserializeSeed<'de> for Nested {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_enum("Value", &TAGS, self)
    }
}

impl<'de> Visitor<'de> for Nested {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tagged value")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Value, A::Error> {
        let (tag, content) = access.variant::<u32>()?;
        Ok(match tag {
            0 => {
                content.unit_variant()?;
                Value::Null
            }
            1 => Value::Bool(content.newtype_variant()?),
            2 => Value::Int(content.newtype_variant()?),
            3 => Value::Float(content.newtype_variant()?),
            4 => Value::Str(content.newtype_variant()?),
            5 => Value::List(content.newtype_variant_seed(Items(self.deeper()?))?),
            6 => Value::Map(content.newtype_variant_seed(Fields(self.deeper()?))?),
            other => {
                let found = Unexpected::Unsigned(u64::from(other));
                return Err(A::Error::invalid_value(found, &self));
            }
        })
    }
}

/// The items of a list.
struct Items(Nested);

impl<'de> DeserializeSeed<'de> for Items {
    type Value = Vec<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        // The announced length is not believed: nothing is reserved for it.
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(self.0)? {
            items.push(item);
        }
        Ok(items)
    }
}

/// The fields of a map.
struct Fields(Nested);

impl<'de> DeserializeSeed<'de> for Fields {
    type Value = Map;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Map, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields {
    type Value = Map;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("named values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Map, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = access.next_key()? {
            fields.insert(name, access.next_value_seed(self.0)?);
        }
        Ok(fields)
    }
}
