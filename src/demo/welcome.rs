//! What the demo says once it runs: every URL and sign-in.

use crate::node::Node;

use super::{keepsake::Keepsake, place::Place};

/// The text.
pub(super) fn text(node: &Node, place: &Place, seeds: &Keepsake) -> String {
    let public = node.public_url();
    let ops = node.ops_url();
    let remark = if place.moved {
        "\n  (Port 8080 is taken, so this is another one.)\n"
    } else {
        ""
    };
    let folder = place.folder().display();
    let data = if place.is_fleeting() {
        "removed at the end; --data-dir DIR keeps it".to_owned()
    } else {
        format!("kept in {folder}")
    };
    let Keepsake {
        organisation,
        link_token,
        administrator,
        password,
        operator_token,
        ..
    } = seeds;
    let (link_token, password, operator_token) = (
        link_token.expose(),
        password.expose(),
        operator_token.expose(),
    );
    let ready = node.ready_line();
    format!(
        "
Usher runs, with an organisation in it to look at.
{remark}
  Subscription Manager  {public}admin/
     sign in as         {administrator}
     password           {password}

  Access link           {public}join/{link_token}
     open it in another browser or a private window, and join

  Mailbox               {public}demo/mail
     every letter that Usher would have sent

  API                   {public}api/v1
     operator's token   {operator_token}
     organisation       {organisation}
     try                curl -H 'Authorization: Bearer {operator_token}' \\
                             {public}api/v1/organisations

  Metrics               {ops}metrics
  Data                  {data}

Stop with Ctrl-C.

{ready}
"
    )
}
