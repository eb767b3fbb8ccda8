//! What binds a form to the page that it stands on, in the browser that was shown it: whoever never
//! opened the page, or opened it elsewhere, cannot send its forms, whatever address they post to.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};
use contract::Secret;
use data_encoding::BASE64URL_NOPAD;

fn key(browser: &Secret) -> Key {
    Key::new(HMAC_SHA256, browser.expose().as_bytes())
}

/// The nonce of the form that goes to `action`, for the browser with this token.
pub(super) fn nonce(browser: &Secret, action: &str) -> String {
    BASE64URL_NOPAD.encode(sign(&key(browser), action.as_bytes()).as_ref())
}

/// Whether it is the nonce of that form in that browser.
pub(super) fn is_nonce(browser: &Secret, action: &str, given: &str) -> bool {
    let given = BASE64URL_NOPAD.decode(given.as_bytes());
    given.is_ok_and(|given| verify(&key(browser), action.as_bytes(), &given).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_of_one_form_in_one_browser() {
        let (browser, other) = (Secret::new("one"), Secret::new("two"));
        let given = nonce(&browser, "/invite/a/decline");
        assert!(is_nonce(&browser, "/invite/a/decline", &given));
        for action in ["/invite/a", "/invite/b/decline", ""] {
            assert!(!is_nonce(&browser, action, &given), "{action}");
        }
        assert!(!is_nonce(&other, "/invite/a/decline", &given));
        for given in ["", "x", "not base64!", &given[1..]] {
            assert!(!is_nonce(&browser, "/invite/a/decline", given), "{given}");
        }
    }
}
