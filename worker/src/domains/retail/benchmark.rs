//! A world as τ²-bench compares it: the hash of its whole database, and the difference of two.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::print;
use super::python::push_json_text;
use super::state::{Base, World};

/// One step into a database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Index in a list.
    Index(usize),
    /// Key of an object.
    Key(String),
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Index(index) => serializer.serialize_u64(*index as u64),
            Self::Key(key) => serializer.serialize_str(key),
        }
    }
}

/// What one [`Difference`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// There was nothing.
    Add,
    /// There is nothing any more.
    Remove,
    /// Another value.
    Set,
}

/// One place where two databases differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// What happened there.
    pub op: Op,
    /// Where, from the top.
    pub path: Vec<Step>,
    /// What is there now; nothing for [`Op::Remove`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Json>,
}

/// The database of a base as the benchmark prints it for its hash, with the place of every record,
/// so that the hash of a world needs only its changed records printed.
#[derive(Debug)]
pub struct Benchmark {
    base: Arc<Base>,
    text: String,
    products: Vec<Range<usize>>,
    users: Vec<Range<usize>>,
    orders: Vec<Range<usize>>,
}

impl Benchmark {
    /// Prints the whole base once.
    pub fn new(base: Arc<Base>) -> Self {
        let mut text = String::from("{\"orders\": ");
        let orders = section(
            &mut text,
            &base.orders,
            |order| &order.order_id,
            print::order_sorted,
        );
        text.push_str(", \"products\": ");
        let products = section(
            &mut text,
            &base.products,
            |product| &product.product_id,
            print::product_sorted,
        );
        text.push_str(", \"users\": ");
        let users = section(
            &mut text,
            &base.users,
            |user| &user.user_id,
            print::user_sorted,
        );
        text.push('}');
        Self {
            base,
            text,
            products,
            users,
            orders,
        }
    }

    /// The database of the base.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The benchmark's hash of a world over this base: SHA-256 of its database with sorted keys.
    pub fn db_hash(&self, world: &World) -> String {
        let mut changed = Vec::new();
        replaced(
            &mut changed,
            &self.orders,
            &world.orders,
            print::order_sorted,
        );
        replaced(
            &mut changed,
            &self.products,
            &world.products,
            print::product_sorted,
        );
        replaced(&mut changed, &self.users, &world.users, print::user_sorted);
        changed.sort_by_key(|(range, _)| range.start);
        let mut hasher = Sha256::new();
        let mut at = 0;
        for (range, text) in changed {
            hasher.update(&self.text.as_bytes()[at..range.start]);
            hasher.update(text.as_bytes());
            at = range.end;
        }
        hasher.update(&self.text.as_bytes()[at..]);
        hasher
            .finalize()
            .iter()
            .fold(String::with_capacity(64), |mut hex, byte| {
                let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
                hex.extend([digit(byte >> 4), digit(byte & 15)]);
                hex
            })
    }

    /// What a world changed in its base, sorted by path.
    pub fn db_diff(&self, world: &World) -> Vec<Difference> {
        let mut found = Vec::new();
        compare(
            &mut found,
            "orders",
            &self.base.orders,
            &world.orders,
            |order| &order.order_id,
            print::order,
        );
        compare(
            &mut found,
            "products",
            &self.base.products,
            &world.products,
            |it| &it.product_id,
            print::product,
        );
        compare(
            &mut found,
            "users",
            &self.base.users,
            &world.users,
            |user| &user.user_id,
            print::user,
        );
        found.sort_by(|one, other| one.path.cmp(&other.path));
        found
    }
}

/// Prints records under their sorted ids; the ranges are those of the records, by place.
fn section<T>(
    text: &mut String,
    records: &[Arc<T>],
    id: fn(&T) -> &Arc<str>,
    print: fn(&mut String, &T),
) -> Vec<Range<usize>> {
    let mut sorted: Vec<usize> = (0..records.len()).collect();
    sorted.sort_by_key(|&place| id(&records[place]));
    let mut ranges = vec![0..0; records.len()];
    text.push('{');
    for (index, place) in sorted.into_iter().enumerate() {
        text.push_str(if index == 0 { "" } else { ", " });
        push_json_text(text, id(&records[place]));
        text.push_str(": ");
        let start = text.len();
        print(text, &records[place]);
        ranges[place] = start..text.len();
    }
    text.push('}');
    ranges
}

fn replaced<T>(
    changed: &mut Vec<(Range<usize>, String)>,
    ranges: &[Range<usize>],
    records: &BTreeMap<u32, Arc<T>>,
    print: fn(&mut String, &T),
) {
    for (&place, record) in records {
        let mut text = String::with_capacity(2048);
        print(&mut text, record);
        changed.push((ranges[place as usize].clone(), text));
    }
}

fn compare<T>(
    found: &mut Vec<Difference>,
    section: &str,
    base: &[Arc<T>],
    changed: &BTreeMap<u32, Arc<T>>,
    id: fn(&T) -> &Arc<str>,
    print: fn(&mut String, &T),
) {
    let json = |record: &T| -> Json {
        let mut text = String::new();
        print(&mut text, record);
        serde_json::from_str(&text).expect("records print as JSON: their numbers are finite")
    };
    for (&place, record) in changed {
        let path = vec![
            Step::Key(section.to_owned()),
            Step::Key(id(record).to_string()),
        ];
        differences(found, &path, &json(&base[place as usize]), &json(record));
    }
}

/// Objects are compared by key; lists by index where all their elements are objects and none went
/// away; anything else as a whole. `1` and `1.0` differ.
fn differences(found: &mut Vec<Difference>, path: &[Step], old: &Json, new: &Json) {
    let below = |step: Step| [path, &[step]].concat();
    match (old, new) {
        (Json::Object(before), Json::Object(after)) => {
            for (key, value) in before {
                let path = below(Step::Key(key.clone()));
                match after.get(key) {
                    Some(now) => differences(found, &path, value, now),
                    None => found.push(Difference {
                        op: Op::Remove,
                        path,
                        value: None,
                    }),
                }
            }
            for (key, value) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
                let path = below(Step::Key(key.clone()));
                found.push(Difference {
                    op: Op::Add,
                    path,
                    value: Some(value.clone()),
                });
            }
        }
        (Json::Array(before), Json::Array(after))
            if after.len() >= before.len() && before.iter().chain(after).all(Json::is_object) =>
        {
            for (index, value) in after.iter().enumerate() {
                let path = below(Step::Index(index));
                match before.get(index) {
                    Some(was) => differences(found, &path, was, value),
                    None => found.push(Difference {
                        op: Op::Add,
                        path,
                        value: Some(value.clone()),
                    }),
                }
            }
        }
        _ if old == new => {}
        _ => found.push(Difference {
            op: Op::Set,
            path: path.to_vec(),
            value: Some(new.clone()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::retail::sample;

    fn diff(old: &str, new: &str) -> String {
        let mut found = Vec::new();
        differences(
            &mut found,
            &[],
            &serde_json::from_str(old).unwrap(),
            &serde_json::from_str(new).unwrap(),
        );
        serde_json::to_string(&found).unwrap()
    }

    #[test]
    fn differences_have_the_benchmark_form() {
        let cases = [
            (r#"{"a":1}"#, r#"{"a":1}"#, "[]"),
            (
                r#"{"a":1}"#,
                r#"{"a":1.0}"#,
                r#"[{"op":"set","path":["a"],"value":1.0}]"#,
            ),
            (
                r#"{"a":1}"#,
                r#"{"b":1}"#,
                r#"[{"op":"remove","path":["a"]},{"op":"add","path":["b"],"value":1}]"#,
            ),
            (
                r#"{"a":[{"x":1}]}"#,
                r#"{"a":[{"x":2},{"y":3}]}"#,
                r#"[{"op":"set","path":["a",0,"x"],"value":2},{"op":"add","path":["a",1],"value":{"y":3}}]"#,
            ),
            (
                r#"{"a":[{"x":1}]}"#,
                r#"{"a":[]}"#,
                r#"[{"op":"set","path":["a"],"value":[]}]"#,
            ),
            (
                r#"{"a":["x"]}"#,
                r#"{"a":["x","y"]}"#,
                r#"[{"op":"set","path":["a"],"value":["x","y"]}]"#,
            ),
        ];
        for (old, new, wanted) in cases {
            assert_eq!(diff(old, new), wanted);
        }
    }

    #[test]
    fn a_world_is_hashed_as_if_printed_whole() {
        let base = Arc::new(sample::base());
        let benchmark = Benchmark::new(base.clone());
        let mut world = World::new(base.clone());
        sample::writes(&mut world);
        let (products, _, _) = sample::records();
        let users = (0..base.users.len() as u32)
            .map(|place| (**world.user_at(place)).clone())
            .collect();
        let orders = (0..base.orders.len() as u32)
            .map(|place| (**world.order_at(place)).clone())
            .collect();
        let written = Arc::new(Base::build(products, users, orders).unwrap());
        let whole = Benchmark::new(written.clone()).db_hash(&World::new(written));
        assert_eq!(benchmark.db_hash(&world), whole);
        assert_ne!(benchmark.db_hash(&World::new(base)), whole);
    }
}
