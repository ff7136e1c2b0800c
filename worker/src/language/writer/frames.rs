//! The generic frames: greetings, introductions, the ways to state a wish or ask a question, what
//! joins one to the next, and how a person takes leave of the first message.

use proto::record::Goal;
use proto::seed::Rng;

use crate::domains::Introduction;
use crate::language::phrasing::{Phrasing, Spoken, Tone};
use crate::language::surface::{say, tidy};

mod tables;

/// Who speaks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Speaker<'a> {
    /// The domain's words.
    pub words: &'a dyn Phrasing,
    /// How the person talks.
    pub tone: Tone,
}

impl Speaker<'_> {
    /// Who is there, on being asked.
    pub(super) fn identity(&self, introduction: &Introduction, rng: &mut Rng) -> String {
        tidy(&self.introduced(introduction, tables::IDENTITY, rng))
    }

    fn introduced(&self, introduction: &Introduction, named: &[&str], rng: &mut Rng) -> String {
        let fact = |name: &str| {
            let found = introduction.facts.iter().find(|(fact, _)| fact == name);
            found.map(|(_, value)| value.as_str())
        };
        let name = match (fact("first_name"), fact("last_name")) {
            (Some(first), Some(last)) => Some(format!("{first} {last}")),
            _ => None,
        };
        let by_email = introduction.call.arguments.contains_key("email");
        let email = fact("email")
            .or_else(|| introduction.call.text("email"))
            .unwrap_or_default();
        let slots = |name: &str| {
            [
                ("n", name.to_owned()),
                (
                    "z",
                    fact("zip")
                        .or_else(|| introduction.call.text("zip"))
                        .unwrap_or_default()
                        .to_owned(),
                ),
                ("e", email.to_owned()),
            ]
        };
        let slots = slots(name.as_deref().unwrap_or_default());
        let slots: Vec<(&str, &str)> = slots
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        let terse = self.tone == Tone::Terse;
        match (by_email, name.is_some()) {
            (false, _) if terse => say(rng, tables::NAME_TERSE, &slots),
            (false, _) => say(rng, named, &slots),
            (true, _) if terse => say(rng, &["$e", "email $e", "my email: $e"], &slots),
            (true, true) if rng.chance(0.4) => say(rng, tables::NAME_EMAIL, &slots),
            (true, _) => say(rng, tables::EMAIL, &slots),
        }
    }

    /// The first message: greeting, who is there, the goals, leave; in an order by persona.
    pub(super) fn opening(
        &self,
        goals: &[&Goal],
        introduction: Option<&Introduction>,
        more: bool,
        rng: &mut Rng,
    ) -> String {
        let mut sentences: Vec<String> = Vec::new();
        let greeting = say(rng, tables::greeting(self.tone), &[]);
        let who = introduction.map(|who| self.introduced(who, tables::IDENTITY, rng));
        let late = who.is_some() && rng.chance(0.3);
        sentences.push(greeting);
        if !late {
            sentences.extend(who.clone());
        }
        let lead = match self.tone {
            Tone::Terse => 0.05,
            Tone::Chatty => 0.7,
            _ => 0.35,
        };
        let setting = [
            ("place", self.words.place()),
            ("matter", self.words.matter()),
        ];
        if rng.chance(lead) {
            sentences.push(say(rng, tables::lead(self.tone), &setting));
        }
        if goals.len() > 1 && rng.chance(0.35) {
            sentences.push(say(rng, tables::SEVERAL, &[]));
        } else if more && rng.chance(0.5) {
            sentences.push(say(rng, tables::ONE_BY_ONE, &[]));
        }
        for (at, goal) in goals.iter().enumerate() {
            let link = if at == 0 {
                String::new()
            } else {
                say(rng, tables::joint(self.tone), &[])
            };
            sentences.push(format!("{link}{}", self.statement(goal, rng)));
        }
        if late {
            sentences.extend(who);
        }
        let leave = if self.tone == Tone::Terse { 0.1 } else { 0.4 };
        if rng.chance(leave) {
            sentences.push(say(rng, tables::leave(self.tone), &[]));
        }
        let all: Vec<String> = sentences
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect();
        tidy(&ended(&all))
    }

    /// A goal on its own: one sentence or more, without capital or final full stop.
    pub(super) fn statement(&self, goal: &Goal, rng: &mut Rng) -> String {
        let spoken = self.words.goal(goal, self.tone, rng);
        let main = self.main(&spoken, rng);
        let mut text = match &spoken.why {
            Some(why) => self.with_why(&main, why, rng),
            None => main.text,
        };
        for extra in &spoken.extras {
            let link = match rng.below(4) {
                0 if !text.contains(['?', '.', ':']) => ", and ",
                _ => ". ",
            };
            let link = if text.ends_with('?') { " " } else { link };
            text.push_str(link);
            text.push_str(extra);
        }
        text
    }

    fn main(&self, spoken: &Spoken, rng: &mut Rng) -> Main {
        let whole = spoken
            .whole
            .as_ref()
            .filter(|_| rng.chance(if spoken.question { 0.4 } else { 0.3 }));
        if let Some(whole) = whole {
            let asks = spoken.question || asks(whole);
            return Main {
                text: if asks {
                    format!("{whole}?")
                } else {
                    whole.clone()
                },
                asks,
                bare: false,
            };
        }
        if self.tone == Tone::Terse && !spoken.question && rng.chance(0.6) {
            return Main {
                text: spoken.core.clone(),
                asks: false,
                bare: true,
            };
        }
        let slots = [("v", spoken.core.as_str())];
        let text = if spoken.question {
            say(rng, tables::question(self.tone), &slots)
        } else {
            say(rng, tables::wish(self.tone), &slots)
        };
        Main {
            asks: text.ends_with('?'),
            text,
            bare: false,
        }
    }

    fn with_why(&self, main: &Main, why: &str, rng: &mut Rng) -> String {
        let slots = [("m", main.text.as_str()), ("w", why)];
        let tables: &[&str] = match (main.asks, main.bare) {
            (_, true) => &["$m. $w", "$m; $w", "$w. $m"],
            (true, _) => &[
                "$m $w",
                "$w. $m",
                "$w, you see. $m",
                "$m {It's that|The thing is,} $w",
                "$w. So: $m",
                "so $w. $m",
            ],
            (false, _) => &[
                "$m because $w",
                "$w, so $m",
                "$w. $m",
                "$m. $w",
                "$m, since $w",
                "since $w, $m",
                "$m; $w",
                "the thing is, $w, so $m",
                "$m. Reason being, $w",
                "$w, which is why $m",
                "$m (basically, $w)",
                "you see, $w. $m",
                "given that $w, $m",
            ],
        };
        let plain: &[&str] = &["$w. $m", "$m. $w", "you see, $w. $m"];
        let tables = if !main.asks
            && !main.bare
            && (main.text.contains(['.', ':', '?', ';']) || why.contains([';', ':', '?']))
        {
            plain
        } else {
            tables
        };
        say(rng, tables, &slots)
    }
}

/// The main clause of a goal.
struct Main {
    text: String,
    asks: bool,
    bare: bool,
}

/// Whether a clause is put as a question.
fn asks(clause: &str) -> bool {
    let first = clause.split(' ').next().unwrap_or_default();
    [
        "can", "could", "is", "how", "what", "would", "do", "does", "are",
    ]
    .contains(&first)
}

/// Sentences one after the other, each ended.
fn ended(sentences: &[String]) -> String {
    let mut out = String::new();
    for sentence in sentences {
        let open = out.is_empty() || out.ends_with(['.', '?', '!', ',', ':']);
        out.push_str(if open { " " } else { ". " });
        out.push_str(sentence);
    }
    out
}
