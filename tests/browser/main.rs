//! The pages in a real browser: what a script does to them, what they look like, and that nothing in them
//! makes the browser complain. What they say, and that they work without a script, is told by the stories.
//!
//! - `tab`: a headless Chromium with somebody in front of it, `driver` the way to it; `look`: what is wrong with a page as it is
//!   drawn.
//! - `node`, `institution`, `person`, `program` and what they stand on are those of the stories.
//! - everything else is one way through the pages a file.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail this way"
)]

#[path = "../stories/browser.rs"]
#[expect(dead_code, reason = "the stories use the rest")]
mod browser;
#[path = "../stories/html.rs"]
#[expect(dead_code, reason = "the stories use the rest")]
mod html;
#[path = "../stories/institution.rs"]
#[expect(dead_code, reason = "the stories use the rest")]
mod institution;
#[path = "../stories/node.rs"]
#[expect(dead_code, reason = "the stories use the rest")]
mod node;
#[path = "../stories/person.rs"]
#[expect(dead_code, reason = "the stories use the rest")]
mod person;
#[path = "../stories/program.rs"]
#[expect(dead_code, reason = "the stories use the rest")]
mod program;

mod copied;
mod driver;
mod joined;
mod live;
mod look;
mod shown;
mod tab;
mod twice;
