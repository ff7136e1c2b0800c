//! The outside of sentences: articles, capitals, spaces, lists, singular and plural.

use proto::seed::Rng;

use super::grammar::Phrase;

/// Renders one of `templates`, each a phrase with `slots` for its `$names`.
pub fn say(rng: &mut Rng, templates: &[&str], slots: &[(&str, &str)]) -> String {
    let template = rng.pick(templates).copied().unwrap_or_default();
    Phrase::parse(template)
        .expect("phrase tables are parsed by a test")
        .render(rng, slots)
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// Words that end in a single `s` and yet are one thing.
const SINGULAR: [&str; 8] = [
    "lens", "canvas", "atlas", "gas", "bus", "iris", "compass", "chess",
];

/// Whether the name of a product is a plural: "Sunglasses", "Hiking Boots".
pub fn plural(name: &str) -> bool {
    let last = name.rsplit(' ').next().unwrap_or_default().to_lowercase();
    last.ends_with('s') && !last.ends_with("ss") && !SINGULAR.contains(&last.as_str())
}

/// The name of a product as people type it: lower case but for initialisms ("LED light bulb").
pub fn lowered(name: &str) -> String {
    let word = |word: &str| {
        if word.chars().filter(|c| c.is_uppercase()).count() > 1 && !word.contains('-') {
            word.to_owned()
        } else {
            word.to_lowercase()
        }
    };
    name.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Whether a word is spoken with a vowel first: "an 8-inch", "an LED", "a USB", "a one".
fn vowel_first(word: &str) -> bool {
    let mut chars = word.chars();
    let Some(first) = chars.next() else {
        return false;
    };
    let second = chars.next();
    let initials = first.is_uppercase() && second.is_none_or(|c| !c.is_lowercase());
    if initials {
        return "AEFHILMNORSX".contains(first);
    }
    if first.is_ascii_digit() {
        return first == '8' || word.starts_with("11") || word.starts_with("18");
    }
    let lower = word.to_lowercase();
    let spoken_you = ["uni", "use", "usa", "usb", "eu", "one", "once"];
    "aeiou".contains(lower.chars().next().unwrap_or(' '))
        && !spoken_you.iter().any(|start| lower.starts_with(start))
}

/// Makes a finished text: single spaces, no space before punctuation, no doubled punctuation, "an"
/// where it belongs, capitals after full stops, a full stop at the end.
pub fn tidy(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut out = String::with_capacity(text.len() + 8);
    for (at, word) in words.iter().enumerate() {
        let stuck = word.starts_with([',', '.', '?', '!', ';', ':']);
        if at > 0 && !stuck {
            out.push(' ');
        }
        let next = words.get(at + 1).copied().unwrap_or_default();
        match *word {
            "a" if vowel_first(next) => out.push_str("an"),
            "A" if vowel_first(next) => out.push_str("An"),
            other => out.push_str(other),
        }
    }
    finish(&punctuated(&out))
}

/// Drops punctuation that follows stronger punctuation: `?.` `,.` `..`.
fn punctuated(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let last = out.chars().next_back().unwrap_or(' ');
        match c {
            ',' | ';' | ':' if ",;:.?!".contains(last) => {}
            '.' if ".?!".contains(last) => {}
            '.' | '?' | '!' if ",;:-".contains(last) => {
                out.pop();
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// Capitals at the start and after sentence ends, a full stop at the end.
fn finish(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    let mut fresh = true;
    let mut ended = false;
    for (place, c) in text.char_indices() {
        if fresh && c.is_alphanumeric() {
            // An address of electronic mail is written as it is.
            let mail = text[place..]
                .split(' ')
                .next()
                .is_some_and(|word| word.contains('@'));
            if mail {
                out.push(c);
            } else {
                out.extend(c.to_uppercase());
            }
            fresh = false;
        } else {
            out.push(c);
            fresh = (fresh && !c.is_alphanumeric()) || (ended && c == ' ');
        }
        ended = matches!(c, '.' | '?' | '!');
    }
    if !out.ends_with(['.', '?', '!']) {
        out.push('.');
    }
    out
}

/// `text` with its first letter in upper case.
pub fn capital(text: &str) -> String {
    // An address of electronic mail is written as it is.
    if text
        .split(' ')
        .next()
        .is_some_and(|word| word.contains('@'))
    {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_made_tidy() {
        let cases = [
            (
                "i want  a 8-inch one . thanks",
                "I want an 8-inch one. Thanks.",
            ),
            ("is it a USB hub ?. yes,.", "Is it a USB hub? Yes."),
            ("a LED lamp, , please", "An LED lamp, please."),
            ("so a old lamp...", "So an old lamp."),
        ];
        for (raw, clean) in cases {
            assert_eq!(capital(&tidy(raw)), clean, "{raw}");
        }
    }

    #[test]
    fn number_and_case_of_names() {
        for name in ["Sunglasses", "Hiking Boots", "Denim Jeans", "Headphones"] {
            assert!(plural(name), "{name}");
        }
        for name in ["Camera Lens", "Chess Set", "Floor Lamp", "Mattress"] {
            assert!(!plural(name), "{name}");
        }
        assert_eq!(lowered("LED Light Bulb"), "LED light bulb");
        assert_eq!(lowered("T-Shirt"), "t-shirt");
    }

    #[test]
    fn lists_read_well() {
        let items: Vec<String> = ["a", "b", "c"].map(String::from).into();
        assert_eq!(list(&items), "a, b and c");
        assert_eq!(list(&items[..2]), "a and b");
    }
}
