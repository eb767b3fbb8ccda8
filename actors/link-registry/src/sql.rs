//! Every statement of the link registry.

store::statements! {
    /// What a plan is called, if the organisation has it.
    pub(crate) FIND_PLAN = "
        select name
        from plans
        where organisation_id = $1 and id = $2";

    /// Makes a link.
    pub(crate) INSERT_LINK = "
        insert into links (id, organisation_id, plan_id, name, token_hash, token_sealed, tags,
            allowed_domains, max_uses, expires_at, created_by, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

    /// A link, deleted or not.
    pub(crate) FIND_LINK = "
        select id, plan_id, name, token_sealed, tags, allowed_domains, max_uses, expires_at,
            disabled_at, archived_at, created_by, created_at,
            (select plans.name from plans where plans.id = links.plan_id) as plan_name,
            coalesce((select uses from link_uses where link_id = links.id), 0) as uses
        from links
        where organisation_id = $1 and id = $2";

    /// The same, kept from others who would change it until the transaction ends.
    pub(crate) LOCK_LINK = "
        select id, plan_id, name, token_sealed, tags, allowed_domains, max_uses, expires_at,
            disabled_at, archived_at, created_by, created_at,
            (select plans.name from plans where plans.id = links.plan_id) as plan_name,
            coalesce((select uses from link_uses where link_id = links.id), 0) as uses
        from links
        where organisation_id = $1 and id = $2
        for_update";

    /// The links that are not deleted, the newest first, below an id; every id is below `lnk_8`,
    /// because a ULID begins with 0 to 7.
    pub(crate) LIST_LINKS = "
        select id, plan_id, name, token_sealed, tags, allowed_domains, max_uses, expires_at,
            disabled_at, archived_at, created_by, created_at,
            (select plans.name from plans where plans.id = links.plan_id) as plan_name,
            coalesce((select uses from link_uses where link_id = links.id), 0) as uses
        from links
        where organisation_id = $1
            and archived_at is null
            and id < coalesce(cast($2 as text), 'lnk_8')
        order by id desc
        limit $3";

    /// Writes what an administrator may edit.
    pub(crate) UPDATE_LINK = "
        update links
        set name = $2, tags = $3, allowed_domains = $4, max_uses = $5, expires_at = $6
        where id = $1";

    /// The tags of a link are to reach whoever joined already, behind what was to before.
    pub(crate) INSERT_RETAG = "
        insert into link_retags (bulk_id, organisation_id, link_id, position, add_tags,
            remove_tags, at, actor, request_id)
        select $2, organisation_id, id, retags + 1, $3, $4, $5, $6, $7
        from links
        where id = $1
        on conflict (bulk_id) do nothing";

    /// It was once more.
    pub(crate) COUNT_RETAG = "
        update links
        set retags = retags + 1
        where id = $1";

    /// Forgets what is a job by now.
    pub(crate) FORGET_RETAGS = "
        delete from link_retags
        where organisation_id = $1
            and exists (select 1 from bulk_jobs where bulk_jobs.id = link_retags.bulk_id)";

    /// Gives a link another secret.
    pub(crate) ROTATE_LINK = "
        update links
        set token_hash = $2, token_sealed = $3
        where id = $1";

    /// Writes whether a link is disabled or deleted.
    pub(crate) SWITCH_LINK = "
        update links
        set disabled_at = $2, archived_at = $3
        where id = $1";

    /// What is behind the secrets of a batch; what must look unknown is not found.
    pub(crate) RESOLVE_LINKS = "
        select links.token_hash, links.id, links.organisation_id, links.allowed_domains,
            links.max_uses, links.expires_at, plans.name as plan_name, plans.ends_at,
            plans.purchased - plans.held - plans.assigned as free,
            organisations.name as organisation_name, organisations.product_url,
            organisations.policies, coalesce(link_uses.uses, 0) as uses
        from rows($1)
        join links on links.token_hash = rows.value ->> 'hash'
        join plans on plans.id = links.plan_id
        join organisations on organisations.id = links.organisation_id
        left join link_uses on link_uses.link_id = links.id
        where links.disabled_at is null
            and links.archived_at is null";
}
