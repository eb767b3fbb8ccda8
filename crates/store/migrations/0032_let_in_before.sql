-- owner: seat-pool
-- Whoever was let in before 0028 was so with the address they have, unless they have proved another one since: then only
-- while the link lets it in. What is behind the @ is what is left of an address without the end that has none.
update memberships
set let_in_domain = substr(a.email_key, length(rtrim(a.email_key, replace(a.email_key, '@', ''))) + 1)
from accounts a, links l
where a.id = memberships.account_id
    and l.id = memberships.link_id
    and memberships.status in ('held', 'waiting')
    and memberships.let_in_domain is null
    and a.email_key like '%@%'
    and (a.proved_at is null
        or l.allowed_domains = '[]'
        or l.allowed_domains like '%"' || substr(a.email_key,
            length(rtrim(a.email_key, replace(a.email_key, '@', ''))) + 1) || '"%');
