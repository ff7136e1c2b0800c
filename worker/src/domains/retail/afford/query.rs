//! What is said, run as a query: each slot in turn narrows the candidates of the person's reach.

use std::sync::Arc;

use proto::record::{Goal, PlannedCall, Slot, Visibility};

use super::super::state::{Address, Order, OrderItem, PaymentMethod, Product, Variant};
use super::choice::{Choice, REASONS, form_name, original, source};
use super::said::Said;
use super::view::View;

/// Calls beyond this are not looked for: what fits so many is no question a user could be asked.
pub(super) const MANY: usize = 256;

/// Which descriptors count.
pub(super) type Seen = fn(Visibility) -> bool;

/// Those of the opening.
pub(super) fn opening(visibility: Visibility) -> bool {
    visibility == Visibility::Opening
}

/// Those of the opening and those given on request.
pub(super) fn everything(visibility: Visibility) -> bool {
    visibility != Visibility::Never
}

/// Every call of the goal's tool that fits the descriptors that count, none twice, in the order of
/// the person's records.
pub(super) fn bind(view: &View<'_>, tool: &str, slots: &[Slot], seen: Seen) -> Vec<PlannedCall> {
    let Some(tool) = form_name(tool) else {
        return Vec::new();
    };
    let mut open = vec![Choice::default()];
    for slot in slots {
        let said: Vec<Said<'_>> = slot
            .says
            .iter()
            .filter(|said| seen(said.visibility))
            .filter_map(Said::read)
            .collect();
        open = open
            .iter()
            .flat_map(|choice| widen(view, tool, choice, &slot.name, &said))
            .take(MANY)
            .collect();
    }
    let mut calls: Vec<PlannedCall> = Vec::with_capacity(open.len());
    for call in open.iter().filter_map(|choice| choice.call(view, tool)) {
        if !calls.contains(&call) {
            calls.push(call);
        }
    }
    calls
}

/// Whether everything said of the goal pins down its call and nothing else.
pub(super) fn pinned(view: &View<'_>, goal: &Goal) -> bool {
    let Some(call) = goal.wish.call() else {
        return false;
    };
    matches!(bind(view, &call.name, &goal.slots, everything).as_slice(), [only] if only == call)
}

fn widen<'a>(
    view: &View<'a>,
    tool: &str,
    choice: &Choice<'a>,
    slot: &str,
    said: &[Said<'_>],
) -> Vec<Choice<'a>> {
    match slot {
        "order" => orders(view, said).into_iter().map(Choice::of).collect(),
        "items" => with(choice, item_lists(tool, choice, said), |next, places| {
            next.places = places;
        }),
        "new_items" => with(choice, replacements(view, choice, said), |next, new| {
            next.new = new;
        }),
        "payment" => with(choice, payments(view, choice, said), |next, method| {
            next.payment = Some(method);
        }),
        "reason" => with(choice, reasons(said), |next, reason| {
            next.reason = Some(reason);
        }),
        "address" => with(choice, addresses(view, tool, choice, said), |next, to| {
            next.address = Some(to);
        }),
        _ => Vec::new(),
    }
}

fn with<'a, T>(
    choice: &Choice<'a>,
    values: impl IntoIterator<Item = T>,
    set: impl Fn(&mut Choice<'a>, T),
) -> Vec<Choice<'a>> {
    let extend = |value| {
        let mut next = choice.clone();
        set(&mut next, value);
        next
    };
    values.into_iter().map(extend).collect()
}

/// Orders that fit. An id names any order; everything else speaks of the person's own.
pub(super) fn orders<'a>(view: &View<'a>, said: &[Said<'_>]) -> Vec<&'a Arc<Order>> {
    let named = said.iter().find_map(|said| match said {
        Said::OrderId(id) => Some(view.world.order(id)),
        _ => None,
    });
    let among = match named {
        Some(order) => order.into_iter().collect(),
        None => view.orders.clone(),
    };
    let fits = |order: &&Arc<Order>| {
        said.iter().all(|said| match said {
            Said::OrderHasProduct(name) => order.items.iter().any(|item| &*item.name == *name),
            Said::OrderCity(city) => &*order.address.city == *city,
            Said::OrderLatest => view
                .orders
                .last()
                .is_some_and(|last| last.order_id == order.order_id),
            _ => true,
        })
    };
    among.into_iter().filter(fits).collect()
}

/// Whether an item is what an aligned descriptor says; nothing for other descriptors.
fn is_item(said: &Said<'_>, item: &OrderItem) -> Option<bool> {
    match said {
        Said::ItemsProduct(name) => Some(&*item.name == *name),
        Said::ItemsProductWith(name, axis, value) => Some(
            &*item.name == *name
                && item
                    .options
                    .iter()
                    .any(|(a, v)| &**a == *axis && &**v == *value),
        ),
        _ => None,
    }
}

/// Lists of items of the chosen order that fit. Of a pending order only one item is ever changed:
/// the benchmark's arithmetic is wrong for more.
fn item_lists(tool: &str, choice: &Choice<'_>, said: &[Said<'_>]) -> Vec<Vec<usize>> {
    let one = tool == "modify_pending_order_items";
    let items = choice.order.map_or(&[][..], |order| &order.items);
    let mut named = Vec::new();
    let mut aligned = false;
    for said in said {
        let matches: Vec<usize> = (0..items.len())
            .filter(|&at| is_item(said, &items[at]) == Some(true))
            .collect();
        if matches!(said, Said::ItemsProduct(_) | Said::ItemsProductWith(..)) {
            aligned = true;
            named.push(matches);
        }
    }
    let all = said.contains(&Said::ItemsAll);
    let count = said.iter().find_map(|said| match said {
        Said::ItemsCount(count) => Some(*count),
        _ => None,
    });
    let lists = if aligned {
        products_of(&named)
    } else if all {
        vec![(0..items.len()).collect()]
    } else {
        subsets(items.len(), count)
    };
    lists
        .into_iter()
        .filter(|list| !all || list.len() == items.len())
        .filter(|list| !one || list.len() == 1)
        .filter(|list| count.is_none_or(|count| list.len() == count))
        .collect()
}

/// One place from each list, none twice.
fn products_of(named: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut lists: Vec<Vec<usize>> = vec![Vec::new()];
    for places in named {
        let extend = |list: &Vec<usize>| {
            let free = places.iter().filter(|at| !list.contains(at));
            free.map(|&at| [list.as_slice(), &[at]].concat())
                .collect::<Vec<_>>()
        };
        lists = lists.iter().flat_map(extend).take(MANY).collect();
    }
    lists
}

/// Non-empty subsets of the first `count` numbers in ascending order, of one size if it is given.
fn subsets(count: usize, size: Option<usize>) -> Vec<Vec<usize>> {
    (1_u32..1 << count.min(8))
        .filter(|mask| size.is_none_or(|size| mask.count_ones() as usize == size))
        .map(|mask| (0..count).filter(|at| mask >> at & 1 == 1).collect())
        .collect()
}

/// Lists of variants, paired with the chosen items, that fit.
fn replacements<'a>(
    view: &View<'a>,
    choice: &Choice<'a>,
    said: &[Said<'_>],
) -> Vec<Vec<&'a Variant>> {
    let Some(order) = choice.order else {
        return Vec::new();
    };
    // What is said speaks of each item: of none that is not there, and of none too few.
    let spoken = |index: usize| said.iter().filter_map(index_of).any(|at| at == index);
    let beyond = said
        .iter()
        .filter_map(index_of)
        .any(|at| at >= choice.places.len());
    if beyond || (!said.is_empty() && !(0..choice.places.len()).all(spoken)) {
        return Vec::new();
    }
    let mut lists: Vec<Vec<&'a Variant>> = vec![Vec::new()];
    for (index, &at) in choice.places.iter().enumerate() {
        let item = &order.items[at];
        let fitting = match view.world.product(&item.product_id) {
            Some(product) => variants(product, item, index, said),
            None => Vec::new(),
        };
        lists = lists
            .iter()
            .flat_map(|list| {
                fitting
                    .iter()
                    .map(|new| [list.as_slice(), &[*new]].concat())
            })
            .take(MANY)
            .collect();
    }
    lists
}

fn index_of(said: &Said<'_>) -> Option<usize> {
    match said {
        Said::NewOption(at, ..)
        | Said::NewCheapest(at)
        | Said::NewDearest(at)
        | Said::NewAny(at) => Some(*at),
        _ => None,
    }
}

/// Variants of a product, other than the item at hand, that fit what is said of place `index`.
pub(super) fn variants<'a>(
    product: &'a Product,
    item: &OrderItem,
    index: usize,
    said: &[Said<'_>],
) -> Vec<&'a Variant> {
    let options: Vec<(&str, &str)> = said
        .iter()
        .filter_map(|said| match said {
            Said::NewOption(at, axis, value) if *at == index => Some((*axis, *value)),
            _ => None,
        })
        .collect();
    let says = |wanted: Said<'_>| said.contains(&wanted);
    let (cheapest, dearest) = (
        says(Said::NewCheapest(index)),
        says(Said::NewDearest(index)),
    );
    let low = cheapest.then(|| extreme(product, item, f64::lt)).flatten();
    let high = dearest.then(|| extreme(product, item, f64::gt)).flatten();
    let is = |best: Option<&Variant>, new: &Variant| {
        best.is_some_and(|best| best.item_id == new.item_id)
    };
    product
        .variants
        .iter()
        .filter(|new| new.item_id != item.item_id)
        .filter(|new| options.is_empty() || wears(item, &options, new))
        .filter(|new| !cheapest || is(low, new))
        .filter(|new| !dearest || is(high, new))
        .filter(|new| !says(Said::NewAny(index)) || new.available)
        .collect()
}

/// Whether a variant is the item with these axes changed and all others kept.
fn wears(item: &OrderItem, changed: &[(&str, &str)], new: &Variant) -> bool {
    let wanted = |axis: &str| {
        let said = changed.iter().find(|(a, _)| *a == axis).map(|(_, v)| *v);
        said.or_else(|| {
            let kept = item.options.iter().find(|(a, _)| &**a == axis);
            kept.map(|(_, v)| &**v)
        })
    };
    new.options
        .iter()
        .all(|(axis, value)| wanted(axis) == Some(&**value))
        && changed
            .iter()
            .all(|(axis, _)| new.options.iter().any(|(a, _)| &**a == *axis))
}

/// The one available variant, other than the item at hand, whose price is beyond all others'.
pub(super) fn extreme<'a>(
    product: &'a Product,
    item: &OrderItem,
    beyond: fn(&f64, &f64) -> bool,
) -> Option<&'a Variant> {
    let mut best: Option<(&Variant, bool)> = None;
    for new in &product.variants {
        if !new.available || new.item_id == item.item_id {
            continue;
        }
        best = match best {
            Some((kept, _)) if new.price == kept.price => Some((kept, false)),
            Some((kept, sole)) if !beyond(&new.price, &kept.price) => Some((kept, sole)),
            _ => Some((new, true)),
        };
    }
    best.filter(|(_, sole)| *sole).map(|(new, _)| new)
}

/// Methods of the person that fit.
pub(super) fn payments<'a>(
    view: &View<'a>,
    choice: &Choice<'_>,
    said: &[Said<'_>],
) -> Vec<&'a PaymentMethod> {
    let fits = |method: &&PaymentMethod| {
        said.iter().all(|said| match said {
            Said::PaymentSource(kind) => source(method) == *kind,
            Said::PaymentLastFour(digits) => matches!(
                method,
                PaymentMethod::CreditCard { last_four, .. } if &**last_four == *digits
            ),
            Said::PaymentOriginal => {
                choice.order.and_then(|order| original(order)) == Some(method.id())
            }
            _ => true,
        })
    };
    view.user.payment_methods.iter().filter(fits).collect()
}

fn reasons(said: &[Said<'_>]) -> Vec<String> {
    let mut named = said.iter().filter_map(|said| match said {
        Said::ReasonIs(reason) => Some((*reason).to_owned()),
        _ => None,
    });
    match named.next() {
        Some(reason) if named.all(|other| other == reason) => vec![reason],
        Some(_) => Vec::new(),
        None => REASONS.map(str::to_owned).to_vec(),
    }
}

/// Addresses that fit, other than the one in force.
pub(super) fn addresses(
    view: &View<'_>,
    tool: &str,
    choice: &Choice<'_>,
    said: &[Said<'_>],
) -> Vec<Address> {
    let present = match choice.order {
        Some(order) if tool != "modify_user_address" => &order.address,
        _ => &view.user.address,
    };
    let spoken = said.iter().find_map(|said| match said {
        Said::AddressFull(parts) => Some(spelled(parts)),
        _ => None,
    });
    let among = match spoken {
        Some(address) => vec![address],
        None => view.addresses().into_iter().cloned().collect(),
    };
    let fits = |address: &Address| {
        said.iter().all(|said| match said {
            Said::AddressFull(parts) => *address == spelled(parts),
            Said::AddressDefault => *address == view.user.address,
            Said::AddressOfOrder(name) => view.orders.iter().any(|order| {
                order.address == *address && order.items.iter().any(|item| &*item.name == *name)
            }),
            Said::AddressCity(city) => &*address.city == *city,
            _ => true,
        })
    };
    among
        .into_iter()
        .filter(|address| address != present && fits(address))
        .collect()
}

fn spelled(parts: &[&str; 6]) -> Address {
    let [address1, address2, city, state, country, zip] = *parts;
    Address {
        address1: address1.into(),
        address2: address2.into(),
        city: city.into(),
        country: country.into(),
        state: state.into(),
        zip: zip.into(),
    }
}
