//! What the measurements share: services, an endpoint, tasks to play, and workers.

use std::fs;
use std::time::{Duration, Instant};

use harness::endpoint::{Brain, Endpoint, Reply, Settings};
use harness::fleet::{Fleet, Member, Programs, wait};
use harness::services::rabbit::{self, Vhost};
use harness::services::redis::Server;
use serde_json::{Value as Json, json};

/// Calls of an episode that come to something.
const CALLS: usize = 17;

/// Services, and a fleet over them.
pub(crate) struct Stage {
    // First, so that it ends before what it works with.
    pub(crate) fleet: Fleet,
    pub(crate) endpoint: Endpoint,
    services: (Vhost, Server),
}

impl Stage {
    /// With so many tasks, all alike in what they ask of an agent, and an endpoint that takes so long and may be
    /// asked within these limits, as a plan has them. None where a service is not installed.
    pub(crate) fn open(
        programs: Programs,
        tasks: usize,
        latency: Duration,
        limits: &str,
    ) -> Option<Self> {
        let settings = Settings {
            brain: Brain::Script(script()),
            latency,
            ..Settings::default()
        };
        let mix = "[mix]\ngeneral = 1\nambiguous = 0\nchanging = 0\ninfeasible = 0\n";
        Self::with(
            programs,
            settings,
            &format!("tasks = {tasks}\n{mix}"),
            limits,
        )
    }

    /// With tasks as a plan has them, and an endpoint of these settings.
    pub(crate) fn with(
        programs: Programs,
        endpoint: Settings,
        tasks: &str,
        limits: &str,
    ) -> Option<Self> {
        let services = (rabbit::shared()?, Server::start(&[])?);
        let fleet = Fleet::new(programs, services.0.url(), services.1.url());
        let endpoint = Endpoint::start(endpoint).expect("an endpoint starts");
        let plan =
            format!("domain = \"retail\"\nseed = 3\nagents = [\"gold\"]\ntrials = 1\n{tasks}");
        write(&fleet, "plan.toml", &plan);
        let models = format!(
            "[models.small]\nurl = \"{}\"\nmodel = \"m\"\n{limits}",
            endpoint.base_url()
        );
        write(&fleet, "models.toml", &models);
        fleet.alone("run plan.toml --out made");
        Some(Self {
            fleet,
            endpoint,
            services,
        })
    }

    /// Starts workers for rollouts, each with so many slots.
    pub(crate) fn workers(&mut self, count: usize, slots: usize) -> Vec<Member> {
        let line = format!("--stages rollout --concurrency {slots}");
        let worker = |_| self.fleet.worker(&line);
        let workers: Vec<Member> = (0..count).map(worker).collect();
        for worker in &workers {
            worker.says("ready");
        }
        workers
    }

    /// Connections that workers have to the broker.
    pub(crate) fn connections(&self) -> usize {
        let (status, body) = self.services.0.manage("GET", "vhosts", "/connections", "");
        assert_eq!(status, 200, "{body}");
        let all: Vec<Json> = serde_json::from_str(&body).expect("connections as JSON");
        let names = all
            .iter()
            .filter_map(|one| one["client_properties"]["connection_name"].as_str());
        let workers = names.filter(|name| !name.starts_with("t2t ")).count();
        assert!(workers > 0, "the workers have none: {body}");
        workers
    }

    /// Starts an evaluation, and waits until the endpoint is asked.
    pub(crate) fn evaluation(&mut self, trials: usize, out: &str) -> (Member, Instant) {
        let before = self.endpoint.stats().requests;
        let line = format!(
            "eval --tasks made --agent model:small --models models.toml --trials {trials} --window 4096 --out {out}"
        );
        let run = self.fleet.coordinator(&line);
        let endpoint = &self.endpoint;
        wait("the endpoint to be asked", &[&run], || {
            endpoint.stats().requests > before
        });
        (run, Instant::now())
    }
}

fn write(fleet: &Fleet, name: &str, text: &str) {
    fs::write(fleet.at(name), text).expect("the fleet's folder can be written");
}

/// An agent whose every episode takes as many calls: sums, and then a tool that there is not, until that is
/// one time too many.
fn script() -> Vec<Reply> {
    let sum = Reply::call([("calculate", json!({"expression": "1 + 1"}))]);
    let mut script = vec![sum; CALLS];
    script.push(Reply::call([("no_such_tool", json!({}))]));
    script
}
