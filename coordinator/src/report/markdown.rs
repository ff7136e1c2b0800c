//! The report as Markdown: the same figures in tables, for a terminal or a repository.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, context};

use super::html::RenderError;
use super::model::ReportModel;
use super::page::{Page, set_up};

const PAGE: &str = include_str!("report.md.jinja");

/// Prints a report as Markdown.
pub fn render(model: &ReportModel) -> Result<String, RenderError> {
    let failed = |source| RenderError {
        form: "Markdown",
        source,
    };
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    set_up(&mut environment);
    environment.add_filter("cell", cell);
    environment.add_filter("quote", quote);
    environment.add_template("report", PAGE).map_err(failed)?;
    let page = environment.get_template("report").map_err(failed)?;
    page.render(context! { page => Serde(Page::of(model)) })
        .map_err(failed)
}

/// Text that stands for itself on one line, in a table too: marks of Markdown and HTML are escaped.
fn cell(text: String) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' => safe.push(' '),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' | '~' => {
                safe.push('\\');
                safe.push(character);
            }
            other => safe.push(other),
        }
    }
    safe
}

/// Text as a quotation, line by line.
fn quote(text: String) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| format!("> {}", cell(line.to_owned())))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_for_themselves() {
        assert_eq!(
            cell("a|b <script>\n*x*".into()),
            r"a\|b &lt;script&gt; \*x\*"
        );
        assert_eq!(quote("one\n- two".into()), "> one\n> - two");
    }
}
