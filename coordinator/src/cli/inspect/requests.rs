//! What models were asked and what they answered, request by request.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use proto::job::Stage;
use proto::record::{Endpoint, Money, Prices, Protocol, Usage};
use proto::store::ReplyStore;
use serde_json::{Value as Json, json};
use worker::chat::replay::{Enquiry, Exchange};
use worker::chat::reply_to;
use worker::process::secret::SecretUrl;
use worker::process::tls;
use worker::services::Services;

use super::find::Found;
use crate::archive::Archive;
use crate::cli::progress::print;
use crate::cli::replies::{held, read_only};
use crate::home::{Home, INSTANCE};
use crate::replayed::{Heard, Replayed};
use crate::run::Ask;

/// Where what was answered is kept.
#[derive(Debug, Args)]
pub(super) struct From {
    /// With --requests: the recording, or the folder of a run that has it
    #[arg(long, value_name = "FILE|RUN", requires = "requests")]
    replay: Option<PathBuf>,
    #[command(flatten)]
    services: Services,
}

impl From {
    /// The replies of a run and the name that they are kept under: what `--replay` says, the recording of the
    /// folder, or what its fleet's store still keeps.
    async fn open(
        &self,
        home: &Home,
        run: String,
    ) -> anyhow::Result<(Arc<dyn ReplyStore>, String)> {
        let recording = match &self.replay {
            Some(replay) => Some(replay.as_path()),
            None => held(home)?
                .filter(|held| held.exists())
                .map(|_| home.path()),
        };
        match recording {
            None if self.services.cache.is_some() && home.at(INSTANCE).exists() => {
                tls::use_ring();
                let store = self.services.connect_store().await?;
                Ok((store.shared().replies, home.instance()?.to_string()))
            }
            recording => {
                let recording = read_only(recording.unwrap_or(home.path()), &run).context(
                    "--requests needs what the models answered: --replay says where a recording is if not in the folder, --cache where a fleet keeps it",
                )?;
                Ok((Arc::new(recording), run))
            }
        }
    }
}

/// Prints what was asked for the asks that are meant; for the whole run where nothing is. Job by job: each request
/// repeats its conversation, so all of a run's are more than a memory holds.
pub(super) fn tell(
    archive: &Archive,
    found: Option<Found>,
    home: &Home,
    from: &From,
    json: bool,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let run = archive.course.run.to_string();
    let (replies, under) = runtime.block_on(from.open(home, run))?;
    let replayed = Replayed::new(archive, replies, under);
    let asks = asks(archive, found);
    let hear = |ask: &Ask| runtime.block_on(replayed.heard(ask));
    if json {
        return tell_rows(archive, &asks, hear);
    }
    tell_texts(archive, &asks, hear)
}

/// As texts, unless all of them were said otherwise then.
fn tell_texts<E: std::error::Error + Send + Sync + 'static>(
    archive: &Archive,
    asks: &[Ask],
    hear: impl Fn(&Ask) -> Result<Option<Heard>, E>,
) -> anyhow::Result<()> {
    let mut left = asks.iter();
    let Some(first) = next_heard(&mut left, &hear)? else {
        print("no model took part in it\n");
        return Ok(());
    };
    if first.otherwise {
        let (mut rest, mut as_it_was) = (left.clone(), false);
        while !as_it_was && let Some(heard) = next_heard(&mut rest, &hear)? {
            as_it_was = !heard.otherwise;
        }
        if !as_it_was {
            bail!(first.said_otherwise());
        }
    }
    let (mut told, mut between) = (Some(first), "");
    while let Some(heard) = told {
        if !print(&format!("{between}{}", text(archive, &heard))) {
            break;
        }
        between = "\n";
        told = next_heard(&mut left, &hear)?;
    }
    Ok(())
}

/// The next of these asks in which a model took part.
fn next_heard<E>(
    left: &mut std::slice::Iter<'_, Ask>,
    hear: impl Fn(&Ask) -> Result<Option<Heard>, E>,
) -> Result<Option<Heard>, E> {
    left.find_map(|ask| hear(ask).transpose()).transpose()
}

/// As one list of JSON.
fn tell_rows<E: std::error::Error + Send + Sync + 'static>(
    archive: &Archive,
    asks: &[Ask],
    hear: impl Fn(&Ask) -> Result<Option<Heard>, E>,
) -> anyhow::Result<()> {
    let mut before = "[\n  ";
    for ask in asks {
        let Some(heard) = hear(ask)? else { continue };
        for row in rows(archive, &heard) {
            let row = serde_json::to_string_pretty(&row)?.replace('\n', "\n  ");
            if !print(&format!("{before}{row}")) {
                return Ok(());
            }
            before = ",\n  ";
        }
    }
    print(if before.starts_with('[') {
        "[]\n"
    } else {
        "\n]\n"
    });
    Ok(())
}

/// The asks that are meant. An evaluation asks for rollouts alone: its tasks are another folder's.
fn asks(archive: &Archive, found: Option<Found>) -> Vec<Ask> {
    let mut asks = match found {
        None => {
            let slots = 0..archive.run.slots().len() as u32;
            slots.flat_map(|slot| archive.asks(slot)).collect()
        }
        Some(Found::Slot(slot, _)) => archive.asks(slot),
        Some(Found::Task {
            slot, candidate, ..
        }) => {
            let mut asks = archive.asks(slot);
            asks.retain(|ask| ask.candidate == candidate && ask.stage != Stage::Rollout);
            asks
        }
        Some(Found::Job(ask)) => vec![ask],
    };
    asks.retain(|ask| archive.tasks().is_none() || ask.stage == Stage::Rollout);
    asks
}

fn rows(archive: &Archive, heard: &Heard) -> Vec<Json> {
    let Heard {
        job,
        ask,
        exchanges,
        missing,
        otherwise,
    } = heard;
    let row = |enquiry: &Enquiry| {
        let Enquiry {
            occasion: it,
            asked,
            request,
        } = enquiry;
        json!({
            "job": job.to_string(),
            "stage": ask.stage.label(),
            "slot": ask.slot,
            "candidate": ask.candidate,
            "agent": agent(archive, ask),
            "trial": ask.rollout.map(|(_, trial, _)| trial),
            "twin": ask.rollout.is_some_and(|(.., twin)| twin),
            "role": it.role.label(),
            "model": it.endpoint,
            "turn": it.turn,
            "regeneration": it.regeneration,
            "endpoint": place(asked),
            "protocol": asked.protocol.label(),
            "served": asked.model,
            "request": body(request),
            "reply": Json::Null,
            "otherwise": otherwise,
        })
    };
    let mut rows = Vec::new();
    for exchange in exchanges {
        let mut row = row(&exchange.enquiry);
        row["status"] = exchange.answer.status.into();
        row["reply"] = body(&exchange.answer.body);
        row["usage"] = json!(usage(exchange));
        rows.push(row);
    }
    rows.extend(missing.as_ref().map(row));
    rows
}

fn text(archive: &Archive, heard: &Heard) -> String {
    let ask = &heard.ask;
    let mut out = format!(
        "{}  {} of slot {}, candidate {}",
        heard.job,
        ask.stage.label(),
        ask.slot,
        ask.candidate
    );
    if let (Some(agent), Some((_, trial, twin))) = (agent(archive, ask), ask.rollout) {
        let twin = if twin { ", over the twin" } else { "" };
        add(&mut out, &format!(", {agent}, trial {trial}{twin}"));
    }
    if heard.otherwise {
        add(&mut out, &format!("\n\n{}", heard.said_otherwise()));
    }
    for exchange in &heard.exchanges {
        add(&mut out, &asked(&exchange.enquiry));
        let (reply, status) = (shown(&exchange.answer.body), exchange.answer.status);
        add(&mut out, &format!("reply, status {status}\n{reply}"));
        if let Some(tokens) = usage(exchange) {
            add(&mut out, &spent(tokens, exchange.enquiry.asked.prices));
        }
    }
    if let Some(enquiry) = &heard.missing {
        add(&mut out, &asked(enquiry));
        add(
            &mut out,
            "no reply is kept: it got none, or what is kept was cut short",
        );
    }
    out.push('\n');
    out
}

/// A request as it was sent, and to whom.
fn asked(enquiry: &Enquiry) -> String {
    let Enquiry {
        occasion: it,
        asked,
        request,
    } = enquiry;
    format!(
        "\n\n── {} model:{}, turn {}, regeneration {}: {} at {} ({})\nrequest\n{}\n",
        it.role.label(),
        it.endpoint,
        it.turn,
        it.regeneration,
        asked.model,
        place(asked),
        asked.protocol.label(),
        shown(request)
    )
}

fn spent(tokens: Usage, prices: Prices) -> String {
    let Usage {
        input,
        cached,
        written,
        output,
    } = tokens;
    let usage = format!(
        "\nusage  input {input}, from the cache {cached}, into it {written}, output {output}"
    );
    if prices == Prices::default() {
        return usage;
    }
    format!("{usage}\ncost   {}", Money::cost(tokens, prices))
}

fn add(out: &mut String, text: &str) {
    write!(out, "{text}").expect("writing to a string does not fail");
}

fn agent<'a>(archive: &'a Archive, ask: &Ask) -> Option<&'a str> {
    let (agent, ..) = ask.rollout?;
    Some(&archive.course.plan.agents[usize::from(agent)])
}

/// Where an endpoint is, without what may be secret: of a URL its credentials and the values of its query,
/// of a program its arguments.
fn place(endpoint: &Endpoint) -> String {
    match endpoint.protocol {
        Protocol::Program => endpoint.command.first().cloned().unwrap_or_default(),
        _ => match endpoint.url.parse::<SecretUrl>() {
            Ok(url) => url.to_string(),
            Err(_) => "an address that does not read".to_owned(),
        },
    }
}

/// A body as data; as text, where it is none.
fn body(bytes: &[u8]) -> Json {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|_| Json::from(String::from_utf8_lossy(bytes).into_owned()))
}

fn shown(bytes: &[u8]) -> String {
    match body(bytes) {
        Json::String(text) => text,
        json => serde_json::to_string_pretty(&json).expect("JSON values are JSON"),
    }
}

/// Tokens of a reply; nothing where the answer holds none.
fn usage(exchange: &Exchange) -> Option<Usage> {
    let enquiry = &exchange.enquiry;
    let reply = reply_to(&enquiry.asked, &enquiry.request, &exchange.answer).ok()?;
    Some(reply.usage)
}
