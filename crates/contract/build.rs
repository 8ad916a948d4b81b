//! Compiles the contract without a system protoc: protox reads the protos, prost and tonic
//! write the code, and the descriptor set goes to server reflection.

use prost::Message;
use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let descriptors = protox::compile(protos(&root.join("kehu"))?, [&root])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    let mut config = prost_build::Config::new();
    config.enable_type_names();
    let services = "#[cfg(feature = \"services\")]";
    tonic_prost_build::configure()
        .client_mod_attribute(".", services)
        .server_mod_attribute(".", services)
        .bytes(".kehu.reporting.v1")
        .extern_path(".google.rpc", "::tonic_types::pb")
        .btree_map(".")
        .compile_fds_with_config(descriptors, config)?;
    Ok(())
}

/// Every proto file of a folder, sorted, so that builds are reproducible.
fn protos(folder: &std::path::Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(protos(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
