//! A record as a table of its fields, from which it is printed in either order of keys.

use std::sync::Arc;

use super::push_json_text;

/// Whether keys come in record order (results) or sorted (the benchmark's hash).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// As the records list them.
    Listed,
    /// In byte order.
    Sorted,
}

/// A function that prints a record in either order, from one table: what appends each field, in the
/// order in which results list them. The order that results have is written out, for speed; the other
/// goes through the names.
macro_rules! record {
    (fn $print:ident($out:ident, $record:ident: $kind:ty, $keys:ident) {
        $first:ident => $first_value:expr,
        $($name:ident => $value:expr,)*
    }) => {
        fn $print($out: &mut String, $record: $kind, $keys: Keys) {
            #[expect(non_camel_case_types, reason = "fields as the benchmark names them")]
            #[derive(Clone, Copy)]
            enum Field { $first, $($name,)* }
            const SORTED: &[(&str, Field)] = &fields::sorted([
                (concat!(", \"", stringify!($first), "\": "), Field::$first),
                $((concat!(", \"", stringify!($name), "\": "), Field::$name),)*
            ]);
            match $keys {
                Keys::Listed => {
                    $out.push_str(concat!("{\"", stringify!($first), "\": "));
                    $first_value;
                    $(
                        $out.push_str(concat!(", \"", stringify!($name), "\": "));
                        $value;
                    )*
                }
                Keys::Sorted => {
                    $out.push('{');
                    let mut after = ", ".len();
                    for (key, field) in SORTED {
                        $out.push_str(&key[std::mem::take(&mut after)..]);
                        match field {
                            Field::$first => $first_value,
                            $(Field::$name => $value,)*
                        }
                    }
                }
            }
            $out.push('}');
        }
    };
}
pub(super) use record;

/// Fields by key in byte order, at compile time. The quote that ends a name is lower than any letter, so
/// a name comes before those that begin with it.
pub(super) const fn sorted<F: Copy, const N: usize>(
    mut fields: [(&'static str, F); N],
) -> [(&'static str, F); N] {
    let mut end = 1;
    while end < N {
        let mut at = end;
        while at > 0 && before(fields[at].0.as_bytes(), fields[at - 1].0.as_bytes()) {
            let moved = fields[at];
            fields[at] = fields[at - 1];
            fields[at - 1] = moved;
            at -= 1;
        }
        end += 1;
    }
    fields
}

const fn before(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() {
        if one[at] != other[at] {
            return one[at] < other[at];
        }
        at += 1;
    }
    one.len() < other.len()
}

/// Appends a list.
pub(super) fn list<T>(out: &mut String, items: &[T], print: impl Fn(&mut String, &T)) {
    out.push('[');
    separated(out, items, print);
    out.push(']');
}

/// Appends a dictionary; `key` gives an item's key, `print` appends its value.
pub(super) fn dict<T>(
    out: &mut String,
    items: &[T],
    keys: Keys,
    key: impl Fn(&T) -> &Arc<str>,
    print: impl Fn(&mut String, &T),
) {
    let pair = |out: &mut String, item: &T| {
        push_json_text(out, key(item));
        out.push_str(": ");
        print(out, item);
    };
    out.push('{');
    if keys == Keys::Listed || items.is_sorted_by_key(&key) {
        separated(out, items, pair);
    } else {
        let mut sorted: Vec<&T> = items.iter().collect();
        sorted.sort_by(|a, b| key(a).cmp(key(b)));
        separated(out, sorted, pair);
    }
    out.push('}');
}

fn separated<'a, T: 'a>(
    out: &mut String,
    items: impl IntoIterator<Item = &'a T>,
    print: impl Fn(&mut String, &T),
) {
    for (place, item) in items.into_iter().enumerate() {
        if place > 0 {
            out.push_str(", ");
        }
        print(out, item);
    }
}
