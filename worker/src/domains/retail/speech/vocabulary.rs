//! The retail lexicon: by which phrases slots, reasons and topics are recognised, and how a scripted
//! agent puts them.

use std::sync::LazyLock;

use crate::dialogue::lexicon::{Fact, Lexicon, Table};

use super::wording::wording;

/// The vocabulary of the retail domain.
pub fn lexicon() -> &'static Lexicon {
    static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
        let lexicon = Lexicon::new(table(SLOTS), table(REASONS), table(TOPICS), wording());
        lexicon
            .pairing(&[("items", "new_items")])
            .needing(table(STATUSES), facts())
            .measuring(&UNITS)
    });
    &LEXICON
}

/// Names with their phrases.
fn table(rows: &[(&'static str, &'static str)]) -> Table {
    rows.iter()
        .map(|(name, phrases)| (*name, phrases.split(" | ").collect()))
        .collect()
}

/// Phrases by name, parted by ` | `.
const SLOTS: &[(&str, &str)] = &[
    (
        "identity",
        "\
        email | e-mail | email address | e-mail address | your name | your zip* | \
        your postal code | name and zip* | name plus zip* | name + zip* | name, zip* | \
        name and postal code | zip code on | zip code so | full name | first and last name | \
        first name | last name | your identity | who you are | who i'm speaking with | \
        your account | who am i speaking with | who i am speaking with | who is this | \
        name and zip | first and last names | who i'm talking to | who i am talking to",
    ),
    (
        "order",
        "\
        which order | order # for | order # of | the right order | what order | which orders | \
        which of your orders | which one of your orders | which of the orders | \
        which of these orders | which of those orders | which of the two orders | order number | \
        order numbers | order id | order ids | order you mean | order you'd like | \
        order you would like | order you want | order is it | order it is | order this is | \
        order it was | order are you | order were you | order you are | order you're | \
        order this concerns | order is this | order do you | order would you | order should | \
        order the item is in | the order in question | which purchase | order to cancel | \
        order number is | order that is | which specific order | which pending order | \
        which delivered order | order it's about | order this is about | order you have in mind | \
        order it concerns",
    ),
    (
        "items",
        "\
        which item | like to return | want to return | like to send back | want to send back | \
        like to exchange | want to exchange | like returned | like exchanged | wish to return | \
        wish to exchange | what exactly | items should | item should | which items | what item | \
        what items | which of the items | which of these items | which of your items | \
        which one of the items | which product | which products | item or items | item id | \
        item ids | items you'd like | items you would like | items you want | item you'd like | \
        item you would like | item you want | item do you | items do you | item would you | \
        items would you | which of them should go back | item is it | which article | \
        which articles | which specific item | which specific items | which thing | which things | \
        which piece | which pieces | which part of the order",
    ),
    (
        "new_items",
        "\
        new item | like to exchange it for | want to exchange it for | like to exchange them for | \
        want to exchange them for | like to swap | want to swap | like to swap it for | \
        send you instead | get you instead | send instead | what capacity | which capacity | \
        what material | what storage | are you looking for | like to receive | \
        like it replaced with | like in exchange | want in exchange | like to get in exchange | \
        want it swapped for | would you rather have | want to change it to | \
        like to change it to | new items | replacement | replacements | would you like instead | \
        do you want instead | like to have instead | want to have instead | like to get instead | \
        prefer instead | like to receive instead | want it changed to | like it changed to | \
        exchange it for | exchange them for | swap it for | swap them for | change it to | \
        change them to | which variant | what variant | which version | what version | \
        which variation | which options | what options | which option | what option | \
        which color | what color | which colour | what size | which size | which model | \
        which style | new options | new option | new variant | new version | which configuration | \
        would like instead | want instead | you'd like instead | exchange it to | \
        replace it with | replace them with | get in return | have in return | in its place | \
        in their place | features | what specifications | which material",
    ),
    (
        "payment",
        "\
        payment method | be credited | be refunded | money back | like to pay | want to pay | \
        like the refund | want the refund | like your refund | want your refund | like the money | \
        difference to be | refund go | refund be | prefer to pay | like us to refund | \
        like me to refund | like me to charge | want me to charge | payment methods | \
        payment option | way to pay | which card | which account | how would you like to pay | \
        how do you want to pay | how should the refund | where should the refund | \
        where would you like the refund | where should i send the refund | \
        where do you want the refund | refund method | how would you like the refund | \
        how would you like to receive the refund | how would you like to be refunded | \
        how do you want to be refunded | where should the money | how would you like to cover | \
        how should i charge | where should i refund | where would you like the money | \
        method of payment | how do you want the refund | how would you like to settle | \
        how would you like to handle the price difference | how should the difference | \
        which form of payment | what form of payment | refund to go | refund sent | refunded to | \
        payment source | pay with | pay for | how do you want to settle | how should we settle | \
        how should we refund",
    ),
    (
        "reason",
        "\
        reason | the reason | prompted | the cause | why | why you | what made you | how come",
    ),
    (
        "address",
        "\
        new address | street | apartment number | parcel sent | should i have | \
        like it delivered | like it shipped | want it delivered | want it shipped | \
        where to send | shipped to | delivered to | order sent to | house number | address | \
        the address | shipping address | delivery address | full address | what address | \
        which address | correct address | street address | where should it be sent | \
        where should it be shipped | where should i send the order | where should the order | \
        where should we ship | where should we send | where would you like it sent | \
        where would you like it shipped | where should it go | where would you like the order | \
        where should i ship | mailing address",
    ),
];

/// Reasons with the status whose want they are.
const STATUSES: &[(&str, &str)] = &[("not_pending", "pending"), ("not_delivered", "delivered")];

const REASONS: &[(&str, &str)] = &[
    (
        "not_pending",
        "\
        no longer pending | not pending | isn't pending | not in pending | not in a pending | \
        not currently pending | not a pending | only pending orders | only a pending order | \
        must be pending | while it is pending | while it's pending | while they are pending | \
        while they're pending | while pending | as long as it is pending | \
        as long as it's pending | past the pending | past pending | orders that are pending | \
        orders that are still pending | beyond the pending | isn't in pending | \
        is no longer in pending",
    ),
    (
        "not_delivered",
        "\
        not been delivered | hasn't reached you | not reached you | has not reached you | \
        haven't received it | not received it | not with you yet | hasn't been delivered | \
        has not been delivered | hasn't yet been delivered | has not yet been delivered | \
        not yet been delivered | haven't been delivered | not delivered | isn't delivered | \
        not yet delivered | hasn't arrived | has not arrived | not arrived | not yet arrived | \
        yet to be delivered | only delivered orders | only a delivered order | \
        must be delivered | must have been delivered | until it has been delivered | \
        until it's been delivered | until it is delivered | until it's delivered | \
        before it has been delivered | before it is delivered | before it's delivered | \
        before delivery | orders that have been delivered | orders that were delivered | \
        has to be delivered | needs to be delivered | until delivery | not in delivered | \
        not in a delivered | has been delivered yet | been delivered yet",
    ),
    (
        "refund_method",
        "\
        original payment method | original method of payment | original form of payment | \
        method you originally | method originally used | method used for the order | \
        payment method used | way it was paid | card you paid with | method you paid with | \
        only be refunded to | refund to a different | refunds to a different | \
        refund to another | refunds to another | refunds can only go | refund can only go | \
        only go back to | refund has to go | refund must go | refunds have to go | \
        refunds must go | originally paid | original card | refund can only be | \
        refunds can only be | than the one you used | than the one you paid with | \
        method you used | way you paid | used to pay for the order | refunded to the original | \
        refund to the original",
    ),
    (
        "balance",
        "\
        not enough balance | insufficient balance | insufficient funds | enough balance | \
        enough money on | enough funds | sufficient balance | sufficient funds | \
        balance is too low | balance is not enough | balance isn't enough | \
        balance doesn't cover | balance does not cover | balance won't cover | \
        balance is lower | balance is below | balance is less | balance falls short | \
        balance of your gift card | gift card balance | gift card's balance | \
        gift card doesn't have enough | gift card does not have enough | \
        not enough on your gift card | gift card doesn't hold enough | \
        gift card does not cover | gift card doesn't cover | gift card only has | \
        balance can't cover | balance cannot cover | not enough left on | \
        too little on the gift card | isn't enough on | is not enough on | sufficient money | \
        not enough money | left on it is less | is less than the order | \
        is less than the total | balance is smaller | doesn't cover the order | \
        doesn't cover the total | does not cover the order | does not cover the total | \
        too little money | gift card holds only | gift card holds too little",
    ),
    (
        "unavailable",
        "\
        out of stock | not in stock | isn't in stock | unavailable | not available | \
        isn't available | no longer available | not currently available | aren't available | \
        currently not available | sold out | none in stock | not available right now | \
        no stock | isn't currently available | none left | run out of | ran out of | \
        there are none left | no longer stocked | discontinued | not stocked",
    ),
    (
        "same_payment",
        "\
        same payment method | already the payment method | already paid with | already uses | \
        already using | different payment method | different from the current | \
        different from the one | different from the original payment method | \
        other than the original payment method | other than the one | already being paid with | \
        same method | already on that | already set to that | already charged to that | \
        already charged to | already the one | already the method | same card | \
        the very method | has to differ from the one | must differ from the | \
        differ from the original | differ from the current | differ from the one | \
        other than the current | same one the order | same one as before | \
        one already on the order",
    ),
    (
        "not_owner",
        "\
        another customer | another customer's | someone else's | someone else | another user | \
        another person | other customer | other customers | different customer | \
        different account | another account | other people's | other users | not your order | \
        isn't your order | not yours | isn't yours | not on your account | \
        isn't on your account | not under your account | not in your account | \
        doesn't belong to you | does not belong to you | not belong to you | \
        not linked to your account | isn't linked to your account | belongs to a different | \
        other than your own | your own account | your own orders | not part of your account | \
        isn't under your | doesn't belong to your | does not belong to your | \
        isn't one of your | is not one of your | only help with one | \
        not associated with your | isn't associated with your | different account holder | \
        another account holder | account holder's | somebody else | somebody else's | \
        not your own | isn't your own | other than yours",
    ),
    (
        "already_modified",
        "\
        already been modified | already modified | already been changed | already changed | \
        items were modified | items have been modified | been modified before | \
        been modified once | modified once | changed once | only be modified once | \
        only be changed once | modified a second time | changed a second time | \
        already had its items | already been exchanged | already been returned | \
        exchange has already been requested | return has already been requested | \
        already been requested | already requested | exchange requested | return requested | \
        only once | item modified | items modified | already has an exchange | \
        already has a return | modified again | a second time | already gone through a change | \
        already updated its items | just one time | just once | one time only | \
        changed earlier | modified earlier | changed before | been changed once | \
        more than once | second change | second modification | once already",
    ),
    (
        "bad_reason",
        "\
        not an accepted reason | not a valid reason | isn't a valid reason | \
        isn't an accepted reason | not an acceptable reason | isn't an acceptable reason | \
        that reason | those reasons | two reasons | accepted reasons | acceptable reasons | \
        valid reasons | only accept cancellations | for one of two | accepted reason | \
        acceptable reason | valid reason | either no longer needed or ordered by mistake | \
        no longer needed or ordered by mistake | allowed reasons | only reasons | \
        reason you gave | reason you've given | your reason | reasons we can accept | \
        reasons i can accept | no longer needed or was ordered by mistake | \
        no longer needed or it was ordered | accepted only if the order is | \
        not among the reasons | isn't among the reasons | not a reason | isn't a reason | \
        no reason for which | reasons that are accepted | reasons for cancelling that",
    ),
    (
        "out_of_scope",
        "\
        outside what i can | beyond what i'm | outside what i'm | outside of what i'm | \
        beyond my | not something we | isn't something we | we do not provide | \
        we don't provide | not able to offer | can't offer | beyond what i can | \
        outside of what i can | outside my scope | out of scope | outside the scope | \
        beyond the scope | beyond my scope | not something i can | isn't something i can | \
        not something i'm able | isn't something i'm able | not a service | isn't a service | \
        not part of what i | don't handle | do not handle | don't offer | do not offer | \
        we don't do | not within my | isn't within my | different product | another product | \
        different type of product | another type of product | same product | \
        same type of product | not supported here | not among the things i | no tool for | \
        nothing i can do about that from here | no means of | no way of giving | no tool to | \
        not have a tool | don't have a tool | not among my",
    ),
];

/// Writes that need a pending order.
const ON_PENDING: [&str; 4] = [
    "cancel_pending_order",
    "modify_pending_order_address",
    "modify_pending_order_items",
    "modify_pending_order_payment",
];

/// Writes that need a delivered order.
const ON_DELIVERED: [&str; 2] = [
    "exchange_delivered_order_items",
    "return_delivered_order_items",
];

/// That an order has been delivered.
const DELIVERED: &str = "\
    already been delivered | already with you | reached you already | is out for delivery | \
    already delivered | been delivered | was delivered | is delivered | it's delivered | \
    is already delivered | shows as delivered | status of delivered | status is delivered | \
    status is \"delivered\" | is 'delivered' | is now delivered | is currently delivered | \
    marked delivered | marked as delivered | listed as delivered | shows delivered | \
    shown as delivered | reads delivered | status delivered | status: delivered | \
    still delivered | it's 'delivered' | is already 'delivered' | is now 'delivered' | \
    is currently 'delivered' | marked 'delivered' | marked as 'delivered' | \
    listed as 'delivered' | shows as 'delivered' | shows 'delivered' | \
    shown as 'delivered' | reads 'delivered' | status 'delivered' | status: 'delivered' | \
    status of 'delivered' | still 'delivered' | is \"delivered\" | it's \"delivered\" | \
    is already \"delivered\" | is now \"delivered\" | is currently \"delivered\" | \
    marked \"delivered\" | marked as \"delivered\" | listed as \"delivered\" | \
    shows as \"delivered\" | shows \"delivered\" | shown as \"delivered\" | \
    reads \"delivered\" | status \"delivered\" | status: \"delivered\" | \
    status of \"delivered\" | still \"delivered\" | was already delivered | \
    delivered orders | a delivered order";

/// That an order is past pending, but not delivered.
const UNDER_WAY: &str = "\
    order shipped | already left | been sent out | has gone out | already gone out | \
    been dispatched | has shipped | already shipped | been shipped | already on its way | \
    already been shipped | already been processed | already processed | been processed | \
    is processed | been handed to the warehouse | already left the warehouse | \
    status is processed | status is \"processed\" | is 'processed' | it's processed | \
    is already processed | is now processed | is currently processed | marked processed | \
    marked as processed | listed as processed | shows as processed | shows processed | \
    shown as processed | reads processed | status processed | status: processed | \
    status of processed | still processed | it's 'processed' | is already 'processed' | \
    is now 'processed' | is currently 'processed' | marked 'processed' | \
    marked as 'processed' | listed as 'processed' | shows as 'processed' | \
    shows 'processed' | shown as 'processed' | reads 'processed' | status 'processed' | \
    status: 'processed' | status of 'processed' | still 'processed' | is \"processed\" | \
    it's \"processed\" | is already \"processed\" | is now \"processed\" | \
    is currently \"processed\" | marked \"processed\" | marked as \"processed\" | \
    listed as \"processed\" | shows as \"processed\" | shows \"processed\" | \
    shown as \"processed\" | reads \"processed\" | status \"processed\" | \
    status: \"processed\" | status of \"processed\" | still \"processed\" | \
    left our warehouse | left the warehouse | order has left | shipped yesterday | \
    shipped already | has been shipped | processed orders | a processed order | \
    handed to the carrier | with the carrier";

/// That an order is cancelled.
const CANCELLED: &str = "\
    already been cancelled | already cancelled | is already cancelled | \
    was cancelled earlier | been cancelled already | been cancelled before | \
    already been canceled | already canceled | was cancelled last | was cancelled before | \
    was already cancelled | was cancelled already | already called off | cancelled orders | \
    a cancelled order | marked cancelled | marked as cancelled | shows as cancelled | \
    status of cancelled";

/// That an order is pending.
const PENDING: &str = "\
    is pending | it's pending | is already pending | is now pending | \
    is currently pending | marked pending | marked as pending | listed as pending | \
    shows as pending | shows pending | shown as pending | reads pending | status pending | \
    status: pending | status of pending | still pending | is 'pending' | it's 'pending' | \
    is already 'pending' | is now 'pending' | is currently 'pending' | marked 'pending' | \
    marked as 'pending' | listed as 'pending' | shows as 'pending' | shows 'pending' | \
    shown as 'pending' | reads 'pending' | status 'pending' | status: 'pending' | \
    status of 'pending' | still 'pending' | is \"pending\" | it's \"pending\" | \
    is already \"pending\" | is now \"pending\" | is currently \"pending\" | \
    marked \"pending\" | marked as \"pending\" | listed as \"pending\" | \
    shows as \"pending\" | shows \"pending\" | shown as \"pending\" | reads \"pending\" | \
    status \"pending\" | status: \"pending\" | status of \"pending\" | still \"pending\" | \
    still being processed | still in processing | pending orders | a pending order | \
    not yet shipped | hasn't shipped | has not shipped";

/// That an order has not arrived.
const AWAITED: &str = "\
    still on the way | once it has been delivered | once it's been delivered | \
    once it is delivered | once it's delivered | once they have been delivered | \
    once they've been delivered | once an order has been delivered | \
    after it has been delivered | after it's been delivered | after delivery | \
    still on its way | still in transit";

/// Statuses, and what each bars. "Exchange" beside "pending" reads as a change of the pending order, so
/// what is pending bars that, too: nobody would decline the change itself for it.
fn facts() -> Vec<Fact> {
    let modify = ["modify_pending_order_items"];
    let pending = [&ON_DELIVERED[..], &modify[..]].concat();
    [
        ("not_pending", &ON_PENDING[..], DELIVERED),
        ("not_pending", &ON_PENDING[..], UNDER_WAY),
        ("not_pending", &ON_PENDING[..], CANCELLED),
        ("not_delivered", &ON_DELIVERED[..], UNDER_WAY),
        ("not_delivered", &ON_DELIVERED[..], CANCELLED),
        ("not_delivered", &pending[..], PENDING),
        ("not_delivered", &pending[..], AWAITED),
    ]
    .into_iter()
    .map(|(reason, bars, phrases)| Fact {
        reason,
        bars: bars.to_vec(),
        phrases: phrases.split(" | ").collect(),
    })
    .collect()
}

/// Nouns that count in options of the catalogue.
const UNITS: [&str; 34] = [
    "amp", "bottle", "bottles", "channel", "channels", "color", "colors", "core", "divider",
    "dividers", "drawer", "drawers", "gallon", "gallons", "grams", "kg", "level", "levels",
    "lumens", "people", "person", "piece", "pieces", "port", "ports", "quarts", "seat", "seats",
    "section", "sections", "slot", "slots", "speeds", "watts",
];

const TOTAL: &str = "\
    total* | paid | for the two | for both | for all of them | cost you | in sum | sum | sums | \
    altogether | combined | in all | all told | add up | adds up | adding up | together | \
    overall | come to | comes to | came to | spent | amounts to | all in";

const TOPICS: &[(&str, &str)] = &[
    ("sum_items", TOTAL),
    (
        "difference_items",
        "\
        difference | more than | less than | more expensive | less expensive | cheaper | pricier | \
        costs more | costs less | apart | gap | more | less | dearer | differ | differs",
    ),
    (
        "count_orders",
        "\
        order | orders | purchases | times",
    ),
    ("sum_orders", TOTAL),
    (
        "count_variants",
        "\
        option* | variant* | version* | choice* | available | kinds | variation* | style* | \
        model* | in stock | different",
    ),
    (
        "saving",
        "\
        sav* | cheaper | less than | less | difference | lower | keep | spare* | better off",
    ),
];
