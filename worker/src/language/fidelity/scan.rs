//! Finding words in a text at word boundaries.

/// From so many letters and digits on a word is told by itself, whatever hangs on to it.
const LONG: usize = 4;

/// How near to the letter a text must hold words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// To the letter.
    Exact,
    /// Long ones without their leading "#", too, and with something that hangs on to them: "W1234567",
    /// "black-colored", "Denver's". Finds all that `Exact` finds.
    Near,
}

impl Spelling {
    /// The least that a text must hold of `words`.
    fn least(self, words: &str) -> &str {
        let bare = words.strip_prefix('#').filter(|bare| long(bare));
        match self {
            Self::Exact => words,
            Self::Near => bare.unwrap_or(words),
        }
    }
}

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
        self.holds_as(words, Spelling::Exact)
    }

    /// Whether the text holds `words` in this spelling.
    pub(super) fn holds_as(&self, words: &str, spelling: Spelling) -> bool {
        self.find(spelling.least(words), spelling, 0).is_some()
    }

    /// Blanks every place where `words` stand in this spelling.
    pub(super) fn blank(&mut self, words: &str, spelling: Spelling) {
        let words = spelling.least(words);
        let mut from = 0;
        while let Some(at) = self.find(words, spelling, from) {
            let gap = " \u{1}".repeat(words.len().div_ceil(2));
            let gap = &gap[..words.len()];
            self.text.replace_range(at..at + words.len(), gap);
            self.lower.replace_range(at..at + words.len(), gap);
            from = at + words.len();
        }
    }

    fn find(&self, words: &str, spelling: Spelling, from: usize) -> Option<usize> {
        let loose = spelling == Spelling::Near && long(words);
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
                same && bounded(&self.lower, at, at + needle.len(), loose)
            }
        })
    }
}

/// Whether words are long enough to be told by themselves; numbers never are.
fn long(words: &str) -> bool {
    let count = words.chars().filter(|c| c.is_alphanumeric()).count();
    count >= LONG && words.contains(char::is_alphabetic)
}

/// Whether neither side runs on into the word: "red" is not in "ordered", "S" not in "it's", "5" not in
/// "1.5". Where it is `loose`, what only hangs on does not run on.
fn bounded(hay: &str, at: usize, end: usize, loose: bool) -> bool {
    let before = hay[..at].chars().next_back();
    let mut after = hay[end..].chars();
    let (next, then) = (after.next(), after.next());
    let inner = |c: char| c.is_alphanumeric() || c == '\'';
    let runs_on = match next {
        _ if loose && hangs_on(next, then) => false,
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

/// Whether what follows a word only hangs on to it: "-colored", "'s".
fn hangs_on(next: Option<char>, then: Option<char>) -> bool {
    match next {
        Some('-') => then.is_some_and(char::is_alphabetic),
        Some('\'') => then == Some('s'),
        _ => false,
    }
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
        text.blank("black", Spelling::Exact);
        assert!(!text.holds("black") && text.holds("blackish") && text.holds("lamp and"));
    }

    #[test]
    fn only_long_words_are_found_in_a_near_spelling() {
        let text = Scanner::new(
            "Order w1234567 is the black-colored one, it's 1.5 liters, S-shaped, red-ish and off-white, \
             a 1000-piece one, from DENVER's or Bostonian mail",
        );
        let near = |word: &str| text.holds_as(word, Spelling::Near);
        for word in ["#W1234567", "black", "Denver"] {
            assert!(near(word) && !text.holds(word), "{word}");
        }
        for word in [
            "#W123456", "#S", "S", "5", "5 liters", "red", "white", "1000", "Boston",
        ] {
            assert!(!near(word) && !text.holds(word), "{word}");
        }
    }

    #[test]
    fn what_is_blanked_is_gone_in_the_spelling_that_it_is_blanked_in() {
        let told = "#W1234567, W1234567 or #W1234567's box, black or black-colored";
        let mut text = Scanner::new(told);
        for word in ["#W1234567", "black"] {
            text.blank(word, Spelling::Exact);
            assert!(!text.holds(word) && text.holds_as(word, Spelling::Near));
            text.blank(word, Spelling::Near);
            assert!(!text.holds_as(word, Spelling::Near));
        }
        assert!(text.holds("box") && !text.holds("colored"));
    }
}
