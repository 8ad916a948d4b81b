//! Where settings come from, and which one holds.

use config::{Config, Environment, File, FileFormat, Source, Value, ValueKind};
use std::{collections::BTreeMap, path::PathBuf};

/// Every setting with its default, commented.
pub const DEFAULTS: &str = include_str!("default.toml");

/// What a process is told beside the defaults, in rising precedence.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// A file in TOML.
    pub file: Option<PathBuf>,
    /// The environment; variables that do not start with `KEHU__` mean nothing here.
    pub environment: BTreeMap<String, String>,
    /// Flags: the key that one stands for, its value, and how it is written (`--listen`).
    pub flags: Vec<Flag>,
}

/// A flag that was given.
#[derive(Debug, Clone)]
pub struct Flag {
    /// The setting: `server.listen`.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// The flag as it is typed: `--listen`.
    pub name: &'static str,
}

/// A setting that holds.
#[derive(Debug, Clone)]
pub struct Given {
    /// Its value.
    pub value: Value,
    /// Where it came from: `default`, a file, a variable or a flag.
    pub origin: String,
}

/// All settings that hold, by key (`server.listen`), and what is wrong with the sources.
#[derive(Debug)]
pub(super) struct Layered {
    pub(super) settings: BTreeMap<String, Given>,
    pub(super) problems: Vec<String>,
}

impl Layered {
    pub(super) fn new(sources: &Sources) -> Self {
        let mut layered = Self { settings: BTreeMap::new(), problems: Vec::new() };
        for (key, value) in layered.collect("default", File::from_str(DEFAULTS, FileFormat::Toml)) {
            layered.settings.insert(key, Given { value, origin: "default".to_owned() });
        }
        if let Some(path) = &sources.file {
            let origin = path.display().to_string();
            let file = File::from(path.as_path()).format(FileFormat::Toml);
            for (key, value) in layered.collect(&origin, file) {
                layered.set(key, value, origin.clone());
            }
        }
        for (key, value) in layered.collect("the environment", environment(sources)) {
            let variable = format!("KEHU__{}", key.replace('.', "__").to_uppercase());
            layered.set(key, value, variable);
        }
        for flag in &sources.flags {
            let value = Value::new(None, flag.value.clone());
            layered.set(flag.key.to_owned(), value, flag.name.to_owned());
        }
        layered
    }

    /// The settings of one source, flat.
    fn collect(
        &mut self,
        origin: &str,
        source: impl Source + Send + Sync + 'static,
    ) -> Vec<(String, Value)> {
        let collected = Config::builder().add_source(source).build();
        let table = collected.and_then(|config| config.collect());
        let mut flat = Vec::new();
        match table {
            Ok(table) => table.into_iter().for_each(|(key, value)| flatten(key, value, &mut flat)),
            Err(error) => {
                // The rest shows the line, which may hold a secret.
                let text = error.to_string();
                let first = text.lines().next().unwrap_or_default();
                self.problems.push(format!("{origin} cannot be read: {first}"));
            }
        }
        flat
    }

    fn set(&mut self, key: String, value: Value, origin: String) {
        let section = format!("{key}.");
        if value.kind == ValueKind::Nil && self.settings.keys().any(|it| it.starts_with(&section)) {
            return;
        }
        match self.settings.get_mut(&key) {
            Some(given) => *given = Given { value, origin },
            None => self.problems.push(format!("{key} (from {origin}): is no setting of Kehu")),
        }
    }
}

fn environment(sources: &Sources) -> Environment {
    let variables = sources.environment.clone().into_iter().collect();
    Environment::with_prefix("KEHU").prefix_separator("__").separator("__").source(Some(variables))
}

fn flatten(key: String, value: Value, flat: &mut Vec<(String, Value)>) {
    let ValueKind::Table(table) = value.kind else {
        flat.push((key, value));
        return;
    };
    if table.is_empty() {
        // Nothing is set, but the name may be wrong.
        flat.push((key, Value::new(None, ValueKind::Nil)));
        return;
    }
    for (name, value) in table {
        flatten(format!("{key}.{name}"), value, flat);
    }
}
