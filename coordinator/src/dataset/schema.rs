//! The Parquet schemas, and which shredded column feeds which leaf.
//!
//! Lists have the standard three levels (`list.element`), and every node is optional as `pyarrow`
//! writes it, so a reader's types equal those of a file made by `pyarrow` and nothing is cast on
//! loading. Values that this code never leaves out are written as present throughout.

use std::sync::Arc;

use parquet::schema::parser::parse_message_type;
use parquet::schema::types::Type;

use super::format::Format;

/// A column of [`super::shred::Columns`]; the number is its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    TaskId,
    TrajectoryId,
    Domain,
    Scenario,
    Kind,
    Agent,
    Trial,
    Reward,
    User,
    Role,
    Content,
    CallId,
    CallType,
    CallName,
    Arguments,
    ToolCallId,
    ToolName,
    Tools,
    Metadata,
    ParallelToolCalls,
}

impl Column {
    /// Every column, in the order of the numbers.
    pub(super) const ALL: [Self; 21] = [
        Self::Id,
        Self::TaskId,
        Self::TrajectoryId,
        Self::Domain,
        Self::Scenario,
        Self::Kind,
        Self::Agent,
        Self::Trial,
        Self::Reward,
        Self::User,
        Self::Role,
        Self::Content,
        Self::CallId,
        Self::CallType,
        Self::CallName,
        Self::Arguments,
        Self::ToolCallId,
        Self::ToolName,
        Self::Tools,
        Self::Metadata,
        Self::ParallelToolCalls,
    ];

    /// The dotted path of the leaf in the schema.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::TaskId => "task_id",
            Self::TrajectoryId => "trajectory_id",
            Self::Domain => "domain",
            Self::Scenario => "scenario",
            Self::Kind => "kind",
            Self::Agent => "agent",
            Self::Trial => "trial",
            Self::Reward => "reward",
            Self::User => "user",
            Self::Role => "messages.list.element.role",
            Self::Content => "messages.list.element.content",
            Self::CallId => "messages.list.element.tool_calls.list.element.id",
            Self::CallType => "messages.list.element.tool_calls.list.element.type",
            Self::CallName => "messages.list.element.tool_calls.list.element.function.name",
            Self::Arguments => "messages.list.element.tool_calls.list.element.function.arguments",
            Self::ToolCallId => "messages.list.element.tool_call_id",
            Self::ToolName => "messages.list.element.name",
            Self::Tools => "tools",
            Self::Metadata => "metadata",
            Self::ParallelToolCalls => "parallel_tool_calls",
        }
    }

    /// Whether a dictionary would only add a copy, because no value comes twice.
    pub(super) fn is_unique(self) -> bool {
        matches!(self, Self::Id | Self::Metadata)
    }

    /// The column at a dotted path.
    pub(super) fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.path() == path)
    }
}

/// Columns that only our own formats have, before `messages`.
const FACTS: &str = "
  optional binary id (STRING);
  optional binary task_id (STRING);
  optional binary trajectory_id (STRING);
  optional binary domain (STRING);
  optional binary scenario (STRING);
  optional binary kind (STRING);
  optional binary agent (STRING);
  optional int64 trial;
  optional double reward;
  optional binary user (STRING);";

/// `ARGUMENTS` stands for the logical type of the arguments.
const MESSAGES: &str = "
  optional group messages (LIST) {
    repeated group list {
      optional group element {
        optional binary role (STRING);
        optional binary content (STRING);
        optional group tool_calls (LIST) {
          repeated group list {
            optional group element {
              optional binary id (STRING);
              optional binary type (STRING);
              optional group function {
                optional binary name (STRING);
                optional binary arguments (ARGUMENTS);
              }
            }
          }
        }
        optional binary tool_call_id (STRING);
        optional binary name (STRING);
      }
    }
  }";

/// The schema of a format's Parquet files.
pub(super) fn schema(format: Format) -> Arc<Type> {
    let (facts, arguments, rest) = match format {
        Format::Raw => (
            FACTS,
            "STRING",
            "optional binary tools (STRING); optional binary metadata (STRING);",
        ),
        Format::Trl => (
            FACTS,
            "JSON",
            "optional binary tools (JSON); optional binary metadata (STRING);",
        ),
        Format::Openai | Format::Sharegpt | Format::Swift => (
            "",
            "STRING",
            "optional binary tools (JSON); optional boolean parallel_tool_calls;",
        ),
    };
    let text = format!(
        "message row {{ {facts} {} {rest} }}",
        MESSAGES.replace("ARGUMENTS", arguments)
    );
    Arc::new(parse_message_type(&text).expect("the schema texts are constants, parsed by a test"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::basic::LogicalType;
    use parquet::schema::types::SchemaDescriptor;

    #[test]
    fn every_leaf_is_fed_and_json_is_where_it_should_be() {
        for (format, json) in [(Format::Raw, 0), (Format::Trl, 2), (Format::Openai, 1)] {
            let schema = SchemaDescriptor::new(schema(format));
            for leaf in schema.columns() {
                assert!(
                    Column::at(&leaf.path().string()).is_some(),
                    "{}",
                    leaf.path()
                );
            }
            let found = schema
                .columns()
                .iter()
                .filter(|c| c.logical_type_ref() == Some(&LogicalType::Json))
                .count();
            assert_eq!(found, json, "{format}");
        }
    }

    #[test]
    fn levels_are_those_the_shredder_writes() {
        let schema = SchemaDescriptor::new(schema(Format::Raw));
        let levels = |column: Column| {
            let leaf = schema
                .columns()
                .iter()
                .find(|c| c.path().string() == column.path())
                .unwrap();
            (leaf.max_def_level(), leaf.max_rep_level())
        };
        assert_eq!(levels(Column::Id), (1, 0));
        assert_eq!(levels(Column::Role), (4, 1));
        assert_eq!(levels(Column::ToolName), (4, 1));
        assert_eq!(levels(Column::CallType), (7, 2));
        assert_eq!(levels(Column::Arguments), (8, 2));
    }

    #[test]
    fn numbers_are_places() {
        for (at, column) in Column::ALL.into_iter().enumerate() {
            assert_eq!(column as usize, at);
        }
    }
}
