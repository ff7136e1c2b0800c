//! What follows "I'd like to", by tool, and what must be said beside it. Here are the wishes about an
//! order as a whole and about addresses; those about single items are in [`super::items`].

use proto::record::Goal;
use proto::seed::Rng;

use super::items::{give_back, replace};
use super::parts::{self, View};
use crate::language::surface::say;

/// The core of a write, the clauses beside it, and a way to state it whole.
pub(super) struct Write {
    /// What follows "I'd like to".
    pub core: String,
    /// Clauses that must be said too.
    pub extras: Vec<String>,
    /// Another way to say `core`, as a sentence.
    pub whole: Option<String>,
}

/// A goal of a tool, as first stated.
pub(super) fn write(goal: &Goal, rng: &mut Rng) -> Write {
    match parts::tool(goal) {
        "cancel_pending_order" => cancel(goal, rng),
        "modify_pending_order_address" => order_address(goal, rng),
        "modify_pending_order_payment" => order_payment(goal, rng),
        "modify_user_address" => own_address(goal, rng),
        "return_delivered_order_items" => give_back(goal, rng),
        tool => replace(goal, tool == "exchange_delivered_order_items", rng),
    }
}

fn cancel(goal: &Goal, rng: &mut Rng) -> Write {
    let order = parts::order(goal, View::Opening, rng);
    let slots = [("o", order.as_str())];
    let core = say(
        rng,
        &[
            "cancel $o",
            "cancel $o",
            "call off $o",
            "get $o cancelled",
            "have $o cancelled",
            "stop $o before it ships",
            "get out of $o",
            "drop $o",
            "undo $o",
            "put a stop to $o",
            "cancel everything in $o",
            "back out of $o",
        ],
        &slots,
    );
    let whole = say(
        rng,
        &[
            "$o has to be cancelled",
            "{please|kindly} don't ship $o, cancel it instead",
            "can $o still be cancelled",
            "is there still time to cancel $o",
            "I'm calling about $o: {please cancel it|it has to be cancelled|I want it cancelled}",
            "about $o... I want that cancelled",
            "what do I have to do to cancel $o",
            "there's {a thing I placed|something I bought} that has to go: please cancel $o",
        ],
        &slots,
    );
    Write {
        core,
        extras: Vec::new(),
        whole: Some(whole),
    }
}

fn order_address(goal: &Goal, rng: &mut Rng) -> Write {
    let order = parts::order(goal, View::Opening, rng);
    let Some(address) = parts::address(goal, View::Opening, rng) else {
        let slots = [("o", order.as_str())];
        let core = say(
            rng,
            &[
                "change the {shipping|delivery} address {of|for|on} $o",
                "have $o sent {somewhere else|to a different address}",
                "correct the address on $o",
                "redirect $o",
                "change where $o gets delivered",
                "get $o shipped to another address",
                "fix the delivery address of $o",
            ],
            &slots,
        );
        let whole = say(
            rng,
            &[
                "$o is going to the wrong {place|address}",
                "the delivery address on $o has to change",
                "can $o still be sent to another address",
                "I put the wrong address on $o",
                "the address on $o isn't where I want it delivered",
            ],
            &slots,
        );
        return Write {
            core,
            extras: Vec::new(),
            whole: Some(whole),
        };
    };
    let slots = [("o", order.as_str()), ("a", address.as_str())];
    let core = say(
        rng,
        &[
            "change the {shipping|delivery} address {of|for|on} $o to $a",
            "have $o {sent|shipped|delivered} to $a[ instead]",
            "redirect $o to $a",
            "get $o shipped to $a",
            "switch the address {on|for} $o to $a",
            "make sure $o goes to $a",
            "update $o so it ships to $a",
            "send $o to $a instead",
        ],
        &slots,
    );
    let whole = say(
        rng,
        &[
            "$o should be {going|delivered} to $a",
            "could $o go to $a instead",
            "{please|kindly} send $o to $a",
            "the address on $o should be $a",
            "is it too late to send $o to $a",
            "$o is headed to the wrong place, it should go to $a",
            "the right address for $o is $a",
        ],
        &slots,
    );
    Write {
        core,
        extras: Vec::new(),
        whole: Some(whole),
    }
}

fn order_payment(goal: &Goal, rng: &mut Rng) -> Write {
    let order = parts::order(goal, View::Opening, rng);
    let Some(payment) = parts::payment(goal, View::Opening, rng) else {
        let slots = [("o", order.as_str())];
        let core = say(
            rng,
            &[
                "change {the payment method|how I pay|the way I'm paying} for $o",
                "pay for $o {another way|with something else|differently}",
                "use a different payment method {on|for} $o",
                "switch the payment method {on|of} $o",
                "move the charge for $o to another payment method",
            ],
            &slots,
        );
        let whole = say(
            rng,
            &[
                "$o is being charged to the wrong payment method",
                "I picked the wrong payment method for $o",
                "can I still change how I pay for $o",
                "the payment method on $o has to change",
            ],
            &slots,
        );
        return Write {
            core,
            extras: Vec::new(),
            whole: Some(whole),
        };
    };
    let slots = [("o", order.as_str()), ("p", payment.as_str())];
    let core = say(
        rng,
        &[
            "pay for $o with $p[ instead]",
            "switch the payment {on|for} $o to $p",
            "have $o charged to $p",
            "change the payment method {for|on|of} $o to $p",
            "use $p for $o",
            "move the charge for $o over to $p",
            "put $o on $p",
            "settle $o with $p instead",
        ],
        &slots,
    );
    let whole = say(
        rng,
        &[
            "$o should be {charged to|paid with} $p",
            "can I pay for $o with $p instead",
            "$o went on the wrong payment method, I meant to use $p",
            "I'd rather $o came out of $p",
            "please charge $o to $p",
        ],
        &slots,
    );
    Write {
        core,
        extras: Vec::new(),
        whole: Some(whole),
    }
}

fn own_address(goal: &Goal, rng: &mut Rng) -> Write {
    let Some(address) = parts::address(goal, View::Opening, rng) else {
        let core = say(
            rng,
            &[
                "{update|change} {my default address|the address on my account}",
                "fix the address in my profile",
                "get my account to show another address",
                "change the address you have on file for me",
                "correct my default address",
            ],
            &[],
        );
        let whole = say(
            rng,
            &[
                "the address on my account is out of date",
                "my account still has an old address",
                "the default address in my profile has to change",
                "the address you have for me is wrong",
            ],
            &[],
        );
        return Write {
            core,
            extras: Vec::new(),
            whole: Some(whole),
        };
    };
    let slots = [("a", address.as_str())];
    let core = say(
        rng,
        &[
            "{update|change} {my default address|the address on my account} to $a",
            "set $a as my default address",
            "make $a the default address {on|in} my {account|profile}",
            "have my profile address changed to $a",
            "save $a as my address",
            "get my account address updated to $a",
        ],
        &slots,
    );
    let whole = say(
        rng,
        &[
            "the address in my profile should be $a",
            "my default address should now be $a",
            "my account has an old address, the new one is $a",
            "from now on my default address is $a",
        ],
        &slots,
    );
    Write {
        core,
        extras: Vec::new(),
        whole: Some(whole),
    }
}
