//! What changed since the base, as bytes, and back.

use std::collections::BTreeMap;
use std::sync::Arc;

use proto::ids::BaseId;
use proto::wire::{decode_bare, encode_bare};
use serde::{Deserialize, Serialize};

use super::base::{WorldError, check_order, check_product, check_user};
use super::identity;
use super::state::{Base, Order, Product, User, World};

/// First field of every delta.
pub const VERSION: u32 = 1;

/// Bytes that are no delta over this base.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Not the encoding of a delta.
    #[error("the {length} bytes are not a delta of the retail domain: {reason}")]
    Malformed {
        /// How many bytes were given.
        length: usize,
        /// What the decoder said.
        reason: String,
    },
    /// Written by another version.
    #[error("the delta has version {found}, this program reads version {VERSION}: make it again")]
    Version {
        /// Its version.
        found: u32,
    },
    /// Made over another base.
    #[error("the delta belongs to {found}, not to {wanted}: restore it over its own base world")]
    OtherBase {
        /// The base it names.
        found: BaseId,
        /// The base it was to be restored over.
        wanted: BaseId,
    },
    /// A record that no world holds.
    #[error("a record of the delta makes no sense: {0}")]
    Unsound(#[from] WorldError),
    /// A record where the base has another.
    #[error("the delta puts {kind} `{id}` at place {place}, where the base has no such record")]
    Misplaced {
        /// Kind of record.
        kind: &'static str,
        /// Its id.
        id: String,
        /// The place it claims.
        place: u32,
    },
}

#[derive(Serialize)]
struct Outgoing<'a> {
    version: u32,
    base: BaseId,
    products: Vec<(u32, &'a Product)>,
    users: Vec<(u32, &'a User)>,
    orders: Vec<(u32, &'a Order)>,
}

#[derive(Deserialize)]
struct Incoming {
    version: u32,
    base: BaseId,
    products: Vec<(u32, Arc<Product>)>,
    users: Vec<(u32, Arc<User>)>,
    orders: Vec<(u32, Arc<Order>)>,
}

/// The records that differ from the base. Equal states over one base have equal bytes.
pub fn encode(world: &World) -> Vec<u8> {
    let base = &world.base;
    to_bytes(&Outgoing {
        version: VERSION,
        base: base.id,
        products: outgoing(identity::different(
            &world.products,
            &base.products,
            identity::product,
        )),
        users: outgoing(identity::different(
            &world.users,
            &base.users,
            identity::user,
        )),
        orders: outgoing(identity::different(
            &world.orders,
            &base.orders,
            identity::order,
        )),
    })
}

fn outgoing<'a, T>(records: impl Iterator<Item = (&'a u32, &'a Arc<T>)>) -> Vec<(u32, &'a T)> {
    records.map(|(place, record)| (*place, &**record)).collect()
}

impl World {
    /// The world that [`encode`] made `delta` of.
    pub fn restore(base: Arc<Base>, delta: &[u8]) -> Result<Self, RestoreError> {
        let incoming = from_bytes(delta)?;
        if incoming.version != VERSION {
            return Err(RestoreError::Version {
                found: incoming.version,
            });
        }
        if incoming.base != base.id {
            return Err(RestoreError::OtherBase {
                found: incoming.base,
                wanted: base.id,
            });
        }
        let records = &incoming.products;
        records.iter().try_for_each(|(_, it)| check_product(it))?;
        let records = &incoming.users;
        records.iter().try_for_each(|(_, it)| check_user(it))?;
        let records = &incoming.orders;
        records.iter().try_for_each(|(_, it)| check_order(it))?;
        let products = incoming_records("product", incoming.products, &base.products, |record| {
            &record.product_id
        })?;
        let users = incoming_records("user", incoming.users, &base.users, |record| {
            &record.user_id
        })?;
        let orders = incoming_records("order", incoming.orders, &base.orders, |record| {
            &record.order_id
        })?;
        Ok(Self {
            base,
            products,
            users,
            orders,
        })
    }
}

fn incoming_records<T>(
    kind: &'static str,
    records: Vec<(u32, Arc<T>)>,
    base: &[Arc<T>],
    id: fn(&T) -> &Arc<str>,
) -> Result<BTreeMap<u32, Arc<T>>, RestoreError> {
    for (place, record) in &records {
        if base
            .get(*place as usize)
            .is_none_or(|there| id(there) != id(record))
        {
            return Err(RestoreError::Misplaced {
                kind,
                id: id(record).to_string(),
                place: *place,
            });
        }
    }
    Ok(records.into_iter().collect())
}

fn to_bytes(delta: &Outgoing<'_>) -> Vec<u8> {
    encode_bare(delta).expect("plain records always encode")
}

fn from_bytes(bytes: &[u8]) -> Result<Incoming, RestoreError> {
    decode_bare(bytes).map_err(|error| RestoreError::Malformed {
        length: bytes.len(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::retail::sample;
    use crate::environment::Environment;

    #[test]
    fn a_changed_world_comes_back() {
        let base = Arc::new(sample::base());
        let mut world = World::new(base.clone());
        sample::writes(&mut world);
        let delta = world.delta();
        let back = World::restore(base.clone(), &delta).unwrap();
        assert_eq!(back.state_id(), world.state_id());
        assert_eq!(back.delta(), delta);
        assert_ne!(back.state_id(), World::new(base).state_id());
    }

    #[test]
    fn refuses_records_that_no_world_holds() {
        let base = Arc::new(sample::base());
        let mut world = World::new(base.clone());
        let mut product = (*base.products[0]).clone();
        product.variants[0].price = f64::NAN;
        world.products.insert(0, Arc::new(product));
        assert!(matches!(
            World::restore(base, &encode(&world)),
            Err(RestoreError::Unsound(WorldError::NotFinite { .. }))
        ));
    }

    #[test]
    fn refuses_other_bases_and_other_bytes() {
        let base = Arc::new(sample::base());
        let (products, mut users, orders) = sample::records();
        users.reverse();
        let other = Arc::new(Base::build(products, users, orders).unwrap());
        let delta = World::new(other).delta();
        assert!(matches!(
            World::restore(base.clone(), &delta),
            Err(RestoreError::OtherBase { .. })
        ));
        let mut long = World::new(base.clone()).delta();
        long.push(0);
        assert!(matches!(
            World::restore(base.clone(), &long),
            Err(RestoreError::Malformed { .. })
        ));
        assert!(matches!(
            World::restore(base, &[]),
            Err(RestoreError::Malformed { .. })
        ));
    }
}
