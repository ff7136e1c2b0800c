//! A small shop with one person, enough to write and check texts for.

use std::any::Any;

use proto::digest::Hasher;
use proto::ids::{BaseId, StateId};
use proto::record::{Actor, Change, Goal, Map, Observation, PlannedCall, ToolSpec, Trigger, Value};
use proto::seed::Rng;

use crate::dialogue::lexicon::Lexicon;
use crate::domains::{
    Afforded, Agreement, Cell, Domain, FieldChange, Introduction, Mentions, RestoreError, Want,
};
use crate::environment::Environment;
use crate::language::phrasing::Phrasing;
use crate::rules::Rule;

pub(super) type Kinds = &'static [(
    &'static str,
    &'static [(&'static str, &'static [&'static str])],
)];

pub(super) const KINDS: Kinds = &[
    (
        "Floor Lamp",
        &[
            ("color", &["black", "brass", "white"]),
            ("brightness", &["800 lumens", "1200 lumens"]),
            ("switch type", &["foot switch", "remote control"]),
        ],
    ),
    (
        "Sunglasses",
        &[
            ("frame color", &["silver", "brown"]),
            ("lens type", &["polarized", "non-polarized"]),
        ],
    ),
    (
        "Hiking Boots",
        &[
            ("size", &["7", "8", "12"]),
            ("material", &["leather", "synthetic"]),
            ("waterproof", &["yes", "no"]),
        ],
    ),
    (
        "T-Shirt",
        &[
            ("size", &["S", "M", "XL"]),
            ("color", &["purple", "red"]),
            ("style", &["crew neck", "v-neck"]),
        ],
    ),
    (
        "Office Chair",
        &[
            ("armrest", &["none", "fixed", "adjustable"]),
            ("material", &["mesh", "fabric"]),
            ("backrest height", &["high-back", "standard"]),
        ],
    ),
    (
        "Headphones",
        &[
            ("type", &["in-ear", "over-ear"]),
            ("connectivity", &["wireless", "wired"]),
        ],
    ),
    (
        "Turntable",
        &[
            ("speeds", &["2 speeds", "3 speeds"]),
            ("finish", &["walnut", "cherry"]),
        ],
    ),
    (
        "Camera Lens",
        &[
            ("focal length", &["24 mm", "85 mm"]),
            ("aperture", &["f/2.8", "f/1.4"]),
        ],
    ),
    (
        "Ankle Boots",
        &[
            ("size", &["size 6", "size 9"]),
            ("heel", &["flat heel", "block heel"]),
        ],
    ),
    (
        "Building Blocks",
        &[
            ("theme", &["castle", "space", "city", "pirates"]),
            ("age group", &["toddlers", "grade-schoolers"]),
        ],
    ),
    (
        "LED Light Bulb",
        &[
            ("color temperature", &["daylight", "warm white"]),
            ("connectivity", &["Wi-Fi", "Bluetooth", "none"]),
        ],
    ),
    (
        "Mattress",
        &[
            ("size", &["twin", "full", "queen"]),
            ("firmness", &["soft", "medium", "firm"]),
        ],
    ),
    (
        "Air Purifier",
        &[
            ("room size", &["large", "small"]),
            ("features", &["night mode", "quiet operation"]),
        ],
    ),
    (
        "Perfume",
        &[
            ("scent family", &["fresh", "woody"]),
            ("size", &["30ml", "50ml"]),
        ],
    ),
];

pub(super) const CITIES: &[&str] = &[
    "Denver",
    "Fort Worth",
    "San Diego",
    "Columbus",
    "Boston",
    "Philadelphia",
    "Seattle",
    "Austin",
];
pub(super) const NAMES: &[(&str, &str)] = &[
    ("Yusuf", "Rossi"),
    ("Mei", "Brown"),
    ("Ava", "Silva"),
    ("Juan", "Lopez"),
    ("Ivan", "Black"),
    ("Olivia", "Smith"),
];

/// One person's orders, as drawn.
#[derive(Debug, Clone)]
pub(super) struct Shop {
    pub first: &'static str,
    pub last: &'static str,
    pub email: String,
    pub zip: String,
    pub orders: Vec<(String, &'static str, Vec<usize>)>,
}

impl Shop {
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let &(first, last) = rng.pick(NAMES).unwrap();
        let mut kinds: Vec<usize> = (0..KINDS.len()).collect();
        rng.shuffle(&mut kinds);
        let mut cities: Vec<usize> = (0..CITIES.len()).collect();
        rng.shuffle(&mut cities);
        let order = |at: usize| {
            let id = format!("#W{}", 1_000_000 + rng.below(8_999_999));
            (id, CITIES[cities[at]], kinds[at * 4..at * 4 + 4].to_vec())
        };
        Self {
            first,
            last,
            email: format!(
                "{}.{}@example.com",
                first.to_lowercase(),
                last.to_lowercase()
            ),
            zip: "19122".to_owned(),
            orders: (0..3).map(order).collect(),
        }
    }

    pub(super) fn introduction(&self, by_email: bool) -> Introduction {
        let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        if by_email {
            return Introduction {
                call: PlannedCall::new("find_user_id_by_email", [("email", self.email.as_str())]),
                facts: vec![
                    fact("first_name", self.first),
                    fact("last_name", self.last),
                    fact("email", &self.email),
                ],
            };
        }
        Introduction {
            call: PlannedCall::new(
                "find_user_id_by_name_zip",
                [
                    ("first_name", self.first),
                    ("last_name", self.last),
                    ("zip", &self.zip),
                ],
            ),
            facts: vec![
                fact("first_name", self.first),
                fact("last_name", self.last),
                fact("zip", &self.zip),
            ],
        }
    }
}

impl Environment for Shop {
    fn call(&mut self, _: Actor, name: &str, arguments: &Map) -> Observation {
        let id = arguments
            .values()
            .next()
            .and_then(Value::as_str)
            .unwrap_or_default();
        let text = match name {
            "get_user_details" => serde_json::json!({
                "name": {"first_name": self.first, "last_name": self.last},
                "address": {"address1": "77 Birch Lane", "city": "Houston", "zip": self.zip},
                "email": self.email,
                "payment_methods": {"credit_card_1": {"source": "credit_card", "last_four": "4321"}, "paypal_2": {"source": "paypal"}},
            }),
            "get_order_details" => {
                let (id, city, items) = self.orders.iter().find(|order| order.0 == id).unwrap();
                let items: Vec<_> = items
                    .iter()
                    .map(|&kind| serde_json::json!({"name": KINDS[kind].0}))
                    .collect();
                serde_json::json!({"order_id": id, "address": {"city": city, "address1": "5 Elm Road"}, "items": items})
            }
            _ => {
                let (name, axes) = KINDS.iter().find(|kind| kind.0 == id).unwrap();
                let values: Vec<(String, serde_json::Value)> = axes
                    .iter()
                    .flat_map(|(axis, values)| {
                        values.iter().map(|value| {
                            (
                                (*axis).to_owned(),
                                serde_json::json!({"options": {*axis: value}}),
                            )
                        })
                    })
                    .enumerate()
                    .map(|(at, (_, variant))| (at.to_string(), variant))
                    .collect();
                let variants: serde_json::Map<_, _> = values.into_iter().collect();
                serde_json::json!({"name": name, "product_id": id, "variants": variants})
            }
        };
        Observation {
            text: text.to_string(),
            error: false,
        }
    }

    fn state_id(&self) -> StateId {
        unreachable!("texts need no state ids")
    }

    fn fork(&self) -> Box<dyn Environment> {
        Box::new(self.clone())
    }

    fn delta(&self) -> Vec<u8> {
        Vec::new()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The domain that the shop belongs to; it only offers the reads of a person's reach.
#[derive(Debug)]
pub(super) struct Stub;

impl Domain for Stub {
    fn name(&self) -> &'static str {
        "retail"
    }

    fn encode_base(&self) -> Result<Vec<u8>, proto::wire::WireError> {
        unreachable!("language asks for no base")
    }

    fn reach(&self, world: &dyn Environment, _: &str) -> Vec<PlannedCall> {
        let shop = world.as_any().downcast_ref::<Shop>().unwrap();
        let mut calls = vec![PlannedCall::new("get_user_details", [("user_id", "x")])];
        for (id, _, items) in &shop.orders {
            calls.push(PlannedCall::new(
                "get_order_details",
                [("order_id", id.as_str())],
            ));
            calls.extend(items.iter().map(|&kind| {
                PlannedCall::new("get_product_details", [("product_id", KINDS[kind].0)])
            }));
        }
        calls
    }

    fn base(&self) -> BaseId {
        BaseId(Hasher::new("test", 1).finish())
    }
    fn policy(&self) -> &str {
        unreachable!()
    }
    fn tools(&self) -> &[ToolSpec] {
        unreachable!()
    }
    fn rules(&self) -> &[Rule] {
        unreachable!()
    }
    fn lexicon(&self) -> &Lexicon {
        unreachable!()
    }
    fn phrasing(&self) -> &dyn Phrasing {
        &crate::domains::retail::phrasing::RetailPhrasing
    }
    fn target<'c>(&self, _: &'c PlannedCall) -> Option<&'c str> {
        unreachable!()
    }
    fn changes(&self, _: &dyn Environment, _: &dyn Environment) -> Vec<FieldChange> {
        unreachable!()
    }
    fn hideable(&self) -> &[(&'static str, &'static str)] {
        unreachable!()
    }
    fn wish_only(&self, _: &str) -> bool {
        unreachable!()
    }
    fn candidate(&self, _: &dyn Environment, _: &PlannedCall, _: &str) -> Option<String> {
        unreachable!()
    }
    fn start(&self) -> Box<dyn Environment> {
        unreachable!()
    }
    fn restore(&self, _: &[u8]) -> Result<Box<dyn Environment>, RestoreError> {
        unreachable!()
    }
    fn people(&self) -> usize {
        1
    }
    fn person(&self, _: usize) -> String {
        unreachable!()
    }
    fn introduce(&self, _: &dyn Environment, _: &str, _: &mut Rng) -> Introduction {
        unreachable!()
    }
    fn afford(&self, _: &dyn Environment, _: &str, _: &Want<'_>, _: &mut Rng) -> Option<Afforded> {
        unreachable!()
    }
    fn vary(&self, _: &dyn Environment, _: &str, _: &Goal, _: Change, _: &mut Rng) -> Option<Goal> {
        unreachable!()
    }
    fn change_cell(&self, _: &str, _: Change, _: Trigger) -> Cell {
        unreachable!()
    }
    fn bindings(&self, _: &dyn Environment, _: &str, _: &Goal) -> Vec<PlannedCall> {
        unreachable!()
    }
    fn bindings_by_force(&self, _: &dyn Environment, _: &str, _: &Goal) -> Vec<PlannedCall> {
        unreachable!()
    }
    fn tampered(&self, _: &dyn Environment, _: &str, _: &PlannedCall) -> Vec<PlannedCall> {
        unreachable!()
    }
    fn extra(&self, _: &dyn Environment, _: &str, _: &mut Rng) -> Option<PlannedCall> {
        unreachable!()
    }
    fn explain(&self, _: &dyn Environment, _: &PlannedCall) -> String {
        unreachable!()
    }
    fn mentions(&self, _: &str) -> Mentions {
        unreachable!()
    }
    fn agrees(&self, _: &Mentions, _: &PlannedCall) -> Agreement {
        unreachable!()
    }
}
