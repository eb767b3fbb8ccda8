//! The words of every mail, built in or an operator's.
//!
//! A mail is three templates of Jinja: `NAME.subject`, `NAME.txt` and `NAME.html`, where NAME is one
//! of [`MAILS`]; a translation is `NAME.LANGUAGE.subject` and so on, all three. What they share
//! (`letter.html`, `parts.html`, `dates.txt`) is a template as well. A file of the operator's
//! directory replaces the one of its name, adds a translation, or, when its name begins with `_`, is
//! there for others to include. All are read, compiled and tried once, at start; rendering reads no
//! file. Every value is escaped, but in `.txt` and `.subject`; a name that there is not is an error
//! anywhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use contract::text::Language;
use minijinja::{
    AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value, context,
    value::merge_maps,
};

use crate::{samples, stencil::Stencils};

/// A built-in template with its name.
macro_rules! built_in {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../templates/", $name)))),*]
    };
}

const BUILT_IN: &[(&str, &str)] = built_in! {
    "dates.de.txt" "dates.txt" "letter.html" "parts.html" "request_words.de.txt"
    "invite.subject" "invite.txt" "invite.html"
    "invite.de.subject" "invite.de.txt" "invite.de.html"
    "join_confirmation.subject" "join_confirmation.txt" "join_confirmation.html"
    "join_confirmation.de.subject" "join_confirmation.de.txt" "join_confirmation.de.html"
    "notice.subject" "notice.txt" "notice.html"
    "notice.de.subject" "notice.de.txt" "notice.de.html"
    "paused.subject" "paused.txt" "paused.html"
    "paused.de.subject" "paused.de.txt" "paused.de.html"
    "paused_words.txt" "paused_words.de.txt"
    "request.subject" "request.txt" "request.html"
    "request.de.subject" "request.de.txt" "request.de.html"
    "seat_given.subject" "seat_given.txt" "seat_given.html"
    "seat_given.de.subject" "seat_given.de.txt" "seat_given.de.html"
};

/// The mails there are.
pub(crate) const MAILS: [&str; 6] = [
    "invite",
    "join_confirmation",
    "notice",
    "paused",
    "request",
    "seat_given",
];

/// What a mail is made of.
const PARTS: [&str; 3] = ["subject", "txt", "html"];

/// Characters of a subject beyond which the names in it are cut.
const SUBJECT_MOST: usize = 60;
/// Characters that are left of such a name.
const NAME_LEAST: usize = 14;

/// Languages that are written from right to left.
const RIGHT_TO_LEFT: [&str; 9] = ["ar", "ckb", "dv", "fa", "he", "ps", "sd", "ur", "yi"];

/// A mail in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// One line.
    pub subject: String,
    /// Complete without the other.
    pub text: String,
    /// The same, to look at.
    pub html: String,
}

/// Why a mail could not be put into words; none of it is a caller's to mend.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the mail: {0}")]
pub struct WordsError(#[from] Error);

/// Why the templates of an operator are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplatesError {
    /// The directory or a file of it.
    #[error("cannot read {}: {kind}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        kind: io::ErrorKind,
    },
    /// Would be used by nothing.
    #[error(
        "{}: no mail is made of it; a name is that of a built-in template, MAIL.LANGUAGE.PART, or \
         begins with _",
        .0.display()
    )]
    Unused(PathBuf),
    /// A translation is whole or not at all.
    #[error("{} is missing: a translation has a subject, a txt and an html", .0.display())]
    Missing(PathBuf),
    /// Does not compile, or names what there is not.
    #[error("{}:{line}: {why}", file.display())]
    Broken {
        /// Which.
        file: PathBuf,
        /// Where.
        line: usize,
        /// What.
        why: String,
    },
    /// A mail without what it is sent for.
    #[error("{} leaves out {what}", file.display())]
    Lacks {
        /// Which.
        file: PathBuf,
        /// The name that must be in it.
        what: &'static str,
    },
}

/// The words of every mail, compiled. A copy shares them.
#[derive(Clone)]
pub struct Templates(Arc<Compiled>);

struct Compiled {
    environment: Environment<'static>,
    /// Mails and translations: `invite`, `invite.de`.
    written: BTreeSet<String>,
    /// Of the built-in templates alone.
    stencils: Option<Stencils>,
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Templates").field(&self.0.written).finish()
    }
}

impl Templates {
    /// The built-in templates, and what is in this directory instead. Each mail is tried. `reply_to`
    /// is the address that answers go to.
    pub fn load(directory: Option<&Path>, reply_to: Option<&str>) -> Result<Self, TemplatesError> {
        let mut sources: Vec<(String, String)> = BUILT_IN
            .iter()
            .map(|(name, source)| ((*name).to_owned(), (*source).to_owned()))
            .collect();
        let place = directory.unwrap_or_else(|| Path::new("built-in"));
        if let Some(directory) = directory {
            sources.extend(read(directory)?);
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(escape_by_name);
        environment.set_formatter(write_value);
        environment.add_global("reply_to", Value::from(reply_to));
        let broken = |error: &Error| broken(place, error);
        let mut written = BTreeSet::new();
        for (name, source) in sources {
            let mail = name.rsplit_once('.').map(|(stem, _)| stem);
            if let Some(mail) = mail.filter(|stem| is_mail(stem)) {
                written.insert(mail.to_owned());
            }
            let added = environment.add_template_owned(name, source);
            added.map_err(|error| broken(&error))?;
        }
        let missing = |name: &String| environment.get_template(name).is_err();
        for mail in &written {
            let mut parts = PARTS.iter().map(|part| format!("{mail}.{part}"));
            if let Some(name) = parts.find(missing) {
                return Err(TemplatesError::Missing(place.join(name)));
            }
        }
        let templates = Self(Arc::new(Compiled {
            environment,
            written,
            stencils: directory.is_none().then(Stencils::default),
        }));
        templates.try_all(place)?;
        Ok(templates)
    }

    /// Renders every mail in every language with whatever it may be given.
    fn try_all(&self, place: &Path) -> Result<(), TemplatesError> {
        for stem in &self.0.written {
            let mail = stem.split('.').next().unwrap_or(stem);
            for sample in samples::of(mail) {
                let words = self.render(stem, "en", sample.context.clone());
                let words = words.map_err(|error| broken(place, &error.0))?;
                for (what, value) in &sample.must_say {
                    for (part, text) in [("txt", &words.text), ("html", &words.html)] {
                        if !text.contains(value) {
                            let file = place.join(format!("{stem}.{part}"));
                            return Err(TemplatesError::Lacks { file, what });
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// What is rendered once for a batch.
    pub(crate) fn stencils(&self) -> Option<&Stencils> {
        self.0.stencils.as_ref()
    }

    /// A mail in this language, in English where there is none in it.
    pub(crate) fn words(
        &self,
        mail: &str,
        language: &Language,
        context: Value,
    ) -> Result<Words, WordsError> {
        let tag = language.as_str();
        let base = tag.split('-').next().unwrap_or(tag);
        for tag in [tag, base] {
            let stem = format!("{mail}.{tag}");
            if self.0.written.contains(&stem) {
                return self.render(&stem, tag, context);
            }
        }
        self.render(mail, "en", context)
    }

    fn render(&self, stem: &str, language: &str, context: Value) -> Result<Words, WordsError> {
        let part = |part: &str, context: Value| -> Result<String, Error> {
            let template = self.0.environment.get_template(&format!("{stem}.{part}"))?;
            template.render(context)
        };
        let line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut subject = line(part("subject", context.clone())?);
        let mut fitting = context.clone();
        for name in ["organisation", "product"] {
            let excess = subject.chars().count().saturating_sub(SUBJECT_MOST);
            let value = context.get_attr(name).unwrap_or_default();
            let Some(value) = value.as_str().filter(|_| excess > 0) else {
                continue;
            };
            let most = value.chars().count().saturating_sub(excess);
            let cut = shortened(value, most.max(NAME_LEAST));
            let cut = Value::from(BTreeMap::from([(name, cut)]));
            fitting = merge_maps([fitting, cut]);
            subject = line(part("subject", fitting.clone())?);
        }
        let base = language.split('-').next().unwrap_or(language);
        let is_right_to_left = RIGHT_TO_LEFT.contains(&base);
        let context = context! {
            subject => subject.as_str(),
            language => language,
            direction => if is_right_to_left { "rtl" } else { "ltr" },
            side => if is_right_to_left { "right" } else { "left" },
            ..context
        };
        Ok(Words {
            text: part("txt", context.clone())?,
            html: part("html", context)?,
            subject,
        })
    }
}

/// At most so many characters, with a sign where something was left out.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    let kept = kept.trim_end_matches(|c: char| c.is_whitespace() || c == '\u{200d}');
    format!("{kept}…")
}

/// Whether this names a mail or a translation of one: `invite`, `invite.de`.
fn is_mail(stem: &str) -> bool {
    match stem.split_once('.') {
        Some((mail, tag)) => {
            MAILS.contains(&mail)
                && Language::parse(tag).is_ok_and(|language| language.as_str() == tag)
        }
        None => MAILS.contains(&stem),
    }
}

/// The files of a directory, by name.
fn read(directory: &Path) -> Result<Vec<(String, String)>, TemplatesError> {
    let unreadable = |path: &Path, error: &io::Error| TemplatesError::Unreadable {
        path: path.to_owned(),
        kind: error.kind(),
    };
    let entries = std::fs::read_dir(directory).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|error| unreadable(directory, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        // What editors and mounted volumes leave beside.
        if name.starts_with('.') || path.is_dir() {
            continue;
        }
        let is_part = |stem: &str, part: &str| PARTS.contains(&part) && is_mail(stem);
        let is_used = name.starts_with('_')
            || BUILT_IN.iter().any(|(known, _)| *known == name)
            || name
                .rsplit_once('.')
                .is_some_and(|(stem, part)| is_part(stem, part));
        if !is_used {
            return Err(TemplatesError::Unused(path));
        }
        let source = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
        files.push((name, source));
    }
    files.sort_unstable();
    Ok(files)
}

fn broken(place: &Path, error: &Error) -> TemplatesError {
    let why = error.detail().map_or_else(
        || error.kind().to_string(),
        |detail| format!("{}: {detail}", error.kind()),
    );
    TemplatesError::Broken {
        file: place.join(error.name().unwrap_or_default()),
        line: error.line().unwrap_or_default(),
        why,
    }
}

fn escape_by_name(name: &str) -> AutoEscape {
    match name.rsplit_once('.') {
        Some((_, "txt" | "subject")) => AutoEscape::None,
        _ => AutoEscape::Html,
    }
}

/// Writes a value. The engine would write `/` as a reference as well, which gateways that rewrite
/// links do not all read.
fn write_value(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    let must_escape = matches!(state.auto_escape(), AutoEscape::Html) && !value.is_safe();
    let Some(text) = value.as_str().filter(|_| must_escape) else {
        return minijinja::escape_formatter(out, state, value);
    };
    escape(out, text)?;
    Ok(())
}

/// Writes a text as HTML has it, `/` as it is.
pub(crate) fn escape(out: &mut impl fmt::Write, text: &str) -> fmt::Result {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        let (plain, special) = rest.split_at(at);
        out.write_str(plain)?;
        out.write_str(match special.as_bytes().first() {
            Some(b'&') => "&amp;",
            Some(b'<') => "&lt;",
            Some(b'>') => "&gt;",
            Some(b'"') => "&quot;",
            _ => "&#39;",
        })?;
        rest = special.get(1..).unwrap_or_default();
    }
    out.write_str(rest)
}
