//! Files that may change while the process runs: certificates and the keys of tokens.
//!
//! Contents are compared, not names or times, because a mounted Secret is renewed by exchanging a
//! symbolic link further up its path.

use std::{io, path::PathBuf, sync::Arc, time::Duration};
use tokio::{sync::watch, task::spawn_blocking, time::sleep};

/// How often files are looked at.
pub const INTERVAL: Duration = Duration::from_secs(10);

/// What is wrong with a configured file and what to do about it; never what is in it.
#[derive(Debug, thiserror::Error)]
#[error("{} {problem}", path.display())]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong and what to do, to be read after the path.
    pub problem: String,
}

/// A file as it was read. Not `Debug`: it may hold a private key.
#[derive(PartialEq, Eq)]
pub(crate) struct File {
    path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

impl File {
    /// The fault of this file.
    pub(crate) fn fault(&self, problem: impl Into<String>) -> FileError {
        FileError { path: self.path.clone(), problem: problem.into() }
    }

    /// The path, to be named in the fault of another file.
    pub(crate) fn name(&self) -> impl std::fmt::Display {
        self.path.display()
    }
}

/// What was made of some files, and is made again whenever they change. New files that are broken
/// are warned of, once, and what was made before stays.
#[derive(Debug)]
pub(crate) struct Reloaded<T>(watch::Receiver<Arc<T>>);

impl<T: Send + Sync + 'static> Reloaded<T> {
    /// Reads `paths` and makes the value of them, in their order; within a runtime, where a task
    /// goes on reading them `every` so often until the value is dropped. Every fault is returned.
    pub(crate) fn load(
        paths: Vec<PathBuf>,
        every: Duration,
        make: fn(&[File]) -> Result<T, Vec<FileError>>,
    ) -> Result<Self, Vec<FileError>> {
        let files = read(&paths)?;
        let (sender, receiver) = watch::channel(Arc::new(make(&files)?));
        tokio::spawn(follow(sender, paths, every, files, make));
        Ok(Self(receiver))
    }

    /// The value of the newest files that were good.
    pub(crate) fn current(&self) -> Arc<T> {
        Arc::clone(&self.0.borrow())
    }
}

async fn follow<T>(
    sender: watch::Sender<Arc<T>>,
    paths: Vec<PathBuf>,
    every: Duration,
    files: Vec<File>,
    make: fn(&[File]) -> Result<T, Vec<FileError>>,
) {
    let paths: Arc<[PathBuf]> = paths.into();
    // `None` while they cannot be read.
    let mut seen = Some(files);
    loop {
        tokio::select! {
            () = sender.closed() => return,
            () = sleep(every) => {}
        }
        let paths = Arc::clone(&paths);
        let found = spawn_blocking(move || read(&paths)).await.expect("reading does not panic");
        match found {
            Ok(files) if seen.as_ref() == Some(&files) => {}
            Ok(files) => {
                replace(&sender, make(&files), &files);
                seen = Some(files);
            }
            Err(faults) if seen.is_some() => {
                warn(&faults);
                seen = None;
            }
            Err(_) => {}
        }
    }
}

fn replace<T>(sender: &watch::Sender<Arc<T>>, made: Result<T, Vec<FileError>>, files: &[File]) {
    match made {
        Ok(value) => {
            sender.send_replace(Arc::new(value));
            for file in files {
                tracing::info!(path = %file.name(), "file read again");
            }
        }
        Err(faults) => warn(&faults),
    }
}

fn warn(faults: &[FileError]) {
    for fault in faults {
        tracing::warn!("{fault}; what was read before stays in use");
    }
}

fn read(paths: &[PathBuf]) -> Result<Vec<File>, Vec<FileError>> {
    let mut files = Vec::new();
    let mut faults = Vec::new();
    for path in paths {
        match std::fs::read(path) {
            Ok(bytes) => files.push(File { path: path.clone(), bytes }),
            Err(error) => faults.push(unreadable(path.clone(), &error)),
        }
    }
    if faults.is_empty() { Ok(files) } else { Err(faults) }
}

fn unreadable(path: PathBuf, error: &io::Error) -> FileError {
    let problem = format!("cannot be read ({error}): check the path and who may read it");
    FileError { path, problem }
}
