//! Phrases by which things are recognised, each list named for where it is used and how it begins.

/// Any of these, for `about`.
pub(super) const ABOUT_ORDERS_HOW_MANY_ORDER: &[&str] = &[
    "how many order",
    "how many of my order",
    "number of order",
    "which order",
    "which of my order",
];

/// Any of these, for `acts`.
pub(super) const ACTS_GET_THE_SAME: &[&str] = &[
    "get the same",
    "get one",
    "get a",
    "get the one",
    "get another",
    "get whichever",
    "get the least",
    "get the most",
    "get the cheapest",
    "in exchange for",
];

/// Any of these, for `address`.
pub(super) const ADDRESS_OF_DEFAULT_ADDRESS: &[&str] = &[
    "default address",
    "profile",
    "account",
    "default",
    "on file",
];

/// Any of these, for `address`.
pub(super) const ADDRESS_OF_ORDER: &[&str] = &[
    "order",
    "shipping address",
    "delivery address",
    "package",
    "parcel",
    "ship",
];

/// Any of these, for `answer`.
pub(super) const ANSWER_VARIANT: &[&str] = &[
    "variant",
    "option",
    "version",
    "model",
    "kind of",
    "available",
    "in stock",
    "sell",
    "offer",
    "do you have",
    "carry",
    "come in",
    "out of stock",
    "unavailable",
    "choice",
    "types",
    "catalogue",
    "catalog",
    "you stock",
    "for sale",
    "on sale",
];

/// Any of these, for `cancel`.
pub(super) const CANCEL_ONLY_THE: &[&str] = &[
    "only the",
    "just the",
    "only one",
    "just one item",
    "one item",
    "part of",
];

/// Any of these, for `changed`.
pub(super) const CHANGED_PAYMENT: &[&str] = &[
    "payment",
    "paid",
    "pay",
    "paying",
    "charge",
    "charged",
    "paypal",
    "gift card",
    "credit card",
    "visa",
    "mastercard",
    "card",
];

/// Any of these, for `changed`.
pub(super) const CHANGED_SHIP_TO: &[&str] = &[
    "ship to",
    "deliver to",
    "destination",
    "where order",
    "where my order",
    "where the order",
    "where it goes",
    "where it",
];

/// Any of these, for `change`.
pub(super) const CHANGE_ITEMS_BOTH: &[&str] = &[
    "both",
    "all of them",
    "everything",
    "all items",
    "whole order",
];

/// Any of these, for `choose`.
pub(super) const CHOOSE_ADDRESS_DEFAULT_ADDRESS: &[&str] = &[
    "default address",
    "profile",
    "my default",
    "on file",
    "in my account",
    "home address",
    "account address",
    "usual address",
];

/// Any of these, for `choose`.
pub(super) const CHOOSE_ADDRESS_REST_STAYS: &[&str] = &[
    "rest stays",
    "everything else",
    "only the",
    "just the",
    "same street",
    "same building",
    "otherwise",
    "same city",
];

/// Any of these, for `clauses`.
pub(super) const CLAUSES_ALSO: &[&str] = &[
    "also",
    "as well",
    "another",
    "in addition",
    "besides",
    "additionally",
    "too",
    "second",
    "next",
    "one more",
    "on top",
    "while",
];

/// Any of these, for `fold`.
pub(super) const FOLD_CHEAPEST: &[&str] = &[
    "cheapest",
    "least expensive",
    "lowest",
    "least",
    "smallest",
    "most affordable",
];

/// Any of these, for `fold`.
pub(super) const FOLD_DIFFERENCE: &[&str] = &[
    "difference",
    "how much more",
    "how much less",
    "how much cheaper",
    "price gap",
    "apart",
    "how far",
    "price range",
    "how much would i save",
    "spread",
    "gap",
];

/// Any of these, for `fold`.
pub(super) const FOLD_MOST_EXPENSIVE: &[&str] = &[
    "most expensive",
    "priciest",
    "dearest",
    "highest",
    "biggest",
    "largest",
    "costliest",
];

/// Any of these, for `fold`.
pub(super) const FOLD_TOTAL: &[&str] = &[
    "total",
    "altogether",
    "in all",
    "sum",
    "combined",
    "together",
    "how much",
    "add up",
    "spent",
    "overall",
    "worth",
    "cost",
];

/// Any of these, for `fresh`.
pub(super) const FRESH_NO_THANKS: &[&str] = &[
    "no thanks",
    "that's all",
    "that is all",
    "that's everything",
];

/// Any of these, for `inherit`.
pub(super) const INHERIT_SAME_ORDER: &[&str] = &[
    "same order",
    "that order",
    "this order",
    "it",
    "them",
    "that one",
];

/// Any of these, for `is`.
pub(super) const IS_QUESTION_HOW_LONG: &[&str] = &[
    "how long",
    "what do you need",
    "which is why",
    "which means",
    "can you do that",
    "nothing you can",
    "something you can",
    "what's next",
    "what is next",
    "what happens",
    "what else do you",
    "what information",
];

/// Any of these, for `is`.
pub(super) const IS_QUESTION_TELL_ME: &[&str] = &[
    "tell me",
    "want to know",
    "i'd like to know",
    "let me know",
    "wondering",
    "work out",
    "add up",
    "calculate",
    "curious",
    "find out",
];

/// Any of these, for `names`.
pub(super) const NAMES_PAYMENT_PAYPAL: &[&str] = &[
    "paypal",
    "gift card",
    "credit card",
    "debit card",
    "visa",
    "mastercard",
    "amex",
    "bank account",
    "check",
    "cash",
    "crypto",
    "bitcoin",
    "apple pay",
    "store credit",
];

/// Any of these, for `negated`.
pub(super) const NEGATED_DONT: &[&str] = &[
    "don't",
    "do not",
    "no longer want to",
    "not",
    "no need",
    "forget",
    "instead of",
    "rather than",
    "leave",
    "skip",
    "stop",
    "drop",
];

/// Any of these, for `negated`.
pub(super) const NEGATED_DONT_NEED: &[&str] = &[
    "don't need",
    "not needed",
    "do not need",
    "don't want it",
    "instead",
];

/// Any of these, for `orders`.
pub(super) const ORDERS_MOST_RECENT: &[&str] = &[
    "most recent",
    "latest",
    "newest",
    "most recently",
    "last order",
    "ordered last",
    "placed last",
];

/// Any of these, for `original`.
pub(super) const ORIGINAL_PAYMENT_ORIGINAL_PAYMENT: &[&str] = &[
    "original payment",
    "original method",
    "original form",
    "same payment",
    "same method",
    "same card",
    "way i paid",
    "what i paid with",
    "how i paid",
    "i paid with",
    "payment method i used",
    "card i used",
    "method i used",
    "originally paid",
    "originally used",
    "original card",
    "same way",
    "same account",
    "same paypal",
    "i used for",
    "i used to pay",
    "original one",
    "original",
];

/// Any of these, for `paid`.
pub(super) const PAID_DIFFERENCE: &[&str] = &[
    "difference",
    "how much",
    "did i pay",
    "refund",
    "refunded",
    "money back",
    "balance",
    "discrepancy",
    "leftover",
];

/// Any of these, for `polite`.
pub(super) const POLITE_IS_THERE_A_WAY: &[&str] = &[
    "is there a way",
    "is there any way",
    "is there any chance",
    "what do i need",
    "which is",
    "when you",
];

/// Any of these, for `polite`.
pub(super) const POLITE_THANK: &[&str] = &[
    "thank",
    "thanks",
    "no",
    "that's all",
    "that is all",
    "bye",
    "goodbye",
    "great",
    "nothing else",
    "all set",
    "that's everything",
    "that will be all",
];

/// Any of these, for `rest`.
pub(super) const REST_SAME_EVERYTHING_ELSE: &[&str] = &[
    "everything else",
    "otherwise",
    "all else",
    "rest the same",
    "other options",
    "other features",
    "else the same",
    "else unchanged",
    "same in every other",
    "keep the rest",
    "remaining options",
    "but the same",
    "the same but",
    "same one but",
    "only difference",
    "same except",
    "just in",
    "only in",
];

/// Any of these, for `sentence`.
pub(super) const SENTENCE_ASKS_HOW_MANY: &[&str] = &[
    "how many",
    "how much",
    "how far",
    "difference between",
    "cheapest or",
    "which of",
];

/// Any of these, for `shipped`.
pub(super) const SHIPPED_WANT: &[&str] = &[
    "want",
    "like",
    "please",
    "can you",
    "could you",
    "need",
    "should",
    "instead",
    "have",
];

/// Any of these, for `shipped`.
pub(super) const SHIPPED_WAS_DELIVERED: &[&str] = &[
    "was delivered",
    "were delivered",
    "got delivered",
    "been delivered",
    "was shipped",
    "was sent",
    "went to",
];

/// Any of these, for `standing`.
pub(super) const STANDING_IN_INSTEAD_OF: &[&str] = &[
    "instead of",
    "rather than",
    "in place of",
    "in exchange",
    "and not the",
    "not the",
];

/// Any of these, for `tell`.
pub(super) const TELL_PRODUCT_AVAILABLE: &[&str] = &[
    "available",
    "in stock",
    "availability",
    "have",
    "buy",
    "get",
    "order",
    "left",
    "stock",
];

/// Any of these, for `tell`.
pub(super) const TELL_PRODUCT_IN_TOTAL: &[&str] = &[
    "in total",
    "whether or not",
    "including unavailable",
    "regardless",
];

/// Any of these, for `tell`.
pub(super) const TELL_PRODUCT_UNAVAILABLE: &[&str] = &[
    "unavailable",
    "out of stock",
    "not available",
    "sold out",
    "not in stock",
];

/// Any of these, for `variant`.
pub(super) const VARIANT_TOLD_CHEAPER: &[&str] = &[
    "cheaper",
    "cheapest",
    "least expensive",
    "less expensive",
    "lowest",
];

/// Any of these, for `wanted`.
pub(super) const WANTED_CHEAPEST: &[&str] = &[
    "cheapest",
    "least expensive",
    "lowest price",
    "lowest priced",
    "most affordable",
    "lowest cost",
    "costs the least",
    "least costly",
    "costs least",
];

/// Any of these, for `wanted`.
pub(super) const WANTED_MOST_EXPENSIVE: &[&str] = &[
    "most expensive",
    "priciest",
    "dearest",
    "highest price",
    "highest priced",
    "costs the most",
    "costliest",
    "most costly",
    "costs most",
];

/// Any of these, for `without`.
pub(super) const WITHOUT_NAME_CHEAPEST_ITEM: &[&str] = &[
    "cheapest item",
    "least expensive item",
    "cheapest one",
    "cheapest thing",
    "cheapest",
];

/// Any of these, for `without`.
pub(super) const WITHOUT_NAME_MOST_EXPENSIVE_ITEM: &[&str] = &[
    "most expensive item",
    "priciest item",
    "dearest item",
    "most expensive one",
    "most expensive thing",
    "most expensive",
];
