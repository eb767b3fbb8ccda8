//! The one click of a mail program (RFC 8058), and the buttons of the page: what a form says.

use contract::suppressions::UnsubscribeScope;

/// From whom no more is wanted: by the key of RFC 8058 from the organisation, by `scope` as it says;
/// urlencoded or in parts. `None`: it says neither, so nobody asked for anything.
pub(crate) fn scope(content_type: &str, body: &[u8]) -> Option<UnsubscribeScope> {
    let fields = match boundary(content_type) {
        Some(boundary) => in_parts(&boundary, body),
        None => url::form_urlencoded::parse(body)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect(),
    };
    let says = |wanted: &str, what: &str| {
        let is = |(name, value): &(String, String)| {
            name.eq_ignore_ascii_case(wanted) && value.trim().eq_ignore_ascii_case(what)
        };
        fields.iter().any(is)
    };
    if says("scope", "everybody") {
        Some(UnsubscribeScope::Everybody)
    } else if says("List-Unsubscribe", "One-Click") || says("scope", "organisation") {
        Some(UnsubscribeScope::Organisation)
    } else {
        None
    }
}

/// What stands between the parts of a form (RFC 7578 section 4.1).
fn boundary(content_type: &str) -> Option<String> {
    let mut parameters = content_type.split(';').map(str::trim);
    let kind = parameters.next()?;
    if !kind.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then_some(value)
    })?;
    let boundary = boundary.trim_matches('"');
    (!boundary.is_empty()).then(|| format!("--{boundary}"))
}

fn in_parts(boundary: &str, body: &[u8]) -> Vec<(String, String)> {
    let body = String::from_utf8_lossy(body).replace("\r\n", "\n");
    let parts = body.split(boundary).filter_map(|part| {
        let (head, value) = part.split_once("\n\n")?;
        let name = head.lines().find_map(name)?;
        Some((name.to_owned(), value.to_owned()))
    });
    parts.collect()
}

/// The name of the field, where a line of a part's head says it.
fn name(line: &str) -> Option<&str> {
    let (header, parameters) = line.split_once(':')?;
    if !header.trim().eq_ignore_ascii_case("content-disposition") {
        return None;
    }
    let mut parameters = parameters.split(';').map(str::trim);
    let name = parameters.find_map(|parameter| parameter.strip_prefix("name="))?;
    Some(name.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";
    const PARTS: &str = "multipart/form-data; boundary=\"a b\"";

    fn parts(fields: &[(&str, &str)]) -> String {
        let parts = fields.iter().map(|(name, value)| {
            format!("--a b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        });
        parts.collect::<String>() + "--a b--\r\n"
    }

    #[test]
    fn everybody_is_read_from_a_form_and_from_parts() {
        for (content_type, body) in [
            (FORM, "scope=everybody".to_owned()),
            (
                FORM,
                "List-Unsubscribe=One-Click&scope=everybody".to_owned(),
            ),
            (PARTS, parts(&[("scope", "everybody")])),
            (
                PARTS,
                parts(&[("List-Unsubscribe", "One-Click"), ("scope", "everybody")]),
            ),
            (
                "Multipart/Form-Data; charset=utf-8; Boundary=x",
                "--x\nContent-Type: text/plain\ncontent-disposition: form-data; name=scope\n\n\
                 everybody\n--x--"
                    .to_owned(),
            ),
        ] {
            let read = scope(content_type, body.as_bytes());
            assert_eq!(read, Some(UnsubscribeScope::Everybody), "{body}");
        }
    }

    #[test]
    fn the_click_of_a_mail_program_is_about_the_organisation() {
        for (content_type, body) in [
            (FORM, "List-Unsubscribe=One-Click".to_owned()),
            (FORM, "list-unsubscribe=one-click\r\n".to_owned()),
            (FORM, "scope=organisation".to_owned()),
            (FORM, "List-Unsubscribe=One-Click&scope=x".to_owned()),
            ("", "List-Unsubscribe=One-Click".to_owned()),
            (PARTS, parts(&[("List-Unsubscribe", "One-Click")])),
            (PARTS, parts(&[("scope", "organisation")])),
        ] {
            let read = scope(content_type, body.as_bytes());
            assert_eq!(read, Some(UnsubscribeScope::Organisation), "{body}");
        }
    }

    #[test]
    fn what_says_neither_asks_for_nothing() {
        for (content_type, body) in [
            ("", String::new()),
            (FORM, "x=1".to_owned()),
            (FORM, "scope=x&List-Unsubscribe=x&One-Click".to_owned()),
            (PARTS, parts(&[])),
            (PARTS, parts(&[("other", "everybody")])),
            (PARTS, "List-Unsubscribe=One-Click".to_owned()),
            ("multipart/form-data", parts(&[("scope", "everybody")])),
            ("application/json", "{\"scope\":\"everybody\"}".to_owned()),
        ] {
            assert_eq!(scope(content_type, body.as_bytes()), None, "{body}");
        }
    }
}
