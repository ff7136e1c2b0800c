//! From a write to the goal that it carries out: the way back from [`write`](super::write) and
//! [`hidden`](super::hidden), for a call that somebody else has thought of.

use proto::record::{PlannedCall, Value};
use proto::seed::Rng;

use super::super::state::Variant;
use super::choice::{Choice, REASONS, address_of, form_name, slots_of};
use super::hidden::{ambiguous, keep_back};
use super::query::extreme;
use super::said::Said;
use super::speak::{self, Spoken};
use super::view::View;
use super::write::{
    self, Draft, address, eligible, payable, present_address, reason, replaceable, sound,
};

/// How many times a call is put into words before it counts as one that can't be.
const TRIES: usize = 24;
/// How often all items of an order are called so.
const ALL_SHARE: f64 = 0.5;
/// How often a new item that is the cheapest or the dearest is called so, and where it should fit the items
/// of other orders, too.
const PRICE_SHARES: [f64; 2] = [0.25, 0.7];
/// How often an address of the person's reach is named by where else it stands.
const KNOWN_SHARE: f64 = 0.7;

/// The goal of `call`, with the slot `hide` kept back.
pub(super) fn goal_of(
    view: &View<'_>,
    call: &PlannedCall,
    hide: Option<&str>,
    rng: &mut Rng,
) -> Option<proto::record::Goal> {
    let tool = form_name(&call.name)?;
    if hide.is_some_and(|hide| !slots_of(tool).contains(&hide)) {
        return None;
    }
    let choice = read(view, tool, call).filter(|choice| lawful(view, tool, choice))?;
    (0..TRIES).find_map(|_| {
        let goal = say(view, tool, &choice, hide, rng)?.goal(view, tool)?;
        let fits = sound(view, &goal) && (hide.is_none() || ambiguous(view, &goal));
        fits.then_some(goal)
    })
}

/// The parts of a call, items in the order in which they lie in their order.
fn read<'a>(view: &View<'a>, tool: &str, call: &PlannedCall) -> Option<Choice<'a>> {
    let mut choice = Choice::default();
    for slot in slots_of(tool) {
        match *slot {
            "order" => choice.order = Some(view.world.order(call.text("order_id")?)?),
            "items" => {
                let items = &choice.order?.items;
                let place = |id: &str| items.iter().position(|item| &*item.item_id == id);
                choice.places = texts(call, "item_ids")?.map(place).collect::<Option<_>>()?;
            }
            "new_items" => {
                let variant = |id: &str| view.world.variant(id).map(|(_, new)| new);
                let ids = texts(call, "new_item_ids")?;
                choice.new = ids.map(variant).collect::<Option<_>>()?;
            }
            "payment" => {
                let id = call.text("payment_method_id")?;
                let mut methods = view.user.payment_methods.iter();
                choice.payment = Some(methods.find(|method| &**method.id() == id)?);
            }
            "reason" => choice.reason = Some(call.text("reason")?.to_owned()),
            _ => choice.address = Some(address_of(&call.arguments)?),
        }
    }
    let own = call
        .arguments
        .get("user_id")
        .is_none_or(|id| id.as_str() == Some(&*view.user.user_id));
    in_order(&mut choice)?;
    own.then_some(choice)
}

fn texts<'c>(call: &'c PlannedCall, key: &str) -> Option<impl Iterator<Item = &'c str>> {
    let list = call.arguments.get(key)?.as_list()?;
    list.iter()
        .all(|id| id.as_str().is_some())
        .then(|| list.iter().filter_map(Value::as_str))
}

/// Sorts items by their places, each with what it becomes; nothing where they don't pair up.
fn in_order(choice: &mut Choice<'_>) -> Option<()> {
    let mut places = choice.places.clone();
    places.sort_unstable();
    places.dedup();
    if places.len() != choice.places.len() {
        return None;
    }
    if !choice.new.is_empty() {
        if choice.new.len() != places.len() {
            return None;
        }
        let mut pairs: Vec<(usize, &Variant)> = choice
            .places
            .iter()
            .copied()
            .zip(choice.new.iter().copied())
            .collect();
        pairs.sort_by_key(|&(at, _)| at);
        choice.new = pairs.into_iter().map(|(_, new)| new).collect();
    }
    choice.places = places;
    Some(())
}

/// Whether the call is one that [`write::afford`] could draw.
fn lawful(view: &View<'_>, tool: &str, choice: &Choice<'_>) -> bool {
    let of_order = slots_of(tool).contains(&"order");
    let order = choice.order.filter(|order| {
        let mut eligible = eligible(view, tool).into_iter();
        eligible.any(|found| found.order_id == order.order_id)
    });
    let swapped = |order: &super::super::state::Order| {
        let mut pairs = choice.places.iter().zip(&choice.new);
        pairs.all(|(&at, new)| {
            new.available
                && new.item_id != order.items[at].item_id
                && replaceable(view, order, at, |new| new.available)
        })
    };
    let one = tool != "modify_pending_order_items" || choice.places.len() == 1;
    let reasoned = choice
        .reason
        .as_ref()
        .is_none_or(|reason| REASONS.contains(&reason.as_str()));
    let paid = choice
        .payment
        .is_none_or(|method| payable(tool, choice, method));
    (!of_order || order.is_some_and(|order| swapped(order))) && one && reasoned && paid
}

/// Every part said, in one of the ways that it can be.
fn say<'a>(
    view: &View<'a>,
    tool: &'static str,
    choice: &Choice<'a>,
    hide: Option<&str>,
    rng: &mut Rng,
) -> Option<Draft<'a>> {
    let mut draft = Draft::new();
    for &name in slots_of(tool) {
        match name {
            "order" => {
                let order = choice.order?;
                draft.choice.order = Some(order);
                let (source, says) = speak::order(view, order, rng);
                draft.say("order", source, &says)?;
            }
            "items" => items(tool, choice, &mut draft, hide, rng)?,
            "new_items" => new_items(view, choice, &mut draft, hide, rng)?,
            "payment" => {
                let method = choice.payment?;
                draft.choice.payment = Some(method);
                let (source, says) = speak::payment(view, tool, &draft.choice, method, rng)?;
                draft.say("payment", source, &says)?;
            }
            "reason" => reason(&mut draft, choice.reason.as_deref()?)?,
            _ => {
                let to = place(view, choice, hide == Some(name), rng)?;
                address(&mut draft, to)?;
            }
        }
        if hide == Some(name) {
            keep_back(draft.slots.last_mut()?);
        }
    }
    Some(draft)
}

fn items<'a>(
    tool: &str,
    choice: &Choice<'a>,
    draft: &mut Draft<'a>,
    hide: Option<&str>,
    rng: &mut Rng,
) -> Option<()> {
    let order = choice.order?;
    draft.choice.places.clone_from(&choice.places);
    let all = choice.places.len() == order.items.len();
    let several = tool == "return_delivered_order_items" && choice.places.len() > 1;
    let everything = all && (several || hide == Some("order"));
    let says = match speak::items(order, &choice.places) {
        // Also where one item can't be told from another.
        named if everything && (named.is_none() || rng.chance(ALL_SHARE)) => vec![Said::ItemsAll],
        named => {
            let mut says = named?;
            if hide == Some("items") {
                says.insert(0, Said::ItemsCount(choice.places.len()));
            }
            says
        }
    };
    draft.say("items", speak::read("get_order_details"), &says)
}

fn new_items<'a>(
    view: &View<'a>,
    choice: &Choice<'a>,
    draft: &mut Draft<'a>,
    hide: Option<&str>,
    rng: &mut Rng,
) -> Option<()> {
    let elsewhere = matches!(hide, Some("order" | "items"));
    let by_price = rng.chance(PRICE_SHARES[usize::from(elsewhere)]);
    let vague = hide == Some("new_items");
    write::new_items(view, draft, vague, |product, item, index| {
        let new = *choice.new.get(index)?;
        if !product
            .variants
            .iter()
            .any(|own| own.item_id == new.item_id)
        {
            return None;
        }
        let is = |beyond: fn(&f64, &f64) -> bool| {
            extreme(product, item, beyond).is_some_and(|best| best.item_id == new.item_id)
        };
        let priced = [(false, is(f64::lt)), (true, is(f64::gt))];
        let dear = priced.into_iter().find(|(_, is)| *is).map(|(dear, _)| dear);
        match dear.filter(|_| by_price) {
            Some(dear) => speak::by_price(product, item, index, dear),
            None => Some(speak::by_options(item, new, index)),
        }
    })
}

/// The new address: by where else it stands if it does, and must where it is kept back.
fn place<'a>(
    view: &View<'a>,
    choice: &Choice<'a>,
    hidden: bool,
    rng: &mut Rng,
) -> Option<Spoken<'a, super::super::state::Address>> {
    let to = choice.address.clone()?;
    let mut known = speak::known_addresses(view, present_address(view, choice.order)).into_iter();
    let found = known.find(|known| known.value == to);
    if hidden || rng.chance(KNOWN_SHARE) && found.is_some() {
        return found;
    }
    Some(Spoken {
        value: to,
        source: proto::record::Source::Known,
        says: Vec::new(),
    })
}
