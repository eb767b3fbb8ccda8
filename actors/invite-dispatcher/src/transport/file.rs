//! One file a letter: `ID.eml` as it would go to a relay, and `ID.json` for the demo's mailbox.

use std::{fs, io, path::Path};

use contract::{
    Timestamp,
    ids::MailId,
    mails::{KeptMail, KeptMailText},
};
use lettre::Message;

use super::Verdict;
use crate::templates::Words;

pub(super) fn hand_over(
    directory: &Path,
    id: MailId,
    message: &Message,
    wire: &[u8],
    words: &Words,
    sent_at: Timestamp,
) -> Verdict {
    let to = message
        .envelope()
        .to()
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>();
    let mail = KeptMail {
        id,
        to: to.join(", "),
        subject: words.subject.clone(),
        sent_at,
    };
    let kept = KeptMailText {
        mail,
        text: words.text.clone(),
        html: words.html.clone(),
    };
    let written = fs::create_dir_all(directory)
        .and_then(|()| write(directory, &format!("{id}.eml"), wire))
        .and_then(|()| {
            let json = serde_json::to_vec(&kept).map_err(io::Error::other)?;
            write(directory, &format!("{id}.json"), &json)
        });
    match written {
        Ok(()) => Verdict::Accepted("kept".to_owned()),
        Err(error) => Verdict::Deferred(format!("cannot write the file: {error}")),
    }
}

/// Whole or not at all: a reader never sees half a file.
fn write(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let (partial, whole) = (
        directory.join(format!(".{name}.partial")),
        directory.join(name),
    );
    fs::write(&partial, bytes)?;
    fs::rename(&partial, &whole)
}
