//! Words of a message: tokens with their places, sentences, ids, and what sort of reply it is.

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Lower case, without punctuation.
    pub(super) text: String,
    /// Without a plural's ending.
    pub(super) stem: String,
    /// First byte in the text.
    pub(super) at: usize,
    /// Byte after the last.
    pub(super) end: usize,
}

/// The words of a text. Numbers part from letters that follow ("500ml" is two words); hyphens divide.
pub(super) fn words(text: &str) -> Vec<Word> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut found = Vec::new();
    let mut place = 0;
    while place < chars.len() {
        if !chars[place].1.is_alphanumeric() {
            place += 1;
            continue;
        }
        let from = place;
        while place < chars.len() && continues(&chars, from, place) {
            place += 1;
        }
        let at = chars[from].0;
        let end = chars.get(place).map_or(text.len(), |c| c.0);
        let lower = text[at..end].to_lowercase().replace('’', "'");
        found.push(Word {
            stem: stem(&lower),
            text: lower,
            at,
            end,
        });
    }
    found
}

fn continues(chars: &[(usize, char)], from: usize, place: usize) -> bool {
    let c = chars[place].1;
    let next = chars.get(place + 1).map(|c| c.1);
    if c.is_alphanumeric() {
        let from_digit = chars[from].1.is_ascii_digit();
        return place == from || !from_digit || c.is_ascii_digit();
    }
    match c {
        '_' => true,
        '\'' | '’' => next.is_some_and(char::is_alphanumeric),
        '.' => chars[from].1.is_ascii_digit() && next.is_some_and(|c| c.is_ascii_digit()),
        ',' => {
            // A thousands' comma.
            let digits = chars[place + 1..]
                .iter()
                .take_while(|c| c.1.is_ascii_digit())
                .count();
            chars[from].1.is_ascii_digit() && digits == 3 && place - from <= 3
        }
        _ => false,
    }
}

/// A word without its plural's ending.
pub(super) fn stem(word: &str) -> String {
    let base = word.strip_suffix("'s").unwrap_or(word);
    match base.strip_suffix('s') {
        Some(rest) if base.len() > 3 && !rest.ends_with('s') && !rest.ends_with('u') => {
            rest.to_owned()
        }
        _ => base.to_owned(),
    }
}

/// Where a phrase stands, as (first, past last) word places.
pub(super) fn spans(words: &[Word], phrase: &str) -> Vec<(usize, usize)> {
    let wanted: Vec<String> = self::words(phrase)
        .into_iter()
        .map(|word| word.stem)
        .collect();
    if wanted.is_empty() || wanted.len() > words.len() {
        return Vec::new();
    }
    let starts = 0..=words.len() - wanted.len();
    let fits = |start: &usize| {
        words[*start..]
            .iter()
            .zip(&wanted)
            .all(|(word, want)| word.stem == *want)
    };
    starts
        .filter(fits)
        .map(|start| (start, start + wanted.len()))
        .collect()
}

/// Whether a phrase is there.
pub(super) fn has(words: &[Word], phrase: &str) -> bool {
    !spans(words, phrase).is_empty()
}

/// Whether any of the phrases is there.
pub(super) fn any(words: &[Word], phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| has(words, phrase))
}

/// The sentences of a text.
pub(super) fn sentences(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut from = 0;
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        let ends = match c {
            '!' | '?' | ';' | '\n' => true,
            '.' => {
                let spaced = bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace);
                spaced && !abbreviated(&text[from..at])
            }
            _ => false,
        };
        if ends {
            found.push(text[from..=at].trim().to_owned());
            from = at + 1;
        }
    }
    found.push(text[from..].trim().to_owned());
    found.retain(|sentence| sentence.chars().any(char::is_alphanumeric));
    found
}

fn abbreviated(before: &str) -> bool {
    let last = before
        .rsplit(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or("");
    matches!(
        last,
        "St" | "Ave" | "Apt" | "Ste" | "Rd" | "Blvd" | "Dr" | "Ln" | "No" | "Mr" | "Mrs" | "Ms"
    )
}

/// The email address in a text.
pub(super) fn email(text: &str) -> Option<String> {
    let part = text.split_whitespace().find(|part| {
        part.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && host.trim_end_matches(['.', ',']).contains('.')
        })
    })?;
    let part = part.trim_matches(|c: char| !c.is_alphanumeric());
    Some(part.to_owned())
}

/// Order ids in a text, with their leading `#`.
pub(super) fn order_ids(words: &[Word]) -> Vec<String> {
    let is = |text: &str| {
        text.len() > 5 && text.starts_with('w') && text[1..].bytes().all(|b| b.is_ascii_digit())
    };
    let mut ids: Vec<String> = Vec::new();
    for word in words.iter().filter(|word| is(&word.text)) {
        let id = format!("#{}", word.text.to_uppercase());
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// Ids of items or products in a text: ten digits.
pub(super) fn item_ids(words: &[Word]) -> Vec<String> {
    let is = |text: &str| text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit());
    words
        .iter()
        .filter(|word| is(&word.text))
        .map(|word| word.text.clone())
        .collect()
}

/// A small number, in digits or as a word.
pub(super) fn number(word: &str) -> Option<usize> {
    const NAMES: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    NAMES
        .iter()
        .position(|name| *name == word)
        .or_else(|| word.parse().ok())
}

/// Amounts of money in a text: numbers with two decimals or after a dollar sign.
pub(super) fn amounts(text: &str) -> Vec<f64> {
    let is = |word: &Word| {
        let cents = word
            .text
            .rsplit_once('.')
            .is_some_and(|(_, cents)| cents.len() == 2);
        cents || text[..word.at].ends_with('$')
    };
    words(text)
        .iter()
        .filter(|word| is(word))
        .filter_map(|word| word.text.replace(',', "").parse().ok())
        .collect()
}

/// What sort of answer to "shall I?" a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    /// A plain yes.
    Yes,
    /// A no, perhaps with what is wanted instead.
    No,
    /// Neither, or a yes with conditions.
    Other,
}

const YES: &[&str] = &[
    "yes",
    "yeah",
    "yep",
    "yup",
    "sure",
    "ok",
    "okay",
    "correct",
    "exactly",
    "please do",
    "go ahead",
    "confirmed",
    "confirm",
    "absolutely",
    "sounds good",
    "that's right",
    "perfect",
    "do it",
    "proceed",
    "definitely",
    "of course",
    "fine",
    "great",
    "that's it",
    "right",
    "agreed",
    "works for me",
];
const NO: &[&str] = &[
    "no",
    "nope",
    "not",
    "don't",
    "do not",
    "wait",
    "hold on",
    "stop",
    "hang on",
    "wrong",
    "incorrect",
    "isn't",
    "never mind",
    "nevermind",
    "nah",
    "hold off",
    "that's not",
];
const TURNS: &[&str] = &[
    "actually",
    "instead",
    "on second thought",
    "second thought",
    "changed my mind",
    "change of mind",
    "rather",
    "scratch that",
    "i meant",
    "forget",
    "but",
    "come to think",
    "on reflection",
    "thinking about it",
    "different",
    "after all",
    "however",
    "except",
    "never mind",
    "change of plan",
    "one more thing",
    "before you do",
];

/// Sorts a reply.
pub(super) fn reply(text: &str) -> Reply {
    let said = words(text);
    let easy = any(
        &said,
        &["no problem", "not a problem", "no worries", "why not"],
    );
    let no = !easy && any(&said, NO);
    let yes = any(&said, YES);
    match (yes, no || turns(&said)) {
        (true, false) => Reply::Yes,
        (false, true) if no => Reply::No,
        (true, true) if no && starts_with_no(&said) => Reply::No,
        _ => Reply::Other,
    }
}

fn starts_with_no(said: &[Word]) -> bool {
    said.first().is_some_and(|word| {
        matches!(
            word.text.as_str(),
            "no" | "nope" | "wait" | "stop" | "nah" | "not" | "hold"
        )
    })
}

/// Whether a message changes course.
pub(super) fn turns(words: &[Word]) -> bool {
    any(words, TURNS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_amounts_and_part_units() {
        let texts = |text: &str| {
            words(text)
                .into_iter()
                .map(|word| word.text)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            texts("A 500ml T-Shirt, $1,234.50; it's #W1234567."),
            [
                "a", "500", "ml", "t", "shirt", "1,234.50", "it's", "w1234567"
            ]
        );
    }

    #[test]
    fn ids_and_emails_are_found() {
        let said = words("order #W1234567 or w7654321, item 1234567890");
        assert_eq!(order_ids(&said), ["#W1234567", "#W7654321"]);
        assert_eq!(item_ids(&said), ["1234567890"]);
        assert_eq!(
            email("it is (ann.lee1@example.com).").as_deref(),
            Some("ann.lee1@example.com")
        );
        assert_eq!(amounts("$12.50 or 7.25, for 3 at $4"), [12.5, 7.25, 4.0]);
    }

    #[test]
    fn replies_are_sorted() {
        for (text, sort) in [
            ("Yes, please go ahead.", Reply::Yes),
            ("Sure, no problem.", Reply::Yes),
            ("That's right, do it", Reply::Yes),
            ("No, that's the wrong one.", Reply::No),
            ("Yes, but use PayPal.", Reply::Other),
            ("Actually, I'd rather return it.", Reply::Other),
            ("The black one.", Reply::Other),
            ("No, the other one is right", Reply::No),
        ] {
            assert_eq!(reply(text), sort, "{text}");
        }
    }

    #[test]
    fn sentences_end_where_they_should() {
        assert_eq!(
            sentences("Hi! Send it to 12 Elm St. Denver. It cost 3.50."),
            ["Hi!", "Send it to 12 Elm St. Denver.", "It cost 3.50."]
        );
    }
}
