//! Whether a record that is read holds an answer as it is, so that nothing would need deriving.

use proto::record::{Answer, PlannedCall};

use super::super::state::{
    Address, Options, Order, PaymentMethod, PriceDifference, Product, User, World,
};

/// Whether any scalar of the records that `reads` show is the answer: as a number, or as a text.
pub(super) fn holds(world: &World, reads: &[PlannedCall], answer: Answer) -> bool {
    let probe = Probe::new(answer);
    reads.iter().any(|read| {
        let record = |key: &str| read.text(key).unwrap_or_default();
        match read.name.as_str() {
            "get_user_details" => world
                .user(record("user_id"))
                .is_some_and(|user| probe.user(user)),
            "get_order_details" => world
                .order(record("order_id"))
                .is_some_and(|order| probe.order(order)),
            "get_product_details" => world
                .product(record("product_id"))
                .is_some_and(|product| probe.product(product)),
            // Names and ids of products: never an amount, and too long for a count.
            _ => false,
        }
    })
}

/// An answer in the forms that a record could hold it in.
struct Probe {
    number: f64,
    texts: Vec<String>,
}

impl Probe {
    fn new(answer: Answer) -> Self {
        match answer {
            Answer::Count(count) => Self {
                number: f64::from(count),
                texts: vec![count.to_string()],
            },
            Answer::Money(cents) => {
                let (dollars, rest) = (cents / 100, cents % 100);
                let mut texts = vec![
                    format!("{dollars}.{rest:02}"),
                    format!("${dollars}.{rest:02}"),
                ];
                if rest == 0 {
                    texts.push(dollars.to_string());
                }
                if rest % 10 == 0 {
                    texts.push(format!("{dollars}.{}", rest / 10));
                }
                Self {
                    number: cents as f64 / 100.0,
                    texts,
                }
            }
        }
    }

    /// Half a cent apart is the same amount: the benchmark's sums carry float noise.
    fn is(&self, number: f64) -> bool {
        (number.abs() - self.number).abs() < 0.005
    }

    fn reads(&self, text: &str) -> bool {
        self.texts.iter().any(|own| own == text.trim())
    }

    fn address(&self, address: &Address) -> bool {
        [&address.address1, &address.address2, &address.zip]
            .iter()
            .any(|part| self.reads(part))
    }

    fn options(&self, options: &Options) -> bool {
        options.iter().any(|(_, value)| self.reads(value))
    }

    fn user(&self, user: &User) -> bool {
        let method = |method: &PaymentMethod| match method {
            PaymentMethod::CreditCard { last_four, .. } => self.reads(last_four),
            PaymentMethod::GiftCard { balance, .. } => self.is(*balance),
            PaymentMethod::Paypal { .. } => false,
        };
        self.address(&user.address) || user.payment_methods.iter().any(method)
    }

    fn order(&self, order: &Order) -> bool {
        let difference = match order.exchange_price_difference {
            Some(PriceDifference::Dollars(dollars)) => self.is(dollars),
            _ => false,
        };
        let tracking = |text: &std::sync::Arc<str>| self.reads(text);
        difference
            || self.address(&order.address)
            || order
                .payment_history
                .iter()
                .any(|paid| self.is(paid.amount))
            || order
                .items
                .iter()
                .any(|item| self.is(item.price) || self.options(&item.options))
            || order
                .fulfillments
                .iter()
                .any(|parcel| parcel.tracking_id.iter().any(tracking))
    }

    fn product(&self, product: &Product) -> bool {
        product
            .variants
            .iter()
            .any(|variant| self.is(variant.price) || self.options(&variant.options))
    }
}
