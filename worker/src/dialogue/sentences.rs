//! A message as plain text, cut into clauses.

use std::borrow::Cow;

/// One clause of a message: a sentence, a line of a list, or what follows ", but" or ";".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clause {
    /// Byte range in the plain text.
    pub(crate) start: usize,
    /// End of the range.
    pub(crate) end: usize,
    /// Ends in a question mark.
    pub(crate) question: bool,
}

impl Clause {
    /// The clause itself.
    pub(crate) fn of<'a>(&self, text: &'a str) -> &'a str {
        &text[self.start..self.end]
    }
}

/// Longest clause that counts as speech, in bytes; anything longer is pasted data.
pub(crate) const LONGEST: usize = 1200;

/// Shortest beginning after which ", but" starts a clause of its own; "I'm sorry, but" does not.
const SHORTEST: usize = 28;

/// The text with typographic marks as ASCII and without markdown's stars and back quotes. Borrowed
/// where nothing is to be done.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii() && b != b'*' && b != b'`') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '*' if out.ends_with('\n') && rest.as_str().starts_with(' ') => out.push('-'),
            '*' | '`' | '\u{200b}' | '\u{feff}' => {}
            '\u{2018}' | '\u{2019}' | '\u{02bc}' => out.push('\''),
            '\u{201c}' | '\u{201d}' => out.push('"'),
            '\u{2010}'..='\u{2012}' => out.push('-'),
            '\u{2013}' | '\u{2014}' => out.push_str(" - "),
            '\u{2022}' | '\u{25cf}' | '\u{2023}' => out.push('-'),
            '\u{2192}' | '\u{27a1}' => out.push_str("->"),
            '\u{2212}' => out.push('-'),
            '\u{2026}' => out.push_str("..."),
            c if c.is_whitespace() && c != '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Cuts plain text into clauses; blank ones are left out.
pub(crate) fn clauses(text: &str) -> Vec<Clause> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(8);
    let mut start = 0;
    let mut at = 0;
    // Brackets open since the sentence began: what they hold describes, it is no clause of its own.
    let mut open = 0_usize;
    while at < bytes.len() {
        match bytes[at] {
            b'(' => open += 1,
            b')' => open = open.saturating_sub(1),
            _ => {}
        }
        let end = match bytes[at] {
            b'\n' => Some(at + 1),
            b'.' | b'!' | b'?' => match stop(bytes, start, at) {
                Ok(end) => Some(end),
                // Every mark of a row ends where the row ends: the next one would find no more.
                Err(next) => {
                    at = next - 1;
                    None
                }
            },
            b';' if open == 0 && blank_at(bytes, at + 1) && !starts_or(&bytes[at + 1..]) => {
                Some(at + 1)
            }
            b',' if at - start >= SHORTEST && starts_but(&bytes[at..]) => Some(at + 1),
            _ => None,
        };
        at += 1;
        if let Some(end) = end {
            push(text, start, end, &mut out);
            start = end;
            at = end;
            open = 0;
        }
    }
    push(text, start, bytes.len(), &mut out);
    out
}

/// End of the sentence that the mark at `at` closes, with brackets and quotes behind it; where it
/// closes none, as in "$12.50", "e.g. this" or "1. Item", the place to go on from, as an error.
fn stop(bytes: &[u8], start: usize, at: usize) -> Result<usize, usize> {
    let mut end = at + 1;
    while let Some(b'.' | b'!' | b'?' | b')' | b'"' | b'\'' | b']') = bytes.get(end) {
        end += 1;
    }
    if !blank_at(bytes, end) {
        return Err(end);
    }
    if bytes[at] == b'.' && end == at + 1 {
        let head = bytes[start..at].trim_ascii_start();
        let numbered = !head.is_empty() && head.len() <= 2 && head.iter().all(u8::is_ascii_digit);
        if numbered || head.ends_with(b"e.g") || head.ends_with(b"i.e") || head.ends_with(b" vs") {
            return Err(end);
        }
    }
    Ok(end)
}

fn blank_at(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_none_or(u8::is_ascii_whitespace)
}

/// Whether a further alternative follows: "; or the white one".
fn starts_or(rest: &[u8]) -> bool {
    rest.len() >= 4 && rest[..4].eq_ignore_ascii_case(b" or ")
}

fn starts_but(rest: &[u8]) -> bool {
    [&b", but "[..], b", however"]
        .iter()
        .any(|word| rest.len() >= word.len() && rest[..word.len()].eq_ignore_ascii_case(word))
}

fn push(text: &str, start: usize, end: usize, out: &mut Vec<Clause>) {
    let body = &text[start..end];
    let trimmed = body.trim();
    if trimmed.is_empty() {
        return;
    }
    let start = start + (body.len() - body.trim_start().len());
    let close = trimmed.trim_end_matches([')', '"', '\'', ']', '!', '.']);
    out.push(Clause {
        start,
        end: start + trimmed.len(),
        question: close.ends_with('?') || trimmed.ends_with('?'),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<(String, bool)> {
        let plain = plain(text);
        clauses(&plain)
            .iter()
            .map(|clause| (clause.of(&plain).to_owned(), clause.question))
            .collect()
    }

    #[test]
    fn sentences_lines_and_clauses() {
        let cases: &[(&str, &[(&str, bool)])] = &[
            (
                "It is $12.50. Ok?",
                &[("It is $12.50.", false), ("Ok?", true)],
            ),
            (
                "1. Lamp\n2. Chair\nWhich one? (yes/no)",
                &[
                    ("1. Lamp", false),
                    ("2. Chair", false),
                    ("Which one?", true),
                    ("(yes/no)", false),
                ],
            ),
            (
                "I\u{2019}m sorry, but no. **Well**",
                &[("I'm sorry, but no.", false), ("Well", false)],
            ),
            (
                "I cannot cancel that order for you, but shall I return it?",
                &[
                    ("I cannot cancel that order for you,", false),
                    ("but shall I return it?", true),
                ],
            ),
            (
                "Is it A (red; 5.1 W; item 1) or B (blue; item 2)? No; or yes; well.",
                &[
                    ("Is it A (red; 5.1 W; item 1) or B (blue; item 2)?", true),
                    ("No; or yes;", false),
                    ("well.", false),
                ],
            ),
            (
                "A detail, e.g. the color. \"Really?\" (is it?)",
                &[
                    ("A detail, e.g. the color.", false),
                    ("\"Really?\"", true),
                    ("(is it?)", true),
                ],
            ),
            (
                "Wait...what?!no 1.5). Yes",
                &[("Wait...what?!no 1.5).", false), ("Yes", false)],
            ),
            ("", &[]),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> = expected
                .iter()
                .map(|(t, q)| ((*t).to_owned(), *q))
                .collect();
            assert_eq!(cut(text), expected, "{text}");
        }
    }
}
