//! The one click of a mail program (RFC 8058), and the buttons of the page: what a form says.

use contract::suppressions::UnsubscribeScope;

/// From whom no more is wanted: `scope` of a form, urlencoded or in parts. Whatever else the body
/// is, it can only ask for less mail.
pub(crate) fn scope(content_type: &str, body: &[u8]) -> UnsubscribeScope {
    let is_from_everybody = match boundary(content_type) {
        Some(boundary) => in_parts(&boundary, body),
        None => url::form_urlencoded::parse(body)
            .any(|(name, value)| name == "scope" && value == "everybody"),
    };
    if is_from_everybody {
        UnsubscribeScope::Everybody
    } else {
        UnsubscribeScope::Organisation
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

fn in_parts(boundary: &str, body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(body).replace("\r\n", "\n");
    body.split(boundary).any(|part| {
        let Some((head, value)) = part.split_once("\n\n") else {
            return false;
        };
        head.lines().any(is_of_scope) && value.trim() == "everybody"
    })
}

/// Whether a line of a part's head names the field.
fn is_of_scope(line: &str) -> bool {
    let Some((header, parameters)) = line.split_once(':') else {
        return false;
    };
    header.trim().eq_ignore_ascii_case("content-disposition")
        && parameters
            .split(';')
            .map(str::trim)
            .any(|parameter| matches!(parameter, "name=\"scope\"" | "name=scope"))
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
            assert_eq!(read, UnsubscribeScope::Everybody, "{body}");
        }
    }

    #[test]
    fn anything_else_is_about_the_organisation() {
        for (content_type, body) in [
            (FORM, "List-Unsubscribe=One-Click".to_owned()),
            (FORM, "scope=organisation".to_owned()),
            ("", String::new()),
            (PARTS, parts(&[("List-Unsubscribe", "One-Click")])),
            (PARTS, parts(&[("other", "everybody")])),
            (PARTS, parts(&[("scope", "organisation")])),
            ("multipart/form-data", parts(&[("scope", "everybody")])),
        ] {
            let read = scope(content_type, body.as_bytes());
            assert_eq!(read, UnsubscribeScope::Organisation, "{body}");
        }
    }
}
