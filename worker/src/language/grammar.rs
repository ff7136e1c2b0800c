//! Phrases with choices in them: the engine by which scripted agents and users vary what they say.
//!
//! A template is text in which `{a|b|}` is one of its alternatives (they nest, and may be empty),
//! `[x]` is there half of the time, `$name` is the value of a slot and `$Name` the same value with its
//! first letter in upper case. A `$` before anything but a letter stands for itself, as in `$12`; a
//! backslash makes the next character stand for itself. Templates are parsed once; rendering draws the
//! choices from the given generator, drops a space after a space or at the start, and a space before
//! `,`, `.`, `;`, `:`, `!` and `?`, so that an optional part leaves no hole behind.

use proto::seed::Rng;

/// A parsed template.
#[derive(Debug, Clone)]
pub struct Phrase {
    template: Box<str>,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(Box<str>),
    Slot { name: Box<str>, upper: bool },
    Choice(Vec<Vec<Part>>),
    Maybe(Vec<Part>),
}

/// A template that cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template {template:?}, byte {at}: {problem}")]
pub struct PhraseError {
    /// The template.
    pub template: String,
    /// Byte offset of what is wrong.
    pub at: usize,
    /// What is wrong, and how to mend it.
    pub problem: &'static str,
}

impl Phrase {
    /// Parses a template.
    pub fn parse(template: &str) -> Result<Self, PhraseError> {
        let mut parser = Parser { template, at: 0 };
        let parts = parser.sequence()?;
        match parser.peek() {
            None => Ok(Self {
                template: template.into(),
                parts,
            }),
            Some('|') => {
                Err(parser.error("a `|` outside of `{…}`; put braces around the alternatives"))
            }
            Some(_) => Err(parser.error("closes what was not opened; write `\\` before it")),
        }
    }

    /// The template it was parsed from.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// One variant with the slots filled in. Values are copied as they are.
    ///
    /// # Panics
    /// When a slot that the drawn variant needs has no value: a text with a hole must never be said.
    pub fn render(&self, rng: &mut Rng, slots: &[(&str, &str)]) -> String {
        let mut out = String::with_capacity(self.template.len() + 32);
        self.render_into(rng, slots, &mut out);
        out
    }

    /// As `render`, behind what `out` already holds.
    pub fn render_into(&self, rng: &mut Rng, slots: &[(&str, &str)], out: &mut String) {
        self.put_all(&self.parts, rng, slots, out);
    }

    /// In how many ways it can be rendered, slots apart; stops at `u64::MAX`.
    pub fn variants(&self) -> u64 {
        variants(&self.parts)
    }

    /// Names of the slots, in order, none twice.
    pub fn slots(&self) -> Vec<&str> {
        let mut names = Vec::new();
        collect(&self.parts, &mut names);
        names
    }

    fn put_all(&self, parts: &[Part], rng: &mut Rng, slots: &[(&str, &str)], out: &mut String) {
        for part in parts {
            match part {
                Part::Text(text) => join(out, text),
                Part::Slot { name, upper } => {
                    let value = slots.iter().find(|(slot, _)| *slot == &**name);
                    let Some((_, value)) = value else {
                        panic!("no value for ${name} in template {:?}", self.template);
                    };
                    put_value(out, value, *upper);
                }
                Part::Choice(ways) => {
                    let way = rng.below(ways.len());
                    self.put_all(&ways[way], rng, slots, out);
                }
                Part::Maybe(inner) => {
                    if rng.bits() >> 63 == 1 {
                        self.put_all(inner, rng, slots, out);
                    }
                }
            }
        }
    }
}

/// Several templates for one thing; each is drawn as often as the others.
#[derive(Debug, Clone)]
pub struct Phrases(Vec<Phrase>);

impl Phrases {
    /// Parses at least one template.
    pub fn parse(templates: &[&str]) -> Result<Self, PhraseError> {
        if templates.is_empty() {
            return Err(PhraseError {
                template: String::new(),
                at: 0,
                problem: "a list of templates with nothing in it; give at least one",
            });
        }
        let phrases = templates.iter().map(|template| Phrase::parse(template));
        phrases.collect::<Result<_, _>>().map(Self)
    }

    /// The phrases.
    pub fn all(&self) -> &[Phrase] {
        &self.0
    }

    /// One phrase, rendered. Panics as `Phrase::render` does.
    pub fn render(&self, rng: &mut Rng, slots: &[(&str, &str)]) -> String {
        self.0[rng.below(self.0.len())].render(rng, slots)
    }

    /// Sum of the phrases' variants.
    pub fn variants(&self) -> u64 {
        let each = self.0.iter().map(Phrase::variants);
        each.fold(0, u64::saturating_add)
    }
}

/// Marks that follow a word without a space.
const PUNCTUATION: [char; 6] = [',', '.', ';', ':', '!', '?'];

/// Appends template text, without the space that a missing part would double.
fn join(out: &mut String, text: &str) {
    let mut text = text;
    let open = out.is_empty() || out.ends_with([' ', '\n']);
    if let Some(rest) = text.strip_prefix(' ')
        && (open || rest.starts_with(PUNCTUATION))
    {
        text = rest;
    }
    if text.starts_with(PUNCTUATION) && out.ends_with(' ') {
        out.pop();
    }
    out.push_str(text);
}

fn put_value(out: &mut String, value: &str, upper: bool) {
    let mut rest = value.chars();
    match rest.next() {
        Some(first) if upper => {
            out.extend(first.to_uppercase());
            out.push_str(rest.as_str());
        }
        _ => out.push_str(value),
    }
}

fn variants(parts: &[Part]) -> u64 {
    let each = parts.iter().map(|part| match part {
        Part::Text(_) | Part::Slot { .. } => 1,
        Part::Choice(ways) => ways
            .iter()
            .map(|way| variants(way))
            .fold(0, u64::saturating_add),
        Part::Maybe(inner) => variants(inner).saturating_add(1),
    });
    each.fold(1, u64::saturating_mul)
}

fn collect<'a>(parts: &'a [Part], names: &mut Vec<&'a str>) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Slot { name, .. } => {
                if !names.contains(&&**name) {
                    names.push(name);
                }
            }
            Part::Choice(ways) => ways.iter().for_each(|way| collect(way, names)),
            Part::Maybe(inner) => collect(inner, names),
        }
    }
}

struct Parser<'a> {
    template: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.template[self.at..].chars().next()
    }

    fn error(&self, problem: &'static str) -> PhraseError {
        PhraseError {
            template: self.template.to_owned(),
            at: self.at,
            problem,
        }
    }

    /// Everything up to the end or to a `|`, `}` or `]` that belongs to whoever asked.
    fn sequence(&mut self) -> Result<Vec<Part>, PhraseError> {
        let mut parts = Vec::new();
        let mut text = String::new();
        while let Some(next) = self.peek() {
            let part = match next {
                '|' | '}' | ']' => break,
                '{' => Some(self.choice()?),
                '[' => Some(self.maybe()?),
                '$' => self.slot(),
                _ => None,
            };
            if let Some(part) = part {
                flush(&mut text, &mut parts);
                parts.push(part);
                continue;
            }
            if next == '\\' {
                self.at += 1;
            }
            let Some(literal) = self.peek() else {
                return Err(self.error("ends in a lone backslash; write two"));
            };
            text.push(literal);
            self.at += literal.len_utf8();
        }
        flush(&mut text, &mut parts);
        Ok(parts)
    }

    fn choice(&mut self) -> Result<Part, PhraseError> {
        let open = self.at;
        let mut ways = Vec::new();
        loop {
            self.at += 1;
            ways.push(self.sequence()?);
            match self.peek() {
                Some('|') => {}
                Some('}') => {
                    self.at += 1;
                    return Ok(Part::Choice(ways));
                }
                _ => {
                    self.at = open;
                    return Err(self.error("a `{` without its `}`"));
                }
            }
        }
    }

    fn maybe(&mut self) -> Result<Part, PhraseError> {
        let open = self.at;
        self.at += 1;
        let inner = self.sequence()?;
        if self.peek() != Some(']') {
            self.at = open;
            return Err(self.error("a `[` without its `]` (alternatives go in braces)"));
        }
        self.at += 1;
        Ok(Part::Maybe(inner))
    }

    /// A slot, or nothing when the `$` stands for itself.
    fn slot(&mut self) -> Option<Part> {
        let rest = &self.template[self.at + 1..];
        let length = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        let first = rest.chars().next()?;
        if !first.is_ascii_alphabetic() {
            return None;
        }
        self.at += 1 + length;
        Some(Part::Slot {
            name: rest[..length].to_ascii_lowercase().into(),
            upper: first.is_ascii_uppercase(),
        })
    }
}

fn flush(text: &mut String, parts: &mut Vec<Part>) {
    if !text.is_empty() {
        parts.push(Part::Text(std::mem::take(text).into()));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use proto::seed::Seed;

    use super::*;

    fn all_of(template: &str, slots: &[(&str, &str)]) -> BTreeSet<String> {
        let phrase = Phrase::parse(template).unwrap();
        let mut rng = Seed::root(1).rng();
        (0..400).map(|_| phrase.render(&mut rng, slots)).collect()
    }

    #[test]
    fn every_variant_is_reached_and_counted() {
        let template = "{Sure|Of course}, {I can|let me} $what[ right {away|now}].";
        let seen = all_of(template, &[("what", "do it")]);
        assert_eq!(seen.len(), 12, "{seen:?}");
        assert!(seen.contains("Sure, let me do it right now."));
        assert!(seen.contains("Of course, I can do it."));
        assert_eq!(Phrase::parse(template).unwrap().variants(), 12);
    }

    #[test]
    fn missing_parts_leave_no_hole() {
        let seen = all_of("{|Well,} {|so} that is [all] . {Bye|}", &[]);
        for text in &seen {
            assert!(!text.contains("  ") && !text.contains(" ."), "{text:?}");
            assert!(!text.starts_with(' '), "{text:?}");
        }
        assert!(seen.contains("Well, that is all. Bye"), "{seen:?}");
    }

    #[test]
    fn slots_money_and_escapes() {
        let seen = all_of(
            r"$What costs $12 \{x\|y\} $the_end",
            &[("what", "élan"), ("the_end", "$5 {a|b}")],
        );
        let expected = "Élan costs $12 {x|y} $5 {a|b}";
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [expected]);
        let phrase = Phrase::parse("$a {$b|[$c]} $A").unwrap();
        assert_eq!(phrase.slots(), ["a", "b", "c"]);
    }

    #[test]
    fn errors_name_template_and_place() {
        for (template, at) in [
            ("a {b|c", 2),
            ("a [b", 2),
            ("a|b", 1),
            ("a } b", 2),
            ("[a|b]", 0),
            (r"a\", 2),
        ] {
            let error = Phrase::parse(template).unwrap_err();
            assert_eq!(
                (error.template.as_str(), error.at),
                (template, at),
                "{error}"
            );
        }
        assert!(Phrases::parse(&[]).is_err());
    }

    #[test]
    #[should_panic(expected = "no value for $b in template \"a $b\"")]
    fn a_hole_is_never_said() {
        Phrase::parse("a $b")
            .unwrap()
            .render(&mut Seed::root(1).rng(), &[]);
    }

    proptest! {
        #[test]
        fn any_text_parses_or_says_why(text in "[a$b{}|\\[\\]\\\\ é]{0,24}") {
            match Phrase::parse(&text) {
                Ok(phrase) => prop_assert!(phrase.variants() >= 1),
                Err(error) => prop_assert!(text.is_char_boundary(error.at)),
            }
        }
    }
}
