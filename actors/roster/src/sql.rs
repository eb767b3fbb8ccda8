//! Every statement of the roster; all of them read.

store::statements! {
    /// A page of people behind a membership, the newest first; every id is below `mbr_8`, because a
    /// ULID begins with 0 to 7. A filter that is null filters nothing.
    pub(crate) LIST_PEOPLE = "
        select memberships.id, memberships.status, memberships.door, memberships.redeemed_at,
            memberships.proof_due_at, memberships.plan_id, plans.name as plan_name,
            accounts.first_name, accounts.last_name, accounts.email, accounts.last_active_at,
            links.id as link_id, links.name as link_name
        from memberships
        join accounts on accounts.id = memberships.account_id
        join plans on plans.id = memberships.plan_id
        left join links on links.id = memberships.link_id
        where memberships.organisation_id = $1
            and memberships.id < coalesce(cast($2 as text), 'mbr_8')
            and (cast($3 as text) is null or memberships.status = $3)
            and (cast($4 as text) is null or memberships.plan_id = $4)
            and (cast($5 as text) is null or memberships.link_id = $5)
            and (cast($6 as text) is null or accounts.name_key like $6 escape '\\')
            and (cast($7 as text) is null or exists (
                select 1
                from membership_tags
                where membership_tags.membership_id = memberships.id
                    and membership_tags.tag = $7))
        order by memberships.id desc
        limit $8";

    /// One person of an organisation.
    pub(crate) FIND_PERSON = "
        select memberships.id, memberships.status, memberships.door, memberships.redeemed_at,
            memberships.proof_due_at, memberships.plan_id, plans.name as plan_name,
            accounts.first_name, accounts.last_name, accounts.email, accounts.last_active_at,
            links.id as link_id, links.name as link_name
        from memberships
        join accounts on accounts.id = memberships.account_id
        join plans on plans.id = memberships.plan_id
        left join links on links.id = memberships.link_id
        where memberships.organisation_id = $1
            and memberships.id = $2";

    /// The tags of some people.
    pub(crate) LIST_TAGS = "
        select membership_tags.membership_id, membership_tags.tag
        from rows($1)
        join membership_tags on membership_tags.membership_id = rows.value ->> 'id'";
}
