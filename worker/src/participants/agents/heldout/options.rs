//! Which variant of a product is meant: options named, superlatives, "the same but".

use std::collections::{BTreeMap, BTreeSet};

use super::phrases::{REST_SAME_EVERYTHING_ELSE, WANTED_CHEAPEST, WANTED_MOST_EXPENSIVE};
use super::records::{Item, Options, Product, Variant};
use super::text::{Word, any, has, item_ids, spans, words};

/// Options named in a text, the longest phrase first where several overlap.
pub(super) fn named<'a>(said: &[Word], known: impl Iterator<Item = &'a Options>) -> Options {
    let pairs: BTreeSet<(&String, &String)> = known.flatten().collect();
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
    let mut taken = vec![None::<usize>; said.len()];
    let mut found: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (rank, (key, value)) in pairs.iter().enumerate() {
        for (from, to) in value_spans(said, key, value) {
            let clash = taken[from..to]
                .iter()
                .flatten()
                .any(|other| pairs[*other].1 != *value);
            if clash {
                continue;
            }
            let shared = taken[from..to]
                .iter()
                .flatten()
                .any(|other| pairs[*other].0 != *key);
            let ours = near_key(said, key, from, to);
            if shared && !ours {
                continue;
            }
            if shared {
                found.retain(|_, (at, _)| *at != from);
            }
            taken[from..to].fill(Some(rank));
            let later = found.get(*key).is_none_or(|(at, _)| *at <= from);
            if later {
                found.insert((*key).clone(), (from, (*value).clone()));
            }
        }
    }
    found
        .into_iter()
        .map(|(key, (_, value))| (key, value))
        .collect()
}

/// Where a value stands. Short or everyday words count only beside the option's name.
fn value_spans(said: &[Word], key: &str, value: &str) -> Vec<(usize, usize)> {
    let tokens = words(value);
    let plain = tokens.len() == 1
        && (tokens[0].text.len() <= 2
            || tokens[0].text.parse::<f64>().is_ok()
            || EVERYDAY.contains(&tokens[0].text.as_str()));
    let mut found = spans(said, value);
    found.retain(|(from, to)| !plain || near_key(said, key, *from, *to));
    found
}

const EVERYDAY: &[&str] = &[
    "yes", "no", "none", "on", "off", "full", "standard", "other", "basic", "not", "one", "all",
];

fn near_key(said: &[Word], key: &str, from: usize, to: usize) -> bool {
    let names: Vec<String> = words(&key.replace('_', " "))
        .into_iter()
        .map(|word| word.stem)
        .collect();
    let near = said[from.saturating_sub(3)..from]
        .iter()
        .chain(&said[to..(to + 2).min(said.len())]);
    near.into_iter().any(|word| names.contains(&word.stem))
}

/// What is wanted of a new variant.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Wanted {
    /// Its item id, outright.
    pub(super) id: Option<String>,
    /// Options it must have.
    pub(super) options: Options,
    /// Options it must not have.
    pub(super) not: Options,
    /// Cheapest (`Less`) or dearest (`Greater`).
    pub(super) extreme: Option<std::cmp::Ordering>,
    /// Cheaper (`Less`) or dearer (`Greater`) than the old one.
    pub(super) than_old: Option<std::cmp::Ordering>,
    /// Everything else stays as it was.
    pub(super) rest_same: bool,
}

impl Wanted {
    /// Whether anything was said.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads what is wanted from what was said, the newest last.
pub(super) fn wanted(texts: &[String], product: &Product, old: &Item) -> Wanted {
    use std::cmp::Ordering::{Greater, Less};
    let mut all = Wanted::default();
    for text in texts {
        let said = words(text);
        let (yes, no) = negated(&said);
        let options = named(
            &yes,
            product.variants.values().map(|variant| &variant.options),
        );
        let not = named(
            &no,
            product.variants.values().map(|variant| &variant.options),
        );
        let ids = item_ids(&said);
        if let Some(id) = ids
            .iter()
            .rev()
            .find(|id| product.variants.contains_key(*id) && **id != old.item_id)
        {
            all = Wanted {
                id: Some(id.clone()),
                ..Wanted::default()
            };
        } else if !options.is_empty() {
            all.id = None;
        }
        for key in options.keys() {
            all.not.remove(key);
        }
        all.options.extend(options);
        all.not.extend(
            not.into_iter()
                .filter(|(key, value)| all.options.get(key) != Some(value)),
        );
        if any(&said, WANTED_CHEAPEST) {
            all.extreme = Some(Less);
        } else if any(&said, WANTED_MOST_EXPENSIVE) {
            all.extreme = Some(Greater);
        } else if any(&said, &["cheaper", "less expensive"]) {
            all.than_old = Some(Less);
        } else if any(&said, &["pricier", "more expensive"]) {
            all.than_old = Some(Greater);
        }
        all.rest_same |= rest_same(&said);
    }
    all
}

fn rest_same(said: &[Word]) -> bool {
    any(said, REST_SAME_EVERYTHING_ELSE)
        || (has(said, "same") && any(said, &["but in", "but with", "apart from", "except"]))
}

/// Parts words into those that want and those that rule out ("not the black one").
fn negated(said: &[Word]) -> (Vec<Word>, Vec<Word>) {
    let mut yes = Vec::new();
    let mut no = Vec::new();
    let mut left = 0;
    for (place, word) in said.iter().enumerate() {
        let next = said.get(place + 1).map_or("", |next| next.text.as_str());
        let starts = matches!(word.text.as_str(), "not" | "isn't" | "without")
            || (word.text == "instead" && next == "of")
            || (word.text == "rather" && next == "than")
            || (word.text == "other" && next == "than");
        if starts {
            left = 6;
        } else if matches!(word.text.as_str(), "but" | "and" | "for" | "with" | "so") {
            left = 0;
        }
        if left > 0 {
            left -= 1;
            no.push(word.clone());
        } else {
            yes.push(word.clone());
        }
    }
    (yes, no)
}

/// Variants that fit, whether available or not; the old one as well.
pub(super) fn fitting<'a>(wanted: &Wanted, product: &'a Product, old: &Item) -> Vec<&'a Variant> {
    if let Some(id) = &wanted.id {
        return product.variants.get(id).into_iter().collect();
    }
    let mut options = wanted.options.clone();
    if wanted.rest_same {
        for (key, value) in &old.options {
            options.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    let fits = |variant: &&Variant| {
        let has = |(key, value): (&String, &String)| variant.options.get(key) == Some(value);
        let priced = wanted
            .than_old
            .is_none_or(|than| variant.price.total_cmp(&old.price) == than);
        options.iter().all(has) && !wanted.not.iter().any(has) && priced
    };
    product.variants.values().filter(fits).collect()
}

/// The cheapest or dearest of several; all that tie.
pub(super) fn extreme(among: Vec<&Variant>, which: std::cmp::Ordering) -> Vec<&Variant> {
    let Some(best) = among
        .iter()
        .map(|variant| variant.price)
        .reduce(|one, other| {
            if other.total_cmp(&one) == which {
                other
            } else {
                one
            }
        })
    else {
        return among;
    };
    among
        .into_iter()
        .filter(|variant| variant.price.total_cmp(&best).is_eq())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(pairs: &[(&str, &str)]) -> Options {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn lamp() -> Product {
        let all = [
            ("1000000001", [("color", "black"), ("size", "S")], 10.0),
            ("1000000002", [("color", "dark blue"), ("size", "S")], 12.0),
            ("1000000003", [("color", "blue"), ("size", "M")], 11.0),
        ];
        let variant = |(id, with, price): (&str, [(&str, &str); 2], f64)| {
            (
                id.to_owned(),
                Variant {
                    item_id: id.to_owned(),
                    options: options(&with),
                    available: true,
                    price,
                },
            )
        };
        Product {
            name: "Lamp".to_owned(),
            variants: all.into_iter().map(variant).collect(),
        }
    }

    fn old() -> Item {
        let with = options(&[("color", "black"), ("size", "S")]);
        Item {
            name: "Lamp".to_owned(),
            product_id: "1".to_owned(),
            item_id: "1000000001".to_owned(),
            price: 10.0,
            options: with,
        }
    }

    fn found(texts: &[&str]) -> Vec<String> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let product = lamp();
        fitting(&wanted(&texts, &product, &old()), &product, &old())
            .into_iter()
            .map(|variant| variant.item_id.clone())
            .collect()
    }

    #[test]
    fn the_longest_value_wins_and_the_newest_word_counts() {
        assert_eq!(found(&["the dark blue one"]), ["1000000002"]);
        assert_eq!(found(&["a blue one"]), ["1000000003"]);
        assert_eq!(
            found(&["a blue one", "actually, make it dark blue"]),
            ["1000000002"]
        );
        assert_eq!(
            found(&["not the dark blue one"]),
            ["1000000001", "1000000003"]
        );
    }

    #[test]
    fn short_values_need_their_option_named() {
        assert_eq!(found(&["it's for my m project, s size"]).len(), 2);
        assert_eq!(found(&["the size M one"]), ["1000000003"]);
    }

    #[test]
    fn the_rest_stays_when_said_so() {
        assert_eq!(found(&["blue, otherwise the same"]), Vec::<String>::new());
        assert_eq!(
            found(&["in dark blue, everything else the same"]),
            ["1000000002"]
        );
    }
}
