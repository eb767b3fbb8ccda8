-- owner: link-registry
create table links (
    id              text   not null primary key,
    organisation_id text   not null,
    plan_id         text   not null,
    name            text   not null,
    token_hash      text   not null unique,  -- SHA-256 of the secret
    token_sealed    text   not null,         -- AES-256-GCM, so that the URL can be copied again
    tags            text   not null,         -- JSON array, sorted
    allowed_domains text   not null,         -- JSON array, sorted; empty: any
    max_uses        bigint check (max_uses >= 0),
    expires_at      bigint,
    disabled_at     bigint,
    archived_at     bigint,
    created_by      text   not null,
    created_at      bigint not null
);
create index links_by_organisation on links (organisation_id, id);
