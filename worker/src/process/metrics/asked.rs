//! Counts requests to models, by what was noted of each.

use proto::operation::Sent;
use proto::record::Usage;

use super::family::Label as _;
use super::label::{Code, Reply, Tokens};
use super::table::Work;

impl Work {
    /// Counts a request that has ended, in this process or in one that it has started for a job.
    pub fn asked(&self, sent: &Sent) {
        let model = &sent.model;
        let seconds = sent.millis as f64 / 1000.0;
        self.model_duration.of(model, ()).observe(seconds);
        let code = Code::ALL.iter().find(|code| code.text() == sent.came);
        if let Some(&code) = code {
            self.model_requests.of(model, (code,)).inc();
        }
        if code != Some(&Code::Ok) {
            return;
        }
        let Usage {
            input,
            cached,
            output,
            ..
        } = sent.usage;
        let tokens = |kind| self.model_tokens.of(model, (kind,));
        tokens(Tokens::Input).inc_by(input.saturating_sub(cached));
        tokens(Tokens::CachedInput).inc_by(cached);
        tokens(Tokens::Output).inc_by(output);
        self.model_spend.of(model, ()).inc_by(sent.cost.dollars());
        self.replies.of((Reply::Kept,)).inc();
    }
}
