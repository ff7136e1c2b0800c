//! What a request can come to, which is reserved before it goes out, and what it came to.

use std::time::Duration;

use proto::record::{Endpoint, Money, Prices, Protocol, Usage};

use super::surcharges::Surcharge;
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

impl Most {
    const NOTHING: Self = Self {
        tokens: 0,
        cost: Money::ZERO,
    };
}

/// The most that a request can come to. For the rate its tokens are estimated; for the money each byte is
/// taken for one, since a budget must hold whatever is sent, and what the server has charged beyond is added.
pub(super) fn most(endpoint: &Endpoint, body: &[u8], surcharge: Surcharge) -> Most {
    let (bytes, output) = (body.len() as u64, endpoint.sampling.most_output());
    let prices = endpoint.prices;
    // A server may say of any input that it came from its cache, or went into it.
    let dearest = Prices {
        input: prices.input.max(prices.cached).max(prices.written),
        ..prices
    };
    let usage = Usage {
        input: bytes + surcharge.input,
        cached: 0,
        written: 0,
        output: output + surcharge.output,
    };
    Most {
        tokens: bytes / BYTES_A_TOKEN + output,
        cost: Money::cost(usage, dearest),
    }
}

/// Whether a request can have taken so many tokens. A server adds to what it is sent, as how to call tools, and some
/// charge for thoughts beyond the limit of a reply; but a count out of all proportion is none. What an agent of one's
/// own asks on its way to an answer, nobody sees.
pub(super) fn plausible(usage: Usage, endpoint: &Endpoint, body: &[u8]) -> bool {
    let own = matches!(endpoint.protocol, Protocol::Service | Protocol::Program);
    own || in_proportion(usage, endpoint, body.len())
}

/// Whether tokens are not many times those that a request of so many bytes shows.
pub(super) fn in_proportion(usage: Usage, endpoint: &Endpoint, bytes: usize) -> bool {
    let input = bytes as u64 + ADDED;
    let output = endpoint.sampling.most_output().saturating_mul(BEYOND);
    usage.input <= input && usage.output <= output
}

/// What a request leaves of its permit.
pub(super) enum Left {
    /// It came to this.
    Used(Most),
    /// The endpoint asked to slow down.
    Refused(Option<Duration>),
    /// It never went out.
    Unsent,
}

impl Left {
    /// What it cost; where nobody knows, the most that it can have cost.
    pub(super) fn cost(&self) -> Money {
        match self {
            Self::Used(most) => most.cost,
            Self::Refused(_) | Self::Unsent => Money::ZERO,
        }
    }
}

/// What a request that took `usage`, as far as that is known, and can have come to `most`, leaves of its permit.
pub(super) fn left(
    endpoint: &Endpoint,
    sent: &Result<Answer, Fault>,
    usage: Option<Usage>,
    most: Most,
) -> Left {
    match sent {
        // What a server charges for counts, also where it is more than was reserved.
        Ok(_) => Left::Used(usage.map_or(most, |usage| Most {
            tokens: usage.input + usage.output,
            cost: Money::cost(usage, endpoint.prices),
        })),
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
        }) => Left::Used(Most::NOTHING),
        // Somebody on the way stopped waiting, and the model may have gone on.
        Err(Fault::Status {
            status: 408 | 504 | 524,
            ..
        }) => Left::Used(most),
        Err(Fault::Status { .. } | Fault::Overflow(_)) => Left::Used(Most::NOTHING),
        // Nobody knows what it came to.
        Err(_) => Left::Used(most),
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
            let end = left(&endpoint, &Err(fault), None, SEVEN);
            assert!(
                matches!(end, Left::Used(used) if used.tokens == tokens),
                "{status}"
            );
        }
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
        let of = |fault| left(&endpoint, &Err(fault), None, SEVEN);
        assert!(matches!(of(timeout("connection")), Left::Unsent));
        let slow = of(timeout("first byte"));
        assert!(matches!(slow, Left::Used(used) if used == SEVEN));
        for (status, used) in [(307, Most::NOTHING), (200, SEVEN)] {
            let text = String::new();
            let end = of(Fault::NoReply { status, text });
            assert!(
                matches!(end, Left::Used(found) if found == used),
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
        let output = |endpoint: &Endpoint| most(endpoint, b"", Surcharge::default()).tokens;
        assert_eq!(output(&endpoint), 256);
        let extra = &mut endpoint.sampling.extra;
        let field = Sampling::NEWER_LIMIT.to_owned();
        extra.insert(field, Value::Int(9_000));
        assert_eq!(output(&endpoint), 9_000);
        let cost = most(&endpoint, b"", Surcharge::default()).cost;
        assert_eq!(cost, Money(9_000));
    }
}
