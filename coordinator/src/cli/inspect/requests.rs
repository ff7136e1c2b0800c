//! What models were asked and what they answered, request by request.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use proto::job::Stage;
use proto::record::{Endpoint, Money, Prices, Protocol, Usage};
use serde_json::{Value as Json, json};
use worker::chat::read;
use worker::chat::replay::Exchange;
use worker::process::secret::SecretUrl;

use super::find::Found;
use crate::archive::Archive;
use crate::cli::replies::read_only;
use crate::replayed::{Heard, Replayed};
use crate::run::Ask;

/// Tells what was asked for the asks that are meant; for the whole run where nothing is.
pub(super) fn tell(
    archive: &Archive,
    found: Option<Found>,
    recording: &Path,
    json: bool,
) -> anyhow::Result<String> {
    let run = archive.course.run.to_string();
    let recording = read_only(recording, &run).context(
        "--requests needs what the models answered; --replay says where that is if not in the folder",
    )?;
    let replayed = Replayed::new(archive, Arc::new(recording));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut heard = Vec::new();
    for ask in asks(archive, found) {
        heard.extend(runtime.block_on(replayed.heard(&ask))?);
    }
    if json {
        let rows: Vec<Json> = heard
            .iter()
            .flat_map(|heard| rows(archive, heard))
            .collect();
        return Ok(super::pretty(&rows));
    }
    if heard.is_empty() {
        return Ok("no model took part in it\n".to_owned());
    }
    let told = heard.iter().map(|heard| text(archive, heard));
    Ok(told.collect::<Vec<_>>().join("\n"))
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
    } = heard;
    let about = |role: &str, name: &str, turn: u32, regeneration: u32| {
        json!({
            "job": job.to_string(),
            "stage": ask.stage.label(),
            "slot": ask.slot,
            "candidate": ask.candidate,
            "agent": agent(archive, ask),
            "trial": ask.rollout.map(|(_, trial, _)| trial),
            "twin": ask.rollout.is_some_and(|(.., twin)| twin),
            "role": role,
            "model": name,
            "turn": turn,
            "regeneration": regeneration,
        })
    };
    let mut rows = Vec::new();
    for exchange in exchanges {
        let it = &exchange.occasion;
        let mut row = about(it.role.label(), &it.endpoint, it.turn, it.regeneration);
        row["endpoint"] = place(&exchange.asked).into();
        row["protocol"] = exchange.asked.protocol.label().into();
        row["served"] = exchange.asked.model.clone().into();
        row["request"] = body(&exchange.request);
        row["status"] = exchange.answer.status.into();
        row["reply"] = body(&exchange.answer.body);
        row["usage"] = json!(usage(exchange));
        rows.push(row);
    }
    if let Some(it) = missing {
        let mut row = about(it.role.label(), &it.endpoint, it.turn, it.regeneration);
        row["reply"] = Json::Null;
        rows.push(row);
    }
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
    for exchange in &heard.exchanges {
        let it = &exchange.occasion;
        let asked = &exchange.asked;
        add(
            &mut out,
            &format!(
                "\n\n── {} model:{}, turn {}, regeneration {}: {} at {} ({})\n",
                it.role.label(),
                it.endpoint,
                it.turn,
                it.regeneration,
                asked.model,
                place(asked),
                asked.protocol.label()
            ),
        );
        let request = shown(&exchange.request);
        let (reply, status) = (shown(&exchange.answer.body), exchange.answer.status);
        add(
            &mut out,
            &format!("request\n{request}\nreply, status {status}\n{reply}"),
        );
        if let Some(tokens) = usage(exchange) {
            let Usage {
                input,
                cached,
                written,
                output,
            } = tokens;
            let usage = format!(
                "\nusage  input {input}, from the cache {cached}, into it {written}, output {output}"
            );
            add(&mut out, &usage);
            if asked.prices != Prices::default() {
                add(
                    &mut out,
                    &format!("\ncost   {}", Money::cost(tokens, asked.prices)),
                );
            }
        }
    }
    if let Some(it) = &heard.missing {
        let none = "it got none, or the recording was cut short";
        add(
            &mut out,
            &format!("\n\nno reply is recorded of {it}: {none}"),
        );
    }
    out.push('\n');
    out
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
    let reply = read(exchange.asked.protocol, &exchange.answer).ok()?;
    Some(reply.usage)
}
