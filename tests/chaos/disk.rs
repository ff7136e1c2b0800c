//! A small disk that can be full: a file system in memory, where the user may mount one.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::fleet::Fleet;

/// A folder of a fleet with room of its own.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    /// Otherwise it is a folder like others, and never full.
    mounted: bool,
}

impl Disk {
    /// Mounts one below a fleet's folder; the fleet's supervisor unmounts it.
    pub(super) fn mount(fleet: &Fleet, name: &str, bytes: u64) -> Self {
        let folder = fleet.at(name);
        fs::create_dir(&folder).expect("a folder");
        let note = fleet.at(&format!("{name}.mount"));
        fs::write(&note, folder.display().to_string()).expect("a note for the supervisor");
        let mounting = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(&folder)
            .stderr(Stdio::null())
            .status();
        let mounted = mounting.is_ok_and(|status| status.success());
        Self { folder, mounted }
    }

    /// Whether it can be full.
    pub(super) fn bounded(&self) -> bool {
        self.mounted
    }

    /// Takes all the room that is left.
    pub(super) fn fill(&self) {
        assert!(self.mounted, "nobody wants to fill the whole machine");
        let ballast = File::options()
            .create(true)
            .append(true)
            .open(self.ballast());
        // Not even a name fits on a full disk.
        let Ok(mut ballast) = ballast else { return };
        for size in [1 << 20, 1 << 12, 1] {
            let bytes = vec![0; size];
            while ballast.write_all(&bytes).is_ok() {}
        }
    }

    /// Gives it back.
    pub(super) fn free(&self) {
        match fs::remove_file(self.ballast()) {
            Err(error) if error.kind() != ErrorKind::NotFound => panic!("the ballast: {error}"),
            _ => {}
        }
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}
