//! Figures beside what is asked of them, as a table or as JSON.

use std::fmt::Write as _;

use serde_json::json;

/// A floor, or a ceiling, that a figure is held against.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bound {
    Least(f64),
    Most(f64),
    None,
}

/// One figure.
#[derive(Debug)]
pub(super) struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    bound: Bound,
    note: String,
}

impl Figure {
    pub(super) fn new(
        name: &str,
        value: f64,
        unit: &'static str,
        bound: Bound,
        note: String,
    ) -> Self {
        Self {
            name: name.to_owned(),
            value,
            unit,
            bound,
            note,
        }
    }

    fn holds(&self) -> bool {
        match self.bound {
            Bound::Least(least) => self.value >= least,
            Bound::Most(most) => self.value <= most,
            Bound::None => true,
        }
    }
}

/// For people.
pub(super) fn table(clock: &str, figures: &[Figure]) -> String {
    let mut out = format!(
        "{:<30}{:>14}     {:>14}  {:<6}\n",
        clock, "measured", "asked", ""
    );
    for figure in figures {
        let asked = match figure.bound {
            Bound::Least(least) => format!(">= {}", number(least)),
            Bound::Most(most) => format!("<= {}", number(most)),
            Bound::None => "-".to_owned(),
        };
        let mark = match (figure.bound, figure.holds()) {
            (Bound::None, _) => "",
            (_, true) => "holds",
            (_, false) => "MISSED",
        };
        writeln!(
            out,
            "{:<30}{:>14} {:<3} {asked:>14}  {mark:<6}  {}",
            figure.name,
            number(figure.value),
            figure.unit,
            figure.note
        )
        .expect("writing to a string does not fail");
    }
    out
}

/// With thousands apart, and decimals where the number is small.
fn number(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// For programs.
pub(super) fn as_json(figures: &[Figure]) -> String {
    let row = |figure: &Figure| {
        let (least, most) = match figure.bound {
            Bound::Least(least) => (Some(least), None),
            Bound::Most(most) => (None, Some(most)),
            Bound::None => (None, None),
        };
        json!({"name": figure.name, "value": figure.value, "unit": figure.unit, "at_least": least, "at_most": most, "holds": figure.holds(), "note": figure.note})
    };
    let rows: Vec<serde_json::Value> = figures.iter().map(row).collect();
    format!("{:#}\n", serde_json::Value::Array(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            [number(2.345), number(250.4), number(1_234_567.0)],
            ["2.35", "250", "1,234,567"]
        );
    }

    #[test]
    fn bounds_are_kept() {
        let figure = |value, bound| Figure::new("x", value, "", bound, String::new());
        assert!(figure(2.0, Bound::Most(2.0)).holds() && !figure(2.1, Bound::Most(2.0)).holds());
        assert!(figure(2.0, Bound::Least(2.0)).holds() && !figure(1.9, Bound::Least(2.0)).holds());
    }
}
