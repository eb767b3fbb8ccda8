//! A person's page: where they stand, the story of their seat, what can be done.

use actix_web::{HttpRequest, web};
use askama::Template;
use contract::{
    Cursor, Fields, PageRequest, Problem,
    audit::AuditEntry,
    ids::MembershipId,
    memberships::{EraseMembership, ReassignMembership, RetagMembership, RevokeMembership},
    seats::Status,
    text::Tag,
    users::{GetUser, ListUserStory, User},
};
use futures_util::try_join;
use serde::Deserialize;

use super::who::Who;
use crate::{
    edge::Edge,
    pages::{
        Answer,
        fields::Errors,
        frame::{Frame, Office},
        next_page, render, see, words,
    },
    problem::{self, Refused},
    session::Administrator,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/users/{user}").route(web::get().to(one)))
        .service(web::resource("/users/{user}/{action}").route(web::post().to(act)));
}

#[derive(Template)]
#[template(path = "admin/user.html")]
struct Person {
    frame: Frame,
    office: Office,
    user: User,
    story: Vec<AuditEntry>,
    who: Who,
    next: Option<String>,
    /// The tags as they are typed.
    tags: String,
    errors: Errors,
    said: Option<&'static str>,
    /// Why what was asked for did not happen, where it belongs beside no field.
    refused: Option<String>,
}

impl Person {
    fn is_revoked(&self) -> bool {
        self.user.status == Status::Revoked
    }

    fn is_waiting(&self) -> bool {
        self.user.status == Status::Waiting
    }

    fn may_be_reassigned(&self) -> bool {
        matches!(self.user.status, Status::Revoked | Status::Waiting)
    }

    fn by(&self, entry: &AuditEntry) -> String {
        let User {
            first_name,
            last_name,
            ..
        } = &self.user;
        // What a visitor did to this seat they did to their own.
        let is_theirs = matches!(entry.action.as_str(), "seat.admit" | "seat.settle");
        if is_theirs || words::is_by_owner(entry) {
            let own = format!("{first_name} {last_name}");
            self.who.says(&entry.actor, &own)
        } else {
            self.who.says(&entry.actor, "a visitor")
        }
    }
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    done: String,
    #[serde(default)]
    cursor: Option<String>,
}

fn said(done: &str) -> Option<&'static str> {
    match done {
        "revoke" => {
            Some("Revoked. The seat, if there was one, is free, or somebody else's by now.")
        }
        "reassign" => Some("The person has a seat."),
        "tags" => Some("Saved."),
        _ => None,
    }
}

async fn one(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String)>,
    asked: web::Query<Asked>,
    request: HttpRequest,
) -> Answer {
    let (organisation, user) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "users")?;
    let asked = asked.into_inner();
    let page = page(&edge, office, id(&user)?, asked.cursor).await?;
    let next = next_page(&request, page.next.map(Cursor));
    answer(Person {
        said: said(&asked.done),
        next,
        ..page
    })
}

fn id(text: &str) -> Result<MembershipId, Refused> {
    text.parse().map_err(|_| Refused::not_found())
}

/// The page as it is without anything said; `next` is a cursor still.
async fn page(
    edge: &Edge,
    office: Office,
    membership_id: MembershipId,
    cursor: Option<String>,
) -> Result<Person, Problem> {
    let organisation = office.organisation;
    let get = GetUser {
        organisation,
        membership_id,
    };
    let story = ListUserStory {
        organisation,
        membership_id,
        page: PageRequest {
            cursor: cursor.map(Cursor),
            limit: None,
        },
    };
    let (user, story) = try_join!(
        edge.bus.call(&get, &office.cx),
        edge.bus.call(&story, &office.cx),
    )?;
    let named = story.items.iter().map(|entry| entry.actor.as_str());
    let who = Who::of(edge, &office, named).await?;
    let tags: Vec<_> = user.tags.iter().map(Tag::as_str).collect();
    Ok(Person {
        frame: Frame::of(edge),
        tags: tags.join(", "),
        office,
        user,
        story: story.items,
        who,
        next: story.next_cursor.map(|Cursor(text)| text),
        errors: Errors::default(),
        said: None,
        refused: None,
    })
}

fn answer(page: Person) -> Answer {
    render(actix_web::http::StatusCode::OK, &page)
}

#[derive(Debug, Default, Deserialize)]
struct Act {
    #[serde(default)]
    tags: String,
    /// `yes`, to erase.
    #[serde(default)]
    sure: String,
}

async fn act(
    edge: web::Data<Edge>,
    administrator: Administrator,
    path: web::Path<(String, String, String)>,
    form: web::Form<Act>,
) -> Answer {
    let (organisation, user, action) = path.into_inner();
    let office = Office::of(&administrator, &organisation, "users")?;
    let membership_id = id(&user)?;
    let organisation = office.organisation;
    let (bus, cx) = (&edge.bus, &office.cx);
    let done = match action.as_str() {
        "revoke" => {
            let revoke = RevokeMembership {
                organisation,
                membership_id,
            };
            bus.call(&revoke, cx).await.map(drop)
        }
        "reassign" => {
            let reassign = ReassignMembership {
                organisation,
                membership_id,
            };
            bus.call(&reassign, cx).await.map(drop)
        }
        "tags" => retag(&edge, &office, membership_id, &form.tags).await,
        "erase" if form.sure == "yes" => {
            let erase = EraseMembership {
                organisation,
                membership_id,
            };
            bus.call(&erase, cx).await?;
            return Ok(see(&office.path("")));
        }
        "erase" => Err(Problem::invalid("sure", "required", "must be confirmed")),
        _ => return Err(Refused::not_found()),
    };
    let Err(problem) = done else {
        let page = format_args!("/users/{membership_id}?done={action}");
        return Ok(see(&office.path(page)));
    };
    let page = page(&edge, office, membership_id, None).await?;
    let refused = problem.errors.is_empty().then(|| words::refusal(&problem));
    let status = problem::status(&problem);
    let tags = if action == "tags" {
        form.into_inner().tags
    } else {
        page.tags.clone()
    };
    let errors = Errors::beside_fields(problem).unwrap_or_default();
    render(
        status,
        &Person {
            tags,
            errors,
            refused,
            next: None,
            ..page
        },
    )
}

/// Leaves the person with these tags and no other.
async fn retag(
    edge: &Edge,
    office: &Office,
    membership_id: MembershipId,
    text: &str,
) -> Result<(), Problem> {
    let mut fields = Fields::default();
    let parts = text.split([',', ';']).map(str::trim);
    let parts = parts.filter(|part| !part.is_empty());
    let wanted: Option<Vec<_>> = parts
        .map(|part| fields.take("tags", Tag::parse(part)))
        .collect();
    let wanted = fields.finish(|| wanted)?;
    let organisation = office.organisation;
    let get = GetUser {
        organisation,
        membership_id,
    };
    let has = edge.bus.call(&get, &office.cx).await?.tags;
    let missing = |tags: &[Tag], of: &[Tag]| {
        let missing = of.iter().filter(|tag| !tags.contains(tag));
        missing.cloned().collect::<Vec<_>>()
    };
    let retag = RetagMembership {
        organisation,
        membership_id,
        add: missing(&has, &wanted),
        remove: missing(&wanted, &has),
    };
    edge.bus.call(&retag, &office.cx).await.map(drop)
}
