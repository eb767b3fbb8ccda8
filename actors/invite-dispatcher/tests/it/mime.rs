//! Just enough of RFC 5322 and MIME to look at what went over the wire.

/// A message, taken apart.
#[derive(Debug)]
pub(crate) struct Read {
    /// Names and unfolded values, in order.
    pub(crate) headers: Vec<(String, String)>,
    /// Content types and decoded texts of the parts, in order.
    pub(crate) parts: Vec<(String, String)>,
}

impl Read {
    pub(crate) fn of(raw: &str) -> Self {
        let (head, body) = raw.split_once("\r\n\r\n").unwrap();
        let headers = headers(head);
        let kind = value(&headers, "Content-Type").to_owned();
        let boundary = kind.split("boundary=\"").nth(1).unwrap();
        let boundary = boundary.split('"').next().unwrap();
        let (inner, _) = body.split_once(&format!("--{boundary}--")).unwrap();
        let divider = format!("--{boundary}\r\n");
        let parts = inner.split(&divider).skip(1).map(part).collect();
        Self { headers, parts }
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        value(&self.headers, name)
    }
}

fn headers(head: &str) -> Vec<(String, String)> {
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let lines = unfolded.split("\r\n").map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_owned(), value.to_owned())
    });
    lines.collect()
}

fn value<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    let mut found = headers.iter().filter(|(known, _)| known == name);
    let (_, value) = found.next().expect(name);
    assert!(found.next().is_none(), "{name} is there once");
    value
}

fn part(text: &str) -> (String, String) {
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let headers = headers(head);
    let body = match value(&headers, "Content-Transfer-Encoding") {
        "quoted-printable" => quoted_printable(body),
        "base64" => base64(body),
        "7bit" => body.to_owned(),
        other => panic!("{other}"),
    };
    (value(&headers, "Content-Type").to_owned(), body)
}

fn base64(text: &str) -> String {
    let bytes = data_encoding::BASE64.decode(text.replace("\r\n", "").as_bytes());
    String::from_utf8(bytes.unwrap()).unwrap()
}

fn quoted_printable(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let mut pieces = text.split('=');
    let mut bytes = pieces.next().unwrap().as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(&piece[..2], 16).unwrap());
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}
