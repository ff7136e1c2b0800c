//! The way to models: every call of a worker goes through here, whatever it is for.
//!
//! A request that fails in a way that may pass is tried again after a pause with jitter, on top of what the server
//! asks for. An endpoint that fails for everybody is left alone by its circuit breaker: the jobs
//! that need it go back to the queue and use no attempts, the others go on.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use proto::digest::Digest;
use proto::operation::Sent;
use proto::record::{Endpoint, Prices, Protocol, Rates, Usage};
use proto::store::meter::{Call, Entry, Meter, Pass};
use proto::store::{Leases, ReplyStore, Shared};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::breaker::{Breaker, Breakers, Ticket};
use super::journal::{Moment, millis};
use super::replay::{Nowhere, Replay};
use super::session::{Place, Stop};
use super::settlement::{Left, Most, left, most};
use super::standstill::Standstills;
use super::{Answer, Client, Fault, reply_to};
use crate::process::metrics::Metrics;
use crate::process::metrics::family::Label as _;
use crate::process::metrics::label::{Code, Reply as Became};
use crate::process::telemetry::spans;

/// Times that one request is sent, before its job waits in the queue.
const TRIES: u32 = 4;
/// Pause before the second try, without its jitter; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(500);
/// A longer pause is spent in the queue.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// How often it is looked whether calls under way left something of a budget.
const GLANCE: Duration = Duration::from_secs(1);

/// Sends requests, however an endpoint is reached.
#[async_trait]
pub trait Wire: Send + Sync + std::fmt::Debug {
    /// Sends a request once.
    async fn send(&self, endpoint: &Endpoint, body: &Bytes) -> Result<Answer, Fault>;
}

#[async_trait]
impl Wire for Client {
    async fn send(&self, endpoint: &Endpoint, body: &Bytes) -> Result<Answer, Fault> {
        self.ask(endpoint, body).await
    }
}

/// A try without an answer.
struct Failed {
    fault: Fault,
    took: Duration,
}

/// Models, as the jobs of a worker share them.
#[derive(Debug)]
pub struct Models {
    wire: Arc<dyn Wire>,
    replies: Arc<dyn ReplyStore>,
    leases: Arc<dyn Leases>,
    meter: Meter,
    breakers: Breakers,
    standstills: Standstills,
    holder: String,
    metrics: Metrics,
    replay: Option<Arc<Replay>>,
}

impl Models {
    /// Over this wire and these stores, for the worker of this name.
    pub fn new(wire: Arc<dyn Wire>, shared: &Shared, name: &str, metrics: Metrics) -> Self {
        // Drawn, since a process that comes after another of its name must not be taken for it.
        let drawn = RandomState::new().build_hasher().finish();
        let holder = format!("{name}-{drawn:016x}");
        Self {
            wire,
            replies: Arc::clone(&shared.replies),
            leases: Arc::clone(&shared.leases),
            meter: Meter::new(shared, holder.as_str()),
            breakers: Breakers::default(),
            standstills: Standstills::default(),
            holder,
            metrics,
            replay: None,
        }
    }

    /// Models that answer from what `shared` keeps, and that nobody can ask.
    pub fn replaying(shared: &Shared, replay: Arc<Replay>, name: &str, metrics: Metrics) -> Self {
        Self {
            replay: Some(replay),
            ..Self::new(Arc::new(Nowhere), shared, name, metrics)
        }
    }

    /// The replay under way, if this is one.
    pub(crate) fn replay(&self) -> Option<&Replay> {
        self.replay.as_deref()
    }

    /// What was answered before.
    pub fn replies(&self) -> &dyn ReplyStore {
        &*self.replies
    }

    /// Who is at which job.
    pub fn leases(&self) -> &dyn Leases {
        &*self.leases
    }

    /// This worker's name.
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// Counts a reply that was kept and is used again.
    pub(super) fn reused(&self) {
        self.metrics.work.replies.of((Became::Reused,)).inc();
    }

    /// The answer to a request that is not kept.
    pub(super) async fn call(
        &self,
        endpoint: &Endpoint,
        body: &Bytes,
        place: &Place,
        moment: Moment,
    ) -> Result<Answer, Stop> {
        let (mut tries, mut failed, mut lost) = (1, None, Duration::ZERO);
        loop {
            if place.hand_back.is_cancelled() {
                return Err(handed_back(endpoint, failed, lost, place));
            }
            let Failed { fault, took } =
                match self.send(endpoint, body, place, (moment, tries)).await? {
                    Ok(answer) => {
                        place.put_off.answered();
                        return Ok(answer);
                    }
                    Err(failed) => failed,
                };
            lost += took;
            let asked = fault.retry_after();
            // More than the server asks for: it says the same to all who come at once.
            let pause = asked.unwrap_or_default() + backoff(tries, Digest::of(body).head());
            let down = admitted(&self.breakers.of(endpoint), endpoint).err();
            let long = asked.filter(|after| *after > LONGEST_PAUSE);
            if let Some(asked) = long
                && down.is_none()
                && fault.passing()
            {
                // It says itself when to come again. If it says so to everybody, its breaker opens.
                return Err(put_off(endpoint, fault, asked, pause, place));
            }
            let given_up = matches!(down, Some(Stop::Down { given_up: true, .. }));
            if given_up || !fault.passing() || tries == TRIES || long.is_some() {
                // Of an endpoint that is down for everybody no job is to blame.
                if let Some(down) = down {
                    return Err(down);
                }
                return Err(Stop::Fault {
                    endpoint: endpoint.name.clone(),
                    fault,
                });
            }
            tracing::debug!(endpoint = endpoint.name, %fault, tries, "a request is sent again");
            tokio::select! {
                () = place.hand_back.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
            failed = Some(fault);
            tries += 1;
        }
    }

    /// Sends a request once, as soon as it may go out.
    async fn send(
        &self,
        endpoint: &Endpoint,
        body: &Bytes,
        place: &Place,
        (moment, attempt): (Moment, u32),
    ) -> Result<Result<Answer, Failed>, Stop> {
        let breaker = self.breakers.of(endpoint);
        let most = most(endpoint, body);
        // Who would be turned away at the door need not stand in line before it.
        leave(&breaker, endpoint).map(drop)?;
        let asked = Instant::now();
        let pass = self.enter(endpoint, most, place).await?;
        let reserved = pass.as_ref().and_then(Pass::reserved);
        let most = Most {
            cost: reserved.unwrap_or(most.cost),
            ..most
        };
        let ticket = match leave(&breaker, endpoint) {
            Ok(ticket) => ticket,
            Err(down) => {
                self.left(pass, Left::Unsent).await;
                return Err(down);
            }
        };
        let sent = Instant::now();
        let (came, usage) = self.once(endpoint, body).await;
        let took = sent.elapsed();
        if ticket.settle(now(), came.as_ref().err()) {
            let fault = came.as_ref().err().map(ToString::to_string);
            let endpoint = endpoint.name.as_str();
            tracing::warn!(
                endpoint,
                fault,
                "it fails for everybody; its jobs wait, and it is asked now and then"
            );
        }
        let end = left(endpoint, body, &came, usage, most);
        let noted = Sent {
            role: moment.role,
            model: endpoint.name.clone(),
            turn: moment.turn,
            regeneration: moment.regeneration,
            attempt,
            after: place.journal.after(sent),
            waited: millis(sent - asked),
            millis: millis(took),
            came: code(&came).text().to_owned(),
            usage: usage.unwrap_or_default(),
            cost: end.cost(),
        };
        self.metrics.work.asked(&noted);
        place.journal.note([noted]);
        self.left(pass, end).await;
        Ok(came.map_err(|fault| Failed { fault, took }))
    }

    /// Waits in line where the plan limits how fast the model may be asked, or what may be spent.
    async fn enter(
        &self,
        endpoint: &Endpoint,
        most: Most,
        place: &Place,
    ) -> Result<Option<Pass>, Stop> {
        let budget = place
            .budget
            .filter(|_| endpoint.prices != Prices::default());
        if endpoint.rates == Rates::default() && budget.is_none() {
            return Ok(None);
        }
        let call = Call {
            model: place_in_line(endpoint),
            rates: endpoint.rates,
            tokens: most.tokens,
            ttl: Duration::from_millis(endpoint.patience.total) + LONGEST_PAUSE,
            run: place.run.clone(),
            cost: most.cost,
            budget,
        };
        let busy = |after| Stop::Busy {
            endpoint: endpoint.name.clone(),
            after,
        };
        loop {
            match self.meter.enter(&call, LONGEST_PAUSE).await? {
                Entry::Granted(pass) => {
                    self.standstills.moved(&call.run);
                    return Ok(Some(pass));
                }
                Entry::Wait(after) => {
                    // No rate makes anybody wait for so long: the server has refused somebody.
                    if after > LONGEST_PAUSE {
                        given_up(&self.breakers.of(endpoint), endpoint)?;
                    }
                    return Err(busy(after));
                }
                Entry::Behind(after) => {
                    // Where nothing answers, no call shows anything, and they would ask one after the other.
                    given_up(&self.breakers.of(endpoint), endpoint)?;
                    return Err(busy(after));
                }
                // The coordinator sees it within a moment and says what was spent.
                Entry::Unknown => return Err(busy(LONGEST_PAUSE / 10)),
                Entry::Spent { balance, wanted } => {
                    let limit = budget.unwrap_or_default();
                    // What is reserved for longer than a call takes was reserved by workers that are gone.
                    let stood = self.standstills.stood(&call.run, balance);
                    if balance.spent_for(wanted, limit) || stood > call.ttl {
                        return Err(Stop::Spent {
                            spent: balance.spent,
                            wanted,
                        });
                    }
                }
            }
            tokio::select! {
                () = place.hand_back.cancelled() => return Err(Stop::HandBack),
                () = tokio::time::sleep(GLANCE) => {}
            }
        }
    }

    async fn left(&self, pass: Option<Pass>, end: Left) {
        let Some(pass) = pass else { return };
        let told = match end {
            Left::Used { tokens, cost } => self.meter.settle(&pass, tokens, cost).await,
            Left::Refused(retry_after) => self.meter.refused(&pass, retry_after).await,
            Left::Unsent => self.meter.release(&pass).await,
        };
        if let Err(error) = told {
            // A permit ends by itself, too; what was reserved stays, since it may have been paid.
            tracing::debug!(%error, "how a call ended is not told");
        }
    }

    /// Sends a request; gives what came of it, and the tokens that the answer says it took, if it does.
    async fn once(
        &self,
        endpoint: &Endpoint,
        body: &Bytes,
    ) -> (Result<Answer, Fault>, Option<Usage>) {
        let span = spans::chat(endpoint.protocol.label(), &endpoint.model);
        let sent = self
            .wire
            .send(endpoint, body)
            .instrument(span.clone())
            .await;
        let mut usage = None;
        match &sent {
            Ok(answer) => {
                match reply_to(endpoint, body, answer) {
                    // A filter may have read all of what the model wrote, and a server not understood it: without a
                    // word of tokens, nobody knows.
                    Ok(reply) => {
                        let told = reply.usage;
                        usage = (told != Usage::default()).then_some(told);
                        spans::used(&span, &reply.model, told.input, told.output);
                    }
                    // What does not fit into its context a model never began with.
                    Err(Fault::Overflow(_)) if answer.status >= 400 => {
                        usage = Some(Usage::default());
                    }
                    Err(_) => {}
                }
            }
            Err(_) => spans::failed(&span, code(&sent).text()),
        }
        (sent, usage)
    }
}

/// A server asks for a wait: the job comes again after a pause, unless all that it asked for would be longer than the
/// plan has patience.
fn put_off(
    endpoint: &Endpoint,
    fault: Fault,
    asked: Duration,
    pause: Duration,
    place: &Place,
) -> Stop {
    let (name, waited) = (endpoint.name.clone(), place.put_off.so_far() + asked);
    if waited > Duration::from_millis(endpoint.patience.down) {
        return Stop::PutOff {
            endpoint: name,
            waited,
            fault,
        };
    }
    place.put_off.add(asked);
    Stop::Busy {
        endpoint: name,
        after: pause,
    }
}

/// The worker is to let go of the job. What tries that failed took is lost, and counts as a wait that the server
/// asked for: where each takes longer than a job is held, the job would come again and again, in its first attempt.
fn handed_back(endpoint: &Endpoint, failed: Option<Fault>, lost: Duration, place: &Place) -> Stop {
    let Some(fault) = failed else {
        return Stop::HandBack;
    };
    match put_off(endpoint, fault, lost, Duration::ZERO, place) {
        Stop::Busy { .. } => Stop::HandBack,
        given_up => given_up,
    }
}

/// Leave for one request, unless the endpoint is left alone and may yet come back. What is down for longer
/// than the plan has patience is asked once for each job before that is given up: it may be up again.
fn leave<'b>(breaker: &'b Breaker, endpoint: &Endpoint) -> Result<Ticket<'b>, Stop> {
    match admitted(breaker, endpoint) {
        Err(Stop::Down { given_up: true, .. }) => Ok(breaker.insist()),
        leave => leave,
    }
}

/// Ends who waits for an endpoint that is down for longer than the plan has patience.
fn given_up(breaker: &Breaker, endpoint: &Endpoint) -> Result<(), Stop> {
    match admitted(breaker, endpoint) {
        Err(down @ Stop::Down { given_up: true, .. }) => Err(down),
        _ => Ok(()),
    }
}

/// Leave for one request, unless the endpoint is left alone.
fn admitted<'b>(breaker: &'b Breaker, endpoint: &Endpoint) -> Result<Ticket<'b>, Stop> {
    breaker.admit(now()).map_err(|after| {
        let down = breaker.down(now()).unwrap_or_default();
        Stop::Down {
            endpoint: endpoint.name.clone(),
            down,
            after,
            given_up: down >= Duration::from_millis(endpoint.patience.down),
        }
    })
}

/// What an endpoint's limits are kept under: who asks the same model in the same place stands in one line.
fn place_in_line(endpoint: &Endpoint) -> String {
    match endpoint.protocol {
        Protocol::Program => format!("{} {}", endpoint.command.join(" "), endpoint.model),
        _ => format!("{} {}", endpoint.url, endpoint.model),
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// The pause before the next try: half of it fixed, half by the request, so that those who failed
/// together do not come again together.
fn backoff(tries: u32, request: u64) -> Duration {
    let half = PAUSE * 2_u32.saturating_pow(tries - 1) / 2;
    half + half * (request % 256) as u32 / 255
}

/// How a request ended, for the metrics.
fn code(sent: &Result<Answer, Fault>) -> Code {
    match sent {
        Ok(_) => Code::Ok,
        Err(Fault::Status { status: 429, .. }) => Code::RateLimited,
        Err(Fault::Status { status: 500.., .. }) => Code::ServerError,
        Err(Fault::Status { .. } | Fault::Overflow(_) | Fault::Unready(_)) => Code::Refused,
        Err(Fault::Timeout { .. }) => Code::Timeout,
        Err(Fault::Connect(_) | Fault::Cut(_)) => Code::Connection,
        Err(Fault::NoReply { .. } | Fault::TooLarge(_)) => Code::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use proto::record::Money;
    use proto::store::budgets::MOST;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::chat::given_up::LastAsked;
    use crate::chat::journal::Journal;
    use crate::chat::put_off::PutOff;
    use crate::process::metrics::Part;

    /// Cuts every connection until it is mended.
    #[derive(Debug, Default)]
    struct Frail {
        mended: AtomicBool,
        asked: AtomicUsize,
    }

    #[async_trait]
    impl Wire for Frail {
        async fn send(&self, _: &Endpoint, _: &Bytes) -> Result<Answer, Fault> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if !self.mended.load(Ordering::Relaxed) {
                return Err(Fault::Cut("reset".to_owned()));
            }
            Ok(Answer {
                status: 200,
                body: b"{}".as_slice().into(),
            })
        }
    }

    fn place() -> Place {
        Place {
            journal: Journal::default(),
            put_off: PutOff::default(),
            last_asked: LastAsked::default(),
            run: "run".to_owned(),
            budget: None,
            hand_back: CancellationToken::new(),
        }
    }

    fn moment() -> Moment {
        Moment {
            role: proto::record::Role::Agent,
            turn: 0,
            regeneration: 0,
        }
    }

    /// Always answers with this status, and says when to come again.
    #[derive(Debug)]
    struct Waits(u16);

    #[async_trait]
    impl Wire for Waits {
        async fn send(&self, _: &Endpoint, _: &Bytes) -> Result<Answer, Fault> {
            Err(Fault::Status {
                status: self.0,
                retry_after: Some(Duration::from_secs(90)),
                text: String::new(),
            })
        }
    }

    /// Answers all but whoever asks this, who is to come again later, until it is mended.
    #[derive(Debug)]
    struct PutsOff(&'static [u8], AtomicBool);

    #[async_trait]
    impl Wire for PutsOff {
        async fn send(&self, endpoint: &Endpoint, body: &Bytes) -> Result<Answer, Fault> {
            if *body == self.0 && !self.1.load(Ordering::Relaxed) {
                return Waits(503).send(endpoint, body).await;
            }
            Says(200, "{}").send(endpoint, body).await
        }
    }

    /// Whose answer is this.
    #[derive(Debug)]
    struct Says(u16, &'static str);

    #[async_trait]
    impl Wire for Says {
        async fn send(&self, _: &Endpoint, _: &Bytes) -> Result<Answer, Fault> {
            let body = self.1.as_bytes().into();
            Ok(Answer {
                status: self.0,
                body,
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_call_came_to_is_settled_whatever_its_server_says_of_it() {
        let reply = |usage: &str| {
            let body =
                format!(r#"{{"choices":[{{"message":{{"content":"Hi."}}}}],"usage":{usage}}}"#);
            &*body.leak()
        };
        let mut endpoint = super::super::tests::endpoint(proto::record::Protocol::OpenAi);
        endpoint.prices.input = 1_000_000;
        let body = Bytes::from_static(&[b' '; 50]);
        let most = most(&endpoint, &body).cost;
        for (status, said, spent) in [
            (200, reply(r#"{"prompt_tokens":10}"#), Money(10_000_000)),
            (200, reply("{}"), most),
            (
                200,
                reply(
                    r#"{"prompt_tokens":18446744073709551615,"completion_tokens":18446744073709551615}"#,
                ),
                most,
            ),
            // The model never began.
            (
                400,
                r#"{"error":{"code":"context_length_exceeded"}}"#,
                Money::ZERO,
            ),
            // It may have, and some of these are charged for.
            (400, r#"{"error":{"code":"content_filter"}}"#, most),
            (400, r#"{"error":{"code":"tool_use_failed"}}"#, most),
            (
                500,
                r#"{"error":{"message":"The model produced output that does not match"}}"#,
                most,
            ),
        ] {
            let shared = Shared::in_memory(1 << 20);
            let mut place = place();
            place.budget = Some(MOST);
            shared
                .budgets
                .restart(&place.run, Money::ZERO)
                .await
                .unwrap();
            let metrics = Metrics::new(Part::Worker);
            let models = Models::new(Arc::new(Says(status, said)), &shared, "one", metrics);
            models
                .call(&endpoint, &body, &place, moment())
                .await
                .unwrap();
            let balance = shared.budgets.balance(&place.run).await.unwrap().unwrap();
            assert_eq!(
                (balance.spent, balance.reserved),
                (spent, Money::ZERO),
                "{said}"
            );
        }
    }

    /// Thinks for so long, and for far more than the limit of a reply.
    #[derive(Debug)]
    struct Thoughtful(Duration);

    #[async_trait]
    impl Wire for Thoughtful {
        async fn send(&self, endpoint: &Endpoint, body: &Bytes) -> Result<Answer, Fault> {
            tokio::time::sleep(self.0).await;
            let said = r#"{"choices":[{"message":{"content":"Hi."}}],
                "usage":{"prompt_tokens":9,"completion_tokens":1000}}"#;
            Says(200, said).send(endpoint, body).await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_budget_holds_though_a_server_charges_beyond_the_limit_of_a_reply() {
        let mut endpoint = super::super::tests::endpoint(proto::record::Protocol::OpenAi);
        endpoint.prices.output = 1;
        assert_eq!(endpoint.sampling.most_output(), 256);
        let shared = Shared::in_memory(1 << 20);
        let mut place = place();
        // Of a fourth call it has enough for the limit, and not for the thoughts.
        place.budget = Some(Money(3_900));
        let begun = shared.budgets.restart(&place.run, Money::ZERO).await;
        begun.unwrap();
        let worker = |name| {
            let wire = Arc::new(Thoughtful(Duration::from_secs(3)));
            Models::new(wire, &shared, name, Metrics::new(Part::Worker))
        };
        let workers = [worker("one"), worker("two")];
        let call = async |models: &Models| {
            let body = Bytes::from_static(b"{}");
            models.call(&endpoint, &body, &place, moment()).await
        };
        let calls = (0..40).map(|number| call(&workers[number % 2]));
        let ends = futures_util::future::join_all(calls).await;
        let answered = ends.iter().filter(|end| end.is_ok()).count();
        assert_eq!(answered, 3);
        for ended in ends.into_iter().filter_map(Result::err) {
            let Stop::Spent { spent, wanted } = ended else {
                panic!("{ended:?}");
            };
            assert_eq!((spent, wanted), (Money(3_000), Money(1_000)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_wait_that_a_server_asks_for_is_spent_in_the_queue_and_has_an_end() {
        let shared = Shared::in_memory(1 << 20);
        let mut endpoint = super::super::tests::endpoint(proto::record::Protocol::OpenAi);
        endpoint.patience.down = 120_000;
        let asked = async |models: &Models| {
            let body = Bytes::from_static(b"{}");
            // Each time another job.
            models
                .call(&endpoint, &body, &place(), moment())
                .await
                .unwrap_err()
        };
        let models = |status| {
            let metrics = Metrics::new(Part::Worker);
            Models::new(Arc::new(Waits(status)), &shared, "one", metrics)
        };
        let busy = models(429);
        let mut waits = 0;
        loop {
            match asked(&busy).await {
                Stop::Busy { after, .. } => {
                    let asked = Duration::from_secs(90);
                    assert!(after > asked && after < asked + PAUSE, "{after:?}");
                    waits += 1;
                    tokio::time::sleep(after).await;
                }
                Stop::Down {
                    given_up, after, ..
                } => {
                    if given_up {
                        break;
                    }
                    tokio::time::sleep(after).await;
                }
                other => panic!("{other:?}"),
            }
        }
        assert!((1..10).contains(&waits), "{waits} waits");
        // Nothing changes by waiting.
        let refused = asked(&models(400)).await;
        assert!(matches!(refused, Stop::Fault { .. }), "{refused:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_put_off_for_ever_by_a_server_that_answers_others_gives_it_up() {
        let shared = Shared::in_memory(1 << 20);
        let wire = Arc::new(PutsOff(b"unlucky", AtomicBool::new(false)));
        let models = Models::new(wire.clone(), &shared, "one", Metrics::new(Part::Worker));
        let mut endpoint = super::super::tests::endpoint(proto::record::Protocol::OpenAi);
        endpoint.patience.down = 300_000;
        let put_off = PutOff::default();
        let call = async |body: &'static [u8], put_off: &PutOff| {
            let place = Place {
                put_off: put_off.clone(),
                ..place()
            };
            let body = Bytes::from_static(body);
            models.call(&endpoint, &body, &place, moment()).await
        };
        let waits = async |put_off: &PutOff| {
            let mut waits = 0;
            loop {
                // Whoever else asks is answered, so no breaker opens.
                call(b"lucky", &PutOff::default()).await.unwrap();
                match call(b"unlucky", put_off).await {
                    Err(Stop::Busy { after, .. }) => tokio::time::sleep(after).await,
                    ended => return (waits, ended),
                }
                waits += 1;
            }
        };
        // 90 s each: a fourth wait would be more than the plan has patience.
        let (waited, ended) = waits(&put_off).await;
        assert!(matches!(ended, Err(Stop::PutOff { .. })), "{ended:?}");
        assert_eq!(waited, 3);
        assert_eq!(put_off.so_far(), Duration::from_secs(270));
        // Of another delivery, which knows of a shorter wait, and is answered.
        let put_off = PutOff::after(Duration::from_secs(200));
        assert!(matches!(
            call(b"unlucky", &put_off).await,
            Err(Stop::Busy { .. })
        ));
        wire.1.store(true, Ordering::Relaxed);
        call(b"unlucky", &put_off).await.unwrap();
        assert_eq!(put_off.so_far(), Duration::ZERO);
    }

    /// Says nothing for so long, but to the lucky.
    #[derive(Debug)]
    struct Silent(Duration);

    #[async_trait]
    impl Wire for Silent {
        async fn send(&self, endpoint: &Endpoint, body: &Bytes) -> Result<Answer, Fault> {
            if *body == b"lucky"[..] {
                return Says(200, "{}").send(endpoint, body).await;
            }
            tokio::time::sleep(self.0).await;
            let (what, waited) = ("first byte", self.0);
            Err(Fault::Timeout { what, waited })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_that_outlasts_what_a_worker_holds_a_job_for_is_given_up_in_the_end() {
        const HOLD: Duration = Duration::from_secs(900);
        let shared = Shared::in_memory(1 << 20);
        let wire = Arc::new(Silent(Duration::from_secs(500)));
        let models = Models::new(wire, &shared, "one", Metrics::new(Part::Worker));
        let mut endpoint = super::super::tests::endpoint(proto::record::Protocol::OpenAi);
        endpoint.patience.down = 2_100_000;
        let put_off = PutOff::default();
        let delivered = async || {
            // So no breaker opens.
            let lucky = Bytes::from_static(b"lucky");
            let answered = models.call(&endpoint, &lucky, &place(), moment()).await;
            answered.unwrap();
            let place = Place {
                put_off: put_off.clone(),
                ..place()
            };
            let body = Bytes::from_static(b"{}");
            let asking = models.call(&endpoint, &body, &place, moment());
            let held = async {
                tokio::time::sleep(HOLD).await;
                place.hand_back.cancel();
                std::future::pending::<()>().await;
            };
            tokio::select! {
                ended = asking => ended.unwrap_err(),
                () = held => unreachable!(),
            }
        };
        // Each delivery has time for two tries.
        for lost in [1_000, 2_000] {
            let ended = delivered().await;
            assert!(matches!(ended, Stop::HandBack), "{ended:?}");
            assert_eq!(put_off.so_far().as_secs(), lost);
        }
        let ended = delivered().await;
        assert!(matches!(ended, Stop::PutOff { .. }), "{ended:?}");
        // Who is told to let go before anything was tried has lost nothing.
        put_off.set(Duration::ZERO);
        let place = place();
        place.hand_back.cancel();
        let body = Bytes::from_static(b"{}");
        let ended = models.call(&endpoint, &body, &place, moment()).await;
        assert!(matches!(ended, Err(Stop::HandBack)), "{ended:?}");
        assert_eq!(place.put_off.so_far(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_refuses_everybody_is_given_up_by_all_who_stand_in_line() {
        let shared = Shared::in_memory(1 << 20);
        let metrics = Metrics::new(Part::Worker);
        let models = Models::new(Arc::new(Waits(429)), &shared, "one", metrics);
        let mut endpoint = super::super::tests::endpoint(proto::record::Protocol::OpenAi);
        endpoint.patience.down = 300_000;
        endpoint.rates.requests_per_minute = 600;
        let job = async || {
            let place = place();
            let body = Bytes::from_static(b"{}");
            loop {
                match models.call(&endpoint, &body, &place, moment()).await {
                    Err(Stop::Busy { after, .. }) => tokio::time::sleep(after).await,
                    Err(Stop::Down {
                        given_up: false,
                        after,
                        ..
                    }) => tokio::time::sleep(after).await,
                    ended => return ended.unwrap_err(),
                }
            }
        };
        let began = Instant::now();
        let ends = futures_util::future::join_all((0..40).map(|_| job())).await;
        let ended = |stop: &Stop| matches!(stop, Stop::Down { .. } | Stop::PutOff { .. });
        assert!(ends.iter().all(ended), "{ends:?}");
        // One at a time, each put off for 90 s four times, they would take hours.
        assert!(
            began.elapsed() < Duration::from_secs(1_200),
            "{:?}",
            began.elapsed()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_down_for_long_is_asked_once_before_a_job_gives_it_up() {
        let wire = Arc::new(Frail::default());
        let shared = Shared::in_memory(1 << 20);
        let models = Models::new(wire.clone(), &shared, "one", Metrics::new(Part::Worker));
        let mut endpoint = super::super::tests::endpoint(proto::record::Protocol::OpenAi);
        endpoint.patience.down = 60_000;
        let (place, moment) = (place(), moment());
        let call = async || {
            models
                .call(&endpoint, &Bytes::from_static(b"{}"), &place, moment)
                .await
        };
        let given_up = |stop: &Stop| matches!(stop, Stop::Down { given_up: true, .. });
        let began = Instant::now();
        while !given_up(&call().await.unwrap_err()) {
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(began.elapsed() < Duration::from_secs(600), "never given up");
        }
        for _ in 0..3 {
            let asked = wire.asked.load(Ordering::Relaxed);
            assert!(given_up(&call().await.unwrap_err()));
            assert_eq!(wire.asked.load(Ordering::Relaxed), asked + 1);
        }
        wire.mended.store(true, Ordering::Relaxed);
        for _ in 0..2 {
            assert_eq!(call().await.unwrap().status, 200);
        }
    }
}
