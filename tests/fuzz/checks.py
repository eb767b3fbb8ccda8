"""What `st run` checks beside its own checks; named by SCHEMATHESIS_HOOKS."""

import json

import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

# Refusals of a well-formed request that no schema foresees: they depend on what is there, on the
# hour, or on two fields together.
FACTS = {
    "/problems/invite-cancelled",
    "/problems/invite-expired",
    "/problems/link-expired",
    "/problems/proof-refused",
    "Idempotency-Key reused",
    "add_tags required",
    "addresses none",
    "addresses required",
    "addresses too-many",
    "batch empty",
    "email same",
    "email suppressed",
    "invite_id suppressed",
    "link_id unknown",
    "message control-character",
    "message empty",
    "message required",
    "add_tags unexpected",
    "after too-large",
    "cursor not-a-cursor",
    "email domain-not-allowed",
    "ends_at past",
    "expected_count required",
    "expires_at past",
    "file empty",
    "file encoding",
    "file line-too-long",
    "file no-addresses",
    "file no-such-column",
    "file which-column",
    "filter required",
    "ids unexpected",
    "new_password contains-address",
    "new_password well-known",
    "password contains-address",
    "password well-known",
    "plan_id unknown",
    "remove_tags unexpected",
    "tags too-many",
}


@schemathesis.serializer("text/csv")
def file(context, value):
    """A file as it is; whatever else was made up, as JSON writes it."""
    if isinstance(value, bytes):
        return value
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode(errors="surrogatepass")


@schemathesis.check
def valid_requests_are_accepted(ctx, response, case):
    """As `positive_data_acceptance`, with an eye on why a request was refused."""
    if response.status_code not in (410, 422) or not refused(response) <= FACTS:
        positive_data_acceptance(ctx, response, case)


def refused(response):
    """The refused fields, `name code`; what is refused as a whole, by its type."""
    problem = json.loads(response.text)
    errors = problem.get("errors", [])
    return {f"{error['field']} {error['code']}" for error in errors} or {problem["type"]}
