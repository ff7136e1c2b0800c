//! An explorer of a shop by rule: it goes by what its prompt says and what its calls came to, and tries for
//! each write that it is to find whatever the records seem to allow. It also does what exploring models do:
//! it changes something too early once, and looks up what nobody needs.

use std::collections::BTreeMap;

use proto::record::Message;
use serde_json::{Value, json};

use super::prompt::Prompt;
use super::reply::Reply;

/// A look-up that no wish needs.
pub const NEEDLESS: &str = "list_all_product_types";

/// The answer to a prompt that asks for an exploration; nothing to any other.
pub(super) fn answer(prompt: &Prompt) -> Option<Reply> {
    if prompt.tools.is_empty() || !prompt.system.contains("\n# The theme\n") {
        return None;
    }
    let seen = Seen::of(prompt);
    let next = ideas(prompt, &seen)
        .into_iter()
        .find(|idea| !seen.tried(idea));
    Some(match next {
        Some((name, arguments)) => Reply::call([(name.as_str(), arguments)]),
        None => Reply::say("There is nothing left to try."),
    })
}

/// A tool with its arguments.
type Idea = (String, Value);

/// What was tried, and what came of it.
#[derive(Default)]
struct Seen {
    tried: Vec<Idea>,
    person: Option<String>,
    profile: Value,
    orders: BTreeMap<String, Value>,
    products: BTreeMap<String, Value>,
    /// Orders that were changed.
    changed: Vec<String>,
    /// What the last note says is still to be found.
    open: Option<String>,
}

impl Seen {
    fn of(prompt: &Prompt) -> Self {
        let mut seen = Self::default();
        let mut calls = BTreeMap::new();
        for message in &prompt.messages {
            match message {
                Message::User { .. } => {}
                Message::Assistant { calls: made, .. } => {
                    for call in made {
                        let arguments = serde_json::to_value(&call.arguments);
                        let arguments = arguments.expect("arguments are JSON");
                        seen.tried.push((call.name.clone(), arguments.clone()));
                        calls.insert(call.id.clone(), (call.name.clone(), arguments));
                    }
                }
                Message::Tool { call_id, text, .. } => {
                    if let Some((name, arguments)) = calls.get(call_id) {
                        seen.heard(name, arguments, text);
                    }
                }
            }
        }
        seen
    }

    fn heard(&mut self, name: &str, arguments: &Value, text: &str) {
        if text.starts_with("Error") {
            return;
        }
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        let record = values.next().and_then(Result::ok).unwrap_or_default();
        let id = |key: &str| arguments[key].as_str().unwrap_or_default().to_owned();
        match name {
            "find_user_id_by_email" | "find_user_id_by_name_zip" => {
                self.person = Some(text.to_owned());
            }
            "get_user_details" => self.profile = record,
            "get_order_details" => drop(self.orders.insert(id("order_id"), record)),
            "get_product_details" => drop(self.products.insert(id("product_id"), record)),
            NEEDLESS => {}
            _ => {
                self.changed.push(id("order_id"));
                let note = text.rsplit_once("Still to be found: ");
                self.open = note.map(|(_, open)| open.to_owned());
            }
        }
    }

    fn tried(&self, idea: &Idea) -> bool {
        self.tried.contains(idea)
    }

    /// Orders with this status that nothing was done to.
    fn untouched(&self, status: &str) -> Vec<(&String, &Value)> {
        let orders = self.orders.iter();
        orders
            .filter(|(id, order)| order["status"] == status && !self.changed.contains(id))
            .collect()
    }

    fn methods(&self) -> Vec<&String> {
        let methods = self.profile["payment_methods"].as_object();
        methods
            .into_iter()
            .flat_map(|methods| methods.keys())
            .collect()
    }

    /// Addresses to move to: those of the records, and one that is in none.
    fn addresses(&self) -> Vec<Value> {
        let orders = self.orders.values().map(|order| order["address"].clone());
        let own = self.profile["address"].clone();
        let mut new = own.clone();
        new["address1"] = "77 Hawthorn Row".into();
        new["address2"] = "".into();
        let mut all: Vec<Value> = Vec::new();
        for address in [own].into_iter().chain(orders).chain([new]) {
            if address.is_object() && !all.contains(&address) {
                all.push(address);
            }
        }
        all
    }
}

/// Lines below a heading of the prompt.
fn below<'p>(system: &'p str, heading: &str) -> Vec<&'p str> {
    let lines = system.lines().skip_while(|line| *line != heading).skip(1);
    lines.take_while(|line| !line.starts_with("# ")).collect()
}

/// Everything worth a try by what is known so far, the most natural first.
fn ideas(prompt: &Prompt, seen: &Seen) -> Vec<Idea> {
    let call = |name: &str, arguments: Value| (name.to_owned(), arguments);
    let facts = below(&prompt.system, "# The customer").into_iter();
    let facts: serde_json::Map<String, Value> = facts
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let find = if facts.contains_key("email") {
        "find_user_id_by_email"
    } else {
        "find_user_id_by_name_zip"
    };
    let mut ideas = vec![call(find, facts.into())];
    let Some(person) = &seen.person else {
        return ideas;
    };
    ideas.push(call("get_user_details", json!({"user_id": person})));
    let own = seen.profile["orders"].as_array().into_iter().flatten();
    let own: Vec<&str> = own.filter_map(Value::as_str).collect();
    let theme = below(&prompt.system, "# The theme");
    let leads = theme.iter().filter_map(|line| line.split_once("order_id "));
    let mut orders: Vec<&str> = leads
        .map(|(_, id)| id)
        .filter(|id| own.contains(id))
        .collect();
    orders.extend(
        own.iter()
            .filter(|id| !orders.contains(id))
            .copied()
            .collect::<Vec<_>>(),
    );
    if let Some(first) = orders.first() {
        let reason = "no longer needed";
        let early = json!({"order_id": first, "reason": reason});
        ideas.push(call("cancel_pending_order", early));
    }
    ideas.push(call(NEEDLESS, json!({})));
    ideas.extend(
        orders
            .iter()
            .map(|id| call("get_order_details", json!({"order_id": id}))),
    );
    // What is looked up first counts; nothing is changed before all is read.
    if ideas.iter().any(|idea| !seen.tried(idea)) {
        return ideas;
    }
    let wishes = theme.join("\n");
    let wishes = seen.open.as_deref().unwrap_or(&wishes);
    for tool in wishes.split('`').skip(1).step_by(2) {
        ideas.extend(writes(tool, person, seen));
    }
    ideas
}

/// Calls of a write that the records seem to allow.
fn writes(tool: &str, person: &str, seen: &Seen) -> Vec<Idea> {
    let mut found: Vec<Value> = Vec::new();
    let pending = seen.untouched("pending");
    let mut looks: Vec<Idea> = Vec::new();
    match tool {
        "cancel_pending_order" => found.extend(
            pending
                .iter()
                .map(|(id, _)| json!({"order_id": id, "reason": "ordered by mistake"})),
        ),
        "modify_user_address" => {
            for mut to in seen.addresses() {
                if to != seen.profile["address"] {
                    to["user_id"] = person.into();
                    found.push(to);
                }
            }
        }
        "modify_pending_order_address" => {
            for (id, order) in pending {
                for mut to in seen.addresses() {
                    if to != order["address"] {
                        to["order_id"] = id.as_str().into();
                        found.push(to);
                    }
                }
            }
        }
        "modify_pending_order_payment" => {
            for (id, order) in pending {
                let paid = &order["payment_history"][0]["payment_method_id"];
                let others = seen
                    .methods()
                    .into_iter()
                    .filter(|method| *paid != **method);
                found.extend(
                    others.map(|other| json!({"order_id": id, "payment_method_id": other})),
                );
            }
        }
        "return_delivered_order_items" => {
            for (id, order) in seen.untouched("delivered") {
                let paid = &order["payment_history"][0]["payment_method_id"];
                for item in order["items"].as_array().into_iter().flatten() {
                    let items = [&item["item_id"]];
                    found.push(
                        json!({"order_id": id, "item_ids": items, "payment_method_id": paid}),
                    );
                }
            }
        }
        "modify_pending_order_items" => (found, looks) = exchanges("pending", seen),
        "exchange_delivered_order_items" => (found, looks) = exchanges("delivered", seen),
        _ => {}
    }
    // One product more is looked up only when those known give nothing.
    let found = found
        .into_iter()
        .map(|arguments| (tool.to_owned(), arguments));
    found.chain(looks).collect()
}

/// Items of orders with this status swapped, and products that have to be looked up for it.
fn exchanges(status: &str, seen: &Seen) -> (Vec<Value>, Vec<Idea>) {
    let (mut found, mut looks) = (Vec::new(), Vec::new());
    for (id, order) in seen.untouched(status) {
        for item in order["items"].as_array().into_iter().flatten() {
            let product = item["product_id"].as_str().unwrap_or_default();
            match seen.products.get(product) {
                Some(record) => found.extend(swaps(id, item, record, &seen.methods())),
                None => {
                    let name = "get_product_details".to_owned();
                    looks.push((name, json!({"product_id": product})));
                }
            }
        }
    }
    (found, looks)
}

/// An item swapped for each variant to be had, paid by each method.
fn swaps(order: &str, item: &Value, product: &Value, methods: &[&String]) -> Vec<Value> {
    let variants = product["variants"].as_object().into_iter().flatten();
    let free =
        variants.filter(|(id, variant)| variant["available"] == true && item["item_id"] != **id);
    free.flat_map(|(new, _)| {
        methods.iter().map(move |method| {
            json!({
                "order_id": order,
                "item_ids": [item["item_id"]],
                "new_item_ids": [new],
                "payment_method_id": method,
            })
        })
    })
    .collect()
}
