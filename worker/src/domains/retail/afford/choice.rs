//! A write with its parts resolved, on the way to a call and to slots.

use std::sync::Arc;

use proto::record::{Map, PlannedCall, Slot, Value};

use super::super::state::{Address, Order, PaymentMethod, TransactionType, Variant};
use super::view::View;

/// The write tools with their slots, in the order in which one narrows the next.
pub(super) const FORMS: [(&str, &[&str]); 7] = [
    ("cancel_pending_order", &["order", "reason"]),
    ("modify_pending_order_address", &["order", "address"]),
    ("modify_pending_order_payment", &["order", "payment"]),
    (
        "modify_pending_order_items",
        &["order", "items", "new_items", "payment"],
    ),
    (
        "return_delivered_order_items",
        &["order", "items", "payment"],
    ),
    (
        "exchange_delivered_order_items",
        &["order", "items", "new_items", "payment"],
    ),
    ("modify_user_address", &["address"]),
];

/// The reasons that a cancellation may have.
pub(super) const REASONS: [&str; 2] = ["no longer needed", "ordered by mistake"];

/// The slots of a write tool; none for any other tool.
pub(super) fn slots_of(tool: &str) -> &'static [&'static str] {
    FORMS
        .iter()
        .find(|(name, _)| *name == tool)
        .map_or(&[], |(_, slots)| slots)
}

/// A tool's own name, as a text that outlives the caller's.
pub(super) fn form_name(tool: &str) -> Option<&'static str> {
    FORMS
        .iter()
        .map(|(name, _)| *name)
        .find(|name| *name == tool)
}

/// The parts of a write, as far as they are fixed.
#[derive(Debug, Clone, Default)]
pub(super) struct Choice<'a> {
    /// The order.
    pub(super) order: Option<&'a Arc<Order>>,
    /// Places of the items in the order.
    pub(super) places: Vec<usize>,
    /// What they become, paired with `places`.
    pub(super) new: Vec<&'a Variant>,
    /// How it is paid or refunded.
    pub(super) payment: Option<&'a PaymentMethod>,
    /// Why.
    pub(super) reason: Option<String>,
    /// Where to.
    pub(super) address: Option<Address>,
}

impl<'a> Choice<'a> {
    /// A choice of an order alone.
    pub(super) fn of(order: &'a Arc<Order>) -> Self {
        Self {
            order: Some(order),
            ..Self::default()
        }
    }

    /// Ids of the chosen items.
    pub(super) fn item_ids(&self) -> impl Iterator<Item = &'a str> + '_ {
        let items = self.order.map_or(&[][..], |order| &order.items);
        self.places.iter().map(move |&at| &*items[at].item_id)
    }

    /// What the new items cost beyond the present ones, in dollars.
    pub(super) fn difference(&self) -> f64 {
        let items = self.order.map_or(&[][..], |order| &order.items);
        let pairs = self.places.iter().zip(&self.new);
        pairs.map(|(&at, new)| new.price - items[at].price).sum()
    }

    /// The value of a slot; nothing while it is open.
    pub(super) fn value(&self, slot: &str) -> Option<Value> {
        Some(match slot {
            "order" => Value::from(&*self.order?.order_id),
            "items" => Value::texts(self.item_ids()),
            "new_items" => Value::texts(self.new.iter().map(|new| &*new.item_id)),
            "payment" => Value::from(&**self.payment?.id()),
            "reason" => Value::Str(self.reason.clone()?),
            "address" => Value::Map(address_map(self.address.as_ref()?)),
            _ => return None,
        })
    }

    /// Takes the part over from a slot; nothing if the world has no such thing.
    pub(super) fn restore(&mut self, view: &View<'a>, slot: &Slot) -> Option<()> {
        let texts = || -> Option<Vec<&str>> {
            let list = slot.value.as_list()?;
            list.iter().map(Value::as_str).collect()
        };
        match slot.name.as_str() {
            "order" => self.order = Some(view.world.order(slot.value.as_str()?)?),
            "items" => {
                let ids = texts()?;
                let items = &self.order?.items;
                let place = |id: &str| items.iter().position(|item| &*item.item_id == id);
                self.places = ids.into_iter().map(place).collect::<Option<_>>()?;
            }
            "new_items" => {
                let ids = texts()?;
                let find = |id: &str| view.world.variant(id).map(|(_, new)| new);
                self.new = ids.into_iter().map(find).collect::<Option<_>>()?;
            }
            "payment" => {
                let id = slot.value.as_str()?;
                let mut methods = view.user.payment_methods.iter();
                self.payment = Some(methods.find(|method| &**method.id() == id)?);
            }
            "reason" => self.reason = Some(slot.value.as_str()?.to_owned()),
            "address" => self.address = Some(address_of(slot.value.as_map()?)?),
            _ => return None,
        }
        Some(())
    }

    /// The call, once every slot of the tool is fixed.
    pub(super) fn call(&self, view: &View<'_>, tool: &str) -> Option<PlannedCall> {
        let mut arguments = Map::new();
        for slot in slots_of(tool) {
            let value = self.value(slot)?;
            match value {
                Value::Map(parts) => arguments.extend(parts),
                value => {
                    arguments.insert(argument(slot).to_owned(), value);
                }
            }
        }
        if tool == "modify_user_address" {
            let person = Value::from(&*view.user.user_id);
            arguments.insert("user_id".to_owned(), person);
        }
        Some(PlannedCall {
            name: tool.to_owned(),
            arguments,
        })
    }
}

/// The argument that holds a slot's value.
pub(super) fn argument(slot: &str) -> &'static str {
    match slot {
        "order" => "order_id",
        "items" => "item_ids",
        "new_items" => "new_item_ids",
        "payment" => "payment_method_id",
        _ => "reason",
    }
}

/// An address as arguments.
pub(super) fn address_map(address: &Address) -> Map {
    [
        ("address1", &address.address1),
        ("address2", &address.address2),
        ("city", &address.city),
        ("country", &address.country),
        ("state", &address.state),
        ("zip", &address.zip),
    ]
    .into_iter()
    .map(|(name, part)| (name.to_owned(), Value::from(&**part)))
    .collect()
}

/// The address that arguments spell out.
pub(super) fn address_of(map: &Map) -> Option<Address> {
    let part = |name: &str| map.get(name).and_then(Value::as_str).map(Arc::from);
    Some(Address {
        address1: part("address1")?,
        address2: part("address2")?,
        city: part("city")?,
        country: part("country")?,
        state: part("state")?,
        zip: part("zip")?,
    })
}

/// The method by which an order was paid for, where there was one payment and nothing else.
pub(super) fn sole_payment(order: &Order) -> Option<&Arc<str>> {
    match order.payment_history.as_slice() {
        [only] if only.transaction_type == TransactionType::Payment => {
            Some(&only.payment_method_id)
        }
        _ => None,
    }
}

/// What the benchmark takes for the original method: that of the first entry.
pub(super) fn original(order: &Order) -> Option<&Arc<str>> {
    order
        .payment_history
        .first()
        .map(|first| &first.payment_method_id)
}

/// A method's kind, as the benchmark writes it.
pub(super) fn source(method: &PaymentMethod) -> &'static str {
    match method {
        PaymentMethod::CreditCard { .. } => "credit_card",
        PaymentMethod::GiftCard { .. } => "gift_card",
        PaymentMethod::Paypal { .. } => "paypal",
    }
}

/// Whether a method can bear an amount: a gift card must hold it.
pub(super) fn bears(method: &PaymentMethod, amount: f64) -> bool {
    match method {
        PaymentMethod::GiftCard { balance, .. } => *balance >= amount,
        _ => true,
    }
}
