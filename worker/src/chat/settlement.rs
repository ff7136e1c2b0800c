//! What a request can come to, which is reserved before it goes out, and what it came to.

use std::time::Duration;

use proto::record::{Endpoint, Money, Prices, Protocol, Usage};
use proto::store::Cost;

use super::{Answer, Fault};

/// Bytes of a request that make a token, at least, of most of what is sent.
const BYTES_A_TOKEN: u64 = 3;

/// Tokens that a server adds to a request, at most.
const ADDED: u64 = 16 << 10;
/// How often the limit of a reply its output may be, with thoughts that the limit does not bound.
const BEYOND: u64 = 64;

/// What a call can come to, or came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Most {
    /// Tokens, as far as they count against the rate.
    pub(super) tokens: u64,
    /// What it costs.
    pub(super) cost: Money,
}

/// The most that a request can come to, as far as it shows. For the rate its tokens are estimated; for the money
/// each byte is taken for one, since a budget must hold whatever is sent.
pub(super) fn most(endpoint: &Endpoint, body: &[u8]) -> Most {
    let (bytes, output) = (body.len() as u64, endpoint.sampling.most_output());
    Most {
        tokens: bytes / BYTES_A_TOKEN + output,
        cost: at_most(endpoint, bytes, output),
    }
}

/// What so many tokens cost at most: a server may say of any input that it came from its cache, or went into it.
fn at_most(endpoint: &Endpoint, input: u64, output: u64) -> Money {
    let prices = endpoint.prices;
    let dearest = Prices {
        input: prices.input.max(prices.cached).max(prices.written),
        ..prices
    };
    let usage = Usage {
        input,
        output,
        ..Usage::default()
    };
    Money::cost(usage, dearest)
}

/// Whether a request can have taken so many tokens. A server adds to what it is sent, as how to call tools, and some
/// charge for thoughts beyond the limit of a reply; but a count out of all proportion is none. What an agent of one's
/// own asks on its way to an answer, nobody sees.
pub(super) fn plausible(usage: Usage, endpoint: &Endpoint, body: &[u8]) -> bool {
    let own = matches!(endpoint.protocol, Protocol::Service | Protocol::Program);
    let input = body.len() as u64 + ADDED;
    let output = endpoint.sampling.most_output().saturating_mul(BEYOND);
    own || usage.input <= input && usage.output <= output
}

/// What a request leaves of its permit.
pub(super) enum Left {
    /// It came to this.
    Used {
        /// Of its rate.
        tokens: u64,
        /// Of its budget.
        cost: Cost,
    },
    /// The endpoint asked to slow down.
    Refused(Option<Duration>),
    /// It never went out.
    Unsent,
}

impl Left {
    const NOTHING: Self = Self::Used {
        tokens: 0,
        cost: Cost::NOTHING,
    };

    /// Nobody knows what it came to.
    fn unknown(most: Most) -> Self {
        let cost = Cost {
            paid: most.cost,
            beyond: None,
        };
        let tokens = most.tokens;
        Self::Used { tokens, cost }
    }

    /// It was answered, with so much usage.
    fn answered(endpoint: &Endpoint, body: &[u8], usage: Usage) -> Self {
        let tokens = usage.input + usage.output;
        if tokens == 0 {
            return Self::NOTHING;
        }
        // Each for itself: what a prompt takes less than one token a byte must not hide what was thought.
        let input = usage.input.saturating_sub(body.len() as u64);
        let output = usage.output.saturating_sub(endpoint.sampling.most_output());
        let cost = Cost {
            paid: Money::cost(usage, endpoint.prices),
            beyond: Some(at_most(endpoint, input, output)),
        };
        Self::Used { tokens, cost }
    }

    /// What it cost; where nobody knows, the most that it can have cost.
    pub(super) fn cost(&self) -> Money {
        match self {
            Self::Used { cost, .. } => cost.paid,
            Self::Refused(_) | Self::Unsent => Money::ZERO,
        }
    }
}

/// What a request that took `usage`, as far as that is known, and can have come to `most`, leaves of its permit.
pub(super) fn left(
    endpoint: &Endpoint,
    body: &[u8],
    sent: &Result<Answer, Fault>,
    usage: Option<Usage>,
    most: Most,
) -> Left {
    match sent {
        // What a server charges for counts, also where it is more than was reserved.
        Ok(answer) => match usage {
            Some(usage) => Left::answered(endpoint, body, usage),
            // An error says nothing of tokens on any server.
            None if answer.status >= 400 => Left::unknown(most),
            // Nor will such a server say so of the next one, so nothing more is to be learned of it.
            None => Left::Used {
                tokens: most.tokens,
                cost: Cost::foreseen(most.cost),
            },
        },
        Err(Fault::Status {
            status: 429,
            retry_after,
            ..
        }) => {
            // No plan waits longer for anybody.
            let patience = Duration::from_millis(endpoint.patience.down);
            Left::Refused(retry_after.map(|wait| wait.min(patience)))
        }
        Err(
            Fault::Connect(_)
            | Fault::Unready(_)
            | Fault::Timeout {
                what: "connection", ..
            },
        ) => Left::Unsent,
        // Nobody goes where it points to.
        Err(Fault::NoReply {
            status: 300..=399, ..
        }) => Left::NOTHING,
        // Somebody on the way stopped waiting, and the model may have gone on.
        Err(Fault::Status {
            status: 408 | 504 | 524,
            ..
        }) => Left::unknown(most),
        Err(Fault::Status { .. } | Fault::Overflow(_)) => Left::NOTHING,
        // Nobody knows what it came to.
        Err(_) => Left::unknown(most),
    }
}

#[cfg(test)]
mod tests {
    use proto::record::{Sampling, Value};

    use super::super::tests::endpoint;
    use super::*;

    const SEVEN: Most = Most {
        tokens: 7,
        cost: Money(7),
    };

    #[test]
    fn who_stopped_waiting_does_not_know_what_a_model_wrote() {
        let endpoint = endpoint(Protocol::OpenAi);
        for (status, tokens) in [(408, 7), (504, 7), (524, 7), (500, 0), (503, 0), (401, 0)] {
            let fault = Fault::Status {
                status,
                text: String::new(),
                retry_after: None,
            };
            let end = left(&endpoint, b"", &Err(fault), None, SEVEN);
            assert_eq!(end.cost(), Money(tokens), "{status}");
            // So it has shown nothing of what it charges.
            let shown = |cost: Cost| cost.beyond.is_some();
            assert!(
                matches!(end, Left::Used { tokens: of_rate, cost } if of_rate == tokens && !shown(cost)),
                "{status}"
            );
        }
    }

    #[test]
    fn thoughts_beyond_the_limit_show_whatever_the_prompt_left_of_its_bytes() {
        let mut endpoint = endpoint(Protocol::OpenAi);
        (endpoint.prices.input, endpoint.prices.output) = (1, 10);
        let body = [b' '; 9_000];
        let answered = |status| {
            Ok(Answer {
                status,
                body: b"{}".as_slice().into(),
            })
        };
        let answer = answered(200);
        let told = |input, output| {
            let usage = Usage {
                input,
                output,
                ..Usage::default()
            };
            left(&endpoint, &body, &answer, Some(usage), SEVEN)
        };
        for (input, output, beyond) in [
            (3_000, 100, 0),
            (3_000, 300, 440),
            (9_010, 200, 10),
            (9_010, 300, 450),
        ] {
            let end = told(input, output);
            let Left::Used { cost, .. } = end else {
                panic!("it was answered");
            };
            assert_eq!(cost.paid, Money(input + 10 * output));
            assert_eq!(cost.beyond, Some(Money(beyond)), "{input} and {output}");
        }
        // It never began.
        assert!(matches!(
            told(0, 0),
            Left::Used {
                cost: Cost::NOTHING,
                ..
            }
        ));
        let filtered = left(&endpoint, &body, &answered(400), None, SEVEN);
        let Left::Used { tokens: 7, cost } = filtered else {
            panic!("it was answered");
        };
        assert_eq!((cost.paid, cost.beyond), (Money(7), None));
        // A server that says nothing of tokens never will.
        let silent = left(&endpoint, &body, &answer, None, SEVEN);
        assert!(
            matches!(silent, Left::Used { tokens: 7, cost } if cost == Cost::foreseen(Money(7)))
        );
    }

    #[test]
    fn counts_out_of_all_proportion_are_none() {
        let mut endpoint = endpoint(Protocol::OpenAi);
        let body = [b' '; 100];
        let told = |endpoint: &Endpoint, input, output| {
            let usage = Usage {
                input,
                output,
                ..Usage::default()
            };
            plausible(usage, endpoint, &body)
        };
        // More than was reserved, as thoughts may be.
        assert!(told(&endpoint, 400, 30 * 256));
        assert!(!told(&endpoint, 40_000, 9));
        assert!(!told(&endpoint, Usage::MOST, 7) && !told(&endpoint, 20, Usage::MOST));
        endpoint.protocol = Protocol::Service;
        assert!(told(&endpoint, 40_000, 9));
    }

    #[test]
    fn what_no_model_saw_costs_nothing() {
        let endpoint = endpoint(Protocol::OpenAi);
        let timeout = |what| Fault::Timeout {
            what,
            waited: Duration::from_secs(1),
        };
        let of = |fault| left(&endpoint, b"", &Err(fault), None, SEVEN);
        assert!(matches!(of(timeout("connection")), Left::Unsent));
        let slow = of(timeout("first byte"));
        assert!(matches!(slow, Left::Used { tokens: 7, .. }));
        for (status, used) in [(307, 0), (200, 7)] {
            let text = String::new();
            let end = of(Fault::NoReply { status, text });
            assert!(
                matches!(end, Left::Used { tokens, cost } if tokens == used && cost.paid == Money(used)),
                "{status}"
            );
        }
        // Nobody waits longer than the plan.
        let refused = of(Fault::Status {
            status: 429,
            text: String::new(),
            retry_after: Some(Duration::from_secs(86_400)),
        });
        let patience = Duration::from_millis(endpoint.patience.down);
        assert!(matches!(refused, Left::Refused(Some(wait)) if wait == patience));
    }

    #[test]
    fn what_may_be_written_is_reserved_by_the_field_that_says_more() {
        let mut endpoint = endpoint(Protocol::OpenAi);
        endpoint.prices.output = 1;
        let output = |endpoint: &Endpoint| most(endpoint, b"").tokens;
        assert_eq!(output(&endpoint), 256);
        let extra = &mut endpoint.sampling.extra;
        let field = Sampling::NEWER_LIMIT.to_owned();
        extra.insert(field, Value::Int(9_000));
        assert_eq!(output(&endpoint), 9_000);
        let cost = most(&endpoint, b"").cost;
        assert_eq!(cost, Money(9_000));
    }
}
