//! The beginning of a text that somebody else wrote, for a message that quotes it.

use std::borrow::Cow;

/// No more than `most` characters of a text, with an ellipsis where that is not all of it.
pub fn excerpt(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        for (text, shown) in [("", ""), ("éé", "éé"), ("ééé", "éé…")] {
            assert_eq!(excerpt(text, 2), shown);
        }
    }
}
