//! What is written is whole, in its place, and the same whatever lay there before.

use std::fs::{self, File};

use parquet::file::reader::{FileReader, SerializedFileReader};

use super::*;
use crate::dataset::row::tests::sample;
use crate::dataset::row::{Role, RowMessage};

fn rows() -> Vec<Row> {
    let split = |n: usize| {
        if n % 5 == 4 {
            Split::Test
        } else {
            Split::Train
        }
    };
    let row = |n: usize| Row {
        split: split(n),
        trial: n as u32,
        ..sample(&format!("row{n}"))
    };
    (0..23).map(row).collect()
}

fn write(dir: &Path, settings: Settings, rows: &[Row]) -> Written {
    let mut writer = DatasetWriter::create(dir, settings).unwrap();
    rows.iter().for_each(|row| writer.push(row).unwrap());
    writer.finish(&CardFacts::default()).unwrap()
}

fn small() -> Settings {
    Settings {
        shard_rows: 7,
        group_bytes: 400,
        ..Settings::dataset("run_x")
    }
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = write(one.path(), small(), &rows());
    assert_eq!(first, write(two.path(), small(), &rows()));
    let names: Vec<&str> = first
        .manifest
        .files
        .iter()
        .map(|f| f.path.as_str())
        .collect();
    for name in &names {
        assert_eq!(
            fs::read(one.path().join(name)).unwrap(),
            fs::read(two.path().join(name)).unwrap(),
            "{name}"
        );
    }
    assert!(
        names.contains(&"raw/train-00002-of-00003.parquet"),
        "{names:?}"
    );
    assert!(
        names.contains(&"openai/test-00000-of-00001.jsonl"),
        "{names:?}"
    );
}

#[test]
fn parquet_reads_back_row_for_row() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), small(), &rows());
    let reader = SerializedFileReader::new(
        File::open(dir.path().join("raw/train-00001-of-00003.parquet")).unwrap(),
    );
    let reader = reader.unwrap();
    assert!(reader.num_row_groups() > 1);
    let expected: Vec<Row> = rows()
        .into_iter()
        .filter(|r| r.split == Split::Train)
        .skip(7)
        .take(7)
        .collect();
    let found: Vec<serde_json::Value> = reader
        .get_row_iter(None)
        .unwrap()
        .map(|row| serde_json::Value::String(row.unwrap().to_string()))
        .collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        let text = found.as_str().unwrap();
        assert!(text.contains(&format!("id: \"{}\"", expected.id)), "{text}");
        assert!(
            text.contains(&format!(
                "arguments: \"{}\"",
                expected.messages[2].tool_calls[0].arguments
            )),
            "{text}"
        );
        assert!(
            text.contains("content: \"\", tool_calls: [{id: \"call_0\""),
            "{text}"
        );
    }
}

#[test]
fn an_older_dataset_is_replaced_whole() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), small(), &rows());
    write(dir.path(), Settings::dataset("run_x"), &rows()[..3]);
    let verified = super::super::verify(dir.path()).unwrap();
    assert_eq!(verified.manifest.rows, 3);
    let files: Vec<&str> = verified
        .manifest
        .files
        .iter()
        .map(|f| f.path.as_str())
        .collect();
    assert_eq!(files.iter().filter(|f| f.starts_with("raw/")).count(), 1);
}

#[test]
fn an_abandoned_writer_leaves_the_dataset_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let before = write(dir.path(), small(), &rows());
    let mut writer = DatasetWriter::create(dir.path(), small()).unwrap();
    writer.push(&sample("z")).unwrap();
    drop(writer);
    assert_eq!(
        super::super::manifest::read(dir.path()).unwrap(),
        before.manifest
    );
    assert_eq!(write(dir.path(), small(), &rows()), before);
    super::super::verify(dir.path()).unwrap();
}

#[test]
fn what_a_crash_while_publishing_leaves_is_no_dataset_and_is_cleared() {
    let dir = tempfile::tempdir().unwrap();
    let before = write(dir.path(), small(), &rows());
    fs::remove_file(dir.path().join(MANIFEST)).unwrap();
    fs::remove_file(dir.path().join("raw/train-00000-of-00003.parquet")).unwrap();
    fs::create_dir(dir.path().join(".partial")).unwrap();
    fs::write(dir.path().join(".partial/README.md"), "half").unwrap();
    assert!(super::super::verify(dir.path()).is_err());
    assert_eq!(write(dir.path(), small(), &rows()), before);
    super::super::verify(dir.path()).unwrap();
}

#[test]
fn no_rows_and_an_unfinished_run_still_make_a_sound_folder() {
    let dir = tempfile::tempdir().unwrap();
    let writer = DatasetWriter::create(dir.path(), small()).unwrap();
    let facts = CardFacts {
        complete: false,
        ..CardFacts::default()
    };
    let manifest = writer.finish(&facts).unwrap().manifest;
    assert_eq!(
        (manifest.rows, manifest.complete, manifest.files.len()),
        (0, false, 2)
    );
    super::super::verify(dir.path()).unwrap();
    let card = fs::read_to_string(dir.path().join("README.md")).unwrap();
    assert!(
        card.contains("**Incomplete.**") && !card.contains("data_files"),
        "{card}"
    );
}

#[test]
fn a_refused_row_is_listed_with_its_reason_and_not_counted() {
    let dir = tempfile::tempdir().unwrap();
    let mut rows = rows();
    rows[1]
        .messages
        .push(RowMessage::text(Role::User, "one more"));
    let written = write(
        dir.path(),
        Settings::export("run_x", Format::Sharegpt),
        &rows,
    );
    assert_eq!(written.refused[&Format::Sharegpt], 1);
    assert_eq!(written.manifest.configs["sharegpt"][&Split::Train], 18);
    let listed = fs::read_to_string(dir.path().join("refused-sharegpt.jsonl")).unwrap();
    assert!(
        listed.contains("\"id\":\"row1\"") && listed.contains("ends on a message of role `user`"),
        "{listed}"
    );
    let card = fs::read_to_string(dir.path().join("README.md")).unwrap();
    assert!(card.contains("cannot express 1 of the rows"), "{card}");
    super::super::verify(dir.path()).unwrap();
}

#[test]
fn an_unsound_row_or_tool_list_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = DatasetWriter::create(dir.path(), small()).unwrap();
    let row = Row {
        tools: Arc::from("{}"),
        ..sample("bad")
    };
    let error = writer.push(&row).unwrap_err().to_string();
    assert!(
        error.contains("`bad`") && error.contains("tools"),
        "{error}"
    );
}
