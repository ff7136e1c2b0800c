//! Questions with derived answers: sums, differences and counts that no record holds as they are.

use std::sync::Arc;

use proto::record::{Answer, Goal, PlannedCall, Question, Slot, Visibility, Wish};
use proto::seed::Rng;

use super::super::state::{Order, OrderItem, Status};
use super::choice::Choice;
use super::held::holds;
use super::said::Said;
use super::view::{View, distinct};
use super::{reads, speak};

/// Topics, by the keys that texts are rendered from.
pub(super) const TOPICS: [&str; 6] = [
    "sum_items",
    "difference_items",
    "count_orders",
    "sum_orders",
    "count_variants",
    "saving",
];

/// How many times a question is drawn before a person counts as having none.
const TRIES: usize = 6;

/// A question of some topic.
pub(super) fn afford(view: &View<'_>, rng: &mut Rng) -> Option<Goal> {
    (0..TRIES).find_map(|_| {
        let topic = *rng.pick(&TOPICS)?;
        on(view, topic, rng)
    })
}

/// A question of this topic, if its answer is something and stands in no record that is read.
pub(super) fn on(view: &View<'_>, topic: &str, rng: &mut Rng) -> Option<Goal> {
    let (slots, reads, answer) = match topic {
        "sum_items" | "difference_items" => items(view, topic, rng),
        "count_orders" | "sum_orders" => orders(view, topic, rng),
        "count_variants" => variants(view, rng),
        "saving" => saving(view, rng),
        _ => None,
    }?;
    let empty = matches!(answer, Answer::Money(0) | Answer::Count(0));
    if empty || holds(view.world, &reads, answer) {
        return None;
    }
    let question = Question {
        topic: topic.to_owned(),
        answer,
    };
    Some(Goal {
        wish: Wish::Question(question),
        slots,
        reads,
    })
}

type Asked = (Vec<Slot>, Vec<PlannedCall>, Answer);

/// Dollars as whole cents.
pub(super) fn cents(dollars: f64) -> i64 {
    (dollars * 100.0).round() as i64
}

/// An order with these items, as slots and the look-ups that ground them.
fn about<'a>(
    view: &View<'a>,
    order: &'a Arc<Order>,
    places: &[usize],
    rng: &mut Rng,
) -> Option<(Vec<Slot>, Vec<PlannedCall>)> {
    let choice = Choice {
        places: places.to_vec(),
        ..Choice::of(order)
    };
    let opening = Visibility::Opening;
    let (source, says) = speak::order(view, order, rng);
    let named = speak::slot("order", choice.value("order")?, source, &says, opening);
    let says: Vec<Said<'_>> = speak::items(order, places)?;
    let source = speak::read("get_order_details");
    let items = speak::slot("items", choice.value("items")?, source, &says, opening);
    let slots = vec![named, items];
    let reads = reads::of_write(view, &choice, &slots);
    Some((slots, reads))
}

fn items(view: &View<'_>, topic: &str, rng: &mut Rng) -> Option<Asked> {
    let least = if topic == "sum_items" { 3 } else { 2 };
    let among: Vec<_> = view
        .orders
        .iter()
        .copied()
        .filter(|order| order.items.len() >= least && distinct(order))
        .collect();
    let order = *rng.pick(&among)?;
    let count = match topic {
        "sum_items" if order.items.len() > 3 && rng.chance(0.4) => 3,
        _ => 2,
    };
    let mut places: Vec<usize> = (0..order.items.len()).collect();
    rng.shuffle(&mut places);
    places.truncate(count);
    places.sort_unstable();
    let price = |at: usize| cents(order.items[at].price);
    let answer = match (topic, places.as_slice()) {
        ("difference_items", &[one, other]) => (price(one) - price(other)).abs(),
        _ => places.iter().map(|&at| price(at)).sum(),
    };
    let (slots, reads) = about(view, order, &places, rng)?;
    Some((slots, reads, Answer::Money(answer)))
}

fn orders(view: &View<'_>, topic: &str, rng: &mut Rng) -> Option<Asked> {
    let mut states: Vec<Status> = view.orders.iter().map(|order| order.status).collect();
    states.sort_unstable();
    states.dedup();
    let status = *rng.pick(&states)?;
    let fitting = || view.orders.iter().filter(|order| order.status == status);
    let least = if topic == "sum_orders" { 2 } else { 1 };
    let count = fitting().count();
    if count < least || view.orders.len() < 2 {
        return None;
    }
    let answer = if topic == "sum_orders" {
        let items = fitting().flat_map(|order| &order.items);
        Answer::Money(items.map(|item| cents(item.price)).sum())
    } else {
        Answer::Count(count as u32)
    };
    let slots = vec![speak::plain(
        "status",
        status.text(),
        "status.is",
        &[status.text()],
    )];
    let mut reads = vec![reads::user(view)];
    reads.extend(
        view.orders
            .iter()
            .map(|order| reads::order(&order.order_id)),
    );
    Some((slots, reads, answer))
}

fn variants(view: &View<'_>, rng: &mut Rng) -> Option<Asked> {
    let places = view.world.base.products.len();
    let product = view.world.product_at(rng.below(places.max(1)) as u32);
    let options = &rng.pick(&product.variants)?.options;
    let (axis, value) = rng.pick(options)?;
    let fitting = product.variants.iter().filter(|variant| {
        let has = variant.options.iter().any(|(a, v)| a == axis && v == value);
        variant.available && has
    });
    let answer = Answer::Count(fitting.count() as u32);
    let slots = vec![
        speak::plain("product", &product.name, "product.is", &[&product.name]),
        speak::plain("option", value, "option.is", &[axis, value]),
    ];
    let no_arguments: [(&'static str, &str); 0] = [];
    let reads = vec![
        PlannedCall::new("list_all_product_types", no_arguments),
        reads::product(&product.product_id),
    ];
    Some((slots, reads, answer))
}

fn saving(view: &View<'_>, rng: &mut Rng) -> Option<Asked> {
    let among: Vec<_> = view
        .orders
        .iter()
        .copied()
        .filter(|order| distinct(order))
        .collect();
    let order = *rng.pick(&among)?;
    let at = rng.below(order.items.len().max(1));
    let item: &OrderItem = order.items.get(at)?;
    let product = view.world.product(&item.product_id)?;
    let prices = product
        .variants
        .iter()
        .filter(|variant| variant.available)
        .map(|variant| cents(variant.price));
    let answer = cents(item.price) - prices.min()?;
    if answer <= 0 {
        return None;
    }
    let (slots, mut reads) = about(view, order, &[at], rng)?;
    reads.push(reads::product(&item.product_id));
    Some((slots, reads, Answer::Money(answer)))
}
