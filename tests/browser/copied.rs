//! An administrator makes a link, and has it to paste.

use testkit::{BusKind, Engine};

use crate::{
    institution::Institution,
    node::Ground,
    tab::{Manner, Tab},
};

#[tokio::test]
async fn the_click_that_creates_a_link_puts_it_on_the_clipboard() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let institution = Institution::found(&ground, &node).await;
    institution.plan("Law", 5).await;
    let tab = Tab::at(&node.http, Manner::Usual).await;
    tab.sign_in(&institution).await;
    tab.follow("Access links").await;
    tab.follow("Create access link").await;
    tab.fill("Name", "First year").await;
    tab.press("Create and copy the link").await;
    tab.until_headed("First year").await;
    let url = tab.value("url").await;
    assert!(url.starts_with(&format!("{}/join/", node.http)), "{url}");
    assert_eq!(tab.clipboard().await, url);
    tab.until_says("copied").await;

    // and once more by the button beside it, or in the list
    for page in ["First year", "Existing links"] {
        if page == "Existing links" {
            tab.follow(page).await;
        }
        tab.until_headed(page).await;
        tab.run("return navigator.clipboard.writeText('something else')")
            .await;
        tab.press("Copy").await;
        tab.until_says("Copied").await;
        assert_eq!(tab.clipboard().await, url, "{page}");
    }
    tab.close().await;
}
