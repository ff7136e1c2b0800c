//! The report as one HTML file: style, script and data are inside, and it asks the network for
//! nothing (its own content security policy forbids it).

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, context};

use super::model::ReportModel;
use super::page::{Page, set_up};

const PAGE: &str = include_str!("report.html.jinja");
const FIGURES: &str = include_str!("figures.html.jinja");
const READER: &str = include_str!("reader.html.jinja");
const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// A report that cannot be printed: a template names what the model does not have.
#[derive(Debug, thiserror::Error)]
#[error(
    "the report's {form} template fails: {source:#}; the template and `report::model` must agree"
)]
pub struct RenderError {
    /// `HTML` or `Markdown`.
    pub form: &'static str,
    /// What the template engine says.
    pub source: minijinja::Error,
}

/// Prints a report as one self-contained HTML file.
pub fn render(model: &ReportModel) -> Result<String, RenderError> {
    let failed = |source| RenderError {
        form: "HTML",
        source,
    };
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    set_up(&mut environment);
    for (name, source) in [("report", PAGE), ("figures", FIGURES), ("reader", READER)] {
        environment.add_template(name, source).map_err(failed)?;
    }
    let page = environment.get_template("report").map_err(failed)?;
    page.render(context! { style => STYLE, script => SCRIPT, page => Serde(Page::of(model)) })
        .map_err(failed)
}
