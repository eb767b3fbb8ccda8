//! The stylesheet and the script, under names that change with their content.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::LazyLock,
};

use actix_web::{HttpResponse, http::header, web};

const CSS: &str = include_str!("../../assets/usher.css");
const JS: &str = include_str!("../../assets/usher.js");

static CSS_PATH: LazyLock<String> = LazyLock::new(|| path(CSS, "css"));
static JS_PATH: LazyLock<String> = LazyLock::new(|| path(JS, "js"));

fn path(content: &str, ending: &str) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("/assets/usher-{:016x}.{ending}", hasher.finish())
}

/// Where the stylesheet is.
pub(super) fn css() -> &'static str {
    &CSS_PATH
}

/// Where the script is.
pub(super) fn js() -> &'static str {
    &JS_PATH
}

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource(css()).route(web::get().to(async || asset(CSS, "text/css; charset=utf-8"))),
    );
    cfg.service(
        web::resource(js())
            .route(web::get().to(async || asset(JS, "text/javascript; charset=utf-8"))),
    );
}

fn asset(content: &'static str, kind: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(content)
}
