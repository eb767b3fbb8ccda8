//! What the HTML of mail must be, so that it is read by everybody and everywhere.

use contract::text::Language;
use invite_dispatcher::{Invitation, Words};
use rstest::rstest;

use crate::invitation::{LINKS, in_words, invitation};

/// Letters on their grounds, in light and in dark.
const LIGHT: [(&str, &str); 4] = [
    ("#1c2430", "#fdfdfe"),
    ("#566073", "#fdfdfe"),
    ("#1f4fd8", "#fdfdfe"),
    ("#ffffff", "#1f4fd8"),
];
const DARK: [(&str, &str); 4] = [
    ("#e7ebf2", "#1b212b"),
    ("#a4afc2", "#1b212b"),
    ("#9db9ff", "#1b212b"),
    ("#0d1526", "#8fb0ff"),
];
/// Around the card, and lines: nothing is written on or in these.
const OTHER: [&str; 5] = ["#f1f3f6", "#12161d", "#d5dae3", "#c3cad6", "#39424f"];

fn written_in(tag: &str) -> Words {
    in_words(&Invitation {
        language: Language::parse(tag).unwrap(),
        ..invitation()
    })
}

fn html(tag: &str) -> String {
    written_in(tag).html
}

/// The values of an attribute or a property, in order.
fn values<'a>(html: &'a str, before: &str, after: char) -> Vec<&'a str> {
    let pieces = html.split(before).skip(1);
    pieces
        .map(|piece| piece.split(after).next().unwrap())
        .collect()
}

fn channels(colour: &str) -> [f64; 3] {
    [1, 3, 5].map(|at| f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()))
}

/// WCAG 2: from 1 to 21.
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let luminance = |channels: [f64; 3]| {
        let [red, green, blue] = channels.map(|channel| {
            let part = channel / 255.0;
            if part <= 0.040_45 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn letters_stand_out_in_light_in_dark_and_in_a_program_that_inverts_colours() {
    let html = html("en");
    for (letters, ground) in LIGHT.into_iter().chain(DARK) {
        let ratio = contrast(channels(letters), channels(ground));
        assert!(ratio >= 4.5, "{letters} on {ground}: {ratio}");
    }
    for (letters, ground) in LIGHT {
        let inverted = |colour| channels(colour).map(|channel| 255.0 - channel);
        let ratio = contrast(inverted(letters), inverted(ground));
        assert!(ratio >= 4.5, "{letters} on {ground}, inverted: {ratio}");
    }
    let known: Vec<_> = LIGHT
        .into_iter()
        .chain(DARK)
        .flat_map(|(one, other)| [one, other])
        .collect();
    for colour in known.iter().chain(&OTHER) {
        assert!(html.contains(colour), "{colour} is used");
    }
    for colour in values(&html, "#", ';')
        .iter()
        .map(|rest| format!("#{}", &rest[..6.min(rest.len())]))
    {
        assert!(
            known.contains(&colour.as_str()) || OTHER.contains(&colour.as_str()),
            "{colour}"
        );
    }
}

#[rstest]
fn the_html_is_small_and_fetches_nothing(#[values("en", "de")] tag: &str) {
    let html = html(tag);
    assert!(html.len() <= 20 * 1024, "{}", html.len());
    for foreign in [
        "<img",
        "<script",
        "<link",
        "<form",
        "@import",
        "url(",
        "http-equiv",
    ] {
        assert!(!html.contains(foreign), "{foreign}");
    }
    let links: std::collections::BTreeSet<_> = values(&html, "href=\"", '"').into_iter().collect();
    assert_eq!(links.into_iter().collect::<Vec<_>>(), LINKS);
}

#[rstest]
fn a_screen_reader_finds_its_way(#[values("en", "de")] tag: &str) {
    let html = html(tag);
    assert!(html.contains(&format!("<html lang=\"{tag}\" dir=\"ltr\">")));
    assert_eq!(html.matches("<h1").count(), 1);
    let title = values(&html, "<title>", '<');
    assert_eq!(title, [written_in(tag).subject]);
    for table in html.split("<table ").skip(1) {
        assert!(table.starts_with("role=\"presentation\""), "{table}");
    }
    for link in html.split("<a ").skip(1) {
        let text = link.split('>').nth(1).unwrap().split('<').next().unwrap();
        let is_address = text == LINKS[1];
        assert!(is_address || text.split(' ').count() >= 2, "{text}");
    }
}

#[rstest]
fn nothing_is_smaller_than_16_pixels(#[values("en", "de")] tag: &str) {
    let html = html(tag);
    let sizes = values(&html, "font-size:", 'p');
    let fonts = values(&html, "font:", ';');
    let fonts = fonts
        .iter()
        .map(|font| font.trim_start_matches("600 ").split('p').next().unwrap());
    let sizes: Vec<u32> = sizes
        .into_iter()
        .chain(fonts)
        .map(|size| size.parse().unwrap())
        .collect();
    assert!(sizes.len() >= 5, "{sizes:?}");
    assert!(sizes.iter().all(|size| *size >= 16), "{sizes:?}");
}

#[test]
fn what_is_essential_does_not_need_the_style_sheet() {
    let html = html("en");
    let (start, end) = (
        html.find("<style>").unwrap(),
        html.find("</style>").unwrap(),
    );
    let without = format!("{}{}", &html[..start], &html[end..]);
    let button = without.split("class=\"button\" bgcolor=").nth(1).unwrap();
    let button = button.split("</td>").next().unwrap();
    for needed in ["padding:", "background-color:", LINKS[1], "color:#ffffff"] {
        assert!(button.contains(needed), "{needed}: {button}");
    }
}
