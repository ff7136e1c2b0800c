//! The pipes of a program, each with a task of its own: one that waits for another would wait for ever
//! when both are full.

use std::io;

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};
use tokio::sync::mpsc;
use tracing::info;

use super::super::http::CAP;

/// Answers that may lie ready before the program has to wait.
const AHEAD: usize = 16;

/// Most bytes of a line of its log.
const LOGGED: usize = 4 << 10;

/// Writes lines to a program's input, which is closed when nobody sends any more.
pub(super) fn write(
    mut pipe: impl AsyncWrite + Unpin + Send + 'static,
) -> mpsc::UnboundedSender<Vec<u8>> {
    let (lines, mut written) = mpsc::unbounded_channel::<Vec<u8>>();
    tokio::spawn(async move {
        while let Some(line) = written.recv().await {
            if pipe.write_all(&line).await.is_err() || pipe.flush().await.is_err() {
                break;
            }
        }
    });
    lines
}

/// Reads lines of a program's output. After an error there are none.
pub(super) fn read(
    pipe: impl AsyncRead + Unpin + Send + 'static,
) -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let (lines, read) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        let mut pipe = BufReader::new(pipe);
        while let Some(line) = line(&mut pipe).await.transpose() {
            let failed = line.is_err();
            if lines.send(line).await.is_err() || failed {
                break;
            }
        }
    });
    read
}

/// Puts a program's lines into the log.
pub(super) async fn log(name: String, pipe: impl AsyncRead + Unpin) {
    let mut pipe = BufReader::new(pipe);
    loop {
        let mut line = Vec::new();
        let mut piece = (&mut pipe).take(LOGGED as u64);
        match piece.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => break,
            Ok(_) => info!(
                endpoint = name,
                "{}",
                String::from_utf8_lossy(&line).trim_end()
            ),
        }
    }
}

/// The next line, or nothing at the end.
async fn line(pipe: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = pipe.take(CAP as u64).read_until(b'\n', &mut line).await?;
    match line.last() {
        Some(b'\n') => Ok(Some(line)),
        _ if read == CAP => Err(io::Error::other(format!(
            "it wrote a line of more than {CAP} bytes"
        ))),
        // A line that nobody ends is no answer.
        _ => Ok(None),
    }
}
