//! An agent that knows only the shop's policy and its tools: it reads what the customer says, looks
//! things up, asks, declines, proposes and acts. It never sees the task, so that what it earns shows
//! whether tasks can be solved from the outside.
//!
//! Reading order: `text` (words), `identity`, `acts` (what is wanted, by `verbs`), `wish`, `matching` and
//! `options` (what is meant, held against `records`), `address`, `steps` (what is next for a wish, with
//! `choose` and `swap`), `answer` (questions), `hear` and `amend` (what a message changes), `speech`.

mod acts;
mod address;
mod amend;
mod answer;
mod choose;
mod hear;
mod identity;
mod matching;
mod options;
mod phrases;
mod records;
mod speech;
mod steps;
mod swap;
mod text;
mod verbs;
mod wish;

use proto::record::{Message, PlannedCall, ToolCall};

use self::acts::Act;
use self::answer::{Answer, answer};
use self::identity::Told;
use self::records::Records;
use self::steps::{Slot, Step, step};
use self::wish::{Standing, Wish};
use crate::dialogue::conversation::{AgentTurn, Attempted, Conversation};
use crate::participants::Agent;

/// What the agent is waiting to hear.
#[derive(Debug, Clone, PartialEq)]
enum Pending {
    /// What the customer wants.
    Nothing,
    /// Who they are.
    Identity,
    /// An answer about a wish.
    Slot(usize, Slot),
    /// A yes to a call for a wish.
    Confirm(usize, PlannedCall),
    /// Leave to go on with what is still open.
    Leave,
    /// Whether there is more.
    More,
}

/// The agent.
#[derive(Debug)]
pub struct HeldOut {
    records: Records,
    told: Told,
    user_id: Option<String>,
    tried: Vec<PlannedCall>,
    backlog: Vec<String>,
    wishes: Vec<Wish>,
    pending: Pending,
    calling: Option<(PlannedCall, Option<usize>)>,
    agreed: Option<(usize, PlannedCall)>,
    notes: Vec<String>,
    answers: Vec<String>,
    handed_over: bool,
    last_said: String,
    repeats: usize,
    lost: bool,
    refusals: Vec<String>,
    refusal: String,
}

impl Default for HeldOut {
    fn default() -> Self {
        Self::new()
    }
}

impl HeldOut {
    /// An agent who has heard nothing yet.
    pub fn new() -> Self {
        Self {
            records: Records::default(),
            told: Told::default(),
            user_id: None,
            tried: Vec::new(),
            backlog: Vec::new(),
            wishes: Vec::new(),
            pending: Pending::Nothing,
            calling: None,
            agreed: None,
            notes: Vec::new(),
            answers: Vec::new(),
            handed_over: false,
            last_said: String::new(),
            repeats: 0,
            lost: false,
            refusals: Vec::new(),
            refusal: String::new(),
        }
    }

    /// What the agent does after `messages`, for a caller that keeps no agent from turn to turn: it
    /// goes through its own earlier turns again, and where the messages have another in their place,
    /// goes on from what they have.
    pub fn after(messages: &[Message]) -> AgentTurn {
        let mut agent = Self::new();
        let mut called: &[ToolCall] = &[];
        for message in messages {
            match message {
                Message::User { text } => agent.heard(text),
                Message::Assistant { calls, .. } => {
                    agent.work();
                    called = calls;
                }
                Message::Tool {
                    call_id,
                    text,
                    error,
                    ..
                } => {
                    agent.calling = called
                        .iter()
                        .find(|call| call.id == *call_id)
                        .map(|call| agent.as_meant(call));
                    agent.observed(text, *error);
                }
            }
        }
        agent.work()
    }

    /// A call that was made, with the wish it is for if the agent itself made it.
    fn as_meant(&self, made: &ToolCall) -> (PlannedCall, Option<usize>) {
        let made = Attempted::from(made);
        let own = self
            .calling
            .as_ref()
            .filter(|(meant, _)| made.malformed.is_none() && *meant == made.call);
        own.cloned().unwrap_or((made.call, None))
    }

    fn call(&mut self, call: PlannedCall, wish: Option<usize>) -> AgentTurn {
        self.calling = Some((call.clone(), wish));
        AgentTurn::call(call)
    }

    fn say(&mut self, text: &str) -> AgentTurn {
        let mut parts = std::mem::take(&mut self.notes);
        parts.push(text.to_owned());
        let text = parts.join(" ");
        self.repeats = if text == self.last_said {
            self.repeats + 1
        } else {
            0
        };
        self.last_said.clone_from(&text);
        AgentTurn::say(text)
    }

    fn observed(&mut self, text: &str, error: bool) {
        let Some((call, wish)) = self.calling.take() else {
            return;
        };
        if call.name.starts_with("find_user_id") {
            if !error {
                self.user_id = Some(text.trim().trim_matches('"').to_owned());
            }
            return;
        }
        if call.name == "transfer_to_human_agents" {
            self.handed_over = true;
            return;
        }
        let subject = ["order_id", "product_id", "user_id"]
            .iter()
            .find_map(|key| call.arguments.get(*key))
            .and_then(|value| value.as_str());
        self.records
            .absorb(&call.name, subject.unwrap_or_default(), text, error);
        if let Some(wish) = wish {
            self.wishes[wish].standing = Standing::Closed;
            self.notes.push(if error {
                format!("I am afraid that did not work: {text}.")
            } else {
                reported(&self.wishes[wish])
            });
        }
    }

    fn heard(&mut self, text: &str) {
        if self.user_id.is_none() {
            self.told.hear(text, self.pending == Pending::Identity);
            self.backlog.push(self.told.strip(text));
        } else {
            self.backlog.push(text.to_owned());
        }
    }

    fn work(&mut self) -> AgentTurn {
        if self.handed_over {
            self.wishes
                .iter_mut()
                .for_each(|wish| wish.standing = Standing::Closed);
            self.pending = Pending::More;
            return self.say("A human agent is taking over from here; please hold on.");
        }
        if self.user_id.is_none() {
            return self.identify();
        }
        if let Some(call) = self.unread() {
            return self.call(call, None);
        }
        if self.pending == Pending::Identity {
            self.pending = Pending::Nothing;
        }
        for text in std::mem::take(&mut self.backlog) {
            self.interpret(&text);
        }
        if let Some((wish, call)) = self.agreed.take() {
            return self.call(call, Some(wish));
        }
        self.serve()
    }

    fn identify(&mut self) -> AgentTurn {
        let by_email =
            self.told.email.as_ref().map(|email| {
                PlannedCall::new("find_user_id_by_email", [("email", email.as_str())])
            });
        let by_name =
            self.told
                .name
                .as_ref()
                .zip(self.told.zip.as_ref())
                .map(|((first, last), zip)| {
                    PlannedCall::new(
                        "find_user_id_by_name_zip",
                        [
                            ("first_name", first.as_str()),
                            ("last_name", last.as_str()),
                            ("zip", zip.as_str()),
                        ],
                    )
                });
        let next = by_email
            .into_iter()
            .chain(by_name)
            .find(|call| !self.tried.contains(call));
        if let Some(call) = next {
            self.tried.push(call.clone());
            return self.call(call, None);
        }
        self.pending = Pending::Identity;
        let (name, zip) = (&self.told.name, &self.told.zip);
        let text = match (self.tried.is_empty(), name, zip) {
            (true, Some(_), None) => {
                "Thank you. To find your account I also need your zip code, or the email address on it."
            }
            (true, None, Some(_)) => {
                "Thank you. To find your account I also need your first and last name, or the email address on it."
            }
            (true, _, _) => {
                "Hello! To find your account, may I have your email address, or else your first name, last name and zip code?"
            }
            (false, _, _) => {
                "I could not find an account with that. Could you give me another email address, or your first name, last name and zip code?"
            }
        };
        self.say(text)
    }

    /// The next record of the customer's to look up before serving them.
    fn unread(&self) -> Option<PlannedCall> {
        let Some(customer) = &self.records.customer else {
            let id = self.user_id.as_deref().unwrap_or_default();
            return Some(PlannedCall::new("get_user_details", [("user_id", id)]));
        };
        let next = customer
            .orders
            .iter()
            .find(|id| !self.records.orders.contains_key(*id));
        next.map(|id| PlannedCall::new("get_order_details", [("order_id", id.as_str())]))
    }

    fn serve(&mut self) -> AgentTurn {
        self.merge();
        let mut proposals = Vec::new();
        for place in 0..self.wishes.len() {
            if self.wishes[place].standing == Standing::Closed
                || self.wishes[place].act == Act::Human
            {
                continue;
            }
            if self.wishes[place].act == Act::Question {
                match answer(&self.wishes[place].texts.join(" "), &self.records) {
                    Answer::Call(call) => return self.call(call, None),
                    Answer::Tell(text) => self.answers.push(text),
                    Answer::Unclear => self.answers.push("I could not work out an answer to your question; could you put it another way?".to_owned()),
                }
                self.wishes[place].standing = Standing::Closed;
                continue;
            }
            match step(&mut self.wishes[place], &self.records) {
                Step::Call(call) => return self.call(call, None),
                Step::Ask(slot, text) => {
                    if self.repeats >= 2 && self.last_said.ends_with(&text) {
                        self.wishes[place].standing = Standing::Closed;
                        self.notes.push(
                            "I am sorry, I could not understand which one you mean.".to_owned(),
                        );
                        continue;
                    }
                    return self.turn_to(Pending::Slot(place, slot), &text);
                }
                Step::Refuse(text) => {
                    self.wishes[place].standing = Standing::Closed;
                    self.refusals
                        .push(format!("I am sorry, I cannot do that: {text}."));
                }
                Step::Propose(call, text) => proposals.push((place, call, text)),
            }
        }
        self.conclude(proposals)
    }

    /// Declines one thing; several are declined one after another, each with its own reason.
    fn decline(&mut self) -> AgentTurn {
        let text = self.refusals.remove(0);
        self.refusal.clone_from(&text);
        self.notes.push(text);
        if self.refusals.is_empty() && self.answers.is_empty() {
            self.pending = Pending::More;
            return self.say("Is there anything else I can do for you?");
        }
        self.pending = Pending::Leave;
        self.say("There is more I have to tell you; may I go on?")
    }

    /// Says something that awaits an answer; what there is to report comes first, by itself, so that
    /// the answer can't be taken for another.
    fn turn_to(&mut self, pending: Pending, text: &str) -> AgentTurn {
        if self.notes.is_empty() {
            self.pending = pending;
            return self.say(text);
        }
        self.pending = Pending::Leave;
        self.say("May I go on with your other request?")
    }

    fn conclude(&mut self, mut proposals: Vec<(usize, PlannedCall, String)>) -> AgentTurn {
        // Modified items leave an order as it is for good, so they come last.
        proposals.sort_by_key(|(place, _, _)| self.wishes[*place].act == Act::Modify);
        if let Some((place, call, text)) = proposals.into_iter().next() {
            let again = self.pending == Pending::Confirm(place, call.clone());
            if again && self.notes.is_empty() {
                self.pending = Pending::Slot(place, Slot::Free);
                return self.say("All right, I have not done anything. What should be different?");
            }
            return self.turn_to(
                Pending::Confirm(place, call),
                &format!("{text} Shall I go ahead (yes or no)?"),
            );
        }
        if !self.refusals.is_empty() {
            return self.decline();
        }
        let human = self
            .wishes
            .iter()
            .position(|wish| wish.standing == Standing::Open && wish.act == Act::Human);
        if let Some(place) = human {
            let summary = format!(
                "The customer asks for something that is beyond my tools: {}",
                self.wishes[place].texts.join(" ")
            );
            return self.call(
                PlannedCall::new("transfer_to_human_agents", [("summary", summary.as_str())]),
                None,
            );
        }
        let answers = std::mem::take(&mut self.answers);
        self.notes.extend(answers);
        let lost = std::mem::take(&mut self.lost);
        let text = match self.pending {
            _ if lost && self.notes.is_empty() => {
                "I am sorry, I did not quite understand. Could you tell me in other words what you would like me to do?"
            }
            _ if self.wishes.is_empty() && self.notes.is_empty() => {
                "Thank you, I have found your account. What can I do for you?"
            }
            Pending::More if self.notes.is_empty() => "You are welcome. Have a nice day!",
            _ => "Is there anything else I can do for you?",
        };
        self.pending = Pending::More;
        self.say(text)
    }

    /// Puts two wishes for items of one order into one, since an order takes one change.
    fn merge(&mut self) {
        for later in (1..self.wishes.len()).rev() {
            let Some(order) = self.wishes[later].order.clone() else {
                continue;
            };
            let act = self.wishes[later].act;
            let fits = |wish: &Wish| {
                wish.standing == Standing::Open
                    && wish.act == act
                    && wish.order.as_ref() == Some(&order)
            };
            if !act.takes_items() || !fits(&self.wishes[later]) {
                continue;
            }
            let Some(earlier) = self.wishes[..later].iter().position(fits) else {
                continue;
            };
            let taken = std::mem::take(&mut self.wishes[later].items);
            for swap in taken {
                self.wishes[earlier].add(swap.place, &swap.wants.join(". "));
            }
            let texts = self.wishes[later].texts.clone();
            self.wishes[earlier].texts.extend(texts);
            self.wishes[later].standing = Standing::Closed;
        }
    }
}

fn reported(wish: &Wish) -> String {
    let order = wish.order.as_deref().unwrap_or_default();
    match wish.act {
        Act::Cancel => format!("Done: order {order} is cancelled."),
        Act::Return => format!(
            "Done: the return from order {order} is requested, and an email will explain how to send the items back."
        ),
        Act::Exchange => format!("Done: the exchange in order {order} is requested."),
        Act::Modify => format!("Done: the items of order {order} are changed."),
        Act::Payment => format!("Done: the payment of order {order} is changed."),
        Act::Address => format!("Done: order {order} goes to the new address."),
        _ => "Done: your default address is changed.".to_owned(),
    }
}

impl Agent for HeldOut {
    fn turn(&mut self, conversation: &Conversation<'_>) -> AgentTurn {
        match conversation.messages().last() {
            Some(Message::Tool { text, error, .. }) => self.observed(text, *error),
            Some(Message::User { text }) => self.heard(text),
            Some(Message::Assistant { .. }) | None => {}
        }
        self.work()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> Message {
        Message::User {
            text: text.to_owned(),
        }
    }

    fn find(id: &str, email: &str) -> ToolCall {
        let PlannedCall { name, arguments } =
            PlannedCall::new("find_user_id_by_email", [("email", email)]);
        ToolCall {
            id: id.to_owned(),
            name,
            arguments,
            malformed: None,
        }
    }

    fn made(calls: Vec<ToolCall>) -> Message {
        Message::Assistant {
            reasoning: String::new(),
            signed: None,
            text: String::new(),
            calls,
        }
    }

    fn told(id: &str, text: &str, error: bool) -> Message {
        Message::Tool {
            call_id: id.to_owned(),
            name: "find_user_id_by_email".to_owned(),
            text: text.to_owned(),
            error,
        }
    }

    #[test]
    fn it_goes_on_from_turns_that_another_took() {
        let profile = AgentTurn::call(PlannedCall::new(
            "get_user_details",
            [("user_id", "ann_lee_1")],
        ));
        let own = vec![
            user("Hi, I'm at ann@example.com."),
            made(vec![find("call_1", "ann@example.com")]),
            told("call_1", "ann_lee_1", false),
        ];
        assert_eq!(HeldOut::after(&own), profile);
        let others = vec![
            Message::Assistant {
                reasoning: String::new(),
                signed: None,
                text: "Welcome!".to_owned(),
                calls: Vec::new(),
            },
            user("Hi there."),
            made(vec![
                find("a", "amy@example.com"),
                find("b", "ann@example.com"),
            ]),
            told("a", "Error: User not found", true),
            told("b", "ann_lee_1", false),
        ];
        assert_eq!(HeldOut::after(&others), profile);
        let words = HeldOut::after(&others[..2]);
        assert!(words.calls.is_empty() && words.text.contains("email"));
    }
}
