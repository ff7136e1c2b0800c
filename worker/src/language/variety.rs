//! How far texts differ: distinct bigrams, self-BLEU and the number of distinct texts, after the world's
//! own values (names, products, options, places, numbers) have been masked, so that what is counted is
//! the writing and not the database.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Replaces a world's values by one mark per kind.
#[derive(Debug)]
pub struct Masker {
    finder: aho_corasick::AhoCorasick,
    marks: Vec<&'static str>,
}

impl Masker {
    /// A masker of `(mark, value)` pairs, such as `("PRODUCT", "Desk Lamp")`; without case, at word
    /// boundaries, the longest value first. Order ids, emails and numbers are masked by pattern.
    pub fn new(values: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let mut unique: BTreeMap<String, &'static str> = BTreeMap::new();
        for (mark, value) in values {
            let value = value.to_lowercase();
            // Values that are common words would mask the writing itself.
            if value.len() > 1 && !["yes", "no", "none", "men", "women"].contains(&value.as_str()) {
                unique.entry(value).or_insert(mark);
            }
        }
        let finder = aho_corasick::AhoCorasickBuilder::new()
            .match_kind(aho_corasick::MatchKind::LeftmostLongest)
            .build(unique.keys())
            .expect("a world's values fit an automaton");
        Self {
            finder,
            marks: unique.into_values().collect(),
        }
    }

    /// The text in lower case with values, order ids, emails and numbers as marks.
    pub fn mask(&self, text: &str) -> String {
        let lower = text.to_lowercase();
        let mut out = String::with_capacity(lower.len());
        let mut from = 0;
        for found in self.finder.find_iter(&lower) {
            let (start, end) = (found.start(), found.end());
            let before = lower[..start].chars().next_back();
            let after = lower[end..].chars().next();
            if before.is_some_and(char::is_alphanumeric) || after.is_some_and(char::is_alphanumeric)
            {
                continue;
            }
            out.push_str(&lower[from..start]);
            out.push_str(self.marks[found.pattern().as_usize()]);
            from = end;
        }
        out.push_str(&lower[from..]);
        let words = out.split_whitespace().map(patterned);
        words.collect::<Vec<_>>().join(" ")
    }
}

/// A word as its pattern: emails are `EMAIL`, words with digits `NUMBER`; punctuation around stays.
fn patterned(word: &str) -> String {
    let core = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '#');
    if core.contains('@') {
        return word.replace(core, "EMAIL");
    }
    if core.chars().any(|c| c.is_ascii_digit()) {
        return word.replace(core, "NUMBER");
    }
    word.to_owned()
}

/// Words of letters and inner apostrophes, in the given case; punctuation is dropped.
pub fn tokens(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '\''));
    let trimmed = words.map(|word| word.trim_matches('\''));
    trimmed
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Distinct n-grams by all n-grams over texts; 0 where there are none.
pub fn distinct_n(texts: &[Vec<String>], n: usize) -> f64 {
    let all: usize = texts
        .iter()
        .map(|text| (text.len() + 1).saturating_sub(n))
        .sum();
    let distinct: BTreeSet<&[String]> = texts.iter().flat_map(|text| text.windows(n)).collect();
    if all == 0 {
        0.0
    } else {
        distinct.len() as f64 / all as f64
    }
}

/// How many texts differ from each other.
pub fn distinct_count(texts: &[Vec<String>]) -> usize {
    texts.iter().collect::<BTreeSet<_>>().len()
}

/// Mean BLEU-4 of each text against the others: high where texts repeat each other. Of more than
/// `sample` texts, `sample` evenly spread ones are scored, against each other. Counts of n-grams are
/// smoothed by adding 1 to both sides of the ratio for n above 1 (Lin and Och's smoothing).
pub fn self_bleu(texts: &[Vec<String>], sample: usize) -> f64 {
    let step = texts.len().div_ceil(sample.max(1)).max(1);
    let chosen: Vec<&[String]> = texts.iter().step_by(step).map(Vec::as_slice).collect();
    if chosen.len() < 2 {
        return 0.0;
    }
    let grams: Vec<[Grams<'_>; 4]> = chosen
        .iter()
        .map(|text| [1, 2, 3, 4].map(|n| count(text, n)))
        .collect();
    let tops: Vec<BTreeMap<&[String], Top>> = (0..4).map(|n| highest(&grams, n)).collect();
    let lengths: Vec<usize> = chosen.iter().map(|text| text.len()).collect();
    let scores = (0..chosen.len()).map(|at| bleu(at, &grams[at], &tops, &lengths));
    scores.sum::<f64>() / chosen.len() as f64
}

type Grams<'t> = BTreeMap<&'t [String], u32>;

fn count(text: &[String], n: usize) -> Grams<'_> {
    let mut grams = Grams::new();
    for gram in text.windows(n) {
        *grams.entry(gram).or_default() += 1;
    }
    grams
}

/// The highest count of an n-gram in any one text, whose that is, and the highest in the others.
#[derive(Clone, Copy, Default)]
struct Top {
    best: u32,
    owner: usize,
    second: u32,
}

fn highest<'t>(grams: &[[Grams<'t>; 4]], n: usize) -> BTreeMap<&'t [String], Top> {
    let mut tops: BTreeMap<&[String], Top> = BTreeMap::new();
    for (owner, all) in grams.iter().enumerate() {
        for (&gram, &count) in &all[n] {
            let top = tops.entry(gram).or_default();
            if count > top.best {
                *top = Top {
                    best: count,
                    owner,
                    second: top.best,
                };
            } else {
                top.second = top.second.max(count);
            }
        }
    }
    tops
}

fn bleu(
    at: usize,
    own: &[Grams<'_>; 4],
    tops: &[BTreeMap<&[String], Top>],
    lengths: &[usize],
) -> f64 {
    let mut log = 0.0;
    for (n, grams) in own.iter().enumerate() {
        let (mut hit, mut all) = (0_u32, 0_u32);
        for (gram, &count) in grams {
            let top = tops[n].get(gram).copied().unwrap_or_default();
            let elsewhere = if top.owner == at {
                top.second
            } else {
                top.best
            };
            hit += count.min(elsewhere);
            all += count;
        }
        let smooth = u32::from(n > 0);
        let precision = f64::from(hit + smooth) / f64::from((all + smooth).max(1));
        log += precision.max(1e-9).ln() / 4.0;
    }
    let others = lengths.iter().enumerate().filter(|(other, _)| *other != at);
    let closest = others
        .map(|(_, &length)| length)
        .min_by_key(|&length| (length.abs_diff(lengths[at]), length));
    let (mine, theirs) = (lengths[at] as f64, closest.unwrap_or(0) as f64);
    let brevity = if mine >= theirs || mine == 0.0 {
        1.0
    } else {
        (1.0 - theirs / mine).exp()
    };
    brevity * log.exp()
}

/// One line of figures on a set of texts.
#[derive(Debug, Clone, PartialEq)]
pub struct VarietyRow {
    /// What the texts are.
    pub name: String,
    /// How many.
    pub texts: usize,
    /// Mean number of words.
    pub words: f64,
    /// Distinct bigrams by bigrams.
    pub distinct_2: f64,
    /// Mean BLEU-4 of each against the others.
    pub self_bleu: f64,
    /// Distinct texts per 1,000.
    pub distinct_per_1000: f64,
}

/// Figures of several sets of texts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VarietyTable {
    /// In order of printing.
    pub rows: Vec<VarietyRow>,
}

/// Texts that self-BLEU is measured on at most.
pub const BLEU_SAMPLE: usize = 500;

impl VarietyTable {
    /// Measures texts and adds a line for them.
    pub fn measure<'t>(
        &mut self,
        name: &str,
        masker: &Masker,
        texts: impl IntoIterator<Item = &'t str>,
    ) {
        let texts: Vec<Vec<String>> = texts
            .into_iter()
            .map(|text| tokens(&masker.mask(text)))
            .collect();
        let count = texts.len().max(1) as f64;
        self.rows.push(VarietyRow {
            name: name.to_owned(),
            texts: texts.len(),
            words: texts.iter().map(Vec::len).sum::<usize>() as f64 / count,
            distinct_2: distinct_n(&texts, 2),
            self_bleu: self_bleu(&texts, BLEU_SAMPLE),
            distinct_per_1000: 1000.0 * distinct_count(&texts) as f64 / count,
        });
    }

    /// The table as aligned text.
    pub fn render(&self) -> String {
        let width = self
            .rows
            .iter()
            .map(|row| row.name.len())
            .max()
            .unwrap_or(0)
            .max(8);
        let mut out = format!(
            "{:width$}  {:>7}  {:>6}  {:>10}  {:>9}  {:>14}\n",
            "masked", "texts", "words", "distinct-2", "self-BLEU", "distinct/1,000"
        );
        for row in &self.rows {
            writeln!(
                out,
                "{:width$}  {:>7}  {:>6.1}  {:>10.3}  {:>9.3}  {:>14.0}",
                row.name,
                row.texts,
                row.words,
                row.distinct_2,
                row.self_bleu,
                row.distinct_per_1000
            )
            .expect("writing to a string does not fail");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[&str]) -> Vec<Vec<String>> {
        lines.iter().map(|line| tokens(line)).collect()
    }

    #[test]
    fn values_and_patterns_are_masked() {
        let masker = Masker::new([
            ("PRODUCT", "Desk Lamp".to_owned()),
            ("OPTION", "red".to_owned()),
            ("PRODUCT", "Lamp".to_owned()),
        ]);
        let masked =
            masker.mask("I ordered a Red desk lamp, order #W1234567. Mail a.b@c.com, 12 Oak!");
        assert_eq!(
            masked,
            "i ordered a OPTION PRODUCT, order NUMBER. mail EMAIL, NUMBER oak!"
        );
    }

    #[test]
    fn distinct_counts_what_it_says() {
        let texts = texts(&["a b a b", "a b c"]);
        // ab ba ab | ab bc: three of five.
        assert!((distinct_n(&texts, 2) - 0.6).abs() < 1e-12);
        assert_eq!(distinct_count(&texts), 2);
        assert!(distinct_n(&[], 2).abs() < 1e-12);
    }

    #[test]
    fn self_bleu_is_one_for_repeats_and_small_for_strangers() {
        let same = texts(&["the quick brown fox jumps", "the quick brown fox jumps"]);
        assert!((self_bleu(&same, 10) - 1.0).abs() < 1e-9);
        let apart = texts(&["the quick brown fox jumps", "never say anything like that"]);
        assert!(self_bleu(&apart, 10) < 0.05);
        // One word of five in common: (1/5 · 1/5 · 1/4 · 1/3)^¼, by hand.
        let near = texts(&["a b c d e", "a v w x y"]);
        let by_hand = (0.2_f64 * 0.2 * 0.25 * (1.0 / 3.0)).powf(0.25);
        assert!((self_bleu(&near, 10) - by_hand).abs() < 1e-9);
    }
}
