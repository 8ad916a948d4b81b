//! Lists the features of the folder `features`, so that each is one file and no line of code.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder =
        PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo says")).join("features");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    find(&folder, &mut files)?;
    files.sort();
    let items: String = files
        .iter()
        .map(|file| {
            let name = file.strip_prefix(&folder).expect("found in it").display().to_string();
            format!("    ({name:?}, include_str!({:?})),\n", file.display().to_string())
        })
        .collect();
    let out = Path::new(&env::var("OUT_DIR").expect("cargo says")).join("shipped.rs");
    fs::write(out, format!("&[\n{items}]\n"))
}

/// The SQL files below the folder.
fn find(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
    Ok(())
}
