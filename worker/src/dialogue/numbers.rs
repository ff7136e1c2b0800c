//! Amounts of money and counts as people write them.

use proto::record::Answer;

/// Counts in words, by value from zero.
const WORDS: [&str; 21] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];

/// Every value in `text` of the same kind as `like`, in order, repeats included: money in cents, or
/// counts. Ids, zip codes, dates, times and measures (by the domain's `units`, too) are neither.
pub(super) fn values(text: &str, like: Answer, units: &[&str]) -> Vec<i64> {
    let mut out = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte.is_ascii_digit() {
            let number = Number::read(text, at);
            at = number.end.max(at + 1);
            let value = match like {
                Answer::Money(_) => number.cents(text),
                Answer::Count(_) => number.count(text, units),
            };
            out.extend(value);
        } else if byte.is_ascii_alphabetic() {
            let end = word_end(bytes, at);
            if matches!(like, Answer::Count(_)) {
                out.extend(word_count(text, at, end, units));
            }
            at = end;
        } else {
            at += 1;
        }
    }
    out
}

/// Digits with thousands separators and a fraction, as they stand.
struct Number {
    start: usize,
    end: usize,
    whole: u64,
    /// Digits after the point; none without a point.
    fraction: Option<(u64, u32)>,
}

impl Number {
    fn read(text: &str, start: usize) -> Self {
        let bytes = text.as_bytes();
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let mut number = Self {
            start,
            end: start,
            whole: 0,
            fraction: None,
        };
        while digit(number.end) {
            number.push(bytes[number.end]);
            let comma = bytes.get(number.end) == Some(&b',');
            if comma && (1..=3).all(|k| digit(number.end + k)) && !digit(number.end + 4) {
                number.end += 1;
            }
        }
        if bytes.get(number.end) == Some(&b'.') && digit(number.end + 1) {
            number.end += 1;
            let (mut value, mut places) = (0_u64, 0);
            while digit(number.end) {
                if places < 9 {
                    value = value * 10 + u64::from(bytes[number.end] - b'0');
                    places += 1;
                }
                number.end += 1;
            }
            number.fraction = Some((value, places));
        }
        number
    }

    fn push(&mut self, digit: u8) {
        self.whole = self
            .whole
            .saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'));
        self.end += 1;
    }

    /// As money: with a dollar sign, a word for dollars, or two decimals.
    fn cents(&self, text: &str) -> Option<i64> {
        let bytes = text.as_bytes();
        let before = text[..self.start].trim_end_matches(' ');
        let dollar = before.ends_with('$') || before.to_ascii_lowercase().ends_with("usd");
        let after = text[self.end..].trim_start().as_bytes();
        let named = [&b"dollar"[..], b"usd", b"bucks"].iter().any(|name| {
            after.len() >= name.len() && after[..name.len()].eq_ignore_ascii_case(name)
        });
        let glued = self.glued(bytes, b"$-+(~=/");
        let plain = matches!(self.fraction, Some((_, 2..))) && !glued;
        if self.whole > 1_000_000_000_000 || !(dollar || named || plain) {
            return None;
        }
        let whole = i64::try_from(self.whole).ok()? * 100;
        Some(
            whole
                + self.fraction.map_or(0, |(value, places)| {
                    let scaled = value as f64 * 100.0 / 10_f64.powi(places as i32);
                    scaled.round() as i64
                }),
        )
    }

    /// As a count: a bare number of at most four digits that is no part of anything longer.
    fn count(&self, text: &str, units: &[&str]) -> Option<i64> {
        let bytes = text.as_bytes();
        let bare = self.fraction.is_none() && self.end - self.start <= 4;
        let listed = text[..self.start].trim().is_empty()
            && matches!(bytes.get(self.end), Some(b'.' | b')'));
        if !bare
            || listed
            || self.glued(bytes, b"(~=")
            || measured(text, self.start, self.end, units)
        {
            return None;
        }
        i64::try_from(self.whole).ok()
    }

    /// Whether a letter, digit or mark touches the number, beside those marks in `free`.
    fn glued(&self, bytes: &[u8], free: &[u8]) -> bool {
        let before = self.start.checked_sub(1).map(|at| bytes[at]);
        let digit = |back: usize| {
            let at = self.start.checked_sub(back);
            at.is_some_and(|at| bytes[at].is_ascii_digit())
        };
        let front = before.is_some_and(|b| match b {
            b':' | b',' => digit(2),
            b'"' | b'\'' | b'[' | b';' => false,
            b => !b.is_ascii_whitespace() && !free.contains(&b),
        });
        let back = match bytes.get(self.end) {
            None => false,
            Some(b'.' | b',' | b':' | b'?' | b'!') => bytes
                .get(self.end + 1)
                .is_some_and(u8::is_ascii_alphanumeric),
            Some(b) => !b.is_ascii_whitespace() && !b")]\"';=+".contains(b),
        };
        front || back
    }
}

/// Whether the words around a bare number make it something else than a count.
fn measured(text: &str, start: usize, end: usize, units: &[&str]) -> bool {
    const BEFORE: [&str; 22] = [
        "size",
        "ending in",
        "ends in",
        "suite",
        "apt",
        "apartment",
        "zip",
        "zip code",
        "unit",
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "$",
    ];
    const AFTER: [&str; 30] = [
        "gb", "tb", "ml", "l", "liter", "liters", "inch", "inches", "ft", "feet", "hours", "hour",
        "days", "day", "business", "lbs", "mah", "w", "bar", "mm", "cm", "cup", "cups", "minutes",
        "to", "degrees", "dollars", "usd", "street", "percent",
    ];
    let window = start.saturating_sub(12);
    let window = (window..=start)
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(start);
    let before = text[window..start].trim_end().to_ascii_lowercase();
    let next = text[end..].trim_start();
    let next = next
        .split(|c: char| !c.is_ascii_alphabetic())
        .next()
        .unwrap_or("");
    BEFORE.iter().any(|word| before.ends_with(word))
        || AFTER
            .iter()
            .chain(units)
            .any(|word| word.eq_ignore_ascii_case(next))
}

fn word_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes[at..].iter();
    at + rest
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
        .count()
}

/// A count in words. "One" counts only where a thing is counted, not in "this one".
fn word_count(text: &str, start: usize, end: usize, units: &[&str]) -> Option<i64> {
    let word = &text[start..end];
    let value = WORDS.iter().position(|it| it.eq_ignore_ascii_case(word))?;
    let bytes = text.as_bytes();
    if start > 0 && (bytes[start - 1] == b'-' || bytes[start - 1] == b'_')
        || bytes.get(end) == Some(&b'-')
    {
        return None;
    }
    if value == 1 {
        let before = text[..start].trim_end().to_ascii_lowercase();
        const COUNTING: [&str; 12] = [
            "have", "is", "only", "just", "exactly", "total of", "there's", "found", "see",
            "placed", "has", "of:",
        ];
        let led = |lead: &&str| {
            let rest = before.strip_suffix(lead);
            rest.is_some_and(|rest| !rest.ends_with(|c: char| c.is_alphanumeric()))
        };
        if !COUNTING.iter().any(led) {
            return None;
        }
    }
    if measured(text, start, end, units) {
        return None;
    }
    i64::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money() {
        let cases: &[(&str, &[i64])] = &[
            ("It is $1,234.50 in all", &[123_450]),
            ("1234.50 or 1,234.5 dollars", &[123_450, 123_450]),
            ("USD 12, $7", &[1200, 700]),
            ("order #W1234567, item 1234567890, zip 80279, 3 orders", &[]),
            ("$20.50 + $100.00 = $120.50.", &[2050, 10_000, 12_050]),
            ("on 2024-05-15 at 10.30.15 v1.25.3", &[]),
            ("**$5**", &[500]),
        ];
        for (text, expected) in cases {
            assert_eq!(values(text, Answer::Money(0), &[]), *expected, "{text}");
        }
    }

    #[test]
    fn counts() {
        let cases: &[(&str, &[i64])] = &[
            ("You have 3 orders.", &[3]),
            ("You have three orders: #W1234567", &[3]),
            ("1. Lamp", &[]),
            (
                "this one is on 2024-05-15 at 10:30, zip 80279, $5, 16GB, 15-inch, 10 hours",
                &[],
            ),
            ("There's one order, 12 options (4)", &[1, 12, 4]),
            ("credit card ending in 1234 and item 1234567890", &[]),
            ("Orders: 7", &[7]),
            ("twenty-one", &[]),
            ("4 of those with 2 slots or two slots", &[4]),
        ];
        for (text, expected) in cases {
            assert_eq!(
                values(text, Answer::Count(0), &["slots"]),
                *expected,
                "{text}"
            );
        }
    }
}
