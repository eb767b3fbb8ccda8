//! The people that a filter finds, as a table for a spreadsheet (RFC 4180, UTF-8).

use actix_web::{HttpResponse, http::header, web};
use contract::{
    Caller, Page, PageRequest, Problem, Timestamp,
    users::{ListUsers, User},
};
use futures_util::stream;
use kernel::Cx;

use crate::{edge::Edge, problem::Refused};

const HEAD: &str =
    "id,first_name,last_name,email,status,plan,redeemed_at,last_active_at,tags,door,link\r\n";

/// An export under way.
struct Export {
    edge: web::Data<Edge>,
    cx: Cx,
    list: ListUsers,
    /// Read but not written.
    page: Option<Page<User>>,
    /// What comes before its rows.
    head: &'static str,
}

/// Everybody that `list` finds, whatever its page. The first page is read before anything is
/// answered, so that a refusal is one; later the connection breaks off, so that nobody takes a part
/// for the whole.
pub(crate) async fn export(
    edge: web::Data<Edge>,
    cx: Cx,
    list: ListUsers,
) -> Result<HttpResponse, Problem> {
    let page = PageRequest {
        cursor: None,
        limit: Some(PageRequest::MOST),
    };
    let list = ListUsers { page, ..list };
    let page = edge.bus.call(&list, &cx).await?;
    let begun = Export {
        edge,
        cx,
        list,
        page: Some(page),
        head: HEAD,
    };
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"users.csv\"",
        ))
        .streaming(stream::try_unfold(begun, Export::step)))
}

impl Export {
    async fn step(mut self) -> Result<Option<(web::Bytes, Self)>, Refused> {
        let page = match self.page.take() {
            Some(page) => page,
            None if self.list.page.cursor.is_some() => self.read().await?,
            None => return Ok(None),
        };
        let mut text = std::mem::take(&mut self.head).to_owned();
        for user in &page.items {
            row(&mut text, user);
        }
        self.list.page.cursor = page.next_cursor;
        Ok(Some((text.into(), self)))
    }

    /// The next page, with the patience of a request of its own.
    async fn read(&self) -> Result<Page<User>, Problem> {
        let clock = self.edge.bus.clock();
        let caller = Caller {
            expires_at: clock.now().plus_seconds(Caller::LIFETIME_SECONDS),
            ..self.cx.caller.clone()
        };
        let cx = Cx::begin(caller, self.cx.request_id.clone(), &**clock);
        self.edge.bus.call(&self.list, &cx).await
    }
}

fn row(text: &mut String, user: &User) {
    let instant = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let tags: Vec<_> = user.tags.iter().map(contract::text::Tag::as_str).collect();
    let link = user.link.as_ref().map(|link| link.name.as_str());
    let cells = [
        &user.id.to_string(),
        user.first_name.as_str(),
        user.last_name.as_str(),
        user.email.as_str(),
        user.status.name(),
        user.plan_name.as_str(),
        &instant(user.redeemed_at),
        &instant(user.last_active_at),
        &tags.join("; "),
        &user.door,
        link.unwrap_or_default(),
    ];
    for (place, content) in cells.into_iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        cell(text, content);
    }
    text.push_str("\r\n");
}

/// What begins a formula, also as East Asian spreadsheets read it.
const BEGINS_FORMULA: [char; 10] = [
    '=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
];

/// A cell that a spreadsheet takes as a text, never as a formula. Where numbers have a decimal comma
/// it begins another cell behind each `;`, quoted or not.
fn cell(text: &mut String, content: &str) {
    let is_cut = |separator: char| separator == ';' || separator == '\t';
    let is_formula = |part: &str| part.starts_with(BEGINS_FORMULA);
    let is_plain = !content.contains(['"', ',', '\r', '\n']);
    if is_plain && !content.split(is_cut).any(is_formula) && !is_formula(content) {
        text.push_str(content);
        return;
    }
    text.push('"');
    if is_formula(content) {
        text.push('\'');
    }
    let mut rest = content;
    while let Some(cut) = rest.find(is_cut) {
        let (part, behind) = rest.split_at(cut + 1);
        text.push_str(&part.replace('"', "\"\""));
        if is_formula(behind) {
            text.push('\'');
        }
        rest = behind;
    }
    text.push_str(&rest.replace('"', "\"\""));
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(content: &str) -> String {
        let mut text = String::new();
        cell(&mut text, content);
        text
    }

    #[test]
    fn a_cell_is_never_a_formula() {
        for (content, written) in [
            ("=1+1", "\"'=1+1\""),
            ("+49", "\"'+49\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t'=1\""),
            ("\r=1", "\"'\r=1\""),
            ("=\"a\"", "\"'=\"\"a\"\"\""),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("a;=1", "\"a;'=1\""),
            ("a;b;\"\";@x", "\"a;b;\"\"\"\";'@x\""),
            ("\t\t=1", "\"'\t'\t'=1\""),
        ] {
            assert_eq!(of(content), written);
        }
    }

    #[test]
    fn a_cell_is_quoted_where_it_must_be() {
        assert_eq!(of("Zoë Lee-Poe"), "Zoë Lee-Poe");
        assert_eq!(of("Lee, Ann"), "\"Lee, Ann\"");
        assert_eq!(of("Ann \"A\""), "\"Ann \"\"A\"\"\"");
        assert_eq!(of(""), "");
    }
}
