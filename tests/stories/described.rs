//! Requests made from the description of the API: every route, with bodies that fit.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::program::Program;

const ULID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
/// What every route of an organisation begins with.
const WITHIN: &str = "/organisations/{organisation}";

/// The description that a node serves.
pub(crate) struct Description(Value);

/// A route, with a path that is to be filled.
pub(crate) struct Route {
    pub(crate) method: Method,
    path: String,
    operation: Value,
}

/// What is known by name: `plan` to the id of one.
pub(crate) type Things = BTreeMap<&'static str, String>;

impl Route {
    /// Whether it only looks.
    pub(crate) fn reads(&self) -> bool {
        self.method == Method::GET
    }

    /// Names it in a failure.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether this may be asked after the `?`.
    pub(crate) fn asks(&self, name: &str) -> bool {
        let parameters = self.operation["parameters"].as_array();
        let mut parameters = parameters.into_iter().flatten();
        parameters.any(|parameter| parameter["in"] == "query" && parameter["name"] == name)
    }

    /// The names in its path.
    pub(crate) fn names(&self) -> Vec<&str> {
        let parts = self.path.split(['{', '}']).skip(1);
        parts.step_by(2).collect()
    }

    /// Its path with things in it; what is not known is made up.
    pub(crate) fn path(&self, description: &Description, things: &Things) -> String {
        let mut path = self.path.clone();
        for name in self.names() {
            let id = things.get(name).cloned();
            let id = id.unwrap_or_else(|| description.made_up(&self.operation, name));
            path = path.replace(&format!("{{{name}}}"), &id);
        }
        let asked = description.required(&self.operation, things);
        for (place, (name, value)) in asked.iter().enumerate() {
            let mark = if place == 0 { '?' } else { '&' };
            path = format!("{path}{mark}{name}={value}");
        }
        path
    }
}

impl Description {
    /// Asks a node for it.
    pub(crate) async fn of(program: &Program) -> Self {
        Self(program.get("/openapi.json").await)
    }

    /// Every route of an organisation.
    pub(crate) fn routes(&self) -> Vec<Route> {
        let mut routes = Vec::new();
        for (path, item) in self.0["paths"].as_object().unwrap() {
            let Some(path) = path
                .strip_prefix("/api/v1")
                .filter(|p| p.starts_with(WITHIN))
            else {
                continue;
            };
            for (method, operation) in item.as_object().unwrap() {
                routes.push(Route {
                    method: method.to_uppercase().parse().unwrap(),
                    path: path.to_owned(),
                    operation: operation.clone(),
                });
            }
        }
        routes
    }

    /// An id of the right kind that nobody has.
    fn made_up(&self, operation: &Value, name: &str) -> String {
        let parameters = operation["parameters"].as_array().unwrap();
        let mut parameters = parameters.iter();
        let parameter = parameters.find(|parameter| parameter["name"] == name);
        let schema = self.resolve(&parameter.unwrap()["schema"]);
        let pattern = schema["pattern"].as_str().unwrap_or_default();
        let prefix = pattern.trim_start_matches('^').split("_[").next().unwrap();
        format!("{prefix}_{ULID}")
    }

    /// What an operation asks for after the `?`.
    fn required(&self, operation: &Value, things: &Things) -> Vec<(String, String)> {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let required = parameters
            .filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
        required
            .map(|parameter| {
                let value = self.example(&parameter["schema"], things);
                let name = parameter["name"].as_str().unwrap().to_owned();
                (name, value.as_str().unwrap().to_owned())
            })
            .collect()
    }

    /// What may be asked after the `?` beside what is required, each alone: ids and tags of these
    /// things, a cursor of theirs, and what finds them by their words.
    pub(crate) fn queries(
        &self,
        route: &Route,
        things: &Things,
        cursor: Option<&str>,
    ) -> Vec<(String, String)> {
        let parameters = route.operation["parameters"]
            .as_array()
            .into_iter()
            .flatten();
        let asked = parameters.filter(|parameter| parameter["in"] == "query");
        let mut queries = Vec::new();
        for parameter in asked {
            let name = parameter["name"].as_str().unwrap();
            let value = match name {
                "cursor" => cursor.map(str::to_owned),
                "q" => Some("ann".to_owned()),
                "tag" => Some("medicine".to_owned()),
                _ => {
                    let value = self.example(&parameter["schema"], things);
                    Some(
                        value
                            .as_str()
                            .map_or_else(|| value.to_string(), str::to_owned),
                    )
                }
            };
            queries.extend(value.map(|value| (name.to_owned(), value)));
        }
        queries
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => {
                let pointer = reference.trim_start_matches('#');
                self.resolve(self.0.pointer(pointer).unwrap())
            }
            None => schema,
        }
    }

    /// Bodies that may fit: what is required alone, and with each one and each two further fields.
    /// Null is no body.
    pub(crate) fn bodies(&self, route: &Route, things: &Things) -> Vec<Value> {
        let content = &route.operation["requestBody"]["content"]["application/json"];
        if content.is_null() {
            return vec![Value::Null];
        }
        let schema = self.resolve(&content["schema"]);
        let fields = schema["properties"].as_object().unwrap();
        let required = self.object(schema, things);
        let further = fields
            .iter()
            .filter(|(name, _)| required.get(name).is_none());
        let further: Vec<_> = further.collect();
        let mut bodies = vec![required.clone()];
        for (place, one) in further.iter().enumerate() {
            for other in &further[place..] {
                let mut body = required.clone();
                for (name, field) in [one, other] {
                    body[name.as_str()] = self.example(field, things);
                }
                bodies.push(body);
            }
        }
        bodies
    }

    fn object(&self, schema: &Value, things: &Things) -> Value {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let mut object = Map::new();
        for name in &required {
            let name = name.as_str().unwrap();
            let field = &schema["properties"][name];
            object.insert(name.to_owned(), self.example(field, things));
        }
        Value::Object(object)
    }

    fn example(&self, schema: &Value, things: &Things) -> Value {
        let schema = self.resolve(schema);
        for choice in ["oneOf", "anyOf", "allOf"] {
            if let Some(choices) = schema[choice].as_array() {
                let mut choices = choices.iter();
                let real = choices.find(|choice| choice["type"] != "null");
                return self.example(real.unwrap(), things);
            }
        }
        if let Some(values) = schema["enum"].as_array() {
            return values[0].clone();
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds[0].as_str().unwrap(),
            kind => kind.as_str().unwrap_or("object"),
        };
        match kind {
            "boolean" => json!(true),
            "integer" | "number" => json!(schema["minimum"].as_u64().unwrap_or_default().max(1)),
            "array" => json!([self.example(&schema["items"], things)]),
            "string" => json!(text(schema, things)),
            _ => self.object(schema, things),
        }
    }
}

fn text(schema: &Value, things: &Things) -> String {
    if let Some(example) = schema["example"].as_str() {
        return example.to_owned();
    }
    match schema["format"].as_str() {
        Some("email") => return "somebody@university.example".to_owned(),
        Some("date-time") => return "2099-01-01T00:00:00Z".to_owned(),
        Some("uri") => return "https://x.example/".to_owned(),
        Some("hostname") => return "x.example".to_owned(),
        Some("password") => return "a few words for me".to_owned(),
        _ => {}
    }
    let pattern = schema["pattern"].as_str().unwrap_or_default();
    let prefix = pattern.trim_start_matches('^').split("_[").next().unwrap();
    if prefix == pattern.trim_start_matches('^') {
        return "text".to_owned();
    }
    let known = things
        .values()
        .find(|id| id.starts_with(&format!("{prefix}_")));
    known.cloned().unwrap_or_else(|| format!("{prefix}_{ULID}"))
}
