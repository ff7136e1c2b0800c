//! The tools that only look.

use std::sync::Arc;

use super::super::base::name_key;
use super::super::object::Object;
use super::super::print;
use super::super::python::push_json_text;
use super::super::refusal::Refusal;
use super::super::state::World;
use super::{order_place, show_order, user_place};

const NO_USER: &str = "User not found";

pub(super) fn order_details(world: &World, id: &Object<'_>) -> Result<String, Refusal> {
    Ok(show_order(world.order_at(order_place(world, id)?)))
}

pub(super) fn user_details(world: &World, id: &Object<'_>) -> Result<String, Refusal> {
    let mut out = String::with_capacity(1024);
    print::user(&mut out, world.user_at(user_place(world, id)?));
    Ok(out)
}

pub(super) fn product_details(world: &World, id: &Object<'_>) -> Result<String, Refusal> {
    let product = id
        .key()?
        .and_then(|id| world.product(id))
        .ok_or("Product not found")?;
    let mut out = String::with_capacity(128 + 224 * product.variants.len());
    print::product(&mut out, product);
    Ok(out)
}

pub(super) fn item_details(world: &World, id: &Object<'_>) -> Result<String, Refusal> {
    // Python hashes the id only when there is a product to look into.
    let key = if world.base.products.is_empty() {
        None
    } else {
        id.key()?
    };
    let (_, variant) = key
        .and_then(|id| world.variant(id))
        .ok_or("Item not found")?;
    let mut out = String::with_capacity(256);
    print::variant(&mut out, variant);
    Ok(out)
}

pub(super) fn product_types(world: &World) -> String {
    let places = &world.base.products_by_name;
    let mut out = String::with_capacity(2 + 40 * places.len());
    out.push('{');
    for (index, &place) in places.iter().enumerate() {
        let product = world.product_at(place);
        out.push_str(if index == 0 { "" } else { ", " });
        push_json_text(&mut out, &product.name);
        out.push_str(": ");
        push_json_text(&mut out, &product.product_id);
    }
    out.push('}');
    out
}

pub(super) fn user_by_email(world: &World, email: &Object<'_>) -> Result<String, Refusal> {
    let base = &world.base;
    if base.users.is_empty() {
        return Err(NO_USER.into());
    }
    let place = base
        .user_by_email
        .get(email.lower()?.as_str())
        .ok_or(NO_USER)?;
    Ok(base.users[*place as usize].user_id.to_string())
}

pub(super) fn user_by_name_zip(
    world: &World,
    first: &Object<'_>,
    last: &Object<'_>,
    zip: &Object<'_>,
) -> Result<String, Refusal> {
    let base = &world.base;
    if base.users.is_empty() {
        return Err(NO_USER.into());
    }
    let first = first.lower()?;
    // The last name is looked at only beside a first name that fits.
    if !base.first_names.contains(first.as_str()) {
        return Err(NO_USER.into());
    }
    let key = name_key(&first, &last.lower()?);
    let Object::Str(zip) = zip else {
        return Err(NO_USER.into());
    };
    let places = base.users_by_name.get(key.as_str()).ok_or(NO_USER)?;
    let lives_there = |place: &&u32| &*world.user_at(**place).address.zip == *zip;
    let place = places.iter().find(lives_there).ok_or(NO_USER)?;
    let id: &Arc<str> = &base.users[*place as usize].user_id;
    Ok(id.to_string())
}
