//! `mailto:` (RFC 6068).

/// Without `mailto:` before it.
fn rest(word: &str) -> Option<&str> {
    let (scheme, rest) = word.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case("mailto:").then_some(rest)
}

/// Whom it is addressed to; `None`: is no `mailto:`.
pub(crate) fn addresses(word: &str) -> Option<Vec<String>> {
    let (to, _) = rest(word)?.split_once('?').unwrap_or((rest(word)?, ""));
    let each = to.split(',').map(|address| {
        let address = address.trim();
        decoded(rest(address).unwrap_or(address))
    });
    Some(each.filter(|address| !address.is_empty()).collect())
}

/// Whether somebody else would get a copy.
pub(crate) fn has_copies(word: &str) -> bool {
    let (_, query) = word.split_once('?').unwrap_or_default();
    let mut fields = query
        .split('&')
        .map(|field| field.split('=').next().unwrap_or_default());
    fields.any(|field| {
        ["cc", "bcc", "to"]
            .iter()
            .any(|name| field.eq_ignore_ascii_case(name))
    })
}

/// With its percent escapes read; as it is where they are none.
fn decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        let escape = part.split_at_checked(2);
        let read =
            escape.and_then(|(digits, rest)| Some((u8::from_str_radix(digits, 16).ok()?, rest)));
        let Some((byte, rest)) = read else {
            return text.to_owned();
        };
        bytes.push(byte);
        bytes.extend(rest.bytes());
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}
