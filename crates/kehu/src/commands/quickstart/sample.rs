//! The sample that ships with the program: a real retailer's year of sales.

use crate::{
    commands::{import, report},
    exit::Failure,
    node::folder,
};
use kehu_tables::Mapping;
use std::path::{Path, PathBuf};

const NAME: &str = "online_retail_2010_2011.csv.gz";
const DATA: &[u8] =
    include_bytes!("../../../../../tests/data/online_retail/online_retail_2010_2011.csv.gz");
const MAPPING: &str = include_str!("../../../../../tests/data/online_retail/mapping.toml");

/// A file to load, and how.
pub(crate) struct Input {
    /// The file.
    pub path: PathBuf,
    /// How its columns map to orders.
    pub mapping: Mapping,
}

/// The user's own file.
pub(crate) fn own(path: &Path, mapping: Option<&Path>) -> Result<Input, Failure> {
    let mapping = mapping.map(import::read_mapping).transpose()?.unwrap_or_default();
    Ok(Input { path: path.to_owned(), mapping })
}

/// The sample, written to the data folder so that it can be looked at.
pub(crate) fn unpack(folder: &Path) -> Result<Input, Failure> {
    let path = folder.join(NAME);
    let held = std::fs::metadata(&path).map(|file| file.len()).unwrap_or_default();
    if held != DATA.len() as u64 {
        report::write(&path, DATA, &folder::private())?;
    }
    let mapping = Mapping::parse(MAPPING).map_err(Failure::internal)?;
    Ok(Input { path, mapping })
}
