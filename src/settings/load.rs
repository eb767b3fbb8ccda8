//! Puts the sources together, and says everything that is wrong with them at once.

use std::path::Path;

use config::{Config, ConfigError};

use super::{
    Settings, manual,
    problem::{Problem, Problems},
    rules::{self, Broken},
    show,
    sources::Layer,
};
use crate::roles::Roles;

/// Settings, and where each of them comes from.
#[derive(Debug)]
pub struct Loaded {
    /// What holds.
    pub settings: Settings,
    /// What holds, but is seldom meant.
    pub warnings: Vec<String>,
    pub(super) effective: Layer,
}

impl Loaded {
    /// The settings as TOML with the place of each, secrets masked.
    pub fn show(&self) -> String {
        show::show(&self.effective)
    }
}

/// Reads the defaults, a file and an environment for a node with these roles.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    roles: &Roles,
) -> Result<Loaded, Problems> {
    load_by(file, environment, |settings| rules::broken(settings, roles))
}

/// Reads the same for a command that makes no mail: the files that `[mail]` names may be elsewhere.
pub fn load_without_mail(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, Problems> {
    load_by(file, environment, |settings| {
        rules::broken_without_mail(settings, &Roles::all())
    })
}

fn load_by(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    rules: impl Fn(&Settings) -> Broken,
) -> Result<Loaded, Problems> {
    let mut problems = Vec::new();
    let defaults = Layer::defaults().map_err(|problem| Problems(vec![problem]))?;
    let mut file = file.map_or_else(Layer::default, |path| {
        Layer::file(path, &defaults, &mut problems)
    });
    let mut environment = Layer::environment(environment, &defaults, &mut problems);
    loop {
        let effective = defaults.clone().under(&file).under(&environment);
        let place = |key: &str| {
            let origin = effective.get(key).and_then(config::Value::origin);
            origin.unwrap_or("default").to_owned()
        };
        match settings(&effective) {
            Ok(settings) => {
                let broken = rules(&settings);
                problems.extend(
                    broken
                        .into_iter()
                        .map(|(key, text)| Problem::new(key, &place(key), text)),
                );
                if problems.is_empty() {
                    let warnings = rules::warnings(&settings);
                    return Ok(Loaded {
                        settings,
                        warnings,
                        effective,
                    });
                }
                return Err(Problems(problems));
            }
            Err(error) => {
                let (key, text) = describe(&error);
                problems.push(Problem::new(&key, &place(&key), text));
                // Goes on without the value, to see what else is wrong.
                if !environment.remove(&key) && !file.remove(&key) {
                    return Err(Problems(problems));
                }
            }
        }
    }
}

fn settings(layer: &Layer) -> Result<Settings, ConfigError> {
    Config::builder()
        .add_source(layer.clone())
        .build()?
        .try_deserialize()
}

/// The key of an error, and what is wrong with it.
fn describe(error: &ConfigError) -> (String, String) {
    let (key, text) = match error {
        ConfigError::Type {
            unexpected,
            expected,
            key,
            ..
        } => (key.clone(), format!("{unexpected}, expected {expected}")),
        ConfigError::At { error, key, .. } => {
            let (inner, text) = describe(error);
            (key.clone().or(Some(inner)), text)
        }
        other => (None, other.to_string()),
    };
    let key = key.unwrap_or_default();
    // An entry of a list is named by its list.
    let key = key
        .split_once('[')
        .map_or(key.clone(), |(list, _)| list.to_owned());
    let text = if manual::is_secret(&key) {
        "is not a text".to_owned()
    } else {
        text
    };
    (key, text)
}
