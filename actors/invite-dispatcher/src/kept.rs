//! Serves [`ListKeptMails`] and [`ReadKeptMail`]: the mailbox of the demo.

use std::path::Path;

use contract::{
    Cursor, Kind, Page, Problem,
    ids::MailId,
    mails::{KeptMail, KeptMailText, ListKeptMails, ReadKeptMail},
};
use kernel::{Cx, Serve};

use crate::{InviteReader, options::Way};

impl InviteReader {
    fn directory(&self) -> Result<&Path, Problem> {
        match &self.options.way {
            Way::File(directory) => Ok(directory),
            Way::Smtp(_) => Err(Problem::new(Kind::NotFound)),
        }
    }
}

fn unreadable(error: &std::io::Error) -> Problem {
    tracing::error!(%error, "kept mail");
    Problem::new(Kind::Internal)
}

fn read(directory: &Path, id: MailId) -> Result<KeptMailText, Problem> {
    let text = std::fs::read_to_string(directory.join(format!("{id}.json")));
    let text = text.map_err(|_| Problem::new(Kind::NotFound))?;
    serde_json::from_str(&text).map_err(|_| Problem::new(Kind::NotFound))
}

impl Serve<ListKeptMails> for InviteReader {
    async fn serve(&mut self, message: ListKeptMails, _: &Cx) -> Result<Page<KeptMail>, Problem> {
        let directory = self.directory()?;
        let mut ids = Vec::new();
        // Nothing was sent yet where there is no directory.
        if let Ok(files) = std::fs::read_dir(directory) {
            for file in files {
                let name = file.map_err(|error| unreadable(&error))?.file_name();
                let id = name.to_str().and_then(|name| name.strip_suffix(".json"));
                ids.extend(id.and_then(|id| id.parse::<MailId>().ok()));
            }
        }
        ids.sort_unstable_by(|one, other| other.cmp(one));
        let after = message.page.after::<MailId>()?;
        let wanted = message.page.rows();
        let rest = ids
            .into_iter()
            .filter(|id| after.is_none_or(|after| *id < after));
        // One that was deleted by hand meanwhile, or is broken, hides no other.
        let mails = rest.filter_map(|id| read(directory, id).ok());
        let mails = mails.map(|kept| kept.mail).take(wanted + 1).collect();
        Ok(Page::cut(mails, wanted, |mail: &KeptMail| {
            Cursor(mail.id.to_string())
        }))
    }
}

impl Serve<ReadKeptMail> for InviteReader {
    async fn serve(&mut self, message: ReadKeptMail, _: &Cx) -> Result<KeptMailText, Problem> {
        read(self.directory()?, message.id)
    }
}
