//! A program that uses the JSON API.

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::{
    institution::Institution,
    node::{Ground, Node},
    person::Person,
};

/// A program with a token, or without one.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    client: Client,
    site: String,
    token: Option<String>,
}

impl Program {
    /// One that anybody could run.
    pub(crate) fn of_the_public(node: &Node) -> Self {
        Self {
            client: Client::new(),
            site: node.http.clone(),
            token: None,
        }
    }

    /// One with this token.
    pub(crate) fn with(node: &Node, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..Self::of_the_public(node)
        }
    }

    /// One of the operator.
    pub(crate) fn of_the_operator(ground: &Ground, node: &Node) -> Self {
        let token = ground.usher(&["token", "create", "--name", "a story"]);
        Self {
            token: Some(token),
            ..Self::of_the_public(node)
        }
    }

    /// One of an institution.
    pub(crate) fn of(ground: &Ground, node: &Node, institution: &Institution) -> Self {
        let args = ["token", "create", "--name", "a story", "--organisation"];
        let token = ground.usher(&[&args[..], &[&institution.id]].concat());
        Self {
            token: Some(token),
            ..Self::of_the_public(node)
        }
    }

    /// The same program, at another node.
    pub(crate) fn at(&self, node: &Node) -> Self {
        Self {
            site: node.http.clone(),
            ..self.clone()
        }
    }

    /// Sends a request; answers its status and what came back.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/api/v1{path}", self.site);
        let mut request = self.client.request(method, url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let (status, body) = (response.status().as_u16(), response.text().await.unwrap());
        let is_none = body.is_empty();
        let read = serde_json::from_str(&body);
        let text = |_| {
            if is_none {
                Value::Null
            } else {
                Value::String(body)
            }
        };
        (status, read.unwrap_or_else(text))
    }

    /// An answer that is read while it comes.
    pub(crate) async fn watch(&self, path: &str) -> Response {
        let url = format!("{}/api/v1{path}", self.site);
        let mut request = self.client.get(url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap()
    }

    /// What stands there.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(Method::GET, path, &Value::Null).await;
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// Makes something.
    pub(crate) async fn make(&self, path: &str, body: Value) -> Value {
        let (status, made) = self.send(Method::POST, path, &body).await;
        assert_eq!(status, 201, "POST {path} {body}: {made}");
        made
    }

    /// Does something that takes no body.
    pub(crate) async fn act(&self, path: &str) -> Value {
        let (status, done) = self.send(Method::POST, path, &Value::Null).await;
        assert_eq!(status, 200, "POST {path}: {done}");
        done
    }

    /// Every row of a list.
    pub(crate) async fn all(&self, path: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut next = format!("{path}?limit=2");
        loop {
            let page = self.get(&next).await;
            rows.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("{path}?limit=2&cursor={cursor}"),
                None => return rows,
            }
        }
    }
}

impl Person {
    /// What a program sends to join for them.
    pub(crate) fn registration(&self) -> Value {
        json!({
            "first_name": self.first_name,
            "last_name": self.last_name,
            "email": self.email,
            "password": self.password,
            "accept_terms": true,
        })
    }
}
