//! Disables, enables or deletes a link.

use contract::{
    Problem, Timestamp,
    events::Event,
    links::{Link, LinkSwitch, SwitchLink},
};
use kernel::{Cx, Serve};
use serde_json::json;

use crate::{LinkRegistry, row::refuse_archived, sql};

impl Serve<SwitchLink> for LinkRegistry {
    async fn serve(&mut self, message: SwitchLink, cx: &Cx) -> Result<Link, Problem> {
        let (organisation, id) = (message.organisation, message.link_id);
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        let link = self.lock(&mut tx, organisation, id).await?;
        let Some((switched, action, event)) = switch(&link, message.switch, stamp.now)? else {
            return Ok(link);
        };
        sql::SWITCH_LINK
            .bind(id)
            .bind(switched.disabled_at)
            .bind(switched.archived_at)
            .execute(&mut tx)
            .await?;
        tx.audit(organisation, action, id, json!({}));
        tx.publish(organisation, event);
        tx.commit().await?;
        Ok(switched)
    }
}

type Switched = (Link, &'static str, Event);

/// The link as it is to be, and what that is called; `None` when it is so already.
fn switch(link: &Link, switch: LinkSwitch, now: Timestamp) -> Result<Option<Switched>, Problem> {
    if switch != LinkSwitch::Archive {
        refuse_archived(link)?;
    }
    let (link_id, mut link) = (link.id, link.clone());
    let (at, to, action, event) = match switch {
        LinkSwitch::Disable => {
            let event = Event::LinkDisabled { link_id };
            (&mut link.disabled_at, Some(now), "link.disable", event)
        }
        LinkSwitch::Enable => (
            &mut link.disabled_at,
            None,
            "link.enable",
            Event::LinkEnabled { link_id },
        ),
        LinkSwitch::Archive => {
            let event = Event::LinkArchived { link_id };
            (&mut link.archived_at, Some(now), "link.archive", event)
        }
    };
    if at.is_some() == to.is_some() {
        return Ok(None);
    }
    *at = to;
    Ok(Some((link, action, event)))
}
