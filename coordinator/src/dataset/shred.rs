//! Rows into Parquet columns: the repetition and definition levels of our one schema.
//!
//! A Parquet column is a flat list of values with two small numbers beside each entry. The
//! *definition level* says how much of the path to the value exists; the *repetition level* says
//! which list the entry continues (0 starts a row). Of our paths:
//!
//! | entry | leaf | definition | repetition |
//! |---|---|---|---|
//! | a fact of the row (`id`, `tools`) | `id` | 1 | 0 |
//! | a message's text | `messages.list.element.content` | 4 | 0 for the first message, else 1 |
//! | a message's absent `name` | `messages.list.element.name` | 3: the element is there, the field is not | as above |
//! | a call's `id`, `type` | `…tool_calls.list.element.id` | 7 | that of its message for the first call, else 2 |
//! | a call's `name`, `arguments` | `…element.function.arguments` | 8 | as above |
//! | a message without calls | every call leaf | 3: `tool_calls` is null | that of its message |
//!
//! Text is gathered in one buffer per column and handed to the encoder as slices of it, so a value
//! costs one copy and no allocation. A long value equal to the last long one (system prompt and
//! tools repeat in every row of a domain) is not copied again.

use parquet::data_type::ByteArray;

use super::row::{Row, RowMessage};
use super::schema::Column;

/// Definition level of a message of which a field is absent.
const MESSAGE: i16 = 3;
/// Definition level of a present field of a message.
const MESSAGE_FIELD: i16 = 4;
/// Definition level of a call's id and type.
const CALL_FIELD: i16 = 7;
/// Definition level of a call's function name and arguments.
const FUNCTION_FIELD: i16 = 8;

/// Values at least this long are compared with the last such value before being copied.
const LONG: usize = 1024;

/// The values of a column.
#[derive(Debug)]
pub(super) enum Values {
    Text(Texts),
    Ints(Vec<i64>),
    Floats(Vec<f64>),
    Truths(Vec<bool>),
}

/// Texts one behind the other in one buffer; a span is start and length.
#[derive(Debug, Default)]
pub(super) struct Texts {
    buffer: Vec<u8>,
    spans: Vec<(usize, usize)>,
    last_long: Option<(usize, usize)>,
}

impl Texts {
    fn push(&mut self, text: &str) {
        if text.len() >= LONG {
            if let Some((start, len)) = self.last_long
                && self.buffer[start..start + len] == *text.as_bytes()
            {
                self.spans.push((start, len));
                return;
            }
            self.last_long = Some((self.buffer.len(), text.len()));
        }
        self.spans.push((self.buffer.len(), text.len()));
        self.buffer.extend_from_slice(text.as_bytes());
    }

    /// The values as the encoder takes them; the buffer moves out.
    fn take(&mut self) -> Vec<ByteArray> {
        let whole = ByteArray::from(std::mem::take(&mut self.buffer));
        let values = self
            .spans
            .iter()
            .map(|&(start, len)| whole.slice(start, len))
            .collect();
        self.spans.clear();
        self.last_long = None;
        values
    }
}

/// One column of the rows gathered so far.
#[derive(Debug)]
pub(super) struct Leaf {
    definition: Vec<i16>,
    repetition: Vec<i16>,
    values: Values,
}

impl Leaf {
    fn new(column: Column) -> Self {
        let values = match column {
            Column::Trial => Values::Ints(Vec::new()),
            Column::Reward => Values::Floats(Vec::new()),
            Column::ParallelToolCalls => Values::Truths(Vec::new()),
            _ => Values::Text(Texts::default()),
        };
        Self {
            definition: Vec::new(),
            repetition: Vec::new(),
            values,
        }
    }

    fn level(&mut self, definition: i16, repetition: i16) {
        self.definition.push(definition);
        self.repetition.push(repetition);
    }

    fn text(&mut self, text: &str, definition: i16, repetition: i16) {
        self.level(definition, repetition);
        match &mut self.values {
            Values::Text(texts) => texts.push(text),
            _ => unreachable!("only columns of text are given text"),
        }
    }

    fn optional(&mut self, text: Option<&str>, repetition: i16) {
        match text {
            Some(text) => self.text(text, MESSAGE_FIELD, repetition),
            None => self.level(MESSAGE, repetition),
        }
    }
}

/// A column ready for the encoder.
#[derive(Debug)]
pub(super) struct Encodable {
    pub(super) definition: Vec<i16>,
    pub(super) repetition: Vec<i16>,
    pub(super) values: Ready,
}

/// Values in the encoder's own types.
#[derive(Debug)]
pub(super) enum Ready {
    Text(Vec<ByteArray>),
    Ints(Vec<i64>),
    Floats(Vec<f64>),
    Truths(Vec<bool>),
}

/// Rows gathered for one row group, as columns in the order of [`Column::ALL`].
#[derive(Debug)]
pub(super) struct Columns {
    leaves: Vec<Leaf>,
    rows: usize,
}

impl Columns {
    pub(super) fn new() -> Self {
        Self {
            leaves: Column::ALL.into_iter().map(Leaf::new).collect(),
            rows: 0,
        }
    }

    /// Rows gathered since the last [`Self::take`].
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of text held, counting a repeated long value once.
    pub(super) fn bytes(&self) -> usize {
        let held = |leaf: &Leaf| match &leaf.values {
            Values::Text(texts) => texts.buffer.len(),
            _ => 0,
        };
        self.leaves.iter().map(held).sum()
    }

    fn leaf(&mut self, column: Column) -> &mut Leaf {
        &mut self.leaves[column as usize]
    }

    fn fact(&mut self, column: Column, text: &str) {
        self.leaf(column).text(text, 1, 0);
    }

    /// Adds a row that has been checked.
    pub(super) fn push(&mut self, row: &Row) {
        self.fact(Column::Id, &row.id);
        self.fact(Column::TaskId, &row.task_id);
        self.fact(Column::TrajectoryId, &row.trajectory_id);
        self.fact(Column::Domain, &row.domain);
        self.fact(Column::Scenario, &row.scenario);
        self.fact(Column::Kind, &row.kind);
        self.fact(Column::Agent, &row.agent);
        self.fact(Column::User, &row.user);
        self.fact(Column::Tools, &row.tools);
        self.fact(Column::Metadata, &row.metadata);
        for column in [Column::Trial, Column::Reward, Column::ParallelToolCalls] {
            let leaf = self.leaf(column);
            leaf.level(1, 0);
            match &mut leaf.values {
                Values::Ints(values) => values.push(i64::from(row.trial)),
                Values::Floats(values) => values.push(row.reward),
                // Our agents make one call at a time, and are never asked for more.
                Values::Truths(values) => values.push(false),
                Values::Text(_) => unreachable!("the three columns listed hold no text"),
            }
        }
        for (at, message) in row.messages.iter().enumerate() {
            self.message(message, i16::from(at > 0));
        }
        self.rows += 1;
    }

    fn message(&mut self, message: &RowMessage, repetition: i16) {
        self.leaf(Column::Role)
            .text(message.role.as_str(), MESSAGE_FIELD, repetition);
        self.leaf(Column::Content)
            .text(&message.content, MESSAGE_FIELD, repetition);
        self.leaf(Column::ToolCallId)
            .optional(message.tool_call_id.as_deref(), repetition);
        self.leaf(Column::ToolName)
            .optional(message.name.as_deref(), repetition);
        if message.tool_calls.is_empty() {
            for column in [
                Column::CallId,
                Column::CallType,
                Column::CallName,
                Column::Arguments,
            ] {
                self.leaf(column).level(MESSAGE, repetition);
            }
        }
        for (at, call) in message.tool_calls.iter().enumerate() {
            let repetition = if at > 0 { 2 } else { repetition };
            self.leaf(Column::CallId)
                .text(&call.id, CALL_FIELD, repetition);
            self.leaf(Column::CallType)
                .text("function", CALL_FIELD, repetition);
            self.leaf(Column::CallName)
                .text(&call.name, FUNCTION_FIELD, repetition);
            self.leaf(Column::Arguments)
                .text(&call.arguments, FUNCTION_FIELD, repetition);
        }
    }

    /// The columns gathered, in the order of [`Column::ALL`]; none are left.
    pub(super) fn take(&mut self) -> Vec<Encodable> {
        self.rows = 0;
        let take = |leaf: &mut Leaf| Encodable {
            definition: std::mem::take(&mut leaf.definition),
            repetition: std::mem::take(&mut leaf.repetition),
            values: match &mut leaf.values {
                Values::Text(texts) => Ready::Text(texts.take()),
                Values::Ints(values) => Ready::Ints(std::mem::take(values)),
                Values::Floats(values) => Ready::Floats(std::mem::take(values)),
                Values::Truths(values) => Ready::Truths(std::mem::take(values)),
            },
        };
        self.leaves.iter_mut().map(take).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::tests::sample;
    use super::super::row::{Role, RowCall};
    use super::*;
    use proptest::prelude::*;

    fn levels(columns: &[Encodable], column: Column) -> (Vec<i16>, Vec<i16>) {
        let column = &columns[column as usize];
        (column.definition.clone(), column.repetition.clone())
    }

    fn texts(columns: &[Encodable], column: Column) -> Vec<String> {
        match &columns[column as usize].values {
            Ready::Text(values) => values
                .iter()
                .map(|v| v.as_utf8().unwrap().to_owned())
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_row_with_one_call_worked_by_hand() {
        let mut columns = Columns::new();
        columns.push(&sample("a"));
        let columns = columns.take();
        assert_eq!(levels(&columns, Column::Id), (vec![1], vec![0]));
        assert_eq!(
            levels(&columns, Column::Role),
            (vec![4; 5], vec![0, 1, 1, 1, 1])
        );
        assert_eq!(
            levels(&columns, Column::ToolCallId),
            (vec![3, 3, 3, 4, 3], vec![0, 1, 1, 1, 1])
        );
        assert_eq!(
            levels(&columns, Column::CallId),
            (vec![3, 3, 7, 3, 3], vec![0, 1, 1, 1, 1])
        );
        assert_eq!(
            levels(&columns, Column::Arguments),
            (vec![3, 3, 8, 3, 3], vec![0, 1, 1, 1, 1])
        );
        assert_eq!(
            texts(&columns, Column::Role),
            ["system", "user", "assistant", "tool", "assistant"]
        );
        assert_eq!(
            texts(&columns, Column::Arguments),
            [r#"{"n":2,"ticket":"T1","x":2.0}"#]
        );
    }

    #[test]
    fn parallel_calls_repeat_at_level_two_and_a_first_message_may_call() {
        let mut row = sample("a");
        let call = |id: &str| RowCall {
            id: id.to_owned(),
            name: "f".to_owned(),
            arguments: "{}".to_owned(),
        };
        let calls = |ids: &[&str]| RowMessage {
            tool_calls: ids.iter().map(|id| call(id)).collect(),
            ..RowMessage::text(Role::Assistant, "")
        };
        row.messages = vec![
            calls(&["1", "2", "3"]),
            RowMessage::text(Role::User, "x"),
            calls(&["4", "5"]),
        ];
        let mut columns = Columns::new();
        columns.push(&row);
        columns.push(&sample("b"));
        let columns = columns.take();
        let expected = (
            vec![7, 7, 7, 3, 7, 7, 3, 3, 7, 3, 3],
            vec![0, 2, 2, 1, 1, 2, 0, 1, 1, 1, 1],
        );
        assert_eq!(levels(&columns, Column::CallId), expected);
        assert_eq!(
            texts(&columns, Column::CallId),
            ["1", "2", "3", "4", "5", "call_0"]
        );
    }

    #[test]
    fn a_long_value_that_repeats_is_held_once() {
        let mut row = sample("a");
        row.messages[0].content = "policy ".repeat(1000);
        let mut columns = Columns::new();
        columns.push(&row);
        let once = columns.bytes();
        for _ in 0..9 {
            columns.push(&row);
        }
        assert!(
            columns.bytes() < once + 9 * 1000,
            "{} after {once}",
            columns.bytes()
        );
        let columns = columns.take();
        assert_eq!(
            texts(&columns, Column::Content)[45],
            row.messages[0].content
        );
    }

    /// Texts of the present entries of a column, in order; `None` where the level says absent.
    fn entries(columns: &[Encodable], column: Column, present: i16) -> Vec<(i16, Option<String>)> {
        let mut values = texts(columns, column).into_iter();
        let (definition, repetition) = levels(columns, column);
        let entry = |(d, r): (i16, i16)| {
            (
                r,
                (d == present).then(|| values.next().expect("a value for each entry")),
            )
        };
        let entries = definition.into_iter().zip(repetition).map(entry).collect();
        assert!(values.next().is_none(), "values without an entry");
        entries
    }

    /// Puts messages together again from levels alone, as a reader does.
    fn assembled(columns: &[Encodable]) -> Vec<Vec<RowMessage>> {
        let mut rows: Vec<Vec<RowMessage>> = Vec::new();
        let fields = [
            Column::Role,
            Column::Content,
            Column::ToolCallId,
            Column::ToolName,
        ]
        .map(|column| entries(columns, column, MESSAGE_FIELD));
        for (at, (repetition, role)) in fields[0].iter().enumerate() {
            if *repetition == 0 {
                rows.push(Vec::new());
            }
            let role = match role.as_deref() {
                Some("user") => Role::User,
                Some("assistant") => Role::Assistant,
                Some("tool") => Role::Tool,
                _ => Role::System,
            };
            let text = |field: usize| fields[field][at].1.clone();
            let message = RowMessage {
                tool_call_id: text(2),
                name: text(3),
                ..RowMessage::text(role, text(1).expect("content is never null"))
            };
            rows.last_mut()
                .expect("the first entry starts a row")
                .push(message);
        }
        let ids = entries(columns, Column::CallId, CALL_FIELD);
        let names = entries(columns, Column::CallName, FUNCTION_FIELD);
        let arguments = entries(columns, Column::Arguments, FUNCTION_FIELD);
        let (mut row, mut message) = (usize::MAX, 0);
        for ((id, name), argument) in ids.into_iter().zip(names).zip(arguments) {
            match id.0 {
                0 => (row, message) = (row.wrapping_add(1), 0),
                1 => message += 1,
                _ => {}
            }
            if let (Some(id), Some(name), Some(arguments)) = (id.1, name.1, argument.1) {
                rows[row][message].tool_calls.push(RowCall {
                    id,
                    name,
                    arguments,
                });
            }
        }
        rows
    }

    fn any_message() -> impl Strategy<Value = RowMessage> {
        let call = (".{0,3}", "[a-z]{1,3}", ".{0,5}").prop_map(|(id, name, arguments)| RowCall {
            id,
            name,
            arguments,
        });
        let role =
            prop::sample::select(vec![Role::System, Role::User, Role::Assistant, Role::Tool]);
        let optional = || prop::option::of(".{0,3}");
        (
            role,
            ".{0,5}",
            prop::collection::vec(call, 0..4),
            optional(),
            optional(),
            any::<bool>(),
        )
            .prop_map(|(role, content, tool_calls, tool_call_id, name, long)| {
                let content = if long { content.repeat(LONG) } else { content };
                RowMessage {
                    role,
                    content,
                    tool_calls,
                    tool_call_id,
                    name,
                }
            })
    }

    proptest! {
        #[test]
        fn any_rows_can_be_assembled_from_their_levels(
            rows in prop::collection::vec(prop::collection::vec(any_message(), 1..6), 1..6)
        ) {
            let mut columns = Columns::new();
            for messages in &rows {
                columns.push(&Row { messages: messages.clone(), ..sample("a") });
            }
            prop_assert_eq!(assembled(&columns.take()), rows);
            prop_assert_eq!(columns.bytes(), 0);
        }
    }
}
