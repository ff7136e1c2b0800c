mod leaving;

use std::collections::VecDeque;
use std::sync::Mutex;

use proto::ids::{BaseId, JobId, RunId};
use proto::job::{Cell, StageInput};
use proto::outcome::{Notice, StageResult};
use proto::queue::{MemoryQueue, MemorySettings, Message};
use proto::record::{Cast, Kind as TaskKind, Scenario, WorldRef, WorldSource};
use proto::seed::Seed;
use proto::topology::{INSTANCE_HEADER, Instance, NOTICE_HEADER};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::*;
use crate::process::metrics::Part;

const ANSWERS: Lane = Lane::Outcomes(Instance([7; 8]));
const LONG: Duration = Duration::from_secs(100_000);

fn job(number: u8) -> Job {
    Job {
        id: JobId(Digest::of(&[number])),
        run: RunId(Digest::of(b"run")),
        world: WorldRef {
            domain: "tickets".to_owned(),
            base: BaseId(Digest::of(b"base")),
            source: WorldSource::AtHand,
        },
        cell: Cell {
            slot: u32::from(number),
            stratum: 0,
            strata: 1,
            scenario: Scenario::General,
            kind: TaskKind::Plain,
            wants: Vec::new(),
        },
        candidate: 0,
        seed: Seed::root(1),
        input: StageInput::Explore,
        cast: Cast::default(),
        apart: Vec::new(),
    }
}

fn failed(job: JobId, error: &str) -> Outcome {
    Outcome::failed(job, Stage::Explore, error)
}

/// Ends each job as the script says, one line a hand-over; when it is over, with an outcome.
#[derive(Default)]
struct Scripted {
    script: Mutex<VecDeque<Done>>,
    seen: Mutex<Vec<Attempt>>,
    /// Waits for a hand-back or for ever, once it has begun.
    stuck: bool,
    begun: Notify,
}

impl Scripted {
    fn new(script: impl IntoIterator<Item = Done>) -> Arc<Self> {
        Arc::new(Self {
            script: Mutex::new(script.into_iter().collect()),
            ..Self::default()
        })
    }
}

#[async_trait]
impl Perform for Scripted {
    async fn perform(&self, job: Job, attempt: &Attempt) -> Done {
        self.seen.lock().expect("calm").push(attempt.clone());
        self.begun.notify_one();
        if self.stuck {
            std::future::pending::<()>().await;
        }
        let next = self.script.lock().expect("calm").pop_front();
        next.unwrap_or_else(|| Done::Outcome(failed(job.id, "the script is over")))
    }
}

struct Shop {
    queue: Arc<MemoryQueue>,
    stop: Stop,
    crew: tokio::task::JoinHandle<Result<(), QueueError>>,
}

impl Shop {
    fn open(performer: Arc<dyn Perform>) -> Self {
        Self::with_room(performer, MemorySettings::default().capacity)
    }

    /// Whose lanes hold so many messages.
    fn with_room(performer: Arc<dyn Perform>, capacity: usize) -> Self {
        let queue = Arc::new(MemoryQueue::new(MemorySettings {
            capacity,
            ..MemorySettings::default()
        }));
        let stop = Stop::default();
        let settings = Settings::all_stages(NonZeroUsize::MIN);
        let crew = tokio::spawn(work(
            Arc::clone(&queue) as Arc<dyn Queue>,
            performer,
            settings,
            Metrics::new(Part::Worker),
            stop.clone(),
        ));
        Self { queue, stop, crew }
    }

    async fn publish(&self, body: Vec<u8>, id: Digest) {
        let message = Message::new(id, body).with(INSTANCE_HEADER, Instance([7; 8]).to_string());
        self.queue
            .publish(Lane::Explore, message)
            .await
            .expect("room");
    }

    async fn ask(&self, number: u8) -> JobId {
        let job = job(number);
        let body = wire::encode(Kind::Job, &job).expect("small");
        self.publish(body, job.id.0).await;
        job.id
    }

    /// The next message to the coordinator.
    async fn answer(&self, answers: &mut dyn Consumer) -> Arc<Message> {
        let delivery = timeout(LONG, answers.next()).await.expect("an answer");
        let delivery = delivery.expect("calm").expect("open");
        let message = Arc::clone(delivery.message());
        delivery.ack().await.expect("ours");
        message
    }

    async fn answers(&self) -> Box<dyn Consumer> {
        let prefetch = NonZeroUsize::new(8).expect("eight");
        self.queue.subscribe(ANSWERS, prefetch).await.expect("open")
    }

    async fn close(self) -> Arc<MemoryQueue> {
        self.stop.drain.cancel();
        self.crew.await.expect("no panic").expect("calm");
        self.queue
    }
}

/// Takes a job that a worker has left; how often it was lost.
async fn comes_back(queue: &MemoryQueue, id: JobId) -> u32 {
    let jobs = queue.subscribe(Lane::Explore, NonZeroUsize::MIN).await;
    let mut jobs = jobs.expect("open");
    let delivery = timeout(LONG, jobs.next()).await.expect("comes back");
    let delivery = delivery.expect("calm").expect("open");
    assert_eq!(delivery.message().id, id.0);
    let redeliveries = delivery.redeliveries();
    delivery.ack().await.expect("ours");
    redeliveries
}

fn error_of(message: &Message) -> String {
    let outcome: Outcome = wire::decode(Kind::Outcome, &message.body).expect("an outcome");
    match outcome.result {
        StageResult::Failed { error, .. } => error,
        other => panic!("not a failure: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_ends_in_one_outcome_under_its_id() {
    let shop = Shop::open(Scripted::new([]));
    let mut answers = shop.answers().await;
    let id = shop.ask(1).await;
    let answer = shop.answer(&mut *answers).await;
    assert_eq!(answer.id, id.0);
    assert_eq!(error_of(&answer), "the script is over");
    let queue = shop.close().await;
    assert_eq!(queue.ready(Lane::Explore).await.expect("calm"), 0);
    assert_eq!(queue.ready(ANSWERS).await.expect("calm"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_a_few_times_and_then_fails() {
    let again = || Done::Again {
        error: "cold".to_owned(),
    };
    let performer = Scripted::new((0..ATTEMPTS).map(|_| again()));
    let shop = Shop::open(Arc::clone(&performer) as Arc<dyn Perform>);
    let mut answers = shop.answers().await;
    shop.ask(1).await;
    let answer = shop.answer(&mut *answers).await;
    assert_eq!(error_of(&answer), "failed 5 times, lastly: cold");
    let numbers: Vec<u32> = performer
        .seen
        .lock()
        .expect("calm")
        .iter()
        .map(|attempt| attempt.number)
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    shop.close().await;
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_service_uses_no_attempt() {
    let later = |_| Done::Later {
        after: Duration::from_secs(30),
        limited: false,
    };
    let performer = Scripted::new((0..20).map(later));
    let shop = Shop::open(Arc::clone(&performer) as Arc<dyn Perform>);
    let mut answers = shop.answers().await;
    shop.ask(1).await;
    let answer = shop.answer(&mut *answers).await;
    assert_eq!(error_of(&answer), "the script is over");
    assert!(
        performer
            .seen
            .lock()
            .expect("calm")
            .iter()
            .all(|attempt| attempt.number == 1)
    );
    shop.close().await;
}

/// Is put off by as many seconds each time, and answered in the end.
struct PutOffBy(Mutex<VecDeque<u64>>, Mutex<Vec<u64>>);

#[async_trait]
impl Perform for PutOffBy {
    async fn perform(&self, job: Job, attempt: &Attempt) -> Done {
        let before = attempt.put_off.so_far();
        self.1.lock().expect("calm").push(before.as_secs());
        let Some(seconds) = self.0.lock().expect("calm").pop_front() else {
            return Done::Outcome(Outcome::failed(job.id, Stage::Explore, "over"));
        };
        let after = Duration::from_secs(seconds);
        attempt.put_off.set(match seconds {
            0 => Duration::ZERO,
            _ => before + after,
        });
        Done::Later {
            after,
            limited: true,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn how_long_servers_put_a_job_off_goes_with_it() {
    let performer = Arc::new(PutOffBy(
        Mutex::new([30, 40, 0, 25].into()),
        Mutex::default(),
    ));
    let shop = Shop::open(Arc::clone(&performer) as Arc<dyn Perform>);
    let mut answers = shop.answers().await;
    shop.ask(1).await;
    let answer = shop.answer(&mut *answers).await;
    assert_eq!(error_of(&answer), "over");
    assert_eq!(*performer.1.lock().expect("calm"), [0, 30, 70, 0, 25]);
    shop.close().await;
}

#[tokio::test(start_paused = true)]
async fn each_death_is_told_and_the_last_one_is_poison() {
    let crash = |_| Done::Crashed {
        how: "signal 6".to_owned(),
    };
    let performer = Scripted::new((0..CRASHES).map(crash));
    let shop = Shop::open(Arc::clone(&performer) as Arc<dyn Perform>);
    let mut answers = shop.answers().await;
    shop.ask(1).await;
    for times in 1..=CRASHES {
        let told = shop.answer(&mut *answers).await;
        assert_eq!(
            told.headers.get(NOTICE_HEADER).map(String::as_str),
            Some("crashed")
        );
        let notice: Notice = wire::decode(Kind::Notice, &told.body).expect("a notice");
        let how = "signal 6".to_owned();
        assert_eq!(notice, Notice::Crashed { times, how });
    }
    let answer = shop.answer(&mut *answers).await;
    assert!(error_of(&answer).starts_with("poison: "));
    let suspect: Vec<bool> = performer
        .seen
        .lock()
        .expect("calm")
        .iter()
        .map(Attempt::suspect)
        .collect();
    assert_eq!(suspect, [false, true, true]);
    shop.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_world_is_told_and_the_job_left_to_the_coordinator() {
    let snapshot = Digest::of(b"world");
    let shop = Shop::open(Scripted::new([Done::Missing { snapshot }]));
    let mut answers = shop.answers().await;
    let id = shop.ask(1).await;
    let told = shop.answer(&mut *answers).await;
    let notice: Notice = wire::decode(Kind::Notice, &told.body).expect("a notice");
    assert_eq!((told.id, notice), (id.0, Notice::Missing { snapshot }));
    let queue = shop.close().await;
    assert_eq!(queue.ready(Lane::Explore).await.expect("calm"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_no_job_fails_its_job_and_is_kept() {
    let shop = Shop::open(Scripted::new([]));
    let mut answers = shop.answers().await;
    let id = Digest::of(b"who knows");
    shop.publish(b"no envelope at all".to_vec(), id).await;
    let answer = shop.answer(&mut *answers).await;
    assert_eq!(answer.id, id);
    assert!(error_of(&answer).contains("can read"));
    let queue = shop.close().await;
    let dead = queue.dead(Lane::Explore, 8, &|_| true).await.expect("calm");
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].message.id, id);
}

#[tokio::test(start_paused = true)]
async fn a_job_of_another_release_is_put_aside_whole_and_fails_nothing() {
    let shop = Shop::open(Scripted::new([]));
    let mut answers = shop.answers().await;
    let mut body = wire::encode(Kind::Job, &job(1)).expect("small");
    let next = (wire::VERSION + 1).to_le_bytes();
    body[4..6].copy_from_slice(&next);
    shop.publish(body.clone(), job(1).id.0).await;
    // The only answer is the one to the job behind it.
    let known = shop.ask(2).await;
    assert_eq!(shop.answer(&mut *answers).await.id, known.0);
    let queue = shop.close().await;
    let dead = queue.dead(Lane::Explore, 8, &|_| true).await.expect("calm");
    let [letter] = &dead[..] else {
        panic!("{dead:?}")
    };
    assert_eq!(*letter.message.body, body);
    assert!(
        letter.reason.contains("wire version 2"),
        "{}",
        letter.reason
    );
    let ready = queue.ready(Lane::Explore).await.expect("calm");
    assert_eq!(ready, 0, "it does not come again");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_can_be_told_of_is_kept() {
    let shop = Shop::open(Scripted::new([]));
    let foreign = Message::new(Digest::of(b"foreign"), b"hello".to_vec());
    shop.queue
        .publish(Lane::Explore, foreign)
        .await
        .expect("room");
    let id = shop.ask(1).await;
    let mut answers = shop.answers().await;
    assert_eq!(shop.answer(&mut *answers).await.id, id.0);
    let queue = shop.close().await;
    assert_eq!(
        queue
            .dead(Lane::Explore, 8, &|_| true)
            .await
            .expect("calm")
            .len(),
        1
    );
}

struct Panics;

#[async_trait]
impl Perform for Panics {
    async fn perform(&self, _: Job, _: &Attempt) -> Done {
        panic!("no such thing");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_the_outcome_of_its_job_only() {
    let shop = Shop::open(Arc::new(Panics));
    let mut answers = shop.answers().await;
    for number in 1..=2 {
        let id = shop.ask(number).await;
        let answer = shop.answer(&mut *answers).await;
        assert_eq!(
            (answer.id, error_of(&answer).as_str()),
            (id.0, "no such thing")
        );
    }
    shop.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_job_goes_to_another_worker() {
    let stuck = Arc::new(Scripted {
        stuck: true,
        ..Scripted::default()
    });
    let shop = Shop::open(Arc::clone(&stuck) as Arc<dyn Perform>);
    let id = shop.ask(1).await;
    stuck.begun.notified().await;
    shop.stop.abandon.cancel();
    let queue = shop.close().await;
    let redeliveries = comes_back(&queue, id).await;
    assert_eq!(redeliveries, 0, "handed back, not lost");
}

#[tokio::test(start_paused = true)]
async fn a_job_without_money_is_told_and_let_go() {
    let (spent, wanted) = (Money(7), Money(2));
    let shop = Shop::open(Scripted::new([Done::Spent { spent, wanted }]));
    let mut answers = shop.answers().await;
    let id = shop.ask(1).await;
    let told = shop.answer(&mut *answers).await;
    let notice: Notice = wire::decode(Kind::Notice, &told.body).expect("a notice");
    assert_eq!((told.id, notice), (id.0, Notice::Spent { spent, wanted }));
    let queue = shop.close().await;
    assert_eq!(queue.ready(Lane::Explore).await.expect("calm"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_job_held_for_long_is_asked_to_hand_back() {
    struct Patient;
    #[async_trait]
    impl Perform for Patient {
        async fn perform(&self, job: Job, attempt: &Attempt) -> Done {
            attempt.hand_back.cancelled().await;
            Done::Outcome(failed(job.id, "was asked"))
        }
    }
    let shop = Shop::open(Arc::new(Patient));
    let mut answers = shop.answers().await;
    shop.ask(1).await;
    assert_eq!(error_of(&*shop.answer(&mut *answers).await), "was asked");
    shop.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_without_a_free_slot_takes_nothing() {
    let stuck = Arc::new(Scripted {
        stuck: true,
        ..Scripted::default()
    });
    let shop = Shop::open(Arc::clone(&stuck) as Arc<dyn Perform>);
    shop.ask(1).await;
    stuck.begun.notified().await;
    let free = shop.ask(2).await;
    let mut jobs = shop
        .queue
        .subscribe(Lane::Explore, NonZeroUsize::MIN)
        .await
        .expect("open");
    let delivery = timeout(LONG, jobs.next()).await.expect("left for others");
    let delivery = delivery.expect("calm").expect("open");
    assert_eq!(delivery.message().id, free.0);
    delivery.ack().await.expect("ours");
    shop.stop.abandon.cancel();
    shop.close().await;
}

/// Holds its deliveries since they were made, as a consumer with a prefetch does.
struct Tray(VecDeque<Delivery>);

#[async_trait]
impl Consumer for Tray {
    async fn next(&mut self) -> Result<Option<Delivery>, QueueError> {
        match self.0.pop_front() {
            Some(delivery) => Ok(Some(delivery)),
            None => std::future::pending().await,
        }
    }

    fn ahead(&self) -> Option<Duration> {
        self.0.front().map(Delivery::held)
    }
}

struct Nobody;

#[async_trait]
impl proto::queue::Settle for Nobody {
    async fn settle(
        &mut self,
        _: &Arc<Message>,
        _: proto::queue::Settlement,
    ) -> Result<(), QueueError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_preferred_lane_goes_first_until_another_has_waited_for_long() {
    let handed = |lane| {
        Delivery::new(
            Arc::new(Message::new(job(1).id.0, [])),
            lane,
            0,
            Box::new(Nobody),
        )
    };
    let tray = |lane, count| Box::new(Tray((0..count).map(|_| handed(lane)).collect()));
    let patience = Duration::from_secs(300);
    let mut lanes = Lanes {
        consumers: vec![
            tray(Lane::Rollout, 0),
            tray(Lane::Verify, 1),
            tray(Lane::Explore, 1),
        ],
        patience,
    };
    tokio::time::advance(patience).await;
    lanes.consumers[0] = tray(Lane::Rollout, 3);
    let mut came = Vec::new();
    for passes in [
        Duration::ZERO,
        Duration::from_secs(1),
        Duration::ZERO,
        Duration::ZERO,
    ] {
        tokio::time::advance(passes).await;
        let delivery = lanes.next().await.expect("calm").expect("open");
        came.push(delivery.lane());
    }
    let late = [Lane::Verify, Lane::Explore];
    assert_eq!(
        came,
        [&[Lane::Rollout][..], &late, &[Lane::Rollout]].concat()
    );
}
