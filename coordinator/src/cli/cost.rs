//! `t2t plan cost`: what the models of a plan will be asked and what that costs, from a few of its slots.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use clap::Args;
use proto::record::Prices;
use worker::chat::reply_to;

use super::plan::Given;
use super::progress::{Bar, RunBar, note, print, say};
use super::replies::{RepliesArguments, kept_at, read_only};
use super::work::{Came, FleetArguments, Place, Worked};
use super::{End, run, work};
use crate::archive::Archive;
use crate::cost::{Bill, Estimate, Figure, Figures, drawn, estimate};
use crate::home::Home;
use crate::plan::{Plan, cells};
use crate::replayed::{Heard, Replayed};
use crate::seal;

/// Arguments of `t2t plan cost`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  t2t plan cost plan.toml                          8 of its slots, and what all of them will come to
  t2t plan cost plan.toml --pilot 32 --out out/it  a narrower interval; `t2t run plan.toml --out out/it`
                                                   goes on from there, and pays for nothing twice
  t2t plan cost plan.toml --replay out/it          the same again from the recording, for nothing

The pilot's slots are drawn from all over the plan. All of a slot counts: rejected candidates, every agent
and trial, replies that could not be used. Requests that got no answer are not counted.")]
pub(super) struct Arguments {
    #[command(flatten)]
    given: Given,
    /// Slots that are done for the estimate
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(4..))]
    pilot: u32,
    /// Folder of the pilot, which the run may then go on in; a temporary one if not given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    replies: RepliesArguments,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn cost(arguments: &Arguments) -> anyhow::Result<End> {
    let plan = arguments.given.plan()?;
    let temporary = tempfile::tempdir().context("failed to make a temporary folder")?;
    let out = arguments.out.clone();
    let home = Home(out.unwrap_or_else(|| temporary.path().to_owned()));
    let pilot = Pilot {
        slots: drawn(&own(&plan), arguments.pilot, plan.seed),
        home: &home,
        replies: &arguments.replies,
    };
    let bills = match pilot.carry_out(plan.clone())? {
        Flown::Billed(bills) => bills,
        Flown::Ended(why, end) => {
            say(&match arguments.out {
                Some(_) => format!("{why}; the same command goes on from here"),
                None => format!("{why}; with --out DIR a pilot can go on where it ended"),
            });
            return Ok(end);
        }
    };
    let prices = |name: &str| prices(&plan, name);
    let found = estimate(&bills, plan.own_slots(), &prices, plan.seed);
    print(&if arguments.json {
        let mut text = serde_json::to_string_pretty(&found).expect("figures are plain data");
        text.push('\n');
        text
    } else {
        told(&plan, &found)
    });
    Ok(End::Done)
}

/// The slots that are this coordinator's.
fn own(plan: &Plan) -> Vec<u32> {
    let own = |slot: &u32| plan.partition.has(cells::stratum(*slot, plan.strata));
    (0..plan.tasks).filter(own).collect()
}

/// The prices of a model, where the plan has them.
fn prices(plan: &Plan, name: &str) -> Option<Prices> {
    let model = plan.models.get(name)?;
    (model.price_input.is_some() || model.price_output.is_some())
        .then(|| model.endpoint(name).prices)
}

/// Some slots of a plan, done for what they cost.
struct Pilot<'a> {
    slots: Vec<u32>,
    home: &'a Home,
    replies: &'a RepliesArguments,
}

/// What a pilot came to.
enum Flown {
    /// The bill of each slot.
    Billed(Vec<Bill>),
    /// Why it ended before there was one, and how.
    Ended(String, End),
}

impl Pilot<'_> {
    fn carry_out(&self, plan: Plan) -> anyhow::Result<Flown> {
        let home = self.home;
        if plan.models_in_use().is_empty() {
            say("no model takes part in this plan, so it costs nothing");
            return Ok(Flown::Billed(Vec::new()));
        }
        ensure!(
            !home.at(seal::NAME).exists(),
            "{} holds a run that has ended: give another --out",
            home.path().display()
        );
        let (course, domain, file) = run::planned(plan)?;
        let course = course.only(self.slots.clone());
        home.fits(&file)?;
        let fleet = FleetArguments {
            replies: self.replies.clone(),
            ..FleetArguments::default()
        };
        let _lock = fleet.lock(home)?;
        let mut bar = RunBar(Bar::new("pilot", u64::from(course.slots())));
        let place = Place { home, file: &file };
        let worked = work::carry_out(&course, &domain, place, &fleet, None, &mut bar)?;
        let Came::Worked(worked) = worked else {
            return Ok(Flown::Ended("stopped".to_owned(), End::Stopped));
        };
        let Worked { work, kept, halt } = *worked;
        let progress = work.run.progress();
        bar.0.finish(u64::from(progress.closed()), &note(progress));
        drop(kept);
        if !work.run.finished() {
            let (why, end) = halt.why(&course.plan);
            return Ok(Flown::Ended(why, end));
        }
        let archive = Archive::new(course, domain, work.ledger);
        self.bills(&archive).map(Flown::Billed)
    }

    fn bills(&self, archive: &Archive) -> anyhow::Result<Vec<Bill>> {
        let from = match &self.replies.replay {
            Some(replay) => replay.clone(),
            None => kept_at(self.home, None)?,
        };
        let run = archive.course.run.to_string();
        let recording = read_only(&from, &run)?;
        let replayed = Replayed::new(archive, Arc::new(recording), run);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let mut unanswered = 0;
        let mut bills = Vec::new();
        for &slot in &self.slots {
            let mut bill = Bill::new();
            for ask in archive.asks(slot) {
                if let Some(heard) = runtime.block_on(replayed.heard(&ask))? {
                    ensure!(!heard.otherwise, heard.said_otherwise());
                    unanswered += u32::from(heard.missing.is_some());
                    add(&mut bill, &heard);
                }
            }
            bills.push(bill);
        }
        if unanswered > 0 {
            say(&format!(
                "note: {unanswered} jobs of the pilot ended without an answer they asked for; the estimate may be too low"
            ));
        }
        Ok(bills)
    }
}

fn add(bill: &mut Bill, heard: &Heard) {
    for exchange in &heard.exchanges {
        let enquiry = &exchange.enquiry;
        let occasion = &enquiry.occasion;
        let player = (occasion.role, occasion.endpoint.clone());
        let spent = bill.entry(player).or_default();
        spent.calls += 1;
        if let Ok(reply) = reply_to(&enquiry.asked, &enquiry.request, &exchange.answer) {
            spent.usage += reply.usage;
        }
    }
}

fn told(plan: &Plan, found: &Estimate) -> String {
    let mut out = format!(
        "from {} of {} slots, {} agents x {} trials\n\n{:<10}{:<20}{:>10}{:>14}{:>14}{:>12}{:>12}\n",
        found.pilot,
        found.slots,
        plan.agents.len(),
        plan.trials,
        "role",
        "model",
        "calls",
        "input",
        "cached",
        "output",
        "dollars"
    );
    for line in &found.lines {
        row(&mut out, line.role, &line.model, &line.figures);
    }
    row(&mut out, "total", "", &found.total);
    let total = &found.total;
    let mut say = |what: &str, figure: Figure, digits: usize| {
        let Figure {
            plan, low, high, ..
        } = figure;
        let line = format!("{what}{plan:.digits$}, 95 %: {low:.digits$} to {high:.digits$}\n");
        out.push_str(&line);
    };
    say("\ncalls          ", total.calls, 0);
    say("tokens in      ", total.input, 0);
    say("tokens out     ", total.output, 0);
    if let Some(dollars) = total.dollars {
        say("dollars        ", dollars, 2);
    }
    if !found.unpriced.is_empty() {
        writeln!(
            out,
            "no price is known of {}: its tokens are counted, its dollars are not; give price_input and price_output in [models.NAME]",
            found.unpriced.join(", ")
        )
        .expect("writing to a string does not fail");
    }
    out
}

fn row(out: &mut String, role: &str, model: &str, figures: &Figures) {
    let dollars = figures
        .dollars
        .map_or_else(|| "-".to_owned(), |dollars| format!("{:.2}", dollars.plan));
    writeln!(
        out,
        "{role:<10}{model:<20}{:>10.0}{:>14.0}{:>14.0}{:>12.0}{dollars:>12}",
        figures.calls.plan, figures.input.plan, figures.cached.plan, figures.output.plan
    )
    .expect("writing to a string does not fail");
}
