//! The sample that ships with the program: a real retailer's year of sales.

use crate::exit::Failure;
use std::path::{Path, PathBuf};

const NAME: &str = "online_retail_2010_2011.csv.gz";
const DATA: &[u8] =
    include_bytes!("../../../../../tests/data/online_retail/online_retail_2010_2011.csv.gz");
const MAPPING: &str = include_str!("../../../../../tests/data/online_retail/mapping.toml");

/// A file to load, and how.
pub(crate) struct Input {
    /// The file.
    pub path: PathBuf,
    /// The text of its mapping, if it has one.
    pub mapping: Option<String>,
}

impl Input {
    /// The user's own file.
    pub(crate) fn own(path: &Path, mapping: Option<&Path>) -> Result<Self, Failure> {
        let mapping = mapping.map(read_text).transpose()?;
        Ok(Self { path: path.to_owned(), mapping })
    }
}

/// The sample, written to the data folder so that it can be looked at.
pub(crate) fn unpack(folder: &Path) -> Result<Input, Failure> {
    let path = folder.join(NAME);
    let held = std::fs::metadata(&path).map(|file| file.len()).unwrap_or_default();
    if held != DATA.len() as u64 {
        crate::commands::report::write(&path, DATA)?;
    }
    Ok(Input { path, mapping: Some(MAPPING.to_owned()) })
}

/// The text of a file.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    let input = |source| Failure::Input { path: path.display().to_string(), source };
    std::fs::read_to_string(path).map_err(input)
}
