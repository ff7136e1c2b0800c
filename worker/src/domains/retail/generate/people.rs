//! Customers: names, addresses, ways to pay, and who made which order.

use std::sync::Arc;

use proto::seed::{Rng, Seed};

use super::dollars;
use super::names::{FIRST, LAST};
use super::permutation::Permutation;
use super::places::Places;
use super::settings::SEVEN_DIGITS;
use crate::domains::retail::state::{PaymentMethod, User};

/// How many people a world can have: as many as there are payment method ids for.
pub(super) const MOST: usize = SEVEN_DIGITS as usize / MOST_METHODS;

/// Most payment methods of one person.
const MOST_METHODS: usize = 4;

/// Four digits, the first not a zero, that tell people of the same name apart.
const FOUR_DIGITS: u64 = 9000;

/// People with 0, 1, 2… orders, of a thousand, where there are two orders to a person.
const ORDER_COUNTS: [u32; 10] = [124, 266, 282, 208, 74, 34, 8, 2, 1, 1];

/// Mean of [`ORDER_COUNTS`].
const ORDERS_PER_PERSON: f64 = 2.0;

/// Highest balance of a gift card in whole dollars.
const HIGHEST_BALANCE: i64 = 100;

/// Share of credit cards that are Mastercards; the others are Visa cards.
const MASTERCARD: f64 = 0.55;

#[derive(Clone, Copy)]
enum Kind {
    Credit,
    Gift,
    Paypal,
}

/// What people hold, with how many of a thousand do. Nobody holds two gift cards or two accounts.
const METHODS: [(u32, &[Kind]); 11] = {
    use Kind::{Credit, Gift, Paypal};
    [
        (205, &[Credit]),
        (243, &[Gift]),
        (226, &[Paypal]),
        (22, &[Credit, Credit]),
        (84, &[Credit, Gift]),
        (82, &[Credit, Paypal]),
        (84, &[Gift, Paypal]),
        (30, &[Credit, Gift, Paypal]),
        (5, &[Credit, Credit, Gift]),
        (9, &[Credit, Credit, Paypal]),
        (10, &[Credit, Credit, Gift, Paypal]),
    ]
};

/// Who made each order, by place: the wanted shares of people with few and many orders, stretched
/// to the size of the world, and in sum exactly `orders`.
pub(super) fn owners(people: usize, orders: usize, seed: Seed) -> Vec<u32> {
    let mut rng = seed.child("owners", 0).rng();
    let stretch = orders as f64 / people as f64 / ORDERS_PER_PERSON;
    // Only a stretched distribution has gaps between its counts to fill.
    let jitter = (stretch - 1.0).clamp(0.0, 1.0);
    let mut counts: Vec<u32> = (0..people)
        .map(|_| {
            let count = rng
                .weighted(&ORDER_COUNTS)
                .expect("the weights are not all zero") as f64;
            let count = (count + jitter * (rng.unit() - 0.5)).max(0.0);
            (count * stretch + rng.unit()) as u32
        })
        .collect();
    let most = ((ORDER_COUNTS.len() - 1) as f64 * stretch.max(1.0)) as u32;
    let mut total: usize = counts.iter().map(|&count| count as usize).sum();
    while total != orders {
        let count = &mut counts[rng.below(people)];
        if total < orders && *count < most {
            *count += 1;
            total += 1;
        } else if total > orders && *count > 0 {
            *count -= 1;
            total -= 1;
        }
    }
    let mut owners = Vec::with_capacity(orders);
    for (person, &count) in counts.iter().enumerate() {
        owners.extend(std::iter::repeat_n(person as u32, count as usize));
    }
    rng.shuffle(&mut owners);
    owners
}

/// The people of a world, without orders.
pub(super) fn generate(count: usize, places: &Places, seed: Seed) -> Vec<User> {
    let names: Vec<Names> = [FIRST, LAST].map(shared).into();
    let [first, last] = &names[..] else {
        unreachable!("made of two lists")
    };
    let brands = [Arc::from("mastercard"), Arc::from("visa")];
    let space = (FIRST.len() * LAST.len()) as u64 * FOUR_DIGITS;
    let identities = Permutation::new(&seed, "user ids", space);
    let method_ids = Permutation::new(&seed, "payment method ids", SEVEN_DIGITS);
    let mail = MailDigits::new(seed);
    (0..count as u64)
        .map(|place| {
            let mut rng = seed.child("user", place).rng();
            let identity = identities.at(place);
            let (pair, digits) = (identity / FOUR_DIGITS, identity % FOUR_DIGITS);
            let first = &first[pair as usize / LAST.len()];
            let last = &last[pair as usize % LAST.len()];
            let address = places.draw(&mut rng);
            let ids = (0..MOST_METHODS as u64)
                .map(|i| method_ids.at(place * MOST_METHODS as u64 + i) + SEVEN_DIGITS / 9);
            let mail = mail.at(pair, digits);
            User {
                user_id: format!("{}_{}_{}", first.1, last.1, digits + FOUR_DIGITS / 9).into(),
                first_name: first.0.clone(),
                last_name: last.0.clone(),
                address,
                email: format!("{}.{}{mail}@example.com", first.1, last.1).into(),
                payment_methods: methods(ids, &brands, &mut rng),
                orders: Vec::new(),
            }
        })
        .collect()
}

/// Names as they are written and in lower case.
type Names = Vec<(Arc<str>, String)>;

fn shared(names: &[&str]) -> Names {
    names
        .iter()
        .map(|&name| (name.into(), name.to_lowercase()))
        .collect()
}

/// The digits of electronic addresses: others than those of the user id, and among people of the
/// same name still all different, because they come from them by a step coprime to their number.
struct MailDigits {
    seed: Seed,
}

impl MailDigits {
    const STEP: u64 = 4271;

    fn new(seed: Seed) -> Self {
        Self {
            seed: seed.child("mail", 0),
        }
    }

    fn at(&self, pair: u64, digits: u64) -> u64 {
        let offset = self.seed.child("name", pair).0.head() % FOUR_DIGITS;
        (digits * Self::STEP + offset) % FOUR_DIGITS + FOUR_DIGITS / 9
    }
}

fn methods(
    ids: impl Iterator<Item = u64>,
    brands: &[Arc<str>; 2],
    rng: &mut Rng,
) -> Vec<PaymentMethod> {
    let weights = METHODS.map(|(weight, _)| weight);
    let held = METHODS[rng
        .weighted(&weights)
        .expect("the weights are not all zero")]
    .1;
    let mut kinds = [Kind::Credit; MOST_METHODS];
    let kinds = &mut kinds[..held.len()];
    kinds.copy_from_slice(held);
    rng.shuffle(kinds);
    let method = |(kind, id): (&Kind, u64)| match kind {
        Kind::Credit => PaymentMethod::CreditCard {
            id: format!("credit_card_{id}").into(),
            brand: brands[usize::from(!rng.chance(MASTERCARD))].clone(),
            last_four: format!("{:04}", rng.between(1000, 9999)).into(),
        },
        Kind::Gift => PaymentMethod::GiftCard {
            id: format!("gift_card_{id}").into(),
            balance: dollars(100 * rng.between(0, HIGHEST_BALANCE)),
        },
        Kind::Paypal => PaymentMethod::Paypal {
            id: format!("paypal_{id}").into(),
        },
    };
    kinds.iter().zip(ids).map(method).collect()
}

/// Gives every person the ids of their orders, oldest first.
pub(super) fn assign(users: &mut [User], owners: &[u32], order_ids: &[Arc<str>]) {
    let mut counts = vec![0_u32; users.len()];
    for &owner in owners {
        counts[owner as usize] += 1;
    }
    for (user, count) in users.iter_mut().zip(counts) {
        user.orders.reserve_exact(count as usize);
    }
    for (&owner, id) in owners.iter().zip(order_ids) {
        users[owner as usize].orders.push(id.clone());
    }
}
