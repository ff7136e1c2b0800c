//! Measures writing a dataset: rows of about 20 KB, as a retail conversation has.
//!
//! `cargo run --release -p coordinator --example dataset_speed -- [ROWS] [FORMAT,…]`

use std::sync::Arc;
use std::time::{Duration, Instant};

use coordinator::dataset::{
    CardFacts, DatasetWriter, Format, Role, Row, RowCall, RowMessage, Settings, Shares,
};

/// A small generator of varied text; quality is of no concern here.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn order(&mut self, bytes: usize) -> String {
        let mut text = String::from("{\"order_id\":\"#W");
        while text.len() < bytes {
            text.push_str(&format!(
                "{}\",\"price\":{}.{:02},\"item_id\":\"",
                self.next(),
                self.next() % 900,
                self.next() % 100
            ));
        }
        text.push_str("\"}");
        text
    }
}

fn row(n: usize, system: &str, tools: &Arc<str>, noise: &mut Noise) -> Row {
    let mut messages = vec![RowMessage::text(Role::System, system)];
    for turn in 0..6 {
        messages.push(RowMessage::text(
            Role::User,
            format!("I would like to see order {} of mine.", noise.next()),
        ));
        let id = format!("call_{turn}");
        messages.push(RowMessage {
            tool_calls: vec![RowCall {
                id: id.clone(),
                name: "get_order_details".to_owned(),
                arguments: noise.order(40),
            }],
            ..RowMessage::text(Role::Assistant, "")
        });
        messages.push(RowMessage {
            tool_call_id: Some(id),
            name: Some("get_order_details".to_owned()),
            ..RowMessage::text(Role::Tool, noise.order(900))
        });
        messages.push(RowMessage::text(
            Role::Assistant,
            format!("Order {} is on its way; anything else?", noise.next()),
        ));
    }
    let task = n / 4;
    Row {
        id: format!("ep_{n:024}"),
        task_id: format!("task_{task:024}"),
        trajectory_id: format!("traj_{task:024}"),
        split: Shares::default().split(&task.to_string()),
        domain: "retail".to_owned(),
        scenario: ["general", "ambiguous", "changing", "infeasible"][task % 4].to_owned(),
        kind: "plain".to_owned(),
        agent: "gold".to_owned(),
        trial: (n % 4) as u32,
        reward: 1.0,
        user: "agenda".to_owned(),
        messages,
        tools: Arc::clone(tools),
        metadata: format!("{{\"seed\":{}}}", noise.next()),
    }
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let rows: usize = arguments.next().map_or(Ok(10_000), |n| n.parse())?;
    let named: Option<Vec<Format>> = arguments
        .next()
        .map(|l| l.split(',').map(str::parse).collect())
        .transpose()?;
    let every = vec![
        vec![Format::Raw],
        vec![Format::Trl],
        vec![Format::Openai],
        Settings::dataset("").formats,
    ];
    let mut noise = Noise(7);
    let system: String = (0..400)
        .map(|n| format!("Rule {n}: {}. ", noise.next()))
        .collect();
    let schemas: Vec<String> = (0..16)
        .map(|n| format!("{{\"type\":\"function\",\"function\":{{\"name\":\"tool_{n}\",\"description\":\"{}\"}}}}", noise.order(250).replace('"', "'")))
        .collect();
    let tools: Arc<str> = Arc::from(format!("[{}]", schemas.join(",")));
    let text = row(0, &system, &tools, &mut noise).text_bytes();
    println!(
        "{rows} rows of {text} bytes of text (system prompt {}, tools {})",
        system.len(),
        tools.len()
    );
    for formats in named.map_or(every, |formats| vec![formats]) {
        let dir = std::env::temp_dir().join(format!("t2t-dataset-speed-{}", std::process::id()));
        let names: Vec<&str> = formats.iter().map(|f| f.as_str()).collect();
        let settings = Settings {
            formats: formats.clone(),
            ..Settings::dataset("run_speed")
        };
        // Making the rows is not part of the measure, and they are not kept.
        let mut spent = Duration::ZERO;
        let mut writer = DatasetWriter::create(&dir, settings)?;
        for n in 0..rows {
            let row = row(n, &system, &tools, &mut noise);
            let started = Instant::now();
            writer.push(&row)?;
            spent += started.elapsed();
        }
        let started = Instant::now();
        let written = writer.finish(&CardFacts::default())?;
        spent += started.elapsed();
        let seconds = spent.as_secs_f64();
        let bytes: u64 = written.manifest.files.iter().map(|f| f.bytes).sum();
        println!(
            "{:<16} {:>8.0} rows/s  {:>7} bytes/row  {:>6.2} s",
            names.join("+"),
            rows as f64 / seconds,
            bytes / rows as u64,
            seconds
        );
        std::fs::remove_dir_all(&dir)?;
    }
    Ok(())
}
