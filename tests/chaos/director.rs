//! Carries a schedule out: deals what is due, undoes what has lasted, and mans every post again.

use std::collections::VecDeque;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::crew::{Left, Post, Role, tail};
use super::schedule::{Blow, Broker, Cache, Fault, Harm, Service, WORKERS, Way, Whom};
use super::site::{OUT, Site};
use super::{Breach, Report, copies};
use crate::fleet::wait;

/// Pause between searches for jobs to copy, each of which takes the director's time.
const SEARCH: Duration = Duration::from_secs(1);
/// Coordinators: one, and its standby.
const COORDINATORS: usize = 2;
/// What the one says that coordinates.
const RUNNING: &str = "running";
/// How often everything is looked at.
const GLANCE: Duration = Duration::from_millis(10);
/// When a post is manned again that was left: a supervisor's pause.
const AGAIN: Duration = Duration::from_millis(500);
/// A fleet whose ledger does not grow for so long hangs.
const STALLED: Duration = Duration::from_secs(240);
/// How a run is coordinated: few jobs in flight, so that there is always more to publish, and a patience
/// that outlasts what the poison job needs to be found out.
const TERMS: &str = "--window 128 --patience 45 --inline-delta 0";
/// How a worker works.
const WORKER: &str = "--concurrency 4 --grace 20";

/// What ends something that lasts.
#[derive(Debug)]
enum Undo {
    /// Somebody comes to a post.
    Man(usize),
    /// Whoever has this name and post goes on.
    Continue(usize, String),
    Cache,
    Delay(Service),
    Silence(Service),
    Disk,
}

/// Who lets a schedule come over a fleet.
pub(super) struct Director<'a> {
    site: &'a mut Site,
    /// Coordinators, then workers.
    posts: Vec<Post>,
    coming: VecDeque<Blow>,
    /// Due, but there is nobody to be hit just now.
    due: Vec<Fault>,
    undo: Vec<(Instant, Undo)>,
    /// When jobs to copy were last looked for in vain.
    searched: Option<Instant>,
    cache_serves: bool,
    report: Report,
    /// Bytes of the ledger, and when it last grew.
    grown: (u64, Instant),
}

impl<'a> Director<'a> {
    pub(super) fn new(site: &'a mut Site, blows: Vec<Blow>) -> Self {
        let coordinators = (0..COORDINATORS).map(|_| Post::empty(Role::Coordinator));
        let workers = (0..WORKERS).map(|_| Post::empty(Role::Worker));
        Self {
            report: Report {
                calm: site.calm,
                bounded: site.disk.bounded(),
                ..Report::default()
            },
            site,
            posts: coordinators.chain(workers).collect(),
            coming: blows.into(),
            due: Vec::new(),
            undo: Vec::new(),
            searched: None,
            cache_serves: true,
            grown: (0, Instant::now()),
        }
    }

    /// Directs until the run is done, both coordinators say so, and everything is as it was.
    pub(super) fn direct(mut self) -> Result<Report, Breach> {
        for post in 0..self.posts.len() {
            self.man(post);
        }
        while !self.over() {
            self.site.broker.turn();
            self.undo_what_is_over();
            self.look_after()?;
            if self.posts.iter().all(|post| post.finished.is_none()) {
                self.deal();
            }
            self.stalled()?;
            sleep(GLANCE);
        }
        self.dismiss()?;
        Ok(self.report)
    }

    fn over(&self) -> bool {
        let mut coordinators = self.posts[..COORDINATORS].iter();
        coordinators.all(|post| post.finished.is_some())
            && self.undo.is_empty()
            && self.site.broker.serves()
    }

    fn man(&mut self, post: usize) {
        let (site, post) = (&mut *self.site, &mut self.posts[post]);
        if post.member.is_some() || post.finished.is_some() {
            return;
        }
        post.member = Some(match post.role {
            Role::Coordinator => {
                let line = format!("serve {} {TERMS} --out {OUT}", site.plan);
                site.fleet.coordinator(&line)
            }
            Role::Worker => site.fleet.worker(WORKER),
        });
    }

    fn later(&mut self, millis: u64, undo: Undo) {
        let at = Instant::now() + Duration::from_millis(millis);
        self.undo.push((at, undo));
    }

    fn undo_what_is_over(&mut self) {
        let now = Instant::now();
        let over = |(at, _): &mut (Instant, Undo)| *at <= now;
        let over: Vec<_> = self.undo.extract_if(.., over).collect();
        for (_, undo) in over {
            match undo {
                Undo::Man(post) => self.man(post),
                Undo::Continue(post, name) => self.posts[post].go_on(&name),
                Undo::Cache => {
                    self.site.cache.restart();
                    self.cache_serves = true;
                }
                Undo::Delay(service) => self.site.way(service).delay(Duration::ZERO),
                Undo::Silence(service) => self.site.way(service).silence(false),
                Undo::Disk => self.site.disk.free(),
            }
        }
    }

    /// Sees who has left, and has somebody else come.
    fn look_after(&mut self) -> Result<(), Breach> {
        for post in 0..self.posts.len() {
            let left = self.posts[post].left()?;
            if left == Some(Left::Poisoned) {
                self.report.poisoned += 1;
            }
            if matches!(left, Some(Left::Poisoned | Left::Excused)) {
                self.undo.push((Instant::now() + AGAIN, Undo::Man(post)));
            }
        }
        let codes = self.posts.iter().filter_map(|post| post.finished);
        let codes: Vec<i32> = codes.collect();
        if codes.windows(2).any(|pair| pair[0] != pair[1]) {
            return Err(Breach::Fell(format!("coordinators ended with {codes:?}")));
        }
        Ok(())
    }

    fn stalled(&mut self) -> Result<(), Breach> {
        let bytes = self.site.ledger_bytes();
        if bytes != self.grown.0 {
            self.grown = (bytes, Instant::now());
        }
        if self.grown.1.elapsed() < STALLED {
            return Ok(());
        }
        let states: Vec<_> = self.posts.iter_mut().map(Post::state).collect();
        let members = self.posts.iter().filter_map(|post| post.member.as_ref());
        let said = members.map(|member| {
            let printed = member.printed();
            format!("\n--- {} ---\n{}", member.name(), tail(&printed))
        });
        let said: String = said.collect();
        let (progress, serves) = (self.site.progress(), self.site.broker.serves());
        Err(Breach::Stalled(format!(
            "{progress} ‰, the broker serves: {serves}, the members say {states:?}{said}"
        )))
    }

    /// Deals what is due and finds somebody to hit.
    fn deal(&mut self) {
        if !self.coming.is_empty() {
            let progress = self.site.progress();
            let due = self.coming.partition_point(|blow| blow.at <= progress);
            self.due
                .extend(self.coming.drain(..due).map(|blow| blow.fault));
        }
        for fault in std::mem::take(&mut self.due) {
            if self.hit(fault) {
                *self.report.dealt.entry(fault.kind()).or_default() += 1;
            } else {
                self.due.push(fault);
            }
        }
    }

    /// Deals one fault, if there is what it hits.
    fn hit(&mut self, fault: Fault) -> bool {
        match fault {
            Fault::Member(whom, harm) => match self.find(whom, harm) {
                Some(post) => self.harm(post, harm),
                None => return false,
            },
            Fault::Broker(fault) if self.site.broker.serves() => return self.hit_broker(fault),
            Fault::Cache(fault) if self.cache_serves => self.hit_cache(fault),
            Fault::Broker(_) | Fault::Cache(_) => return false,
            Fault::Way(service, fault) => self.hit_way(service, fault),
            Fault::FullDisk { .. } if !self.site.disk.bounded() => return false,
            Fault::FullDisk { millis } => {
                self.site.disk.fill();
                self.later(millis, Undo::Disk);
            }
        }
        true
    }

    fn harm(&mut self, post: usize, harm: Harm) {
        match harm {
            Harm::Kill { away } => {
                self.posts[post].kill();
                self.later(away, Undo::Man(post));
            }
            Harm::Stop { millis } => {
                let stopped = self.posts[post].stop();
                self.later(millis, Undo::Continue(post, stopped));
            }
        }
    }

    /// Whether it hit anything: where nothing waits no job is copied.
    fn hit_broker(&mut self, fault: Broker) -> bool {
        let span = Duration::from_millis;
        match fault {
            Broker::Kill { away, noted } => self.site.broker.kill(span(away), noted),
            Broker::Stop { away } => self.site.broker.stop(span(away)),
            Broker::Copy { stage, jobs } => {
                let url = self.site.vhost.url();
                if self.searched.is_some_and(|at| at.elapsed() < SEARCH) {
                    return false;
                }
                let made = copies::make(&url, stage, jobs);
                self.report.copies += made;
                self.searched = (made == 0).then(Instant::now);
                return made > 0;
            }
        }
        true
    }

    fn hit_cache(&mut self, fault: Cache) {
        match fault {
            Cache::Kill { away } => {
                self.cache_serves = false;
                self.site.cache.kill();
                self.later(away, Undo::Cache);
            }
            Cache::Flush => self.site.cache.flush(),
        }
    }

    fn hit_way(&mut self, service: Service, fault: Way) {
        let way = self.site.way(service);
        match fault {
            Way::Cut { all } => way.cut(all),
            Way::Delay { by, millis } => {
                way.delay(Duration::from_millis(by));
                self.later(millis, Undo::Delay(service));
            }
            Way::Silence { millis } => {
                way.silence(true);
                self.later(millis, Undo::Silence(service));
            }
        }
    }

    /// The post of somebody who can be harmed so.
    fn find(&mut self, whom: Whom, harm: Harm) -> Option<usize> {
        match whom {
            Whom::Worker(worker) => {
                let post = COORDINATORS + worker;
                let kills = matches!(harm, Harm::Kill { .. });
                let found = &mut self.posts[post];
                let hit = found.at_work().is_some() || kills && found.manned();
                hit.then_some(post)
            }
            Whom::Active => self.coordinator(|state| state == RUNNING),
            // Also one that has just come.
            Whom::Standby => self.coordinator(|state| state != RUNNING),
        }
    }

    /// The post of a coordinator that is at work and says so.
    fn coordinator(&mut self, wanted: fn(&str) -> bool) -> Option<usize> {
        (0..COORDINATORS).find(|&post| {
            let state = self.posts[post].state();
            state.is_some_and(|state| wanted(&state))
        })
    }

    /// Tells the workers to stop, which they do in order.
    fn dismiss(&mut self) -> Result<(), Breach> {
        for post in &mut self.posts[COORDINATORS..] {
            let Some(member) = post.at_work() else {
                continue;
            };
            member.signal("TERM");
            let mut status = None;
            let name = member.name().to_owned();
            wait(&format!("the end of {name}"), &[], || {
                status = member.ended();
                status.is_some()
            });
            if status.is_some_and(|status| !status.success()) {
                post.left()?;
            }
        }
        Ok(())
    }
}
