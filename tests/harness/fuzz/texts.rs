//! What is said: the parser of agents' and users' messages, which must take any text, soon.

use proto::record::{Answer, Question};
use worker::dialogue::facts::{read_agent, read_user, told};
use worker::domains::Domain;

use super::Target;
use super::corpus::{DESK, OF_DESK, OF_SHOP, SHOP};

/// Pieces on which the parser's branches hang, and which ask for much work when they come often.
const PIECES: &[&str] = &[
    "Which one? ",
    "which one ",
    " or ",
    ", but ",
    "; ",
    "...",
    "?!",
    "- a\n",
    "1. ",
    "Please tell me:\n",
    "\n",
    "\": ",
    "#W1234567 ",
    "1234567890 ",
    "T-1000 ",
    "$12.50 ",
    "credit_card_1234567 ",
    "ending in 1234 ",
    "Would you like me to ",
    "confirm ",
    "I can't ",
    "I have ",
    "cancelled ",
    "because ",
    "yes ",
    "no ",
    "(",
    ")",
    "**",
    "\u{2019}",
    "\u{2014}",
    "\u{1f600}",
    "é",
    "NY 10001",
    "what is your ",
    "order number, ",
    "transfer you to a human ",
    "If you ",
    "go ahead ",
    "not ",
    "actually ",
    "10,000,000.00 ",
    "twenty one ",
];

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "agent-text-retail",
        about: "any text of an agent in the shop is read the same twice, with facts that fit together",
        run: |bytes| agent(&**SHOP, bytes),
        seeds: || OF_SHOP.said(true),
        words: PIECES,
        cases: 1500,
    },
    Target {
        name: "agent-text-tickets",
        about: "any text of an agent at the desk, likewise",
        run: |bytes| agent(&**DESK, bytes),
        seeds: || OF_DESK.said(true),
        words: PIECES,
        cases: 1500,
    },
    Target {
        name: "user-text",
        about: "any text of a user is a yes, a no or neither, the same twice",
        run: user,
        seeds: || [OF_SHOP.said(false), OF_DESK.said(false)].concat(),
        words: PIECES,
        cases: 3000,
    },
];

/// Texts of about `length` bytes in which a piece, or two in turn, come again and again.
pub fn stretched(length: usize) -> impl Iterator<Item = String> {
    let pairs = PIECES
        .iter()
        .enumerate()
        .map(|(place, piece)| format!("{piece}{}", PIECES[(place * 7 + 3) % PIECES.len()]));
    let alone = PIECES.iter().map(|piece| (*piece).to_owned());
    alone.chain(pairs).map(move |piece| {
        let mut text = piece.repeat(length / piece.len());
        text.push('x');
        text
    })
}

fn agent(domain: &dyn Domain, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let facts = read_agent(domain, &text);
    assert_eq!(
        facts,
        read_agent(domain, &text),
        "read twice, understood otherwise"
    );
    let distinct = |names: &[String]| {
        names
            .iter()
            .enumerate()
            .all(|(place, name)| !names[..place].contains(name))
    };
    let slots = &domain.lexicon().slots;
    assert!(distinct(&facts.asks), "{:?}", facts.asks);
    assert!(
        facts
            .asks
            .iter()
            .all(|asked| slots.iter().any(|(slot, _)| slot == asked)),
        "{:?}",
        facts.asks
    );
    if let Some(proposal) = &facts.proposal {
        assert!(
            proposal.tool.is_some() && !proposal.slots.is_empty(),
            "{proposal:?}"
        );
    }
    assert!(
        facts.refusal.as_deref().is_none_or(distinct),
        "{:?}",
        facts.refusal
    );
    let mentions = domain.mentions(&text);
    assert_eq!(mentions, domain.mentions(&text));
    for (topic, _) in &domain.lexicon().topics {
        for answer in [Answer::Money(1250), Answer::Count(2)] {
            let question = Question {
                topic: (*topic).to_owned(),
                answer,
            };
            told(domain, &text, &question);
        }
    }
}

fn user(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(read_user(&text), read_user(&text));
}
