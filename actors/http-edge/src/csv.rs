//! The rows that a filter finds, as a table for a spreadsheet (RFC 4180, UTF-8).

use actix_web::{HttpResponse, http::header, web};
use contract::{
    Page, PageRequest, Problem, Timestamp,
    invited::Pending,
    text::{PersonName, Tag},
    users::User,
};
use futures_util::stream;
use kernel::Cx;

use crate::{
    edge::Edge,
    problem::Refused,
    request::renewed,
    rows::{Question, Row, Standing},
};

const HEAD: &str =
    "id,first_name,last_name,email,status,plan,redeemed_at,last_active_at,tags,door,link\r\n";
/// What tells Excel that a table is UTF-8.
const MARK: &str = "\u{feff}";

/// Who reads a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A program, to which a mark would be a part of the first name.
    Program,
    /// A spreadsheet, which is opened with a click.
    Spreadsheet,
}

/// An export under way.
struct Export {
    edge: web::Data<Edge>,
    cx: Cx,
    question: Question,
    /// Read but not written.
    page: Option<Page<Row>>,
    /// What comes before its rows.
    head: String,
}

/// Everybody that the question finds, whatever its page. The first page is read before anything is
/// answered, so that a refusal is one; later the connection breaks off, so that nobody takes a part
/// for the whole.
pub(crate) async fn export(
    edge: web::Data<Edge>,
    cx: Cx,
    mut question: Question,
    reader: Reader,
) -> Result<HttpResponse, Problem> {
    *question.page() = PageRequest {
        cursor: None,
        limit: Some(PageRequest::MOST),
    };
    let page = question.ask(&edge, &cx).await?;
    let mark = match reader {
        Reader::Program => "",
        Reader::Spreadsheet => MARK,
    };
    let begun = Export {
        edge,
        cx,
        question,
        page: Some(page),
        head: format!("{mark}{HEAD}"),
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
            None if self.question.page().cursor.is_some() => self.read().await?,
            None => return Ok(None),
        };
        let mut text = std::mem::take(&mut self.head);
        for row in &page.items {
            match row {
                Row::Person(user) => person(&mut text, user),
                Row::Invited(pending) => invited(&mut text, pending),
            }
        }
        self.question.page().cursor = page.next_cursor;
        Ok(Some((text.into(), self)))
    }

    /// The next page, with the patience of a request of its own.
    async fn read(&self) -> Result<Page<Row>, Problem> {
        let cx = renewed(&self.edge, &self.cx);
        let page = self.question.ask(&self.edge, &cx).await;
        page.inspect_err(|problem| {
            tracing::warn!(request_id = %cx.request_id, %problem, "a table of people broke off");
        })
    }
}

fn person(text: &mut String, user: &User) {
    let instant = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let link = user.link.as_ref().map(|link| link.name.as_str());
    line(
        text,
        [
            &user.id.to_string(),
            user.first_name.as_str(),
            user.last_name.as_str(),
            user.email.as_str(),
            user.status.name(),
            user.plan_name.as_str(),
            &instant(user.redeemed_at),
            &instant(user.last_active_at),
            &tags(&user.tags),
            &user.door,
            link.unwrap_or_default(),
        ],
    );
}

/// The name stands whole where the first name does: which part of it is the first, no list says.
fn invited(text: &mut String, pending: &Pending) {
    let name = pending.name.as_ref().map(PersonName::as_str);
    line(
        text,
        [
            &pending.id.to_string(),
            name.unwrap_or_default(),
            "",
            pending.email.as_str(),
            Standing::INVITE_PENDING,
            pending.plan_name.as_str(),
            "",
            "",
            &tags(&pending.tags),
            "invite",
            pending.link.name.as_str(),
        ],
    );
}

fn tags(tags: &[Tag]) -> String {
    let tags: Vec<_> = tags.iter().map(Tag::as_str).collect();
    tags.join("; ")
}

fn line(text: &mut String, cells: [&str; 11]) {
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
