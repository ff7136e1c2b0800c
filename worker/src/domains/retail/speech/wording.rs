//! How a scripted retail agent puts things. A test of the agent renders every template and reads it
//! back.

use crate::dialogue::lexicon::Wording;
use crate::language::grammar::Phrases;

/// Retail's templates.
pub(super) fn wording() -> Wording {
    Wording {
        wishes: phrases(WISHES),
        asks: phrases(ASKS),
        refusals: phrases(REFUSALS),
        answers: phrases(ANSWERS),
    }
}

fn phrases(table: &[(&'static str, &[&str])]) -> Vec<(&'static str, Phrases)> {
    table
        .iter()
        .map(|(name, templates)| {
            let parsed =
                Phrases::parse(templates).expect("retail's templates are parsed by a test");
            (*name, parsed)
        })
        .collect()
}

const WISHES: &[(&str, &[&str])] = &[
    (
        "cancel_pending_order",
        &[
            "cancel order $order_id",
            "cancel {your|the} order $order_id",
        ],
    ),
    (
        "modify_pending_order_address",
        &[
            "change the {shipping|delivery} address of order $order_id",
            "send order $order_id to {another|that|a new} address",
        ],
    ),
    (
        "modify_pending_order_payment",
        &[
            "{change|switch} the payment method of order $order_id",
            "move order $order_id to {that|another} payment method",
        ],
    ),
    (
        "modify_pending_order_items",
        &[
            "{change|modify} {the items|those items} in order $order_id",
            "make that {change|modification} to the items of order $order_id",
        ],
    ),
    (
        "modify_user_address",
        &["{change|update} the {default address|address on your profile}"],
    ),
    (
        "return_delivered_order_items",
        &[
            "{take back|accept a return of|return} {the items|those items} from order $order_id",
            "{set up|arrange|process} {that|a|the} return for order $order_id",
        ],
    ),
    (
        "exchange_delivered_order_items",
        &[
            "exchange {the items|those items} from order $order_id",
            "{set up|arrange|process} {that|an|the} exchange for order $order_id",
        ],
    ),
];

const ASKS: &[(&str, &[&str])] = &[
    (
        "identity",
        &[
            "{could|may|can} I have {your email address|your email|the email on your account}, or {your name and zip code|your full name and zip code}",
            "what is your email address, or {alternatively|else} your {full name|first and last name} and zip code",
        ],
    ),
    (
        "order",
        &[
            "which order {is it about|is this about|do you mean|are we talking about|would that be|should I look at}",
            "what is the order number",
            "{could you tell me|can you tell me|do you know} {which order you mean|the order number|which order it is|the order ID}",
            "which of your orders {do you mean|is it|should I {take|look at|work on}}",
        ],
    ),
    (
        "items",
        &[
            "which {item|item or items|items} {is it about|do you mean|would you like me to {handle|deal with}|should it be|are we talking about}",
            "{could you tell me|can you tell me|would you mind telling me} which {item|item or items|items} {it is about|you mean|you have in mind|this concerns}",
            "which of the items {do you mean|should it be|is it about}",
        ],
    ),
    (
        "new_items",
        &[
            "{which|what} {version|variant|option} would you like instead",
            "what {would you like instead|do you want instead}",
            "which {replacement|variant|version} {should it be|do you have in mind|are you after|would you like}",
            "{could you tell me|can you tell me} {which variant you'd like instead|what you would like instead|which options you want instead}",
        ],
    ),
    (
        "payment",
        &[
            "which payment method {should I use|would you like to use|should it be|do you want to use|shall we use}",
            "{could you tell me|can you tell me|please tell me} which payment method {to use|you prefer|you'd like to use|I should use}",
            "what payment method would you {like|prefer}",
        ],
    ),
    (
        "reason",
        &[
            "what is the reason{| for it| for that}",
            "{could|may|can} I ask {the reason|what the reason is|for the reason}",
            "{could you tell me|can you tell me|would you mind telling me} the reason{| for it| for this}",
            "what would be the reason",
        ],
    ),
    (
        "address",
        &[
            "what is the {new|full|complete|exact} address",
            "{could you give me|can you give me|could I have|may I have} the {full|complete|new} address",
            "which address {should it be|should I use|do you have in mind|shall I put down}",
            "what address should I {use|put in|enter}",
        ],
    ),
];

const REFUSALS: &[(&str, &[&str])] = &[
    (
        "not_pending",
        &[
            "{it|the order} is no longer pending",
            "only pending orders can be {changed or cancelled|cancelled or changed}",
            "{that order|the order} is {not pending anymore|not in pending status}",
            "this {only works|can only be done} while {it is|it's} pending",
        ],
    ),
    (
        "not_delivered",
        &[
            "{it|the order} has not been delivered{| yet}",
            "{it|the order} hasn't been delivered{| yet}",
            "only delivered orders can be {returned or exchanged|exchanged or returned|sent back}",
            "{that order|the order} is not yet delivered",
        ],
    ),
    (
        "refund_method",
        &[
            "a refund has to go to the original payment method or {a|an existing} gift card",
            "refunds can only go to the original payment method or {a gift card|a gift card you have|an existing gift card}",
            "the refund must go {back to|to} the original payment method, {unless it goes onto a gift card|or else onto a gift card}",
        ],
    ),
    (
        "balance",
        &[
            "the balance {is too low|isn't enough|is not enough}",
            "{the|your} gift card balance {does not cover it|doesn't cover the amount|falls short}",
            "there is not enough balance on {the|your} gift card",
            "the gift card {doesn't have enough|does not have enough} {on it|left on it}",
        ],
    ),
    (
        "unavailable",
        &[
            "{it|that one|that item|the one you want} is out of stock",
            "{it|that one|that item|the one you want} is {not available|unavailable}{| right now| at the moment}",
            "{it|that item|that version} is sold out{| at the moment| right now}",
        ],
    ),
    (
        "same_payment",
        &[
            "the order is already charged to that method",
            "it has to be a different payment method{| than before}",
            "{that is|it is} {already the payment method|the same payment method} {on the order|the order has}",
        ],
    ),
    (
        "not_owner",
        &[
            "{it|that} belongs to {someone else|another customer}",
            "{it|that} is {not on your account|not linked to your account}",
            "I {may|am allowed to} help with {your own account|your own orders} {only|alone}",
            "{it|that} doesn't belong to you",
        ],
    ),
    (
        "already_modified",
        &[
            "{its|the} items have been modified before",
            "{it|the order} has already been modified{| once}",
            "{items|the items of an order} can be {changed only once|modified only once}",
            "{it|the order} already had its items changed",
        ],
    ),
    (
        "bad_reason",
        &[
            "that is not an accepted reason",
            "{it|that} isn't a valid reason{| for a cancellation| to cancel}",
            "{only two reasons are accepted|there are only two accepted reasons|we accept two reasons only}{|: no longer needed, or ordered by mistake}",
        ],
    ),
    (
        "out_of_scope",
        &[
            "{it|that|this} is {outside what I can do|beyond what I can do}{| here| for you here}",
            "{it|that|this} is {out of scope|outside the scope of what I can change}{| for me}",
            "we don't offer {that|this}",
        ],
    ),
];

const ANSWERS: &[(&str, &[&str])] = &[
    (
        "sum_items",
        &[
            "{together they|all in all they|those items} {come to|cost} a total of $value",
            "the total {is|comes to|adds up to} $value",
            "{added up|all together}, {that is|that makes|it comes to} $value in total",
            "in all, {that comes to|it is|you are looking at} $value",
        ],
    ),
    (
        "difference_items",
        &[
            "the {price difference|difference|difference in price} is $value",
            "{there is|I see} a difference of $value {between them|between the two|in price}",
            "one {is|costs} $value more than the other",
            "they differ by $value",
        ],
    ),
    (
        "count_orders",
        &[
            "{there are|I see|I count|I find} $value orders {of that kind|like that|that fit|matching that}",
            "{you have|your account has} $value {such|matching} orders",
            "the number of {such|those|these|matching} orders is $value",
            "{such orders|matching orders|orders like that}: $value",
        ],
    ),
    (
        "sum_orders",
        &[
            "{together|altogether} {those orders|these orders|they} {come to|amount to|add up to} $value",
            "{your|the} {total|grand total|combined total} {is|comes to} $value",
            "in total {that is|that makes|it is|you spent} $value",
            "{all told|all in all}, {that comes to|it comes to|the sum is} $value",
        ],
    ),
    (
        "count_variants",
        &[
            "{there are|we have|I see} $value {options|versions|variants|choices}{| to choose from| available| in stock}",
            "the number of {available options|available versions|variants available} is $value",
            "{it comes|that comes|you can have it} in $value {versions|variants|options}{| right now| at present}",
            "you can choose {from|between} $value {available options|options|versions}",
        ],
    ),
    (
        "saving",
        &[
            "{you would|you'd} save $value",
            "that {saves you|would save you} $value",
            "the saving {is|would be|comes to} $value",
            "{it is|it's|that one is} $value cheaper",
        ],
    ),
];
