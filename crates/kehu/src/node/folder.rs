//! The folder of the embedded database: for the account that runs Kehu alone, and one process at a
//! time.

use crate::exit::Failure;
use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// Its database.
const DATABASE: &str = "kehu.db";

/// Whoever holds it uses the folder, where a folder itself cannot be locked.
const LOCK: &str = "lock";

/// A folder that is kept from other processes until this is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Of the folder itself, which is there as long as its database is, and of a file in it.
    _locks: Vec<File>,
}

impl Folder {
    /// Makes the folder and its database, or those that are there, private, and keeps other
    /// processes from it.
    pub(crate) fn take(path: &Path) -> Result<Self, Failure> {
        let failed = |source| Failure::Output { path: path.display().to_string(), source };
        create(path)?;
        let mut locks = vec![private().open(path.join(LOCK)).map_err(failed)?];
        // Elsewhere than on Unix a folder cannot be opened.
        #[cfg(unix)]
        locks.push(File::open(path).map_err(failed)?);
        for (place, lock) in locks.iter().enumerate() {
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(taken(path)),
                // Some file systems lock files alone.
                Err(TryLockError::Error(_)) if place > 0 => {}
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
        let folder = Self { path: path.to_owned(), _locks: locks };
        // SQLite gives the files beside it the permissions that it has.
        private().truncate(false).open(folder.database()).map_err(failed)?;
        Ok(folder)
    }

    /// The path of its database.
    pub(crate) fn database(&self) -> PathBuf {
        database_in(&self.path)
    }
}

/// The path of the database of a folder, whoever uses it.
pub(crate) fn database_in(path: &Path) -> PathBuf {
    path.join(DATABASE)
}

fn taken(path: &Path) -> Failure {
    Failure::Unavailable(format!(
        "another kehu uses {}: stop it, or choose another folder with --data-dir",
        path.display()
    ))
}

/// Makes the folder, or one that is there, private.
pub(crate) fn create(path: &Path) -> Result<(), Failure> {
    let failed = |source| Failure::Output { path: path.display().to_string(), source };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(failed)?;
    #[cfg(unix)]
    unix::tighten(path).map_err(failed)?;
    Ok(())
}

/// How a file of the folder is opened to be written anew: who else has an account on the machine
/// cannot read it.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
mod unix {
    use super::{DATABASE, LOCK, Path, io};
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt,
    };

    /// What others may do.
    const OTHERS: u32 = 0o077;

    /// Takes from others what an earlier release, or whoever made the folder, left to them. A folder
    /// that holds more than Kehu's files stays as it is: others may need it.
    pub(super) fn tighten(folder: &Path) -> io::Result<()> {
        let mut foreign = false;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if is_ours(&entry.file_name().to_string_lossy()) && entry.file_type()?.is_file() {
                restrict(&entry.path());
            } else {
                foreign = true;
            }
        }
        if foreign && fs::metadata(folder)?.permissions().mode() & OTHERS != 0 {
            notice(folder, "others can look into it, and it is not Kehu's alone");
        } else {
            restrict(folder);
        }
        Ok(())
    }

    fn is_ours(name: &str) -> bool {
        let report = name.starts_with("report.") && name.ends_with(".html");
        let data = name.starts_with("online_retail_") && name.ends_with(".csv.gz");
        name == LOCK || name.starts_with(DATABASE) || report || data
    }

    /// Leaves a file or folder to its owner alone, if it is this account's to say so.
    fn restrict(path: &Path) {
        let Ok(metadata) = fs::metadata(path) else { return };
        let mode = metadata.permissions().mode();
        if mode & OTHERS == 0 {
            return;
        }
        match fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS)) {
            Ok(()) => notice(path, "others could read it: made private"),
            Err(error) => notice(path, &format!("others can read it: {error}")),
        }
    }

    /// To the log, or where there is none yet, to the terminal.
    fn notice(path: &Path, what: &str) {
        let path = path.display();
        if tracing::dispatcher::has_been_set() {
            tracing::warn!(%path, "{what}");
        } else {
            eprintln!("{path}: {what}");
        }
    }
}
