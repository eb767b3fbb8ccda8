//! What was set, and where: the file of `--config`, and the environment.

use std::{collections::BTreeMap, fs, path::Path};

use config::{ConfigError, File, FileFormat, Map, Source, Value, ValueKind};

use super::{manual, problem::Problem};

/// The values of one source by `section.key`; each value's origin is the place it was set at.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer(BTreeMap<String, Value>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone().into_iter().collect())
    }
}

impl Layer {
    /// The defaults.
    pub(super) fn defaults() -> Result<Self, Problem> {
        Self::parse(manual::DEFAULT, "default")
    }

    /// A file; what it should not have is added to `problems`.
    pub(super) fn file(path: &Path, defaults: &Self, problems: &mut Vec<Problem>) -> Self {
        let place = path.display().to_string();
        let read = fs::read_to_string(path)
            .map_err(|error| Problem::new("", &place, format!("cannot be read: {error}")))
            .and_then(|text| Self::parse(&text, &place));
        let mut layer = read.unwrap_or_else(|problem| {
            problems.push(problem);
            Self::default()
        });
        layer.0.retain(|key, value| {
            let fault = match defaults.0.get(key) {
                None => manual::advice(key),
                Some(default) if word(&default.kind) == word(&value.kind) => return true,
                Some(default) => {
                    format!(
                        "is {}, but has to be {}",
                        word(&value.kind),
                        word(&default.kind)
                    )
                }
            };
            problems.push(Problem::new(key, &place, fault));
            false
        });
        layer
    }

    fn parse(text: &str, place: &str) -> Result<Self, Problem> {
        let sections = File::from_str(text, FileFormat::Toml)
            .collect()
            .map_err(|error| {
                // The lines between quote the file, which may have a secret in it.
                let lines = error.to_string();
                let said: Vec<&str> = lines.lines().filter(|line| !line.contains('|')).collect();
                Problem::new("", place, said.join(": "))
            })?;
        let mut values = BTreeMap::new();
        for (section, value) in sections {
            match value.kind {
                ValueKind::Table(keys) if !keys.is_empty() => {
                    for (name, value) in keys {
                        let value = Value::new(Some(&place.to_owned()), value.kind);
                        values.insert(format!("{section}.{name}"), value);
                    }
                }
                // An empty section says nothing, unless there is no such section.
                ValueKind::Table(_) if manual::has_section(&section) => {}
                kind => {
                    values.insert(section, Value::new(Some(&place.to_owned()), kind));
                }
            }
        }
        Ok(Self(values))
    }

    /// The environment; what it should not have is added to `problems`.
    pub(super) fn environment(
        variables: impl IntoIterator<Item = (String, String)>,
        defaults: &Self,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut layer = Self::default();
        let variables: BTreeMap<String, String> = variables.into_iter().collect();
        for (name, text) in variables {
            let Some(key) = key_of(&name) else { continue };
            let secret_file = key.strip_suffix("_file").filter(|_| !manual::knows(&key));
            let (key, text) = match secret_file.filter(|key| manual::knows(key)) {
                None => (key, Ok(text)),
                Some(key) if manual::is_secret(key) => (key.to_owned(), secret_in(&text)),
                Some(key) => {
                    let only = "only a secret can be read from a file".to_owned();
                    (key.to_owned(), Err(only))
                }
            };
            let earlier = layer.0.get(&key).and_then(Value::origin);
            let value = match (text, earlier, defaults.0.get(&key)) {
                (Err(fault), _, _) => Err(fault),
                (Ok(_), Some(earlier), _) => Err(format!("{earlier} sets it too")),
                (Ok(_), None, None) => Err(manual::advice(&key)),
                (Ok(text), None, Some(default)) => alike(&default.kind, text)
                    .ok_or_else(|| format!("has to be {}", word(&default.kind))),
            };
            match value {
                Ok(kind) => drop(layer.0.insert(key, Value::new(Some(&name), kind))),
                Err(fault) => problems.push(Problem::new(&key, &name, fault)),
            }
        }
        layer
    }

    /// Takes a value out; whether there was one.
    pub(super) fn remove(&mut self, key: &str) -> bool {
        self.0.remove(key).is_some()
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Sets a value.
    pub(super) fn set(&mut self, key: &str, value: Value) {
        self.0.insert(key.to_owned(), value);
    }

    /// All of this, and what `above` says differently.
    pub(super) fn under(mut self, above: &Self) -> Self {
        self.0.extend(above.0.clone());
        self
    }
}

/// `USHER_HTTP__LISTEN` -> `http.listen`; a variable without two underscores is no setting.
fn key_of(variable: &str) -> Option<String> {
    let (section, name) = variable.strip_prefix("USHER_")?.split_once("__")?;
    Some(format!("{section}.{name}").to_lowercase())
}

fn secret_in(path: &str) -> Result<String, String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
        Err(error) => Err(format!("{path} cannot be read: {error}")),
    }
}

/// The text as a value of the kind that the default has.
fn alike(default: &ValueKind, text: String) -> Option<ValueKind> {
    match default {
        ValueKind::I64(_) => text.parse().ok().map(ValueKind::I64),
        ValueKind::Boolean(_) => text.parse().ok().map(ValueKind::Boolean),
        ValueKind::Array(_) => {
            let parts = text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            Some(ValueKind::Array(
                parts.map(|part| Value::new(None, part)).collect(),
            ))
        }
        _ => Some(ValueKind::String(text)),
    }
}

/// What a kind of value is called.
fn word(kind: &ValueKind) -> &'static str {
    match kind {
        ValueKind::Boolean(_) => "true or false",
        ValueKind::I64(_) => "a whole number",
        ValueKind::String(_) => "a text",
        ValueKind::Array(_) => "a list",
        ValueKind::Table(_) => "a section",
        _ => "something else",
    }
}
