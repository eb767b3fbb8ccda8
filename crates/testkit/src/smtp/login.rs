//! AUTH, as far as a test shows a password.

use std::io;

use data_encoding::BASE64;

use super::wire::Wire;

/// The name and password that are shown, if they are.
pub(super) async fn read(wire: &mut Wire, line: &str) -> io::Result<Option<(String, String)>> {
    let mut words = line.split(' ').skip(1);
    let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
    if mechanism == "LOGIN" {
        let user = ask(wire, "334 VXNlcm5hbWU6").await?;
        let password = ask(wire, "334 UGFzc3dvcmQ6").await?;
        return Ok(user.zip(password));
    }
    let shown = words.next().and_then(decode).unwrap_or_default();
    let mut parts = shown.split('\0').skip(1).map(str::to_owned);
    Ok(parts.next().zip(parts.next()))
}

async fn ask(wire: &mut Wire, question: &str) -> io::Result<Option<String>> {
    wire.say(question);
    let line = wire.line().await?.unwrap_or_default();
    Ok(decode(String::from_utf8_lossy(&line).trim_end()))
}

fn decode(text: &str) -> Option<String> {
    String::from_utf8(BASE64.decode(text.as_bytes()).ok()?).ok()
}
