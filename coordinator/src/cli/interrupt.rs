//! Ctrl-C and SIGTERM: the first stops softly, the second at once.

use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use super::progress::say;

/// Exit code of a process that was stopped at once.
const AT_ONCE: i32 = 130;

/// Listens from now on, in a thread of its own, so that a second signal is heard whatever the rest of
/// the process is busy with.
pub(super) fn listen() -> std::io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let told = stop.clone();
    let runtime = Builder::new_current_thread().enable_io().build()?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            if heard().await.is_err() {
                return;
            }
            say("stopping after the work in hand; once more to stop at once (nothing that was acknowledged is lost)");
            told.cancel();
            if heard().await.is_ok() {
                std::process::exit(AT_ONCE);
            }
        });
    })?;
    Ok(stop)
}

/// Waits for either signal.
#[cfg(unix)]
async fn heard() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
async fn heard() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
