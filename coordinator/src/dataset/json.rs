//! Writing JSON text piece by piece, so that text which is JSON already is copied and not parsed.

/// Appends `text` as a JSON string with its quotes.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(&mut *out, text).expect("writing to memory does not fail");
}

/// Appends `"key":` with a comma before it where `out` is inside an object that has a field already.
pub(super) fn key(out: &mut Vec<u8>, key: &str) {
    if !matches!(out.last(), Some(b'{')) {
        out.push(b',');
    }
    string(out, key);
    out.push(b':');
}

/// Appends a field whose value is a text.
pub(super) fn text_field(out: &mut Vec<u8>, name: &str, text: &str) {
    key(out, name);
    string(out, text);
}

/// Appends a list, each item by `each`.
pub(super) fn list<T>(out: &mut Vec<u8>, items: &[T], mut each: impl FnMut(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        each(out, item);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_commas() {
        let mut out = Vec::new();
        out.push(b'{');
        text_field(&mut out, "a\"", "x\n\u{7}\\é\u{1F600}");
        key(&mut out, "b");
        list(&mut out, &["1.0", "0.5"], |out, n| {
            out.extend_from_slice(n.as_bytes())
        });
        out.push(b'}');
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "{\"a\\\"\":\"x\\n\\u0007\\\\é\u{1F600}\",\"b\":[1.0,0.5]}"
        );
    }
}
