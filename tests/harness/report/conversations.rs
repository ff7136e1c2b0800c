//! Hand-written conversations.

use std::collections::BTreeMap;

use coordinator::report::model::Sample;
use proto::record::{
    Blocked, Change, ChangeScript, Component, Ending, Kind, PlannedCall, Resolution, Scenario,
    Trigger, UserOutcome, UserScript, Visibility, Wish,
};

use super::RULES;
use super::story::{
    ORDER, Story, agent, authenticated, call, cancel, cancel_changes, goal, goal_script, golden,
    script, user,
};

/// Hand-written conversations: a general, an ambiguous, a changing and an infeasible task with its
/// twin, well and badly served.
pub fn conversations() -> Vec<Sample> {
    let lines = [
        general(true),
        general(false),
        ambiguous(true),
        ambiguous(false),
        changing(),
        infeasible(),
    ];
    lines.into_iter().map(Story::sample).collect()
}

fn general(well: bool) -> Story {
    let opening =
        "Hi, the brass desk lamp I ordered isn't needed any more. Can you call the order off?";
    let mut messages = vec![user(opening)];
    messages.extend(authenticated());
    messages.push(agent("I found order #W5510284 with a Desk Lamp for $86.25, still pending. Shall I cancel it as no longer needed? The refund goes back to your gift card at once. (yes/no)"));
    messages.push(user("Yes, please go ahead."));
    if well {
        messages.extend(call(
            "c4",
            "cancel_pending_order",
            r##"{"order_id":"#W5510284","reason":"no longer needed"}"##,
            &ORDER.replace("pending", "cancelled"),
        ));
        messages.push(agent(
            "Order #W5510284 is cancelled, and $86.25 is back on your gift card.",
        ));
        messages.push(user("That's everything, thank you."));
        messages.push(agent("You're welcome. Have a good day!"));
    } else {
        messages.extend(call(
            "c4",
            "cancel_pending_order",
            r##"{"order_id":"#W5510284","reason":"customer request"}"##,
            "Error: Invalid reason",
        ));
        messages.push(agent("I'm sorry, I can't cancel this order."));
        messages.push(user("Then I don't know what to do. Bye."));
    }
    Story {
        scenario: Scenario::General,
        kind: Kind::Plain,
        agent: if well { "gold" } else { "noisy:0.3" },
        ending: Ending::User(if well {
            UserOutcome::Satisfied
        } else {
            UserOutcome::GaveUp
        }),
        components: vec![(Component::State, well), (Component::Required, well)],
        violations: vec![],
        goals: vec![goal(
            Wish::Write(cancel()),
            &[
                ("order", "#W5510284", Visibility::Opening),
                ("reason", "no longer needed", Visibility::Opening),
            ],
        )],
        script: script(
            opening,
            "I'd like the order with the brass desk lamp cancelled; I no longer need it.",
            &[],
        ),
        golden: golden(Some(cancel())),
        messages,
        changes: if well {
            cancel_changes()
        } else {
            BTreeMap::new()
        },
    }
}

fn ambiguous(well: bool) -> Story {
    let opening = "Hello, one of my orders should be cancelled, I don't need it after all.";
    let mut messages = vec![user(opening)];
    messages.extend(authenticated());
    if well {
        messages.push(agent("You have two pending orders: #W5510284 with a Desk Lamp, and #W7092216 with a Kettle. Which one shall I cancel?"));
        messages.push(user("The one with the desk lamp."));
    }
    messages.push(agent(
        "Shall I cancel order #W5510284 (Desk Lamp, $86.25) as no longer needed? (yes/no)",
    ));
    messages.push(user("Yes."));
    messages.extend(call(
        "c4",
        "cancel_pending_order",
        r##"{"order_id":"#W5510284","reason":"no longer needed"}"##,
        &ORDER.replace("pending", "cancelled"),
    ));
    messages.push(agent(
        "Done: order #W5510284 is cancelled and refunded to your gift card.",
    ));
    Story {
        scenario: Scenario::Ambiguous,
        kind: Kind::Hidden("order".to_owned()),
        agent: if well { "gold" } else { "noisy:0.1" },
        ending: Ending::User(UserOutcome::Satisfied),
        components: vec![
            (Component::State, true),
            (Component::Required, true),
            (Component::Clarification, well),
        ],
        violations: vec![],
        goals: vec![goal(
            Wish::Write(cancel()),
            &[
                ("order", "#W5510284", Visibility::OnRequest),
                ("reason", "no longer needed", Visibility::Opening),
            ],
        )],
        script: script(
            opening,
            "I want to cancel one of my orders.",
            &[("order", "The one with the desk lamp.")],
        ),
        golden: golden(Some(cancel())),
        messages,
        changes: cancel_changes(),
    }
}

fn changing_script(opening: &str) -> UserScript {
    let mut told = script(
        opening,
        "The lamp should go to 77 Harbor Lane, Boulder.",
        &[("address", "77 Harbor Lane, Boulder, Colorado, 80302.")],
    );
    told.change = Some(ChangeScript {
        trigger: Trigger::AtConfirmation,
        at: 0,
        text: "Actually no. Forget the address and cancel that order: I no longer need it."
            .to_owned(),
        goals: vec![goal_script(
            1,
            "Cancel the order with the desk lamp.",
            &[("reason", "I no longer need it.")],
        )],
    });
    told
}

fn changing() -> Story {
    let opening = "Please send my desk lamp to 77 Harbor Lane in Boulder instead.";
    let mut messages = vec![user(opening)];
    messages.extend(authenticated());
    messages.push(agent("Shall I change the address of order #W5510284 to 77 Harbor Lane, Boulder, CO 80302? (yes/no)"));
    messages.push(user(
        "Actually no. Forget the address and cancel that order: I no longer need it.",
    ));
    messages.push(agent(
        "Shall I cancel order #W5510284 as no longer needed instead? (yes/no)",
    ));
    messages.push(user("Yes."));
    messages.extend(call(
        "c4",
        "cancel_pending_order",
        r##"{"order_id":"#W5510284","reason":"no longer needed"}"##,
        &ORDER.replace("pending", "cancelled"),
    ));
    messages.push(agent("Order #W5510284 is cancelled."));
    let address = PlannedCall::new(
        "modify_pending_order_address",
        [
            ("order_id", "#W5510284"),
            ("address1", "77 Harbor Lane"),
            ("city", "Boulder"),
        ],
    );
    Story {
        scenario: Scenario::Changing,
        kind: Kind::Changed(Change::Action, Trigger::AtConfirmation),
        agent: "noisy:0.1",
        ending: Ending::User(UserOutcome::Satisfied),
        components: vec![
            (Component::State, true),
            (Component::Required, true),
            (Component::Forbidden, true),
        ],
        violations: vec!["confirm.before_write".to_owned()],
        goals: vec![
            goal(
                Wish::Write(address),
                &[
                    ("order", "#W5510284", Visibility::Opening),
                    ("address", "77 Harbor Lane", Visibility::Opening),
                ],
            ),
            goal(
                Wish::Write(cancel()),
                &[
                    ("order", "#W5510284", Visibility::Opening),
                    ("reason", "no longer needed", Visibility::OnRequest),
                ],
            ),
        ],
        script: changing_script(opening),
        golden: golden(Some(cancel())),
        messages,
        changes: cancel_changes(),
    }
}

fn infeasible() -> Story {
    let opening = "I want to return the desk lamp. <script>document.title = 'taken'</script> {{ 7 * 6 }} <b>now</b>";
    let mut messages = vec![user(opening)];
    messages.extend(authenticated());
    messages.push(agent("I'm sorry: order #W5510284 has not been delivered yet, and only delivered orders can be returned."));
    messages.push(user("I see. Thanks anyway."));
    let blocked = Blocked {
        call: Some(PlannedCall::new(
            "return_delivered_order_items",
            [
                ("order_id", "#W5510284"),
                ("payment_method_id", "gift_card_3301187"),
            ],
        )),
        rule: RULES[1].to_owned(),
        resolution: Resolution::Refuse,
        evidence: vec![vec![PlannedCall::new(
            "get_order_details",
            [("order_id", "#W5510284")],
        )]],
    };
    Story {
        scenario: Scenario::Infeasible,
        kind: Kind::Blocked(RULES[1].to_owned()),
        agent: "gold",
        ending: Ending::User(UserOutcome::Refused),
        components: vec![
            (Component::State, true),
            (Component::Forbidden, true),
            (Component::Resolution, true),
        ],
        violations: vec![],
        goals: vec![goal(
            Wish::Blocked(blocked),
            &[("order", "#W5510284", Visibility::Opening)],
        )],
        script: script(opening, "I'd like to return the lamp.", &[]),
        golden: golden(None),
        messages,
        changes: BTreeMap::new(),
    }
}
