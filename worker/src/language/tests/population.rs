//! Synthetic intents over every tool, descriptor, hidden slot and change.

use proto::record::{
    Answer, Blocked, Change, Descriptor, Expected, Goal, Intent, Kind, PlannedCall, Question,
    Resolution, Scenario, Slot, Snapshot, Source, Step, Task, Trajectory, Trigger, Value,
    Visibility, Wish,
};
use proto::seed::{Rng, Seed};

use super::shop::{CITIES, KINDS, Shop};
use crate::language::writer::{ScriptPlan, persona, write_script};

pub(super) const TOOLS: &[&str] = &[
    "cancel_pending_order",
    "modify_pending_order_address",
    "modify_pending_order_payment",
    "modify_pending_order_items",
    "return_delivered_order_items",
    "exchange_delivered_order_items",
    "modify_user_address",
];

fn said(predicate: &str, arguments: Vec<Value>) -> Descriptor {
    Descriptor {
        predicate: predicate.to_owned(),
        arguments,
        visibility: Visibility::Opening,
    }
}

fn texts(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|&text| Value::from(text)).collect()
}

fn slot(name: &str, value: Value, says: Vec<Descriptor>) -> Slot {
    Slot {
        name: name.to_owned(),
        value,
        source: Source::Known,
        says,
    }
}

fn slots_of(tool: &str) -> &'static [&'static str] {
    match tool {
        "cancel_pending_order" => &["order", "reason"],
        "modify_pending_order_address" => &["order", "address"],
        "modify_pending_order_payment" => &["order", "payment"],
        "modify_user_address" => &["address"],
        "return_delivered_order_items" => &["order", "items", "payment"],
        _ => &["order", "items", "new_items", "payment"],
    }
}

fn order(shop: &Shop, at: usize, rng: &mut Rng) -> Slot {
    let (id, city, items) = &shop.orders[at];
    let says = match rng.below(5) {
        0 => said(
            "order.has_product",
            texts(&[KINDS[*rng.pick(items).unwrap()].0]),
        ),
        1 => said("order.city", texts(&[city])),
        2 => said("order.latest", vec![]),
        _ => said("order.id", texts(&[id])),
    };
    slot("order", Value::from(id.as_str()), vec![says])
}

fn option(kind: usize, rng: &mut Rng) -> (&'static str, &'static str) {
    let (axis, values) = rng.pick(KINDS[kind].1).unwrap();
    (axis, rng.pick(values).unwrap())
}

fn items(kinds: &[usize], all: bool, rng: &mut Rng) -> Slot {
    let ids: Vec<Value> = kinds
        .iter()
        .map(|kind| Value::from(format!("100000000{kind}")))
        .collect();
    let says = if all {
        vec![said("items.all", vec![])]
    } else {
        let each = kinds.iter().map(|&kind| {
            let name = KINDS[kind].0;
            let (axis, value) = option(kind, rng);
            if rng.chance(0.3) {
                said("items.product_with", texts(&[name, axis, value]))
            } else {
                said("items.product", texts(&[name]))
            }
        });
        each.collect()
    };
    slot("items", Value::List(ids), says)
}

fn new_items(kinds: &[usize], rng: &mut Rng) -> Slot {
    let mut says = Vec::new();
    for (at, &kind) in kinds.iter().enumerate() {
        let index = Value::Int(at as i64);
        match rng.below(6) {
            0 => says.push(said("new.cheapest", vec![index])),
            1 => says.push(said("new.dearest", vec![index])),
            several => {
                let take = if several == 2 { 2 } else { 1 };
                for (axis, values) in KINDS[kind].1.iter().take(take) {
                    let value = rng.pick(values).unwrap();
                    says.push(said(
                        "new.option",
                        vec![index.clone(), Value::from(*axis), Value::from(*value)],
                    ));
                }
            }
        }
    }
    slot(
        "new_items",
        Value::texts(kinds.iter().map(|kind| format!("200000000{kind}"))),
        says,
    )
}

fn payment(rng: &mut Rng) -> Slot {
    let says = match rng.below(5) {
        0 => said("payment.last_four", texts(&["4321"])),
        1 => said("payment.original", vec![]),
        _ => said(
            "payment.source",
            texts(&[rng.pick(&["paypal", "gift_card", "credit_card"]).unwrap()]),
        ),
    };
    slot("payment", Value::from(rng.bits() as i64), vec![says])
}

fn address(shop: &Shop, own: bool, rng: &mut Rng) -> Slot {
    let says = match rng.below(5) {
        0 if !own => said("address.default", vec![]),
        1 => said("address.of_order", texts(&[KINDS[shop.orders[2].2[0]].0])),
        2 => said("address.city", texts(&[rng.pick(CITIES).unwrap()])),
        _ => said(
            "address.full",
            texts(&[
                "12 Oak St",
                rng.pick(&["", "Suite 4"]).unwrap(),
                "Portland",
                "OR",
                "USA",
                "97201",
            ]),
        ),
    };
    slot("address", Value::from(rng.bits() as i64), vec![says])
}

fn reason(rng: &mut Rng) -> Slot {
    let text = rng
        .pick(&["no longer needed", "ordered by mistake"])
        .unwrap();
    slot(
        "reason",
        Value::from(*text),
        vec![said("reason.is", texts(&[text]))],
    )
}

/// A write with `tool` on one of the person's orders; `hide` is kept back, with a stand-in where there is one.
pub(super) fn write(shop: &Shop, tool: &str, at: usize, hide: Option<&str>, rng: &mut Rng) -> Goal {
    let all = tool == "return_delivered_order_items" && rng.chance(0.2);
    let count = if all { 4 } else { 1 + rng.below(2) };
    let kinds = &shop.orders[at].2[..count];
    let mut slots: Vec<Slot> = slots_of(tool)
        .iter()
        .map(|name| match *name {
            "order" => order(shop, at, rng),
            "items" => items(kinds, all, rng),
            "new_items" => new_items(kinds, rng),
            "payment" => payment(rng),
            "reason" => reason(rng),
            _ => address(shop, tool == "modify_user_address", rng),
        })
        .collect();
    for slot in slots
        .iter_mut()
        .filter(|slot| Some(slot.name.as_str()) == hide)
    {
        for said in &mut slot.says {
            said.visibility = Visibility::OnRequest;
        }
        match slot.name.as_str() {
            "items" => slot
                .says
                .push(said("items.count", vec![Value::Int(count as i64)])),
            "new_items" => slot
                .says
                .extend((0..count).map(|at| said("new.any", vec![Value::Int(at as i64)]))),
            _ => {}
        }
    }
    let wish = Wish::Write(PlannedCall::new(tool, [("place", at as i64)]));
    Goal {
        wish,
        slots,
        reads: vec![],
    }
}

pub(super) const TOPICS: &[&str] = &[
    "sum_items",
    "difference_items",
    "count_orders",
    "sum_orders",
    "count_variants",
    "saving",
];

pub(super) fn question(shop: &Shop, topic: &str, rng: &mut Rng) -> Goal {
    let kinds = &shop.orders[0].2[..2];
    let product = |kind: usize| said("product.is", texts(&[KINDS[kind].0]));
    let slots = match topic {
        "count_orders" | "sum_orders" => vec![slot(
            "status",
            Value::Null,
            vec![said(
                "status.is",
                texts(&[rng.pick(&["pending", "delivered"]).unwrap()]),
            )],
        )],
        "count_variants" => {
            let (axis, value) = option(kinds[0], rng);
            vec![
                slot("product", Value::Null, vec![product(kinds[0])]),
                slot(
                    "option",
                    Value::Null,
                    vec![said("option.is", texts(&[axis, value]))],
                ),
            ]
        }
        "saving" => vec![order(shop, 0, rng), items(&kinds[..1], false, rng)],
        _ => vec![order(shop, 0, rng), items(kinds, false, rng)],
    };
    let wish = Wish::Question(Question {
        topic: topic.to_owned(),
        answer: Answer::Count(2),
    });
    Goal {
        wish,
        slots,
        reads: vec![],
    }
}

pub(super) fn request(shop: &Shop, key: &str, rng: &mut Rng) -> Goal {
    let slots = vec![
        order(shop, 0, rng),
        slot(
            "request",
            Value::Null,
            vec![said("request.is", texts(&[key]))],
        ),
    ];
    let slots = if key.starts_with("change_") {
        slots[1..].to_vec()
    } else {
        slots
    };
    let wish = Wish::Blocked(Blocked {
        call: None,
        rule: "out-of-scope".to_owned(),
        resolution: Resolution::Transfer,
        evidence: vec![],
    });
    Goal {
        wish,
        slots,
        reads: vec![],
    }
}

/// A goal of some form, with a hidden slot in a third of the writes.
pub(super) fn any_goal(shop: &Shop, at: usize, rng: &mut Rng) -> Goal {
    match rng.below(12) {
        0 => question(shop, rng.pick(TOPICS).unwrap(), rng),
        1 => request(
            shop,
            rng.pick(&[
                "apply_coupon",
                "change_email",
                "expedite_shipping",
                "price_match",
                "gift_wrap",
                "something_new",
            ])
            .unwrap(),
            rng,
        ),
        _ => {
            let tool = rng.pick(TOOLS).unwrap();
            let hide = rng.chance(0.33).then(|| *rng.pick(slots_of(tool)).unwrap());
            write(shop, tool, at, hide, rng)
        }
    }
}

/// Everything a task's texts are checked against.
pub(super) struct Case {
    pub shop: Shop,
    pub task: Task,
}

/// A written task with the given intent.
pub(super) fn case(
    shop: Shop,
    goals: Vec<Goal>,
    first: Vec<usize>,
    last: Vec<usize>,
    change: Option<(Change, Trigger, usize)>,
    seed: Seed,
) -> Case {
    let intent = Intent {
        person: "p".to_owned(),
        goals,
        first,
        last,
    };
    let introduction = shop.introduction(seed.rng().chance(0.5));
    let plan = ScriptPlan {
        intent: &intent,
        introduction: &introduction,
        persona: persona(seed),
        change,
    };
    let script = write_script(&super::shop::Stub, &shop, &plan, seed);
    let step = Step {
        call: introduction.call.clone(),
        observation: proto::record::Observation {
            text: String::new(),
            error: false,
        },
        state: serde_json::from_value(serde_json::to_value(seed.0).unwrap()).unwrap(),
        goal: None,
    };
    let snapshot = Snapshot {
        base: serde_json::from_value(serde_json::to_value(seed.0).unwrap()).unwrap(),
        delta: vec![],
        state: step.state,
    };
    let id = serde_json::to_value(seed.0).unwrap();
    let task = Task {
        id: serde_json::from_value(id.clone()).unwrap(),
        domain: "retail".to_owned(),
        slot: 0,
        scenario: Scenario::General,
        kind: Kind::Plain,
        intent_id: serde_json::from_value(id).unwrap(),
        intent,
        script,
        golden: Trajectory {
            start: snapshot,
            steps: vec![step],
        },
        expected: Expected {
            states: vec![],
            required: vec![],
            forbidden: vec![],
            told: vec![],
            resolutions: vec![],
            asked: vec![],
        },
        twin_of: None,
        writer: crate::language::writer::WRITER.to_owned(),
        proof: None,
        parts: Vec::new(),
    };
    Case { shop, task }
}

/// The `index`-th task of a mixed population: one or two goals, some with a change of mind.
pub(super) fn drawn(index: u64) -> Case {
    let seed = Seed::root(11).child("case", index);
    let mut rng = seed.child("intent", 0).rng();
    let shop = Shop::draw(&mut rng);
    let mut goals = vec![any_goal(&shop, 0, &mut rng)];
    if rng.chance(0.4) {
        goals.push(any_goal(&shop, 1, &mut rng));
    }
    let first: Vec<usize> = (0..goals.len()).collect();
    if !rng.chance(0.4) {
        return case(shop, goals, first.clone(), first, None, seed);
    }
    let change = *rng.pick(&Change::ALL).unwrap();
    let trigger = *rng.pick(&Trigger::ALL).unwrap();
    changed(shop, goals, change, trigger, seed, &mut rng)
}

/// A change of mind on the first goal.
pub(super) fn changed(
    shop: Shop,
    mut goals: Vec<Goal>,
    change: Change,
    trigger: Trigger,
    seed: Seed,
    rng: &mut Rng,
) -> Case {
    let first: Vec<usize> = (0..goals.len()).collect();
    let place = goals.len();
    let mut last = first.clone();
    let tool = goals[0].wish.call().map(|call| call.name.clone());
    match (change, tool) {
        (Change::Withdrawal, _) => last = last.split_off(1),
        (Change::Addition, _) => {
            goals.push(any_goal(&shop, 2, rng));
            last.push(place);
        }
        (Change::Slot, Some(tool)) => {
            let mut new = goals[0].clone();
            let other = write(&shop, &tool, 0, None, rng);
            let at = new.slots.len() - 1;
            if let Some(slot) = other
                .slots
                .into_iter()
                .find(|slot| slot.name == new.slots[at].name)
            {
                new.slots[at] = slot;
            }
            goals.push(new);
            last[0] = place;
        }
        (Change::Target, Some(tool)) => {
            goals.push(write(&shop, &tool, 2, None, rng));
            last[0] = place;
        }
        _ => {
            goals.push(write(&shop, rng.pick(TOOLS).unwrap(), 0, None, rng));
            last[0] = place;
        }
    }
    case(shop, goals, first, last, Some((change, trigger, 0)), seed)
}
