//! A browser: it keeps cookies, follows redirects, and says where its forms come from.

use std::sync::Arc;

use reqwest::{
    Client, RequestBuilder,
    cookie::{CookieStore as _, Jar},
    header::{HeaderMap, HeaderValue},
};
use url::Url;

use crate::html::{self, Form};

/// A browser with a cookie jar of its own, at one site.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    client: Client,
    jar: Arc<Jar>,
    site: Url,
}

/// What the browser shows.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

impl Browser {
    /// A fresh one at the site.
    pub(crate) fn at(site: &str) -> Self {
        Self::with(site, HeaderMap::new())
    }

    /// One behind a proxy that gives its requests this id.
    pub(crate) fn named(site: &str, request_id: &str) -> Self {
        let id = HeaderValue::from_str(request_id).unwrap();
        Self::with(
            site,
            HeaderMap::from_iter([("x-request-id".parse().unwrap(), id)]),
        )
    }

    fn with(site: &str, headers: HeaderMap) -> Self {
        let jar = Arc::new(Jar::default());
        let client = Client::builder().cookie_provider(Arc::clone(&jar));
        Self {
            client: client.default_headers(headers).build().unwrap(),
            jar,
            site: Url::parse(site).unwrap(),
        }
    }

    /// The values of its cookies.
    pub(crate) fn cookies(&self) -> Vec<String> {
        let anywhere = self.site.join("/admin/").unwrap();
        let header = self.jar.cookies(&anywhere);
        let header = header
            .as_ref()
            .map_or("", |header| header.to_str().unwrap());
        let pairs = header.split("; ").filter_map(|pair| pair.split_once('='));
        pairs.map(|(_, value)| value.to_owned()).collect()
    }

    /// Opens an address, absolute or of this site.
    pub(crate) async fn open(&self, address: &str) -> Page {
        Self::show(self.client.get(self.site.join(address).unwrap())).await
    }

    /// What an address answers, to the byte.
    pub(crate) async fn download(&self, address: &str) -> Vec<u8> {
        let request = self.client.get(self.site.join(address).unwrap());
        request.send().await.unwrap().bytes().await.unwrap().into()
    }

    /// Asks only for the head.
    pub(crate) async fn head(&self, address: &str) -> Page {
        Self::show(self.client.head(self.site.join(address).unwrap())).await
    }

    /// Presses the button of a form.
    pub(crate) async fn submit(&self, page: &Page, form: &Form) -> Page {
        self.submit_from(&page.origin(), page, form).await
    }

    /// Presses the button of the form that goes to an address with this end, and fills nothing in.
    pub(crate) async fn press(&self, page: &Page, action: &str) -> Page {
        self.submit(page, &page.form(action)).await
    }

    /// Presses the button of a form that stands on a page of another site.
    pub(crate) async fn submit_from(&self, origin: &str, page: &Page, form: &Form) -> Page {
        let to = page.url.join(&form.action).unwrap();
        let request = self.client.post(to).header("origin", origin);
        Self::show(request.form(&form.filled())).await
    }

    /// Sends a form without a look at it.
    pub(crate) async fn post(&self, address: &str, fields: &[(&str, &str)]) -> Page {
        let own = self.site.origin().ascii_serialization();
        let request = self.client.post(self.site.join(address).unwrap());
        Self::show(request.header("origin", own).form(fields)).await
    }

    /// Presses the button of a form in which a file was chosen.
    pub(crate) async fn upload(&self, page: &Page, form: &Form, file: (&str, &[u8])) -> Page {
        let (name, bytes) = file;
        let mut body = Vec::new();
        let fields = form.filled().into_iter();
        for (field, value) in fields.filter(|(field, _)| *field != name) {
            let part = format!(
                "--a-line\r\ncontent-disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        }
        let head = format!(
            "--a-line\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"list.csv\"\r\n\
             content-type: application/vnd.ms-excel\r\n\r\n"
        );
        for piece in [head.as_bytes(), bytes, b"\r\n--a-line--\r\n"] {
            body.extend_from_slice(piece);
        }
        let to = page.url.join(&form.action).unwrap();
        let request = self
            .client
            .post(to)
            .header("origin", page.origin())
            .header("content-type", "multipart/form-data; boundary=a-line")
            .body(body);
        Self::show(request).await
    }

    async fn show(request: RequestBuilder) -> Page {
        let response = request.send().await.unwrap();
        Page {
            status: response.status().as_u16(),
            url: response.url().clone(),
            headers: response.headers().clone(),
            html: response.text().await.unwrap(),
        }
    }
}

impl Page {
    /// Where a browser says that a form of the page comes from, which goes to the page's own site: the
    /// Fetch standard, `append a request Origin header`, by the page's Referrer-Policy.
    fn origin(&self) -> String {
        match self.header("referrer-policy") {
            "no-referrer" => "null".to_owned(),
            _ => self.url.origin().ascii_serialization(),
        }
    }

    /// Its heading.
    pub(crate) fn heading(&self) -> String {
        html::first(&self.html, "h1")
    }

    /// All it says.
    pub(crate) fn text(&self) -> String {
        html::text(&self.html)
    }

    /// The form that goes to an address with this end; an empty one is the page's own.
    pub(crate) fn form(&self, action: &str) -> Form {
        let forms = html::forms(&self.html);
        let mut fitting = forms.into_iter().filter(|form| {
            if action.is_empty() {
                form.action.is_empty()
            } else {
                form.action.ends_with(action)
            }
        });
        fitting
            .next()
            .unwrap_or_else(|| panic!("no form {action:?} on {}: {}", self.url, self.text()))
    }

    /// Where a link leads.
    pub(crate) fn link(&self, words: &str) -> String {
        html::link(&self.html, words)
            .unwrap_or_else(|| panic!("no link {words:?} on {}: {}", self.url, self.text()))
    }

    /// What stands in the input with this id.
    pub(crate) fn input(&self, id: &str) -> String {
        html::input(&self.html, id).unwrap_or_else(|| panic!("no input {id} on {}", self.url))
    }

    /// The cells of its table.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        html::rows(&self.html)
    }

    /// A header of the answer.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// What it says beside a field; empty when the field is right.
    pub(crate) fn error(&self, field: &str) -> String {
        let id = format!("id=\"{field}-error\">");
        let (_, rest) = self.html.split_once(&id).unwrap_or_default();
        html::text(rest.split("</span>").next().unwrap_or_default())
    }
}
