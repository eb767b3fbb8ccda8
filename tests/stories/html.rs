//! What a page says: just enough HTML for pages whose markup is ours.

/// A form as it was sent: where it goes, and what stands in it.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    /// Every field, also an empty one; `None` is a box that is not ticked.
    fields: Vec<(String, Option<String>)>,
}

impl Form {
    /// Types into a field, which must be there.
    pub(crate) fn fill(mut self, name: &str, value: &str) -> Self {
        let field = self.fields.iter_mut().find(|(field, _)| field == name);
        let (_, field) = field.unwrap_or_else(|| panic!("no field {name} to fill"));
        *field = Some(value.to_owned());
        self
    }

    /// What is sent.
    pub(crate) fn filled(&self) -> Vec<(&str, &str)> {
        let fields = self.fields.iter();
        fields
            .filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)))
            .collect()
    }

    /// What stands in a field.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields.find(|(field, _)| field == name)?.1.as_deref()
    }
}

/// A start tag.
#[derive(Debug)]
pub(crate) struct Tag<'a> {
    pub(crate) name: &'a str,
    attributes: Vec<(&'a str, String)>,
    /// What follows it.
    after: &'a str,
}

impl Tag<'_> {
    /// The names of its attributes.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|(name, _)| *name)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        attributes
            .find(|(attribute, _)| *attribute == name)
            .map(|(_, value)| value.as_str())
    }

    /// The text up to its end tag; it holds none of its own kind.
    fn text(&self) -> String {
        text(self.inside())
    }

    pub(crate) fn inside(&self) -> &str {
        let end = format!("</{}", self.name);
        self.after.split(end.as_str()).next().unwrap_or_default()
    }
}

/// Every start tag, in their order.
pub(crate) fn tags(html: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some((_, tag)) = rest.split_once('<') {
        let mut quoted = false;
        let end = tag.find(|c| {
            quoted ^= c == '"';
            c == '>' && !quoted
        });
        let (tag, after) = tag.split_at(end.unwrap_or(tag.len()));
        rest = after;
        if tag.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
            tags.push(Tag {
                name,
                attributes: parse_attributes(attributes),
                after: after.trim_start_matches('>'),
            });
        }
    }
    tags
}

fn parse_attributes(mut text: &str) -> Vec<(&str, String)> {
    let mut attributes = Vec::new();
    loop {
        text = text.trim_start();
        let end = text.find(|c: char| c == '=' || c.is_whitespace());
        let (name, rest) = text.split_at(end.unwrap_or(text.len()));
        if name.is_empty() {
            return attributes;
        }
        let quoted = rest.strip_prefix("=\"");
        let (value, rest) = quoted
            .and_then(|rest| rest.split_once('"'))
            .unwrap_or(("", rest));
        attributes.push((name, plain(value)));
        text = rest;
    }
}

/// Without tags, with each run of white space as one space.
pub(crate) fn text(html: &str) -> String {
    let mut parts = html.split('<');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push(' ');
        text.push_str(part.split_once('>').map_or("", |(_, shown)| shown));
    }
    plain(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn plain(text: &str) -> String {
    [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The text of the first element of this kind; empty when there is none.
pub(crate) fn first(html: &str, name: &str) -> String {
    let tags = tags(html);
    let first = tags.iter().find(|tag| tag.name == name);
    first.map(Tag::text).unwrap_or_default()
}

/// The texts of the cells of every row that has any.
pub(crate) fn rows(html: &str) -> Vec<Vec<String>> {
    let all = tags(html);
    let rows = all.iter().filter(|tag| tag.name == "tr").map(|row| {
        let cells = tags(row.inside());
        // A box to tick says nothing.
        let cells = cells
            .iter()
            .filter(|tag| tag.name == "td" && tag.get("data-label") != Some("Select"));
        cells.map(Tag::text).collect::<Vec<_>>()
    });
    rows.filter(|cells| !cells.is_empty()).collect()
}

/// Where the first link with this text leads.
pub(crate) fn link(html: &str, words: &str) -> Option<String> {
    let tags = tags(html);
    let mut links = tags.iter().filter(|tag| tag.name == "a");
    let link = links.find(|tag| tag.text() == words)?;
    link.get("href").map(str::to_owned)
}

/// The values of an attribute, wherever it stands.
pub(crate) fn attributes(html: &str, name: &str) -> Vec<String> {
    let tags = tags(html);
    let values = tags.iter().filter_map(|tag| tag.get(name));
    values.map(str::to_owned).collect()
}

/// The value of the input with this id.
pub(crate) fn input(html: &str, id: &str) -> Option<String> {
    let tags = tags(html);
    let input = tags.iter().find(|tag| tag.get("id") == Some(id))?;
    input.get("value").map(str::to_owned)
}

/// The options of a choice: value and text.
pub(crate) fn options(html: &str, name: &str) -> Vec<(String, String)> {
    let all = tags(html);
    let choice = all
        .iter()
        .find(|tag| tag.name == "select" && tag.get("name") == Some(name));
    let options = tags(choice.map(Tag::inside).unwrap_or_default());
    let options = options.iter().filter(|tag| tag.name == "option");
    options
        .map(|tag| (tag.get("value").unwrap_or_default().to_owned(), tag.text()))
        .collect()
}

/// The forms of a page.
pub(crate) fn forms(html: &str) -> Vec<Form> {
    let all = tags(html);
    let forms = all.iter().filter(|tag| tag.name == "form");
    forms
        .map(|form| Form {
            action: form.get("action").unwrap_or_default().to_owned(),
            fields: fields(form.inside()),
        })
        .collect()
}

fn fields(html: &str) -> Vec<(String, Option<String>)> {
    let mut fields: Vec<(String, Option<String>)> = Vec::new();
    for tag in tags(html) {
        let Some(name) = tag.get("name") else {
            continue;
        };
        let value = tag.get("value").unwrap_or_default().to_owned();
        let value = match (tag.name, tag.get("type")) {
            ("input", Some("checkbox" | "radio")) => tag.get("checked").map(|_| value),
            ("select", _) => chosen(tag.inside()),
            ("textarea", _) => Some(plain(tag.inside())),
            _ => Some(value),
        };
        match fields.iter_mut().find(|(field, _)| field == name) {
            // One box of several: what is ticked counts.
            Some((_, known)) if value.is_some() => *known = value,
            Some(_) => {}
            None => fields.push((name.to_owned(), value)),
        }
    }
    fields
}

fn chosen(html: &str) -> Option<String> {
    let options = tags(html);
    let selected = options.iter().find(|tag| tag.get("selected").is_some());
    let option = selected.or(options.first())?;
    option.get("value").map(str::to_owned)
}

#[test]
fn a_form_is_read_as_a_browser_would_send_it() {
    let html = r#"<form method="post" action="/x?a=1&amp;b=2"><input name="a" value="1 &lt; 2">
        <input type="checkbox" name="b" value="yes"><input type="radio" name="c" value="one">
        <input type="radio" name="c" value="two" checked>
        <select name="d"><option value="x">X</option><option value="y" selected>Y > X</option></select>
        <textarea name="e">&lt;1&gt;
2</textarea></form>"#;
    let forms = forms(html);
    assert_eq!(forms[0].action, "/x?a=1&b=2");
    assert_eq!(
        forms[0].filled(),
        [("a", "1 < 2"), ("c", "two"), ("d", "y"), ("e", "<1>\n2")]
    );
    assert_eq!(forms[0].clone().fill("b", "yes").value("b"), Some("yes"));
    assert_eq!(options(html, "d")[1], ("y".into(), "Y > X".into()));
}
