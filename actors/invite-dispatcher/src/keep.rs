//! One file a mail: `ID.eml` as it would go to a relay, and `ID.json` for the demo's mailbox.

use std::{fs, io, path::Path};

use contract::mails::{KeptMail, KeptMailText};

use crate::courier::{Parcel, Verdict};

/// Keeps a mail.
pub(crate) fn keep(directory: &Path, parcel: &Parcel) -> Verdict {
    let id = parcel.id;
    let kept = KeptMailText {
        mail: KeptMail {
            id,
            to: parcel.to.to_string(),
            subject: parcel.words.subject.clone(),
            sent_at: parcel.at,
        },
        text: parcel.words.text.clone(),
        html: parcel.words.html.clone(),
    };
    let written = fs::create_dir_all(directory)
        .and_then(|()| write(directory, &format!("{id}.eml"), &parcel.wire))
        .and_then(|()| {
            let json = serde_json::to_vec(&kept).map_err(io::Error::other)?;
            write(directory, &format!("{id}.json"), &json)
        });
    match written {
        Ok(()) => Verdict::Accepted("kept".to_owned()),
        Err(error) => Verdict::Away(format!("cannot write the file: {error}")),
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
