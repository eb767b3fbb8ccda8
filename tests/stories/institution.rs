//! An institution and its administrator at work in the Subscription Manager.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::{
    browser::{Browser, Page},
    html,
    node::{Ground, Node},
};

/// What administrators sign in with.
pub(crate) const PASSWORD: &str = "a few words for me";
pub(crate) const PRODUCT_URL: &str = "https://library.example/law";

/// An institution with one plan, whose administrator is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Institution {
    pub(crate) id: String,
    pub(crate) name: String,
    /// With which the administrator signs in.
    pub(crate) email: String,
    /// Where the administrator is signed in.
    pub(crate) administrator: Browser,
}

/// A link that was made.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) id: String,
    pub(crate) url: String,
}

impl Link {
    /// What its URL ends with.
    pub(crate) fn token(&self) -> &str {
        self.url.rsplit('/').next().unwrap()
    }

    /// Where it is open on another node.
    pub(crate) fn at(&self, node: &Node) -> String {
        format!("{}/join/{}", node.http, self.token())
    }
}

/// The numbers of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seats {
    pub(crate) purchased: u64,
    pub(crate) free: u64,
    pub(crate) assigned: u64,
    pub(crate) held: u64,
    pub(crate) waiting: u64,
}

impl Institution {
    /// The operator makes it and its administrator, who chooses a password.
    pub(crate) async fn found(ground: &Ground, node: &Node) -> Self {
        static FOUNDED: AtomicU32 = AtomicU32::new(1);
        let number = FOUNDED.fetch_add(1, Ordering::Relaxed);
        let name = format!("University {number}");
        let id = ground.usher(&[
            "organisation",
            "create",
            "--name",
            &name,
            "--product-url",
            PRODUCT_URL,
        ]);
        let institution = Self {
            id,
            name,
            email: format!("admin{number}@university.example"),
            administrator: node.browser(),
        };
        let administrator = &institution.administrator;
        let set_up = institution.invite(ground, &institution.email);
        let page = administrator.open(&set_up).await;
        let form = page.form("").fill("password", PASSWORD);
        let page = administrator.submit(&page, &form).await;
        assert_eq!(page.heading(), "Manage Users");
        institution
    }

    /// The operator makes an administrator; answers where a password is chosen.
    pub(crate) fn invite(&self, ground: &Ground, email: &str) -> String {
        let args = [
            "admin",
            "create",
            "--organisation",
            &self.id,
            "--email",
            email,
        ];
        let url = ground.usher(&args);
        // the command does not know the port that the node found
        let path = url.find("/admin/").unwrap();
        url[path..].to_owned()
    }

    /// A page of its Subscription Manager.
    pub(crate) async fn open(&self, path: &str) -> Page {
        let page = format!("/admin/{}{path}", self.id);
        self.administrator.open(&page).await
    }

    /// Adds a plan.
    pub(crate) async fn plan(&self, name: &str, seats: u64) {
        let page = self.open("/plans").await;
        let form = page.form("/plans").fill("name", name);
        let form = form.fill("seats", &seats.to_string());
        let page = self.administrator.submit(&page, &form).await;
        assert!(page.text().contains("Saved."), "{}", page.text());
    }

    /// Changes how many seats its only plan has.
    pub(crate) async fn buy(&self, seats: u64) {
        let page = self.open("/plans").await;
        let forms = html::forms(&page.html);
        let form = forms.iter().find(|form| form.action.contains("/plans/"));
        let form = form.unwrap().clone().fill("seats", &seats.to_string());
        let page = self.administrator.submit(&page, &form).await;
        assert!(page.text().contains("Saved."), "{}", page.text());
    }

    /// Creates a link to the seats of a plan, with these fields of the form filled.
    pub(crate) async fn link(&self, plan: &str, fields: &[(&str, &str)]) -> Link {
        let page = self.open("/links/new").await;
        let plans = html::options(&page.html, "plan_id");
        let mut plans = plans.iter();
        let (plan, _) = plans
            .find(|(_, words)| words.starts_with(&format!("{plan} (")))
            .unwrap();
        let form = page.form("/links/new").fill("plan_id", plan);
        let form = form.fill("name", "First year");
        let form = fields
            .iter()
            .fold(form, |form, (name, value)| form.fill(name, value));
        let page = self.administrator.submit(&page, &form).await;
        assert_eq!(page.status, 200, "{}", page.text());
        Link {
            id: page.url.path().rsplit('/').next().unwrap().to_owned(),
            url: page.input("url"),
        }
    }

    /// A fresh institution's only plan, and a link to it.
    pub(crate) async fn with_link(
        ground: &Ground,
        node: &Node,
        seats: u64,
        fields: &[(&str, &str)],
    ) -> (Self, Link) {
        let institution = Self::found(ground, node).await;
        institution.plan("Law", seats).await;
        let link = institution.link("Law", fields).await;
        (institution, link)
    }

    /// Presses a button on the page of a link.
    pub(crate) async fn press(&self, link: &Link, button: &str) -> Page {
        let page = self.open(&format!("/links/{}", link.id)).await;
        let form = page.form(&format!("/{button}"));
        self.administrator.submit(&page, &form).await
    }

    /// The numbers of a plan.
    pub(crate) async fn seats(&self, plan: &str) -> Seats {
        let page = self.open("/plans").await;
        let (_, section) = page.html.split_once(&format!(">{plan}</a></h2>")).unwrap();
        let words = html::text(section.split("</dl>").next().unwrap());
        let number = |name: &str| {
            let (_, rest) = words.split_once(name)?;
            rest.split_whitespace().next()?.parse().ok()
        };
        Seats {
            purchased: number("purchased").unwrap(),
            free: number("yet to be redeemed").unwrap(),
            assigned: number("assigned").unwrap(),
            held: number("held").unwrap_or_default(),
            waiting: number("waiting").unwrap_or_default(),
        }
    }

    /// Everybody in Manage Users under a filter, a row each.
    pub(crate) async fn people(&self, filter: &str) -> Vec<Vec<String>> {
        let mut page = self.open(filter).await;
        let mut people = page.rows();
        while let Some(next) = html::link(&page.html, "Next page") {
            page = self.administrator.open(&next).await;
            people.extend(page.rows());
        }
        people
    }
}
