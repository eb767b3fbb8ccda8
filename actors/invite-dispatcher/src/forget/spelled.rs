//! Addresses in texts that were handed in: in which spellings they may stand there. Pure.

/// Whether an address stands in a text, in whatever spelling it would be taken or may have been copied from a
/// page, and not only as a part of another's.
pub(super) fn names(text: &str, key: &str) -> bool {
    stands_in(text, key) || unescaped(text).is_some_and(|text| stands_in(&text, key))
}

fn stands_in(text: &str, key: &str) -> bool {
    is_in(text, key)
        || intake::read_text(text).given.iter().any(|given| {
            let email = given.email();
            email.is_some_and(|email| email.key() == key)
        })
}

fn is_in(text: &str, key: &str) -> bool {
    let text = text.to_lowercase();
    text.match_indices(key).any(|(at, _)| {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '%');
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let mut after = text.get(at + key.len()..).unwrap_or_default().chars();
        let goes_on = match after.next() {
            // The end of a sentence, or of a label.
            Some('.') => after.next().is_some_and(char::is_alphanumeric),
            Some(c) => c.is_alphanumeric() || c == '-',
            None => false,
        };
        !before.is_some_and(is_part) && !goes_on
    })
}

/// As it reads where it stands in a URL or in markup; `None` where that is the same.
fn unescaped(text: &str) -> Option<String> {
    text.contains(['%', '&'])
        .then(|| without_percents(&without_entities(text)))
}

/// With the characters for entities; what is none stays.
fn without_entities(text: &str) -> String {
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let read = part
            .split_once(';')
            .and_then(|(name, rest)| Some((entity(name)?, rest)));
        if let Some((character, rest)) = read {
            plain.push(character);
            plain.push_str(rest);
        } else {
            plain.push('&');
            plain.push_str(part);
        }
    }
    plain
}

fn entity(name: &str) -> Option<char> {
    let number = match name {
        "commat" => return Some('@'),
        "period" => return Some('.'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        _ => name.strip_prefix('#')?,
    };
    let hex = number.strip_prefix(['x', 'X']);
    let code = match hex {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?)
}

/// With the bytes for percent escapes; what is none stays.
fn without_percents(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        if let Some((byte, rest)) = part.split_at_checked(2).and_then(read_byte) {
            bytes.push(byte);
            bytes.extend(rest.bytes());
        } else {
            bytes.push(b'%');
            bytes.extend(part.bytes());
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn read_byte<'t>((digits, rest): (&str, &'t str)) -> Option<(u8, &'t str)> {
    let byte = u8::from_str_radix(digits, 16).ok()?;
    Some((byte, rest))
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn an_address_is_no_part_of_anothers() {
        let key = "ann@uni.edu";
        for text in [
            "ann@uni.edu",
            "Ann <ANN@uni.edu>",
            "mailto:ann@uni.edu?x",
            "joann@uni.edu, 'ann@uni.edu'.",
            "Write to ann@uni.edu.",
            "Ann\u{ff20}\u{ff35}ni.edu",
            "mailto:ann%40uni.edu",
            "MAILTO:%41nn%40UNI%2Eedu?subject=50%",
            "https://mail.hill.edu/?to=Ann%20Lee%3Cann%40uni.edu%3E&x=1",
            "ann&#64;uni.edu",
            "ann&#x40;uni&period;edu",
            "&lt;ann&commat;uni.edu&gt;",
            "mailto:ann&#37;40uni.edu",
        ] {
            assert!(names(text, key), "{text}");
        }
        for text in [
            "joann@uni.edu",
            "jo.ann@uni.edu",
            "jo+ann@uni.edu",
            "ann@uni.edu.au",
            "ann@uni.education",
            "ann@uni.edu-x.org",
            "bob@uni.edu",
            "mailto:joann%40uni.edu",
            "mailto:jo%2Bann%40uni.edu",
            "mailto:ann%40uni.edu.au",
            "ann&#46;uni.edu",
            "ann%4uni.edu & 100 %",
            "ann&#x110000;uni.edu",
        ] {
            assert!(!names(text, key), "{text}");
        }
    }
}
