//! What language models had to do with the tasks and episodes of a run, and with candidates that fill no slot, and what that costs at the plan's
//! prices: a function of the replies that were kept, not of what was tried.

use std::collections::BTreeMap;

use proto::record::{Money, Part, Prices, Role, Usage};

use crate::plan::Plan;
use crate::report::model::ModelRow;

/// Parts added up, by role and by name in the plan.
#[derive(Debug, Default)]
pub(super) struct Parts(BTreeMap<(Role, String), (u64, Usage)>);

impl Parts {
    pub(super) fn add(&mut self, parts: &[Part]) {
        for part in parts {
            let sum = self.0.entry((part.role, part.name.clone())).or_default();
            sum.0 += u64::from(part.replies);
            sum.1 += part.usage;
        }
    }

    /// What all of them cost, as far as the plan has prices.
    pub(super) fn cost(&self, plan: &Plan) -> Option<Money> {
        let each = self.0.iter();
        let costs: Vec<Money> = each
            .filter_map(|((_, name), (_, usage))| cost(plan, name, *usage))
            .collect();
        (!costs.is_empty()).then(|| costs.into_iter().sum())
    }

    /// A row for each, with its cost where the plan has prices; `what` it came to stands behind the role.
    pub(super) fn rows(self, plan: &Plan, what: &str) -> Vec<ModelRow> {
        let row = |((role, name), (replies, usage)): ((Role, String), (u64, Usage))| ModelRow {
            role: format!("{}{what}", role.label()),
            cost: cost(plan, &name, usage).map(|cost| cost.to_string()),
            name,
            replies,
            input: usage.input,
            cached: usage.cached,
            output: usage.output,
        };
        self.0.into_iter().map(row).collect()
    }
}

/// What a model of the plan takes for so many tokens, if that is known.
pub(super) fn cost(plan: &Plan, name: &str, usage: Usage) -> Option<Money> {
    let prices = plan.endpoint(name)?.prices;
    (prices != Prices::default()).then(|| Money::cost(usage, prices))
}

#[cfg(test)]
mod tests {
    use proto::record::{CallForm, Protocol, Sampling};

    use super::*;
    use crate::plan::models::ModelPlan;
    use crate::plan::money::Decimal;

    fn part(role: Role, name: &str, input: u64) -> Part {
        Part {
            role,
            name: name.to_owned(),
            protocol: Protocol::OpenAi,
            models: Vec::new(),
            sampling: Sampling {
                temperature: None,
                top_p: None,
                max_tokens: 64,
                seeded: false,
                extra: Default::default(),
            },
            form: CallForm::Native,
            prompts: proto::digest::Digest::of(b"prompt"),
            seed: None,
            replies: 2,
            usage: Usage {
                input,
                cached: 100,
                written: 0,
                output: 10,
            },
        }
    }

    #[test]
    fn parts_add_up_by_role_and_model_and_cost_what_the_plan_says() {
        let priced = ModelPlan {
            price_input: Some(Decimal(2_000)),
            price_cached: Some(Decimal(1_000)),
            price_output: Some(Decimal(10_000)),
            ..ModelPlan::default()
        };
        let plan = Plan {
            models: [("big", priced), ("free", ModelPlan::default())]
                .map(|(name, model)| (name.to_owned(), model))
                .into(),
            ..Plan::default()
        };
        let mut parts = Parts::default();
        parts.add(&[
            part(Role::Agent, "big", 1_000),
            part(Role::User, "free", 500),
        ]);
        parts.add(&[part(Role::Agent, "big", 2_000)]);
        assert_eq!(parts.cost(&plan).unwrap().to_string(), "$0.006");
        let rows = parts.rows(&plan, "");
        let shown: Vec<_> = rows
            .iter()
            .map(|row| {
                (
                    row.role.as_str(),
                    row.name.as_str(),
                    row.replies,
                    row.input,
                    row.cost.as_deref(),
                )
            })
            .collect();
        // 2,800 uncached, 200 cached, 20 out: 5,600 + 200 + 200 thousand nano-dollars.
        let wanted = [
            ("user", "free", 2, 500, None),
            ("agent", "big", 4, 3_000, Some("$0.006")),
        ];
        assert_eq!(shown, wanted);
    }
}
