//! What the address says after the `?`: read as a body is, every value a text, and there once unless it is
//! [`Several`].

use std::convert::Infallible;

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use contract::{Cursor, PageRequest, Problem};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, map::Entry};
use std::future::{Ready, ready};
use utoipa::IntoParams;

use super::{
    body::{Field, Form, Given, open},
    schema,
    texts::{Reason, number},
};
use crate::problem::Refused;

/// The longest cursor, in bytes.
const CURSOR_MOST: usize = 512;

/// The parameters of a request. Extracting them never refuses, see [`Body`](super::body::Body).
#[derive(Debug)]
pub(super) struct Query<T>(Result<(T, Form), Problem>);

impl<T> Query<T> {
    /// The parameters, and the form that notes what is wrong with them.
    pub(super) fn open(self) -> Result<(T, Form), Refused> {
        self.0.map_err(Refused)
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(read(request.query_string()))))
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<(T, Form), Problem> {
    let mut map = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let value = Value::String(value.into_owned());
        match map.entry(name) {
            Entry::Vacant(free) => drop(free.insert(value)),
            Entry::Occupied(mut there) => match there.get_mut() {
                Value::Array(values) => values.push(value),
                first => *first = Value::Array(vec![first.take(), value]),
            },
        }
    }
    let (value, form) = open(map)?;
    Ok((value, form.of_query()))
}

/// A parameter that may be given several times.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Several {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

impl From<Several> for Vec<String> {
    fn from(several: Several) -> Self {
        match several {
            Several::None => Self::new(),
            Several::One(text) => vec![text],
            Several::Many(texts) => texts,
        }
    }
}

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// The `next_cursor` of the page before; none for the first page.
    #[serde(default)]
    #[param(value_type = Option<schema::Cursor>)]
    cursor: Given<String>,
    /// How many rows; 50 unless said.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Given<String>,
}

impl Query<Paging> {
    /// The page that is asked for.
    pub(super) fn page(self) -> Result<PageRequest, Refused> {
        let (Paging { cursor, limit }, mut form) = self.open()?;
        let page = page(&mut form, cursor, limit);
        form.finish(|| Some(page))
    }
}

/// The page that is asked for, among other parameters.
pub(super) fn page(form: &mut Form, cursor: Given<String>, limit: Given<String>) -> PageRequest {
    PageRequest {
        cursor: form.field("cursor", cursor).parse(parse_cursor).optional(),
        limit: rows(form.field("limit", limit)),
    }
}

/// How many rows are asked for.
pub(super) fn rows(field: Field<'_, String>) -> Option<u32> {
    field
        .parse(|text| number(text, 1..=u64::from(PageRequest::MOST)))
        .optional()
        .and_then(|rows| u32::try_from(rows).ok())
}

fn parse_cursor(text: &str) -> Result<Cursor, Reason> {
    if !(1..=CURSOR_MOST).contains(&text.len()) {
        return Err(Reason(
            "not-a-cursor",
            "is not a cursor of this list".into(),
        ));
    }
    Ok(Cursor(text.to_owned()))
}
