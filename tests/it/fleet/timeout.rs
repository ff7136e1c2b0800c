//! A broker that lets a delivery be held for less time than an episode takes: its consumer timeout.
//!
//! Everything is real but two numbers: the timeout, which is half an hour by default, and how often the
//! broker looks, which is once a minute. What is left of the time is waited for.

use std::time::Duration;

use harness::endpoint::Endpoint;
use harness::fleet::{Member, wait};
use harness::services::rabbit::Node;
use harness::services::redis::Server;
use serde_json::Value as Json;

use super::{Site, models};

/// So few tasks that all of their episodes are under way at once.
const PLAN: &str = "models.toml --tasks 8 --seed 3";
/// How long the broker lets a delivery be held.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How often it looks.
const TICK: Duration = Duration::from_secs(1);
/// How long the model takes for an answer.
const LATENCY: Duration = Duration::from_secs(2);
/// Seconds after which a worker hands back: with an answer on its way, less than a third of the timeout.
const HOLD: u64 = 4;
/// What the broker logs when it takes a channel's deliveries away.
const STRUCK: &str = "timed out waiting for delivery acknowledgement";

/// A run that ended, over a broker of its own and with a slow model.
struct Slow {
    // First, so that they end before what they work with.
    workers: [Member; 2],
    site: Site,
    endpoint: Endpoint,
    node: Node,
}

impl Slow {
    /// Plays with workers of this command line; none where a service is not installed.
    fn play(line: &str) -> Option<Self> {
        let node = Node::start_with(&format!("consumer_timeout = {}\n", TIMEOUT.as_millis()))?;
        // No setting of its configuration; a channel reads it when it is made.
        let tick = TICK.as_millis();
        let tick = format!("application:set_env(rabbit, channel_tick_interval, {tick}).");
        node.control(&["eval", &tick]);
        let mut site = Site::over(node.vhost(), Server::start(&[])?);
        let endpoint = models::endpoint(LATENCY);
        models::plan(&site, &endpoint);
        let workers = [(); 2].map(|()| site.fleet.ready_worker(line));
        let mut run = site.fleet.coordinator(&format!("run {PLAN} --out out"));
        assert_eq!(run.ends(), 0, "{}", run.printed());
        let longest = LATENCY * longest(&endpoint);
        assert!(longest > TIMEOUT + TICK, "no episode took over {longest:?}");
        Some(Self {
            workers,
            site,
            endpoint,
            node,
        })
    }

    /// What the workers counted together under a name, in the series with this label.
    fn counted(&self, name: &str, label: &str) -> u64 {
        let mut sum = 0;
        for worker in &self.workers {
            let page = worker.page("/metrics").expect("it answers");
            let lines = page.body.lines();
            for line in lines.filter(|line| line.starts_with(name) && line.contains(label)) {
                let (_, count) = line.rsplit_once(' ').expect("a value");
                sum += count.parse::<u64>().expect("a count");
            }
        }
        sum
    }

    /// Deliveries that a worker settled when they were no longer its own.
    fn lost(&self) -> u64 {
        self.counted("t2t_ack_lost_total", "")
    }

    fn struck(&self) -> bool {
        self.node.log().contains(STRUCK)
    }

    /// Nothing was asked twice, and an embedded run that does not wait comes to the same bytes.
    #[track_caller]
    fn as_calm(&self) {
        let slow = self.endpoint.stats();
        assert_eq!(slow.requests, slow.distinct, "{slow:?}");
        self.endpoint.set_latency(Duration::ZERO);
        self.site.as_embedded("out", PLAN);
        let calm = self.endpoint.stats();
        assert_eq!(calm.distinct, slow.distinct, "both asked the same");
    }
}

/// Answers in the longest conversation that the endpoint took part in, each of which waited for the one
/// before.
fn longest(endpoint: &Endpoint) -> u32 {
    let log = endpoint.log();
    let answers = log.iter().map(|entry| {
        let body: Json = serde_json::from_str(&entry.body).unwrap();
        let said = body["messages"].as_array().unwrap();
        let before = said.iter().filter(|message| message["role"] == "assistant");
        1 + before.count()
    });
    u32::try_from(answers.max().unwrap()).unwrap()
}

#[test]
fn an_episode_longer_than_the_consumer_timeout_is_handed_back_in_time() {
    let Some(slow) = Slow::play(&format!("--hold {HOLD}")) else {
        return;
    };
    let returned = slow.counted("t2t_jobs_finished_total", r#"outcome="returned""#);
    let reused = slow.counted("t2t_replies_total", r#"result="reused""#);
    assert!(returned > 0 && reused > 0, "{returned} {reused}");
    let redelivered = slow.counted("t2t_redeliveries_total", "");
    assert_eq!((slow.lost(), redelivered), (0, 0));
    assert!(!slow.struck(), "{}", slow.node.log());
    slow.as_calm();
}

#[test]
fn what_the_broker_takes_away_is_not_asked_for_again() {
    // A worker holds for longer than any episode here takes.
    let Some(slow) = Slow::play("") else { return };
    let [one, other] = &slow.workers;
    // What was redelivered waits for the worker that is at it, and may come after the end of the run.
    wait("a copy to be played", &[one, other], || {
        slow.lost() > 0 && slow.counted("t2t_replies_total", r#"result="reused""#) > 0
    });
    assert!(slow.counted("t2t_redeliveries_total", "") > 0);
    assert!(slow.struck(), "{}", slow.node.log());
    slow.as_calm();
}
