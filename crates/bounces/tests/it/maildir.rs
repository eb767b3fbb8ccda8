//! Mail in a folder.

use std::fs;

use bounces::maildir::{done, next};
use tempfile::TempDir;

fn maildir() -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in ["new", "cur", "tmp"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    folder
}

fn names(folder: &TempDir, name: &str) -> Vec<String> {
    let entries = fs::read_dir(folder.path().join(name)).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn mail_is_taken_oldest_first_and_moves_when_it_is_done() {
    let folder = maildir();
    for (name, text) in [("1700000002.b.mx", "second"), ("1700000001.a.mx", "first")] {
        fs::write(folder.path().join("new").join(name), text).unwrap();
    }
    let mut seen = Vec::new();
    while let Some(found) = next(folder.path()).await.unwrap() {
        seen.push(String::from_utf8(found.bytes).unwrap());
        done(&found.path).await.unwrap();
    }
    assert_eq!(seen, ["first", "second"]);
    assert!(names(&folder, "new").is_empty());
    assert_eq!(
        names(&folder, "cur"),
        ["1700000001.a.mx:2,S", "1700000002.b.mx:2,S"]
    );
}

#[tokio::test]
async fn mail_that_was_not_done_is_found_again() {
    let folder = maildir();
    fs::write(folder.path().join("new/1.a"), "x").unwrap();
    let first = next(folder.path()).await.unwrap();
    assert!(first.is_some());
    assert_eq!(next(folder.path()).await.unwrap(), first);
    done(&first.unwrap().path).await.unwrap();
    assert_eq!(next(folder.path()).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_no_delivered_mail_is_left_alone() {
    let folder = maildir();
    fs::write(folder.path().join("tmp/1.half"), "half a mail").unwrap();
    fs::write(folder.path().join("new/.hidden"), "x").unwrap();
    fs::create_dir(folder.path().join("new/1.folder")).unwrap();
    fs::write(folder.path().join("cur/1.seen:2,S"), "x").unwrap();
    fs::write(folder.path().join("secret"), "x").unwrap();
    std::os::unix::fs::symlink(
        folder.path().join("secret"),
        folder.path().join("new/1.link"),
    )
    .unwrap();
    assert_eq!(next(folder.path()).await.unwrap(), None);
    assert_eq!(names(&folder, "tmp"), ["1.half"]);
}

#[tokio::test]
async fn no_more_of_a_mail_is_read_than_is_understood() {
    let folder = maildir();
    let most = bounces::mail::MOST_BYTES;
    fs::write(folder.path().join("new/1.big"), vec![b'x'; most * 2]).unwrap();
    assert_eq!(
        next(folder.path()).await.unwrap().unwrap().bytes.len(),
        most
    );
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_an_error_and_not_an_empty_one() {
    let folder = TempDir::new().unwrap();
    assert!(next(folder.path()).await.is_err());
    assert!(done(&folder.path().join("new/1.gone")).await.is_err());
}
