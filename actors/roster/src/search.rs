//! What somebody types into the search field, as a pattern for `like`.

use contract::Problem;
use unicode_normalization::UnicodeNormalization as _;

/// The most characters of a search.
const MOST: usize = 100;

/// The pattern that finds the text anywhere in `accounts.name_key`; `None` finds everybody.
///
/// The text is brought to the form in which People keeps that key: NFC, then lower case.
pub(crate) fn pattern(text: Option<&str>) -> Result<Option<String>, Problem> {
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
    let key = text.trim().nfc().collect::<String>().to_lowercase();
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
    Ok(Some(pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        pattern(Some(text)).unwrap()
    }

    #[test]
    fn wildcards_mean_themselves() {
        assert_eq!(of(r"50%_\").as_deref(), Some(r"%50\%\_\\%"));
    }

    #[test]
    fn a_search_is_trimmed_composed_and_in_lower_case() {
        assert_eq!(of("  Zoe\u{308} ").as_deref(), Some("%zoë%"));
        assert_eq!(of(" \t"), None);
        assert_eq!(pattern(None), Ok(None));
    }

    #[test]
    fn a_search_is_bounded() {
        assert!(pattern(Some(&"é".repeat(100))).is_ok());
        assert_eq!(
            pattern(Some(&"é".repeat(101))).unwrap_err().errors[0].code,
            "too-long"
        );
        assert_eq!(
            pattern(Some("a\0b")).unwrap_err().errors[0].code,
            "control-character"
        );
    }
}
