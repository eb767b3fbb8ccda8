//! What somebody types into the search field, as statements look for it.

use contract::{DomainName, Problem};
use unicode_normalization::UnicodeNormalization as _;

/// The most characters of a search.
const MOST: usize = 100;

/// What is looked for anywhere in a `name_key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Search {
    /// The text, in the form in which People keeps that key: NFC, then lower case; domains with A-labels.
    pub(crate) text: String,
    /// The pattern for `like` that finds it.
    pub(crate) pattern: String,
    /// Whether three letters or digits follow one another: PostgreSQL finds those in an index. Without
    /// them the index is read as a whole, which takes longer than all names.
    pub(crate) has_trigram: bool,
}

/// What somebody looks for; `None` finds everybody.
pub(crate) fn search(text: Option<&str>) -> Result<Option<Search>, Problem> {
    let text = text.unwrap_or_default();
    if text.chars().count() > MOST {
        let detail = format!("Search for at most {MOST} characters.");
        return Err(Problem::invalid("q", "too-long", detail));
    }
    if text.contains('\0') {
        return Err(Problem::invalid(
            "q",
            "control-character",
            "Search for printed characters.",
        ));
    }
    let key = with_a_labels(text.trim().nfc().collect::<String>().to_lowercase());
    if key.is_empty() {
        return Ok(None);
    }
    let mut pattern = String::with_capacity(key.len() + 2);
    pattern.push('%');
    for character in key.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    let mut words = key.split(|character: char| !character.is_alphanumeric());
    let has_trigram = words.any(|word| word.chars().nth(2).is_some());
    Ok(Some(Search {
        text: key,
        pattern,
        has_trigram,
    }))
}

/// With what stands behind an `@` as addresses are kept: `ann@münchen.de` is `ann@xn--mnchen-3ya.de`. Without
/// the `@` it may be a name.
fn with_a_labels(key: String) -> String {
    let Some((before, domain)) = key.rsplit_once('@').filter(|(_, it)| !it.is_ascii()) else {
        return key;
    };
    let labels: Vec<_> = domain.split('.').map(a_label).collect();
    format!("{before}@{}", labels.join("."))
}

/// A part of a domain; one that no domain has is left as it is.
fn a_label(label: &str) -> String {
    const REST: &str = ".example";
    let domain = DomainName::parse(&format!("{label}{REST}"));
    let domain = domain.as_ref().map_or("", DomainName::as_str);
    domain.strip_suffix(REST).unwrap_or(label).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        Some(search(Some(text)).unwrap()?.pattern)
    }

    #[test]
    fn wildcards_mean_themselves() {
        assert_eq!(of(r"50%_\").as_deref(), Some(r"%50\%\_\\%"));
    }

    #[test]
    fn a_search_is_trimmed_composed_and_in_lower_case() {
        assert_eq!(of("  Zoe\u{308} ").as_deref(), Some("%zoë%"));
        assert_eq!(of(" \t"), None);
        assert_eq!(search(None), Ok(None));
    }

    #[test]
    fn a_domain_behind_an_at_is_looked_for_as_addresses_are_kept() {
        for (typed, pattern) in [
            ("@münchen.de", "%@xn--mnchen-3ya.de%"),
            ("ANN@MU\u{308}NCHEN", "%ann@xn--mnchen-3ya%"),
            ("ann@xn--mnchen-3ya.de", "%ann@xn--mnchen-3ya.de%"),
            ("@mail.bücher.", "%@mail.xn--bcher-kva.%"),
            // Names, and what no domain is.
            ("münchen", "%münchen%"),
            ("j.löw", "%j.löw%"),
            ("@mün chen", "%@mün chen%"),
            ("@", "%@%"),
        ] {
            assert_eq!(of(typed).as_deref(), Some(pattern), "{typed}");
        }
    }

    #[test]
    fn a_trigram_is_within_a_word() {
        let has = |text| search(Some(text)).unwrap().unwrap().has_trigram;
        assert!(has("lee") && has("j. löw") && has("a@b.edu"));
        assert!(!has("le") && !has("j. lo") && !has("a@b.x") && !has("%%%"));
    }

    #[test]
    fn a_search_is_bounded() {
        assert!(search(Some(&"é".repeat(100))).is_ok());
        assert_eq!(
            search(Some(&"é".repeat(101))).unwrap_err().errors[0].code,
            "too-long"
        );
        assert_eq!(
            search(Some("a\0b")).unwrap_err().errors[0].code,
            "control-character"
        );
    }
}
