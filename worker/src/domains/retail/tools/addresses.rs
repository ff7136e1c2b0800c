//! Changing where an order goes, or where a user lives.

use std::fmt::Write;
use std::sync::Arc;

use super::super::object::Object;
use super::super::print;
use super::super::refusal::Refusal;
use super::super::state::{Address, Status, World};
use super::{order_place, show_order, user_place};

pub(super) fn of_order(
    world: &mut World,
    id: &Object<'_>,
    lines: &[Object<'_>],
) -> Result<String, Refusal> {
    let place = order_place(world, id)?;
    if !matches!(
        world.order_at(place).status,
        Status::Pending | Status::PendingItemModified
    ) {
        return Err("Non-pending order cannot be modified".into());
    }
    let address = address(lines)?;
    let order = world.order_mut(place);
    order.address = address;
    Ok(show_order(order))
}

pub(super) fn of_user(
    world: &mut World,
    id: &Object<'_>,
    lines: &[Object<'_>],
) -> Result<String, Refusal> {
    let place = user_place(world, id)?;
    let address = address(lines)?;
    let user = world.user_mut(place);
    user.address = address;
    let mut out = String::with_capacity(1024);
    print::user(&mut out, user);
    Ok(out)
}

/// An address of the lines in the order of the tools' parameters.
fn address(lines: &[Object<'_>]) -> Result<Address, Refusal> {
    if let [
        Object::Str(address1),
        Object::Str(address2),
        Object::Str(city),
        Object::Str(state),
        Object::Str(country),
        Object::Str(zip),
    ] = lines
    {
        let line = |text: &str| -> Arc<str> { Arc::from(text) };
        return Ok(Address {
            address1: line(address1),
            address2: line(address2),
            city: line(city),
            country: line(country),
            state: line(state),
            zip: line(zip),
        });
    }
    Err(ill_typed(lines))
}

fn ill_typed(lines: &[Object<'_>]) -> Refusal {
    let names = ["address1", "address2", "city", "state", "country", "zip"];
    let wrong: Vec<_> = names
        .iter()
        .zip(lines)
        .filter(|(_, line)| !matches!(line, Object::Str(_)))
        .collect();
    let plural = if wrong.len() == 1 { "" } else { "s" };
    let mut text = format!("{} validation error{plural} for UserAddress", wrong.len());
    for (name, line) in wrong {
        write!(
            text,
            "\n{name}\n  Input should be a valid string [type=string_type, input_value="
        )
        .expect("a String takes every write");
        line.push_repr(&mut text);
        write!(text, ", input_type={}]", line.type_name()).expect("a String takes every write");
    }
    Refusal::python(text)
}
