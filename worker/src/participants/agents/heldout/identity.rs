//! Who the customer is: an email address, or a name and a zip code, out of their words.

use super::address::parse;
use super::text::{email, sentences};

/// What a customer has told of themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Told {
    /// Email address.
    pub(super) email: Option<String>,
    /// First and last name.
    pub(super) name: Option<(String, String)>,
    /// Zip code.
    pub(super) zip: Option<String>,
}

const LEADS: &[&str] = &[
    "name is ",
    "account is ",
    "name of ",
    "name ",
    "name's ",
    "i'm ",
    "i am ",
    "this is ",
    "it's ",
    "name: ",
    "it is ",
    "here is ",
    "call me ",
];

impl Told {
    /// Takes in a message; `asked` where it answers the question who they are.
    pub(super) fn hear(&mut self, text: &str, asked: bool) {
        if let Some(found) = email(text) {
            self.email = Some(found);
        }
        for sentence in sentences(text) {
            if parse(&sentence).address1.is_some() {
                continue;
            }
            if let Some(name) = name(&sentence, asked) {
                self.name = Some(name);
            }
            if let Some(zip) = zip(&sentence) {
                self.zip = Some(zip);
            }
        }
    }

    /// A text without what it tells of the customer.
    pub(super) fn strip(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let name = self
            .name
            .as_ref()
            .map(|(first, last)| format!("{first} {last}"));
        for part in [&self.email, &name, &self.zip].into_iter().flatten() {
            text = text.replacen(part.as_str(), "", 1);
        }
        text
    }
}

fn zip(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let after = ["zip", "postal", "postcode"]
        .iter()
        .filter_map(|mark| lower.find(mark))
        .min();
    let find = |text: &str| {
        let parts = text.split(|c: char| !c.is_alphanumeric() && c != '#');
        parts
            .into_iter()
            .find(|part| part.len() == 5 && part.bytes().all(|b| b.is_ascii_digit()))
            .map(str::to_owned)
    };
    after
        .and_then(|at| text.get(at..))
        .and_then(find)
        .or_else(|| find(text))
}

fn name(text: &str, asked: bool) -> Option<(String, String)> {
    let lower = text.to_lowercase().replace('’', "'");
    let by_lead = LEADS
        .iter()
        .flat_map(|lead| lower.match_indices(lead))
        .filter_map(|(at, lead)| text.get(at + lead.len()..).and_then(proper));
    let asked = asked || zip(text).is_some();
    by_lead.into_iter().next().or_else(|| {
        let starts = text
            .char_indices()
            .filter(|(at, _)| *at == 0 || text[..*at].ends_with([' ', '\n', ':', '(']));
        asked
            .then(|| starts.filter_map(|(at, _)| proper(&text[at..])).next())
            .flatten()
    })
}

/// Two capitalised words at the start of a text.
fn proper(text: &str) -> Option<(String, String)> {
    let mut parts = text.split_whitespace();
    let mut next = || {
        let part = parts.next()?;
        let word = part.trim_matches(|c: char| !c.is_alphabetic());
        let fine = word.len() > 1
            && word.starts_with(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() || "'-’".contains(c));
        fine.then(|| {
            (
                word.to_owned(),
                part.ends_with(|c: char| !c.is_alphabetic()),
            )
        })
    };
    let (first, ended) = next()?;
    if ended || NOT_NAMES.contains(&first.as_str()) {
        return None;
    }
    let (last, _) = next()?;
    if NOT_NAMES.contains(&last.as_str()) {
        return None;
    }
    Some((first, last.trim_end_matches("'s").to_owned()))
}

const NOT_NAMES: &[&str] = &[
    "Name", "ZIP", "I", "You", "Look", "Can", "Could", "Would", "It", "Also", "And", "If", "This",
    "That", "Account", "Email", "PayPal", "Visa", "Get", "Good", "Finally", "Is", "For", "Since",
    "Because", "As", "Hi", "Hello", "Hey", "My", "The", "Sure", "Yes", "Of", "Zip", "Good", "Dear",
    "Thanks", "Order", "Please",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_zips_and_emails_are_heard() {
        for (text, asked) in [
            ("Hi, I'm Ann Lee and my zip code is 80201.", false),
            ("My name is Ann Lee, zip 80201", false),
            ("Sure: Ann Lee, 80201", true),
        ] {
            let mut told = Told::default();
            told.hear(text, asked);
            assert_eq!(
                told.name,
                Some(("Ann".to_owned(), "Lee".to_owned())),
                "{text}"
            );
            assert_eq!(told.zip.as_deref(), Some("80201"), "{text}");
        }
        let mut told = Told::default();
        told.hear(
            "Hi, I'd like to cancel order #W1234567. I'm at ann@example.com.",
            false,
        );
        assert_eq!(told.email.as_deref(), Some("ann@example.com"));
        assert_eq!((told.name, told.zip), (None, None));
    }
}
