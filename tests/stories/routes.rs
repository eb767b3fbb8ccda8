//! The routes of the pages, as their `configure` functions say them; and what a page answers that
//! is asked in another way than it takes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use reqwest::Method;
use testkit::{BusKind, Engine};

use crate::{html, node::Ground};

const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/actors/http-edge/src/pages");
/// What the pages of an office begin with.
const OFFICE: &str = "/admin/{organisation}";

/// What is taken at each path; a path that is no literal stands there as it is written.
pub(crate) type Routes = BTreeMap<String, BTreeSet<Method>>;

/// The routes of every page.
pub(crate) fn of_pages() -> Routes {
    let mut routes = Routes::new();
    let office = Path::new(PAGES).join("admin");
    for file in files(Path::new(PAGES)) {
        let mut code = fs::read_to_string(&file).unwrap();
        code.retain(|c| !c.is_whitespace());
        assert!(
            !code.contains(".route(\""),
            "{}: another method gets 404; say web::resource",
            file.display()
        );
        let prefix = if file.starts_with(&office) {
            OFFICE
        } else {
            ""
        };
        for route in code.split("web::resource(").skip(1) {
            let path = match route.strip_prefix('"') {
                Some(literal) => format!("{prefix}{}", literal.split('"').next().unwrap()),
                None => route.split(").route").next().unwrap().to_owned(),
            };
            let methods = [(Method::GET, "web::get()"), (Method::POST, "web::post()")];
            let taken = methods.into_iter().filter(|(_, said)| route.contains(said));
            let taken = taken.map(|(method, _)| method).collect();
            assert_eq!(routes.insert(path, taken), None, "{}", file.display());
        }
    }
    routes
}

/// The paths of the pages of an office, below it.
pub(crate) fn of_an_office() -> Vec<String> {
    let routes = of_pages().into_keys();
    let below = routes.filter_map(|path| path.strip_prefix(OFFICE).map(str::to_owned));
    below.collect()
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

/// The paths that are no literals are those of the sign-in and of two files, which pages name.
fn address(path: &str, page: &str) -> String {
    let named = |end: &str| {
        let mut named = html::attributes(page, "href");
        named.extend(html::attributes(page, "src"));
        named.into_iter().find(|name| name.ends_with(end)).unwrap()
    };
    match path {
        "SIGN_IN" => "/admin/sign-in".to_owned(),
        "css()" => named(".css"),
        "js()" => named(".js"),
        literal => {
            let parts = literal.split('/');
            let parts = parts.map(|part| if part.starts_with('{') { "x" } else { part });
            parts.collect::<Vec<_>>().join("/")
        }
    }
}

#[tokio::test]
async fn every_page_tells_which_methods_it_takes() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let start = node.browser().open("/").await.html;
    let routes = of_pages();
    assert!(routes.len() > 50, "{routes:?}");
    let client = reqwest::Client::new();
    for (path, taken) in routes {
        assert!(!taken.is_empty(), "{path}");
        let url = format!("{}{}", node.http, address(&path, &start));
        let mut allowed = taken.clone();
        if taken.contains(&Method::GET) {
            allowed.insert(Method::HEAD);
        }
        for method in [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::DELETE,
        ] {
            if allowed.contains(&method) {
                continue;
            }
            let response = client.request(method.clone(), &url).send().await.unwrap();
            assert_eq!(response.status(), 405, "{method} {path}");
            let said = response.headers()["allow"].to_str().unwrap();
            let said = said.split(", ").map(|method| method.parse().unwrap());
            assert_eq!(said.collect::<BTreeSet<_>>(), allowed, "{method} {path}");
            let words = response.text().await.unwrap();
            assert_eq!(words.is_empty(), method == Method::HEAD, "{method} {path}");
        }
    }
}
