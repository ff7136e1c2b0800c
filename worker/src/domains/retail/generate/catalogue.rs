//! What the shops sell: types of product with the ways they differ.
//!
//! The tables are written so that a sentence about one variant is clear. Within a type no value is
//! said inside another one, of its own axis or any other ("the cork one" is one axis and one
//! value), none is a bare "yes" or "none", and no type's name is said inside another's. Every type
//! has at least [`MOST_VARIANTS`] combinations of values.

mod electronics;
mod hobbies;
mod home;
mod outdoors;
mod wear;

/// The largest number of variants that a world gives one product.
pub const MOST_VARIANTS: usize = 20;

/// A type of product.
#[derive(Debug)]
pub struct ProductType {
    /// As a person would call it.
    pub name: &'static str,
    /// Usual price in whole dollars.
    pub dollars: u32,
    /// The ways in which variants differ, in the order they are shown.
    pub axes: &'static [Axis],
}

impl ProductType {
    /// How many different variants the axes allow.
    pub fn combinations(&self) -> usize {
        self.axes.iter().map(|axis| axis.values.len()).product()
    }
}

/// One way in which the variants of a product differ.
#[derive(Debug)]
pub struct Axis {
    /// What it is: "color".
    pub name: &'static str,
    /// What there is to choose from.
    pub values: &'static [&'static str],
    /// Whether a later value costs more than an earlier one.
    pub graded: bool,
}

/// An axis of taste: its values cost about the same.
const fn plain(name: &'static str, values: &'static [&'static str]) -> Axis {
    Axis {
        name,
        values,
        graded: false,
    }
}

/// An axis of size or power: its values go from the cheapest to the dearest.
const fn graded(name: &'static str, values: &'static [&'static str]) -> Axis {
    Axis {
        name,
        values,
        graded: true,
    }
}

/// A row of the tables.
const fn of(name: &'static str, dollars: u32, axes: &'static [Axis]) -> ProductType {
    ProductType {
        name,
        dollars,
        axes,
    }
}

/// Product lines that a world larger than the catalogue goes on to, with their price in per cent of
/// the plain type's: after every "Floor Lamp" of the first line there is a "Classic Floor Lamp".
pub const LINES: [(&str, u32); 6] = [
    ("", 100),
    ("Classic", 90),
    ("Deluxe", 125),
    ("Signature", 140),
    ("Heritage", 115),
    ("Essential", 80),
];

/// Every type, from the cheapest to the dearest.
pub fn types() -> Vec<&'static ProductType> {
    let shelves = [
        electronics::TYPES,
        home::TYPES,
        outdoors::TYPES,
        wear::TYPES,
        hobbies::TYPES,
    ];
    let mut types: Vec<_> = shelves.into_iter().flatten().collect();
    types.sort_by_key(|kind| (kind.dollars, kind.name));
    types
}

/// How many products a world can have.
pub fn most_products() -> usize {
    types().len() * LINES.len()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Lower-case words, with a space at either end: a phrase contains another if its text does.
    fn phrase(text: &str) -> String {
        let words: Vec<String> = text
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '+')))
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        format!(" {} ", words.join(" "))
    }

    /// The first pair of texts of which one is said inside the other.
    fn nested<'a>(texts: &[&'a str]) -> Option<(&'a str, &'a str)> {
        let pairs = texts.iter().enumerate().flat_map(|(i, &a)| {
            texts
                .iter()
                .enumerate()
                .filter(move |&(j, _)| j != i)
                .map(move |(_, &b)| (a, b))
        });
        pairs
            .into_iter()
            .find(|(inner, outer)| phrase(outer).contains(&phrase(inner)))
    }

    #[test]
    fn the_catalogue_is_large_and_every_type_can_fill_its_shelf() {
        let types = types();
        assert!(types.len() >= 60, "{}", types.len());
        for kind in &types {
            assert!(
                (2..=4).contains(&kind.axes.len()),
                "{}: {} axes",
                kind.name,
                kind.axes.len()
            );
            assert!(
                kind.combinations() >= MOST_VARIANTS,
                "{}: too few combinations",
                kind.name
            );
            assert!(kind.dollars >= 20, "{}", kind.name);
        }
    }

    #[test]
    fn no_name_and_no_value_is_said_inside_another() {
        let types = types();
        let names: Vec<&str> = types.iter().map(|kind| kind.name).collect();
        assert_eq!(nested(&names), None);
        for kind in &types {
            let axes: Vec<&str> = kind.axes.iter().map(|axis| axis.name).collect();
            assert_eq!(nested(&axes), None, "axes of {}", kind.name);
            let values: Vec<&str> = kind
                .axes
                .iter()
                .flat_map(|axis| axis.values.iter().copied())
                .collect();
            assert_eq!(nested(&values), None, "values of {}", kind.name);
        }
    }

    #[test]
    fn values_are_plain_text_that_can_be_said() {
        let awkward = BTreeSet::from(["none", "no", "yes", "other", "standard", "default", "any"]);
        for kind in types() {
            for axis in kind.axes {
                assert!(axis.values.len() >= 2, "{}: {}", kind.name, axis.name);
                for &value in axis.values {
                    assert!(!awkward.contains(value), "{}: {value}", kind.name);
                    let clean = value.chars().all(|c| c.is_ascii_graphic() || c == ' ');
                    assert!(
                        clean && !value.contains(',') && value.trim() == value,
                        "{value}"
                    );
                }
            }
        }
    }
}
