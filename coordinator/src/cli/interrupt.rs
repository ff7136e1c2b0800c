//! Ctrl-C and SIGTERM: the first stops softly, the second at once.

use tokio_util::sync::CancellationToken;
use worker::process::lifecycle::{Phase, Shutdown};

use super::progress::say;

/// Listens from now on. The work in hand is finished however long it takes.
pub(super) fn listen() -> std::io::Result<CancellationToken> {
    let shutdown = Shutdown::new(None);
    shutdown.listen(|phase| {
        if phase == Phase::Draining {
            say(
                "stopping after the work in hand; once more to stop at once (nothing that was acknowledged is lost)",
            );
        }
    })?;
    Ok(shutdown.draining().clone())
}
