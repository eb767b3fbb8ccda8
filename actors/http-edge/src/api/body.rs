//! What came with a request: read whole, bounded, every fault noted by the name of its field.

use std::{convert::Infallible, ops::RangeInclusive};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web::BytesMut};
use contract::{FieldError, Fields, Kind, Problem, Timestamp, problem::FieldReason};
use futures_util::{StreamExt as _, future::LocalBoxFuture};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Visitor, value::MapDeserializer},
    forward_to_deserialize_any,
};
use serde_json::{Map, Value};

use super::json;
use crate::{arriving::unreadable, problem::Refused, request::edge};

/// A JSON object. Extracting it never refuses, so that who may not ask at all learns that first;
/// [`Body::open`] does.
#[derive(Debug)]
pub(super) struct Body<T>(Result<(T, Form), Problem>);

impl<T> Body<T> {
    /// The fields, and the form that notes what is wrong with them.
    pub(super) fn open(self) -> Result<(T, Form), Refused> {
        self.0.map_err(Refused)
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Infallible;
    type Future = LocalBoxFuture<'static, Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { Ok(Self(read(&request, payload).await)) })
    }
}

async fn read<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: Payload,
) -> Result<(T, Form), Problem> {
    if !is_json(request) {
        return Err(Problem::new(Kind::UnsupportedMediaType).detail("Send application/json."));
    }
    let bytes = bytes(request, payload).await?;
    let value = json::read(&bytes)
        .map_err(|error| Problem::new(Kind::Malformed).detail(format!("Not JSON: {error}.")))?;
    match value {
        Value::Object(map) => open(map),
        _ => Err(Problem::invalid("", "wrong-type", "must be a JSON object")),
    }
}

fn is_json(request: &HttpRequest) -> bool {
    let text = request.headers().get(header::CONTENT_TYPE);
    let text = text.and_then(|text| text.to_str().ok()).unwrap_or("");
    let essence = text.split(';').next().unwrap_or("").trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// The whole body, as far as JSON goes: 64 KiB, more where a paste may be longer than usual.
pub(super) async fn bytes(request: &HttpRequest, payload: Payload) -> Result<BytesMut, Problem> {
    let edge = edge(request).map_err(|Refused(problem)| problem)?;
    bounded(request, payload, edge.options.body_most()).await
}

/// The whole body, at most so many bytes.
pub(super) async fn bounded(
    request: &HttpRequest,
    mut payload: Payload,
    most: usize,
) -> Result<BytesMut, Problem> {
    let too_large = || {
        let detail = format!("A body has at most {most} bytes.");
        Problem::new(Kind::TooLarge).detail(detail)
    };
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| unreadable(&error))?;
        if bytes.len() + chunk.len() > most {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The fields of an object; those that nobody knows are noted as refused.
pub(super) fn open<T: DeserializeOwned>(map: Map<String, Value>) -> Result<(T, Form), Problem> {
    let mut form = Form::default();
    let value = form.open("", map)?;
    Ok((value, form))
}

/// Notes what is wrong, so that all of it is answered at once.
#[derive(Debug, Default)]
pub(super) struct Form {
    fields: Fields,
    refused: Vec<String>,
    /// Whether it came in the address, where every value is a text.
    is_query: bool,
}

impl Form {
    /// Reads an object whose fields are named with `prefix` before them.
    pub(super) fn open<T: DeserializeOwned>(
        &mut self,
        prefix: &str,
        map: Map<String, Value>,
    ) -> Result<T, Problem> {
        let mut unknown = Vec::new();
        let object = Object {
            map,
            unknown: &mut unknown,
        };
        let value = T::deserialize(object)
            .map_err(|error| Problem::new(Kind::Malformed).detail(error.to_string()))?;
        for field in unknown {
            // A name is shown back, but not a whole body.
            let field: String = field.chars().take(64).collect();
            let field = format!("{prefix}{field}");
            self.refuse(&field, "unknown-field", "is not a field of this request");
        }
        Ok(value)
    }

    /// The same of what came in the address.
    pub(super) fn of_query(self) -> Self {
        Self {
            is_query: true,
            ..self
        }
    }

    /// A field to be read.
    pub(super) fn field<'a, T>(&'a mut self, name: &'a str, given: Given<T>) -> Field<'a, T> {
        Field {
            form: self,
            name,
            given,
        }
    }

    /// Notes a refusal.
    pub(super) fn refuse(&mut self, field: &str, code: &str, detail: impl Into<String>) {
        self.refused.push(field.to_owned());
        self.fields.refuse(field, code, detail);
    }

    /// Notes a value that is not `what`: in an address, two of them.
    fn wrong(&mut self, field: &str, what: &str) {
        if self.is_query {
            self.refuse(field, "repeated", "can be given only once");
        } else {
            self.refuse(field, "wrong-type", format!("must be {what}"));
        }
    }

    /// Whether something was refused already.
    pub(super) fn is_refused(&self) -> bool {
        !self.refused.is_empty()
    }

    /// Notes what somebody else found, but for fields that are refused already.
    pub(super) fn merge(&mut self, errors: Vec<FieldError>) {
        for FieldError {
            field,
            code,
            detail,
        } in errors
        {
            if !self.refused.contains(&field) {
                self.refuse(&field, &code, detail);
            }
        }
    }

    /// The whole when nothing was refused, otherwise one problem with every field.
    pub(super) fn finish<T>(self, value: impl FnOnce() -> Option<T>) -> Result<T, Refused> {
        Ok(self.fields.finish(value)?)
    }
}

/// A field as it came.
#[derive(Debug, Default)]
pub(super) enum Given<T> {
    /// Not at all.
    #[default]
    Absent,
    /// As null.
    Null,
    /// As something that is not a `T`.
    Wrong,
    /// As it should.
    Value(T),
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Null => Self::Null,
            value => T::deserialize(plain(value)).map_or(Self::Wrong, Self::Value),
        })
    }
}

/// A whole number is one however it is written: `5.0` is 5.
fn plain(value: Value) -> Value {
    match value.as_f64() {
        Some(number) if value.is_f64() && number.fract() == 0.0 => {
            let whole = format!("{number:.0}").parse::<u64>();
            whole.map_or(value, Value::from)
        }
        _ => value,
    }
}

/// What a field is in JSON, in words.
pub(super) trait Json {
    /// After "must be".
    const WHAT: &'static str;
}

macro_rules! json {
    ($($type:ty = $what:literal),* $(,)?) => {$(
        impl Json for $type {
            const WHAT: &'static str = $what;
        }
    )*};
}
json!(
    String = "a text",
    u64 = "a whole number that is not negative",
    bool = "true or false",
    Vec<String> = "a list of texts",
    Map<String, Value> = "an object",
);

/// A field that is being read.
#[derive(Debug)]
pub(super) struct Field<'a, T> {
    form: &'a mut Form,
    name: &'a str,
    given: Given<T>,
}

impl<'a, T: Json> Field<'a, T> {
    /// Reads the value by `step`, which notes what is wrong itself.
    fn step<U>(self, step: impl FnOnce(&mut Form, &str, T) -> Option<U>) -> Field<'a, U> {
        let Self { form, name, given } = self;
        let given = match given {
            Given::Absent => Given::Absent,
            Given::Null => Given::Null,
            Given::Wrong => {
                form.wrong(name, T::WHAT);
                Given::Wrong
            }
            Given::Value(value) => step(form, name, value).map_or(Given::Wrong, Given::Value),
        };
        Field { form, name, given }
    }

    /// Takes the value as it is.
    pub(super) fn plain(self) -> Field<'a, T> {
        self.step(|_, _, value| Some(value))
    }
}

impl<'a> Field<'a, String> {
    /// Reads the text.
    pub(super) fn parse<U, E: FieldReason>(
        self,
        parse: impl FnOnce(&str) -> Result<U, E>,
    ) -> Field<'a, U> {
        self.step(|form, name, text| match parse(&text) {
            Ok(value) => Some(value),
            Err(why) => {
                form.refuse(name, why.code(), why.to_string());
                None
            }
        })
    }
}

impl<'a> Field<'a, u64> {
    /// A number between two others.
    pub(super) fn within(self, range: RangeInclusive<u64>) -> Field<'a, u64> {
        self.step(|form, name, number| {
            let is_within = range.contains(&number);
            if !is_within {
                let detail = format!("must be between {} and {}", range.start(), range.end());
                form.refuse(name, "out-of-range", detail);
            }
            is_within.then_some(number)
        })
    }
}

impl<'a> Field<'a, Vec<String>> {
    /// Reads each text of a list of at most `most`.
    pub(super) fn each<U, E: FieldReason>(
        self,
        most: usize,
        parse: impl Fn(&str) -> Result<U, E>,
    ) -> Field<'a, Vec<U>> {
        self.step(|form, name, texts| {
            if texts.len() > most {
                let detail = format!("must have at most {most} entries");
                form.refuse(name, "too-many", detail);
                return None;
            }
            let mut values = Vec::with_capacity(texts.len());
            for (place, text) in texts.iter().enumerate() {
                match parse(text) {
                    Ok(value) => values.push(value),
                    Err(why) => {
                        let name = format!("{name}[{place}]");
                        form.refuse(&name, why.code(), why.to_string());
                    }
                }
            }
            (values.len() == texts.len()).then_some(values)
        })
    }
}

impl Field<'_, Timestamp> {
    /// The instant must be still to come; `code` is the owner's word for one that is not.
    pub(super) fn after(self, now: Timestamp, code: &str) -> Self {
        if matches!(self.given, Given::Value(at) if at <= now) {
            self.form.refuse(self.name, code, "must be in the future");
            return Self {
                given: Given::Wrong,
                ..self
            };
        }
        self
    }
}

/// The ends of reading a field. `None` where something was refused is as good as any other value:
/// the form does not finish then.
impl<T> Field<'_, T> {
    /// The field must be there.
    pub(super) fn required(self) -> Option<T> {
        match self.given {
            Given::Absent | Given::Null => {
                self.form.refuse(self.name, "required", "is required");
                None
            }
            Given::Wrong => None,
            Given::Value(value) => Some(value),
        }
    }

    /// The field may be absent or null, which is the same.
    pub(super) fn optional(self) -> Option<T> {
        match self.given {
            Given::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The field of a change: absent leaves what is there; null is not a value of it.
    pub(super) fn set(self) -> Option<T> {
        match self.given {
            Given::Null => {
                self.form.refuse(self.name, "required", "cannot be null");
                None
            }
            Given::Value(value) => Some(value),
            Given::Absent | Given::Wrong => None,
        }
    }

    /// The field of a change: absent leaves what is there, null clears it.
    #[expect(
        clippy::option_option,
        reason = "absent, null and a value are three things"
    )]
    pub(super) fn change(self) -> Option<Option<T>> {
        match self.given {
            Given::Null => Some(None),
            Given::Value(value) => Some(Some(value)),
            Given::Absent | Given::Wrong => None,
        }
    }
}

/// An object that tells which of its fields the struct does not know.
struct Object<'a> {
    map: Map<String, Value>,
    unknown: &'a mut Vec<String>,
}

impl<'de> Deserializer<'de> for Object<'_> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_map(MapDeserializer::new(self.map.into_iter()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let unknown = &mut *self.unknown;
        self.map.retain(|name, _| {
            let is_known = fields.contains(&name.as_str());
            if !is_known {
                unknown.push(name.clone());
            }
            is_known
        });
        visitor.visit_map(MapDeserializer::new(self.map.into_iter()))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
