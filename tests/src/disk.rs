//! A disk so small that a test can fill it.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A file system in memory, mounted in a temporary folder until it is dropped.
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// One of so many MiB; `None`, and a line that says so, where this process may not mount it.
    pub fn mount(mib: u32) -> Option<Self> {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let path = folder.path().display().to_string();
        let size = format!("size={mib}m,mode=0700");
        if run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", &path]) {
            return Some(Self(folder));
        }
        eprintln!("no disk can be mounted here: what happens when one is full is not tried on one");
        None
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Makes it one of so many MiB.
    pub fn resize(&self, mib: u32) {
        let path = self.path().display().to_string();
        let size = format!("remount,size={mib}m");
        assert!(run("mount", &["-o", &size, &path]), "it cannot be made one of {mib} MiB");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let path = self.path().display().to_string();
        // A process that was killed may still be going.
        if !run("umount", &["--lazy", &path]) {
            eprintln!("{path} was not unmounted");
        }
    }
}

fn run(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
