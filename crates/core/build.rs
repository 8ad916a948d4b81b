//! Lists the templates of the folder `templates`, so that each is one file and no line of code.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let templates =
        Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo says")).join("templates");
    println!("cargo::rerun-if-changed={}", templates.display());
    let out = env::var("OUT_DIR").expect("cargo says");
    for kind in ["taxonomies", "scorecards", "attributes"] {
        let list = list(&templates.join(kind))?;
        fs::write(Path::new(&out).join(format!("{kind}.rs")), list)?;
    }
    Ok(())
}

/// Names and texts of the files in a folder, by name without what follows the point.
fn list(folder: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort_by_key(|file| file.file_stem().map(ToOwned::to_owned));
    let mut items = String::new();
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        items += &format!("    ({name:?}, include_str!({:?})),\n", file.display().to_string());
    }
    Ok(format!("&[\n{items}]\n"))
}
