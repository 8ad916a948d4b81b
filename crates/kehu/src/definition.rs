//! Definitions in files that people write.

use crate::exit::Failure;
use kehu_core::yaml::NotADefinition;
use std::path::Path;

/// A template that does not exist, with those that do.
pub(crate) fn no_template(id: &str, known: &[String]) -> Failure {
    Failure::Usage(format!("there is no template {id}: choose one of {}", known.join(", ")))
}

/// Reads a definition; a file that is none is told with the place of what is wrong.
pub(crate) fn read<T>(
    path: &Path,
    parse: fn(&str) -> Result<T, NotADefinition>,
) -> Result<T, Failure> {
    let name = path.display();
    let bytes =
        std::fs::read(path).map_err(|source| Failure::Input { path: name.to_string(), source })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::Data(format!("{name}: is not text in UTF-8")))?;
    parse(&text).map_err(|error| Failure::Data(format!("{name}: {error}")))
}
