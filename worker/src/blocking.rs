//! Work that keeps a thread busy, from within a task.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Does `work` here and now, letting the runtime's other tasks move to other threads meanwhile where it
/// has them.
pub fn in_place<T>(work: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        // One thread only, as under a paused clock: there is nobody to make room for.
        _ => work(),
    }
}
