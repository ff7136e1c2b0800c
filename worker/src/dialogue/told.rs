//! Whether a message tells the answer of a question.

use proto::record::{Answer, Question};

use crate::domains::Domain;

use super::facts::Message;
use super::markers::Marker;
use super::numbers;
use super::scan::Class;

/// Most values on the topic in one message; more is a listing, not an answer.
const MOST_VALUES: usize = 24;

/// Whether `text` tells the answer of `question`: the sentences on its topic state the value, and no
/// other value of that kind but those it is worked out from (that add up to it, or differ by it).
/// Questions, refusals and pasted data tell nothing.
pub fn told(domain: &dyn Domain, text: &str, question: &Question) -> bool {
    let topics = &domain.lexicon().topics;
    let Some(topic) = topics.iter().position(|(name, _)| *name == question.topic) else {
        return false;
    };
    let message = Message::read(domain, text);
    let mut stated = Vec::new();
    for part in &message.clauses {
        let on_topic = |class| matches!(class, Class::Topic(place) if place as usize == topic);
        let speaks = !part.data
            && !part.clause.question
            && !message.has(part, Marker::Decline)
            && message.hits(part).iter().any(|hit| on_topic(hit.class));
        if speaks {
            stated.extend(numbers::values(
                part.clause.of(&message.text),
                question.answer,
                &domain.lexicon().units,
            ));
        }
        if stated.len() > MOST_VALUES {
            return false;
        }
    }
    let answer = match question.answer {
        Answer::Money(cents) => cents.abs(),
        Answer::Count(count) => i64::from(count),
    };
    explained(&stated, answer)
}

/// Whether `stated` holds the answer and otherwise nothing, or only what it is worked out from.
fn explained(stated: &[i64], answer: i64) -> bool {
    if !stated.contains(&answer) {
        return false;
    }
    let rest: Vec<i64> = stated.iter().copied().filter(|&v| v != answer).collect();
    let difference = matches!(rest[..], [a, b] if (a - b).abs() == answer);
    rest.is_empty() || rest.len() > 1 && rest.iter().sum::<i64>() == answer || difference
}
