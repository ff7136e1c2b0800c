//! What ends a service when nobody needs it any more, however its users end.
//!
//! A shell waits beside the service, then kills the process groups and unmounts the file systems that the
//! folder names, and removes the folder. For a service of one process it waits for the end of a pipe, which the kernel closes
//! with the process; for a shared one it waits until no process holds a lock.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

const END: &str = r#"
for file in "$1"/*.group; do kill -9 "-$(cat "$file")"; done
for file in "$1"/*.mount; do umount -l "$(cat "$file")"; done
# what was killed may still be writing
for pause in 0 1 1 1 1; do sleep $pause; rm -rf "$1" && break; done
"#;
/// Waits for the end of the pipe.
const ALONE: &str = "trap '' INT TERM HUP; cat >/dev/null; ";
/// Waits until nobody has held the lock for a while: the next test may be about to begin.
const SHARED: &str = r#"trap '' INT TERM HUP
while :; do
    flock "$2" true
    sleep 5
    exec 9>>"$2"
    flock -n 9 && break
    exec 9>&-
done
"#;

/// Ends a service when dropped, or when this process ends in any other way.
#[derive(Debug)]
pub(crate) struct Supervisor {
    shell: Child,
}

impl Supervisor {
    /// For a service that only this process uses.
    pub(crate) fn alone(folder: &Path) -> io::Result<Self> {
        let shell = shell(&format!("{ALONE}{END}"), &[folder])
            .stdin(Stdio::piped())
            .spawn()?;
        Ok(Self { shell })
    }
}

/// Ends a service once no process holds a lock on `users`.
pub(super) fn shared(folder: &Path, users: &Path) -> io::Result<()> {
    shell(&format!("{SHARED}{END}"), &[folder, users])
        .stdin(Stdio::null())
        .spawn()
        .map(drop)
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // Nothing can be done about a shell that can't be waited for.
        let _ = self.shell.wait();
    }
}

fn shell(script: &str, arguments: &[&Path]) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", script, "sh"])
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Apart from the test's group, which a runner may kill as a whole.
        .process_group(0);
    command
}

/// Starts a process of a service in a group of its own, and notes it for the supervisor.
pub(crate) fn start(folder: &Path, name: &str, command: &mut Command) -> io::Result<Process> {
    let log = fs::File::create(folder.join(format!("{name}.log")))?;
    let child = command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()?;
    let note = folder.join(format!("{name}.group"));
    fs::write(&note, child.id().to_string())?;
    Ok(Process { child, note })
}

/// A process group of a service.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    note: PathBuf,
}

impl Process {
    /// Kills the whole group, as a crash of the machine would, and waits for its end.
    pub(crate) fn kill(mut self) {
        self.signal("KILL");
        self.child.wait().expect("a child can be waited for");
        fs::remove_file(&self.note).expect("its note is there");
    }

    /// Sends the whole group a signal, as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let group = format!("-{}", self.child.id());
        let sent = Command::new("kill")
            .args(["-s", name, "--", &group])
            .status();
        assert!(sent.is_ok_and(|status| status.success()), "{name} {group}");
    }

    /// Its id in the system.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, once it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().expect("a child can be waited for")?;
        // Another process may get its number.
        let _ = fs::remove_file(&self.note);
        Some(status)
    }
}
