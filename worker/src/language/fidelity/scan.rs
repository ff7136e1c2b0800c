//! Finding words in a text at word boundaries.

/// A text in which what is accounted for can be blanked.
pub(super) struct Scanner {
    text: String,
    lower: String,
}

impl Scanner {
    pub(super) fn new(text: &str) -> Self {
        // ASCII lower case keeps byte offsets, so that both forms are blanked alike.
        Self {
            text: text.to_owned(),
            lower: text.to_ascii_lowercase(),
        }
    }

    /// Whether the text holds `words`, bounded. Words of up to three letters, all capitals, are
    /// compared as they are ("S", "OR"), all others without case.
    pub(super) fn holds(&self, words: &str) -> bool {
        self.find(words, 0).is_some()
    }

    /// Blanks every place where `words` stand.
    pub(super) fn blank(&mut self, words: &str) {
        let mut from = 0;
        while let Some(at) = self.find(words, from) {
            let gap = " \u{1}".repeat(words.len().div_ceil(2));
            let gap = &gap[..words.len()];
            self.text.replace_range(at..at + words.len(), gap);
            self.lower.replace_range(at..at + words.len(), gap);
            from = at + words.len();
        }
    }

    fn find(&self, words: &str, from: usize) -> Option<usize> {
        let exact = words.len() <= 3 && words.chars().all(|c| c.is_ascii_uppercase());
        let hay = if exact { &self.text } else { &self.lower };
        let (hay, needle) = (hay.as_bytes(), words.as_bytes());
        let first = *needle.first()?;
        let first = if exact {
            first
        } else {
            first.to_ascii_lowercase()
        };
        let last = hay.len().checked_sub(needle.len())?;
        (from..=last).find(|&at| {
            hay[at] == first && {
                let here = &hay[at..at + needle.len()];
                let same = if exact {
                    here == needle
                } else {
                    here.eq_ignore_ascii_case(needle)
                };
                same && bounded(&self.lower, at, at + needle.len())
            }
        })
    }
}

/// Whether neither side runs on into the word: "red" is not in "ordered", "S" not in "it's", "5" not in
/// "1.5".
fn bounded(hay: &str, at: usize, end: usize) -> bool {
    let before = hay[..at].chars().next_back();
    let mut after = hay[end..].chars();
    let (next, then) = (after.next(), after.next());
    let inner = |c: char| c.is_alphanumeric() || c == '\'';
    let runs_on = match next {
        Some('.' | ',' | '-' | '\'') => then.is_some_and(|c| c.is_alphanumeric()),
        Some(c) => c.is_alphanumeric(),
        None => false,
    };
    let first_is_word = hay[at..end]
        .chars()
        .next()
        .is_some_and(char::is_alphanumeric);
    let joined = before.is_some_and(|c| inner(c) || ".-".contains(c));
    !(runs_on || (first_is_word && joined))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_at_their_boundaries_only() {
        let text =
            Scanner::new("I ordered it's size S, in Portland, OR or 1.5 liters (black). #W123");
        for word in [
            "S",
            "OR",
            "portland",
            "1.5 liters",
            "Black",
            "#W123",
            "size S",
        ] {
            assert!(text.holds(word), "{word}");
        }
        for word in ["red", "5 liters", "land", "#W12", "W12", "IN"] {
            assert!(!text.holds(word), "{word}");
        }
    }

    #[test]
    fn what_is_blanked_is_gone_and_nothing_else() {
        let mut text = Scanner::new("the black lamp and the lamp in black, blackish");
        text.blank("black");
        assert!(!text.holds("black") && text.holds("blackish") && text.holds("lamp and"));
    }
}
