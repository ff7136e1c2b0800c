//! Reads postal addresses out of sentences.

use super::records::Address;
use super::text::words;

/// The states of the country, by name and code.
const STATES: [(&str, &str); 51] = [
    ("alabama", "AL"),
    ("alaska", "AK"),
    ("arizona", "AZ"),
    ("arkansas", "AR"),
    ("california", "CA"),
    ("colorado", "CO"),
    ("connecticut", "CT"),
    ("delaware", "DE"),
    ("florida", "FL"),
    ("georgia", "GA"),
    ("hawaii", "HI"),
    ("idaho", "ID"),
    ("illinois", "IL"),
    ("indiana", "IN"),
    ("iowa", "IA"),
    ("kansas", "KS"),
    ("kentucky", "KY"),
    ("louisiana", "LA"),
    ("maine", "ME"),
    ("maryland", "MD"),
    ("massachusetts", "MA"),
    ("michigan", "MI"),
    ("minnesota", "MN"),
    ("mississippi", "MS"),
    ("missouri", "MO"),
    ("montana", "MT"),
    ("nebraska", "NE"),
    ("nevada", "NV"),
    ("new hampshire", "NH"),
    ("new jersey", "NJ"),
    ("new mexico", "NM"),
    ("new york", "NY"),
    ("north carolina", "NC"),
    ("north dakota", "ND"),
    ("ohio", "OH"),
    ("oklahoma", "OK"),
    ("oregon", "OR"),
    ("pennsylvania", "PA"),
    ("rhode island", "RI"),
    ("south carolina", "SC"),
    ("south dakota", "SD"),
    ("tennessee", "TN"),
    ("texas", "TX"),
    ("utah", "UT"),
    ("vermont", "VT"),
    ("virginia", "VA"),
    ("washington", "WA"),
    ("west virginia", "WV"),
    ("wisconsin", "WI"),
    ("wyoming", "WY"),
    ("district of columbia", "DC"),
];

/// Parts of an address that were said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Parts {
    /// Street and number.
    pub(super) address1: Option<String>,
    /// Suite or apartment.
    pub(super) address2: Option<String>,
    /// City.
    pub(super) city: Option<String>,
    /// State in two letters.
    pub(super) state: Option<String>,
    /// Zip code.
    pub(super) zip: Option<String>,
    /// Country.
    pub(super) country: Option<String>,
}

impl Parts {
    /// Whether nothing was said.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes newer parts over; a new street takes the old suite away.
    pub(super) fn update(&mut self, newer: Self) {
        if newer.address1.is_some() && newer.address1 != self.address1 {
            self.address2 = None;
        }
        let put = |slot: &mut Option<String>, new: Option<String>| {
            if new.is_some() {
                *slot = new;
            }
        };
        put(&mut self.address1, newer.address1);
        put(&mut self.address2, newer.address2);
        put(&mut self.city, newer.city);
        put(&mut self.state, newer.state);
        put(&mut self.zip, newer.zip);
        put(&mut self.country, newer.country);
    }

    /// The address, if whole.
    pub(super) fn whole(&self) -> Option<Address> {
        Some(Address {
            address1: self.address1.clone()?,
            address2: self.address2.clone().unwrap_or_default(),
            city: self.city.clone()?,
            state: self.state.clone()?,
            zip: self.zip.clone()?,
            country: self.country.clone().unwrap_or_else(|| "USA".to_owned()),
        })
    }

    /// Names of what is missing.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        let parts = [
            (&self.address1, "street and number"),
            (&self.city, "city"),
            (&self.state, "state"),
            (&self.zip, "zip code"),
        ];
        parts
            .into_iter()
            .filter(|(part, _)| part.is_none())
            .map(|(_, name)| name)
            .collect()
    }
}

/// The code of a state named or coded.
pub(super) fn state_code(text: &str) -> Option<&'static str> {
    let text = text.trim();
    let named = STATES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    named
        .or_else(|| STATES.iter().find(|(_, code)| *code == text))
        .map(|(_, code)| *code)
}

/// The name of a state by its code, in lower case.
pub(super) fn state_name(code: &str) -> Option<&'static str> {
    STATES
        .iter()
        .find(|(_, known)| *known == code)
        .map(|(name, _)| *name)
}

/// Parts of an address named in a text.
pub(super) fn parse(text: &str) -> Parts {
    let mut parts = Parts::default();
    let text = replacing(text);
    let flat = text.replace(['\n', ';'], ", ").replace(" and ", ", ");
    for piece in flat.split(',') {
        read_piece(piece.trim().trim_end_matches(['.', '!', '?']), &mut parts);
    }
    parts
}

/// The part of a text that names the new address, where it names the old one too: "A rather than B",
/// "forget B, it has to be A".
fn replacing(text: &str) -> &str {
    let lower = text.to_ascii_lowercase();
    let before = ["rather than", "instead of", "and not"]
        .iter()
        .filter_map(|mark| lower.find(mark))
        .min();
    if let Some(at) = before.filter(|at| *at > 12) {
        return &text[..at];
    }
    if !lower.contains("forget ") && !lower.contains("not ") {
        return text;
    }
    let after = [
        "has to be",
        "should be",
        "should now be",
        "make it",
        "use ",
        "but ",
    ]
    .iter()
    .filter_map(|mark| lower.rfind(mark))
    .max();
    after.map_or(text, |at| &text[at..])
}

fn read_piece(piece: &str, parts: &mut Parts) {
    let mut rest = piece.to_owned();
    if parts.address1.is_none()
        && let Some(street) = street(piece)
    {
        rest = String::new();
        let (street, suite) = part_suite(&street);
        parts.address1 = Some(street);
        parts.address2 = suite.or(parts.address2.take());
    }
    if let Some(suite) = suite(&rest) {
        parts.address2 = Some(suite);
        return;
    }
    if let Some(zip) = rest
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .find(|word| word.len() == 5 && word.bytes().all(|b| b.is_ascii_digit()))
    {
        parts.zip = Some(zip.to_owned());
        rest = rest.replace(zip, " ");
    }
    for country in [
        "United States of America",
        "United States",
        "USA",
        "U.S.A",
        "Canada",
        "Mexico",
    ] {
        if rest.contains(country) {
            parts.country = Some(if country.starts_with('U') {
                "USA".to_owned()
            } else {
                country.to_owned()
            });
            rest = rest.replace(country, " ");
        }
    }
    let rest = rest.trim().trim_matches(|c: char| !c.is_alphanumeric());
    if rest.is_empty() || parts.address1.is_none() && parts.zip.is_none() {
        return;
    }
    let words: Vec<&str> = rest.split_whitespace().collect();
    let last = words.last().copied().unwrap_or("");
    let two = words.len().checked_sub(2).map(|at| words[at..].join(" "));
    if parts.city.is_none()
        && !rest.starts_with(|c: char| c.is_lowercase())
        && state_is_free(rest, parts)
    {
        if let Some(code) = state_code(last).filter(|code| words.len() > 1 && *code == last) {
            parts.city = Some(words[..words.len() - 1].join(" "));
            parts.state = Some(code.to_owned());
        } else if words.len() <= 4
            && rest
                .chars()
                .all(|c| c.is_alphabetic() || " .'-".contains(c))
        {
            parts.city = Some(rest.to_owned());
        }
    } else if parts.state.is_none()
        && let Some(code) = state_code(last).or_else(|| two.and_then(|two| state_code(&two)))
    {
        parts.state = Some(code.to_owned());
    }
}

fn state_is_free(rest: &str, parts: &Parts) -> bool {
    parts.city.is_some() || state_code(rest).is_none_or(|code| code != rest)
}

/// A house number and a street at the end of a piece.
fn street(piece: &str) -> Option<String> {
    let tokens: Vec<&str> = piece.split_whitespace().collect();
    let is_number =
        |word: &str| word.bytes().all(|b| b.is_ascii_digit()) && (1..=5).contains(&word.len());
    let at = tokens.iter().enumerate().position(|(place, word)| {
        let next = tokens
            .get(place + 1)
            .is_some_and(|next| next.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()));
        let unit = place > 0
            && matches!(
                tokens[place - 1].to_lowercase().as_str(),
                "suite" | "apt" | "apartment" | "unit" | "apt." | "zip" | "code" | "ste" | "floor"
            );
        is_number(word) && next && !unit
    })?;
    let zip_first = tokens[at].len() == 5 && tokens[at + 1..].join(" ").starts_with("USA");
    (!zip_first).then(|| tokens[at..].join(" "))
}

fn part_suite(street: &str) -> (String, Option<String>) {
    for mark in [
        " Suite ",
        " Apt ",
        " Apt. ",
        " Apartment ",
        " Unit ",
        " Ste ",
        " #",
    ] {
        if let Some(at) = street.find(mark) {
            return (
                street[..at].to_owned(),
                Some(street[at..].trim().to_owned()),
            );
        }
    }
    (street.to_owned(), None)
}

fn suite(piece: &str) -> Option<String> {
    let lower = piece.to_lowercase();
    let at = [
        "suite ",
        "apt ",
        "apt. ",
        "apartment ",
        "unit ",
        "ste ",
        "floor ",
    ]
    .iter()
    .filter_map(|mark| lower.find(mark))
    .min()?;
    let rest = &piece[at..];
    rest.split_whitespace().nth(1)?;
    Some(
        rest.split_whitespace()
            .take(2)
            .collect::<Vec<_>>()
            .join(" "),
    )
}

/// An address in a line.
pub(super) fn line(address: &Address) -> String {
    let second = if address.address2.is_empty() {
        String::new()
    } else {
        format!("{}, ", address.address2)
    };
    format!(
        "{}, {second}{}, {} {}, {}",
        address.address1, address.city, address.state, address.zip, address.country
    )
}

/// Whether a text names the city, street or state of an address.
pub(super) fn mentioned(text: &str, address: &Address) -> bool {
    let said = words(text);
    let state = state_name(&address.state).unwrap_or("");
    super::text::has(&said, &address.city)
        || super::text::has(&said, &address.address1)
        || super::text::has(&said, state)
        || super::text::has(&said, &address.zip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_several_forms() {
        for text in [
            "Please use 12 Elm Street, Suite 4, Denver, CO 80201, USA.",
            "It's 12 Elm Street, Suite 4, Denver, CO, USA, 80201",
            "12 Elm Street Suite 4, Denver, Colorado, 80201",
        ] {
            let address = parse(text)
                .whole()
                .unwrap_or_else(|| panic!("{text}: {:?}", parse(text)));
            assert_eq!(
                line(&address),
                "12 Elm Street, Suite 4, Denver, CO 80201, USA",
                "{text}"
            );
        }
    }

    #[test]
    fn a_missing_part_is_named() {
        let parts = parse("Send it to 9 Oak Avenue, New York, NY");
        assert_eq!(parts.missing(), ["zip code"]);
        assert_eq!(parts.city.as_deref(), Some("New York"));
    }

    #[test]
    fn small_talk_is_no_address() {
        assert!(parse("I'd like the 2 lamps, please, and thanks").is_empty());
    }
}
